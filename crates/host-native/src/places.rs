//! Who may hold how many connections.
//!
//! In scope: one bound over all connections and one for each address, so that nobody who opens connections and says
//! nothing keeps the others out. Out of scope: requests, which the front bounds. Invariants: a place is given back when
//! it is dropped, whatever ended the connection; what is remembered of an address goes with its last connection.
//!
//! An address is an IPv4 address or the first 64 bits of an IPv6 address, which is what one machine gets to choose from
//! (RFC 6177). Behind a loopback or private address there may stand a proxy or tunnel of the operator, which brings
//! everybody's requests; it may hold most of the places, but never all of them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections may be open at once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Altogether.
    pub(crate) all: usize,
    /// Of one loopback or private address.
    pub(crate) near: usize,
    /// Of one other address.
    pub(crate) far: usize,
}

/// Together with the files of open cells these stay below the usual limit of 1,024 open files.
pub(crate) const LIMITS: Limits = Limits { all: 512, near: 384, far: 64 };

/// The places of one listener.
pub(crate) struct Places {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
    refused: u64,
}

/// One place, held as long as this value.
pub(crate) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

/// There is no place; how many were refused so far, this one included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full(pub(crate) u64);

impl Places {
    /// Empty places within these limits.
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { limits, taken: Mutex::default() })
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// [`Full`] where the address or all together hold as many as they may.
    pub(crate) fn take(self: &Arc<Self>, from: IpAddr) -> Result<Place, Full> {
        let address = holder(from);
        let most = if is_near(address) { self.limits.near } else { self.limits.far };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.all >= self.limits.all || held >= most {
            taken.refused += 1;
            return Err(Full(taken.refused));
        }
        taken.all += 1;
        taken.by_address.insert(address, held + 1);
        drop(taken);
        Ok(Place { places: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        let left = taken.by_address.get(&self.address).map_or(0, |held| held.saturating_sub(1));
        if left == 0 {
            taken.by_address.remove(&self.address);
        } else {
            taken.by_address.insert(self.address, left);
        }
    }
}

/// What is counted as one.
fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
    }
}

/// Loopback (its /64 too), and the private ranges of RFC 1918 and RFC 4193.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address == Ipv6Addr::UNSPECIFIED || address.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Limits = Limits { all: 5, near: 4, far: 2 };

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn taken(places: &Arc<Places>, from: &str, count: usize) -> Vec<Place> {
        (0..count)
            .map(|_| places.take(address(from)).unwrap_or_else(|_| panic!("no place for {from}")))
            .collect()
    }

    #[test]
    fn an_address_holds_its_share_and_the_others_still_get_in() {
        let places = Places::new(SMALL);
        let held = taken(&places, "203.0.113.1", 2);
        assert_eq!(places.take(address("203.0.113.1")).err(), Some(Full(1)));
        let _other = taken(&places, "203.0.113.2", 1);
        drop(held);
        let _again = taken(&places, "203.0.113.1", 2);
    }

    #[test]
    fn a_near_address_holds_most_and_never_all() {
        let places = Places::new(SMALL);
        let _tunnel = taken(&places, "127.0.0.1", 4);
        assert!(places.take(address("127.0.0.1")).is_err());
        let _other = taken(&places, "203.0.113.1", 1);
        assert_eq!(places.take(address("203.0.113.2")).err(), Some(Full(2)));
        for near in
            ["127.0.0.2", "::1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "fd00::1", "::ffff:10.0.0.1"]
        {
            assert!(is_near(holder(address(near))), "{near}");
        }
        for far in ["203.0.113.1", "172.32.0.1", "2001:db8::1", "169.254.1.1", "fe80::1"] {
            assert!(!is_near(holder(address(far))), "{far}");
        }
    }

    #[test]
    fn a_network_of_64_bits_is_one_address_and_so_is_a_mapped_one() {
        let places = Places::new(SMALL);
        let _one = taken(&places, "2001:db8:0:1::1", 1);
        let _same = taken(&places, "2001:db8:0:1:ffff::9", 1);
        assert!(places.take(address("2001:db8:0:1::2")).is_err());
        let _next = taken(&places, "2001:db8:0:2::1", 1);
        assert_eq!(holder(address("::ffff:203.0.113.1")), address("203.0.113.1"));
    }

    #[test]
    fn nothing_is_remembered_of_who_has_gone() {
        let places = Places::new(SMALL);
        drop(taken(&places, "203.0.113.1", 2));
        let left = places.taken.lock().unwrap();
        assert_eq!((left.all, left.by_address.len()), (0, 0));
    }
}
