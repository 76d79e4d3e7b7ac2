//! Which addresses are on the public Internet, and a resolver that answers with no others.
//!
//! Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890) and the global unicast range of IPv6
//! (RFC 4291 section 2.4); RFC 6052 and RFC 8215 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).
//!
//! In scope: names that strangers present. Out of scope: names that the operator has configured.
//!
//! Invariants: a name is resolved once, and what was checked is what is dialled; where one address of a name is not public
//! none is dialled, for a name that leads both ways is an attempt to be let in; an address that embeds another, in whatever
//! way, is not public.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec::IntoIter;

use hyper_util::client::legacy::connect::dns::Name;

/// Special IPv4 networks: address and prefix length.
const SPECIAL_V4: [([u8; 4], u32); 16] = [
    ([0, 0, 0, 0], 8),       // this network
    ([10, 0, 0, 0], 8),      // private
    ([100, 64, 0, 0], 10),   // carrier-grade NAT
    ([127, 0, 0, 0], 8),     // loopback
    ([169, 254, 0, 0], 16),  // link-local, and the metadata services of clouds
    ([172, 16, 0, 0], 12),   // private
    ([192, 0, 0, 0], 24),    // protocol assignments
    ([192, 0, 2, 0], 24),    // documentation
    ([192, 31, 196, 0], 24), // AS112
    ([192, 52, 193, 0], 24), // multicast tunnels
    ([192, 88, 99, 0], 24),  // 6to4 relays
    ([192, 168, 0, 0], 16),  // private
    ([198, 18, 0, 0], 15),   // benchmarking
    ([198, 51, 100, 0], 24), // documentation
    ([203, 0, 113, 0], 24),  // documentation
    ([224, 0, 0, 0], 3),     // multicast, reserved, broadcast
];

/// Special networks inside the global unicast range of IPv6, 2000::/3; all that is outside it is special too.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, benchmarking, ORCHID
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// Whether an address is one of the public Internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let bits = address.to_bits();
            !SPECIAL_V4.iter().any(|(network, length)| {
                bits >> (32 - length) == Ipv4Addr::from(*network).to_bits() >> (32 - length)
            })
        }
        IpAddr::V6(address) => {
            let bits = address.to_bits();
            let is_global_unicast = bits >> 125 == 1;
            is_global_unicast
                && !SPECIAL_V6
                    .iter()
                    .any(|(network, length)| bits >> (128 - length) == network.to_bits() >> (128 - length))
        }
    }
}

/// The addresses of a name, if there are any and every one is public.
fn all_public(addresses: Vec<SocketAddr>) -> io::Result<Vec<SocketAddr>> {
    if addresses.is_empty() || !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            "the name does not lead to the public Internet",
        ));
    }
    Ok(addresses)
}

/// The system's resolver, for public addresses alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublicResolver;

impl tower_service::Service<Name> for PublicResolver {
    type Response = IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            // The connector puts the port of the request in place of this one.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            all_public(found.collect()).map(Vec::into_iter)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_public() {
        let texts = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 104.16.0.1 126.255.255.255 \
         128.0.0.1 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 \
         192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 203.0.114.0 223.255.255.255 \
         2606:4700::1 2a00:1450::1 2001:200::1 2001:4860:4860::8888 2003::1 2620:4f:8001::1 3ffe::1";
        for text in texts.split(' ') {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn special_addresses_are_not() {
        let texts = "0.0.0.0 0.255.255.255 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 \
         127.255.255.254 169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.170 \
         192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 198.18.0.1 \
         198.19.255.255 198.51.100.1 203.0.113.255 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255";
        for text in texts.split(' ') {
            let address: Ipv4Addr = text.parse().unwrap();
            assert!(!is_public(address.into()), "{text}");
            assert!(!is_public(address.to_ipv6_mapped().into()), "mapped {text}");
            assert!(!is_public(address.to_ipv6_compatible().into()), "compatible {text}");
        }
        let texts = ":: ::1 ::2 ::ffff:1.1.1.1 ::1.1.1.1 64:ff9b::1.1.1.1 64:ff9b::7f00:1 64:ff9b:1::1 100::1 \
         2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:2::1 2001:10::1 2001:20::1 2001:1ff:ffff::1 \
         2001:db8::1 2001:db8:ffff::1 2002::1 2002:7f00:1::1 2002:a00:1:: 2620:4f:8000::1 3fff::1 \
         3fff:fff::1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 febf::1 fec0::1 ff00::1 ff02::1 \
         ffff::1";
        for text in texts.split(' ') {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn one_address_that_is_not_public_spoils_the_name() {
        let at = |texts: &[&str]| {
            texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect::<Vec<_>>()
        };
        assert_eq!(all_public(at(&["1.1.1.1", "2606:4700::1"])).unwrap().len(), 2);
        for texts in [&[][..], &["10.0.0.1"], &["1.1.1.1", "127.0.0.1"], &["1.1.1.1", "::1", "2606:4700::1"]]
        {
            assert!(all_public(at(texts)).is_err(), "{texts:?}");
        }
    }
}
