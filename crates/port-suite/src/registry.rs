//! What a [`ClientRegistry`] promises, where one place writes and reads.

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use m365_ports::ClientRegistry;
use m365_types::{ClientId, UnixMillis};

use super::AsyncPortCase;

/// The promises.
pub const REGISTRY: &[AsyncPortCase<dyn ClientRegistry>] = &[
    AsyncPortCase {
        name: "a client that was put is found as it was",
        run: |registry| Box::pin(put_is_found(registry)),
    },
    AsyncPortCase { name: "an unknown client is none", run: |registry| Box::pin(unknown_is_none(registry)) },
    AsyncPortCase {
        name: "a client is gone the moment it expires",
        run: |registry| Box::pin(expiry_is_exact(registry)),
    },
    AsyncPortCase {
        name: "putting again replaces metadata and expiry",
        run: |registry| Box::pin(put_replaces(registry)),
    },
    AsyncPortCase {
        name: "a deleted client is unknown, the others are not",
        run: |registry| Box::pin(deleted_is_unknown(registry)),
    },
    AsyncPortCase {
        name: "clients put at once are all found, each as it was",
        run: |registry| Box::pin(puts_do_not_mix(registry)),
    },
];

/// 2100-01-01: a store that forgets by its own clock must still have what expires here.
const NOW: u64 = 4_102_444_800_000;
const HOUR: u64 = 3_600_000;

const fn at(millis: u64) -> UnixMillis {
    UnixMillis::from_millis(millis)
}

async fn put_is_found(registry: &dyn ClientRegistry) -> Result<()> {
    let metadata = r#"{"client_name":"Grüße \u0000","redirect_uris":["https://client.example/cb"]}"#;
    let longest = ClientId::parse(&"c".repeat(512))?;
    for id in [ClientId::parse("c-1")?, ClientId::parse("https://client.example/meta?a=b#c")?, longest] {
        registry.put(&id, metadata, at(NOW + HOUR)).await?;
        let found = registry.find(&id, at(NOW)).await?;
        ensure!(found.as_deref() == Some(metadata), "{id} was found as {found:?}");
    }
    Ok(())
}

async fn unknown_is_none(registry: &dyn ClientRegistry) -> Result<()> {
    registry.put(&ClientId::parse("known")?, "{}", at(NOW + HOUR)).await?;
    for other in ["unknown", "Known", "know", "known%", "_nown"] {
        let found = registry.find(&ClientId::parse(other)?, at(NOW)).await?;
        ensure!(found.is_none(), "{other} was found though only `known` was put");
    }
    Ok(())
}

async fn expiry_is_exact(registry: &dyn ClientRegistry) -> Result<()> {
    let (short, long) = (ClientId::parse("short")?, ClientId::parse("long")?);
    registry.put(&short, "{}", at(NOW + HOUR)).await?;
    registry.put(&long, "{}", at(NOW + HOUR + 1)).await?;
    ensure!(registry.find(&short, at(NOW + HOUR - 1)).await?.is_some(), "gone a millisecond early");
    ensure!(registry.find(&short, at(NOW + HOUR)).await?.is_none(), "still there at its expiry");
    ensure!(registry.find(&long, at(NOW + HOUR)).await?.is_some(), "one expiry took another client along");
    Ok(())
}

async fn put_replaces(registry: &dyn ClientRegistry) -> Result<()> {
    let id = ClientId::parse("twice")?;
    registry.put(&id, "first", at(NOW + HOUR)).await?;
    registry.put(&id, "second", at(NOW + 2 * HOUR)).await?;
    let found = registry.find(&id, at(NOW + HOUR)).await?;
    ensure!(found.as_deref() == Some("second"), "after the second put there was {found:?}");
    registry.put(&id, "third", at(NOW + HOUR)).await?;
    ensure!(registry.find(&id, at(NOW + HOUR)).await?.is_none(), "an expiry could not be shortened");
    Ok(())
}

async fn deleted_is_unknown(registry: &dyn ClientRegistry) -> Result<()> {
    let (gone, kept) = (ClientId::parse("gone")?, ClientId::parse("kept")?);
    for id in [&gone, &kept] {
        registry.put(id, "{}", at(NOW + HOUR)).await?;
    }
    registry.delete(&gone).await?;
    registry.delete(&ClientId::parse("never-there")?).await?;
    ensure!(registry.find(&gone, at(NOW)).await?.is_none(), "a deleted client was found");
    ensure!(registry.find(&kept, at(NOW)).await?.is_some(), "a deletion took another client along");
    Ok(())
}

async fn puts_do_not_mix(registry: &dyn ClientRegistry) -> Result<()> {
    let clients = (0..20)
        .map(|number| Ok((ClientId::parse(&format!("client-{number}"))?, format!("{{\"number\":{number}}}"))))
        .collect::<Result<Vec<_>>>()?;
    let puts = clients.iter().map(|(id, metadata)| registry.put(id, metadata, at(NOW + HOUR)));
    try_join_all(puts).await?;
    let found = try_join_all(clients.iter().map(|(id, _)| registry.find(id, at(NOW)))).await?;
    for ((id, metadata), found) in clients.iter().zip(found) {
        ensure!(found.as_ref() == Some(metadata), "{id} was found as {found:?}");
    }
    Ok(())
}
