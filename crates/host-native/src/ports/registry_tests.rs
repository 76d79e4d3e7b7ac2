use m365_contract::ports::REGISTRY;

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
