use m365_port_suite::REGISTRY;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_the_client_registry() {
    for case in REGISTRY {
        let folder = tempfile::tempdir().unwrap();
        let registry = SqliteRegistry::open(&folder.path().join("registry.sqlite")).unwrap();
        (case.run)(&registry).await.unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_client_survives_a_restart_and_an_expired_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.sqlite");
    let (kept, expired) = (ClientId::parse("kept").unwrap(), ClientId::parse("expired").unwrap());
    let registry = SqliteRegistry::open(&file).unwrap();
    registry.put(&kept, "{}", UnixMillis::from_millis(2_000)).await.unwrap();
    registry.put(&expired, "{}", UnixMillis::from_millis(1_000)).await.unwrap();
    drop(registry);
    let registry = SqliteRegistry::open(&file).unwrap();
    let now = UnixMillis::from_millis(1_500);
    assert_eq!(registry.find(&kept, now).await, Ok(Some("{}".to_owned())));
    assert_eq!(registry.find(&expired, now).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_cannot_be_read_or_written_is_unavailable_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("registry.sqlite");
    let registry = SqliteRegistry::open(&file).unwrap();
    let (id, now) = (ClientId::parse("kept").unwrap(), UnixMillis::from_millis(0));
    registry.put(&id, "{}", UnixMillis::from_millis(1_000)).await.unwrap();
    // Without its table every statement fails, as on a disk that is gone.
    let other = SqliteDatabase::open(&file, &["ALTER TABLE client RENAME TO elsewhere"]).unwrap();
    assert_eq!(registry.find(&id, now).await, Err(RegistryError::Unavailable));
    assert_eq!(
        registry.put(&id, "{}", UnixMillis::from_millis(1_000)).await,
        Err(RegistryError::Unavailable)
    );
    drop(other);
    drop(SqliteDatabase::open(&file, &["ALTER TABLE elsewhere RENAME TO client"]).unwrap());
    assert_eq!(registry.find(&id, now).await, Ok(Some("{}".to_owned())));
}
