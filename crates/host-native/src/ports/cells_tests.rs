use std::collections::BTreeMap;
use std::fs;
use std::sync::Weak;

use m365_app::config::{Config, Mode, Source};
use m365_app::{DIRECTORY_SCHEMA, HostPorts, SqlDirectory};
use m365_ports::EntropyExt as _;
use m365_seal::Key;
use m365_types::{Profile, Secret};
use tempfile::TempDir;

use super::*;
use crate::ports::background::TokioBackground;
use crate::ports::clock::SystemClock;
use crate::ports::documents::ChildReader;
use crate::ports::entropy::SystemEntropy;
use crate::ports::outbound::HyperOutbound;
use crate::ports::registry::SqliteRegistry;
use crate::ports::signer::RingSigner;
use crate::ports::timer::TokioTimer;

/// A configuration with fresh keys.
struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    fn new() -> Self {
        let key = || Key::from_bytes(SystemEntropy.bytes()).encode().expose().clone();
        Self(BTreeMap::from([
            ("PUBLIC_URL", "https://mcp.contoso.example".into()),
            ("ACCESS_TEAM_DOMAIN", "https://contoso.cloudflareaccess.com".into()),
            ("ACCESS_AUD", "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2".into()),
            ("AI_GATEWAY_ACCOUNT_ID", "0123456789abcdef".into()),
            ("AI_GATEWAY_ID", "m365-graph".into()),
            ("AI_GATEWAY_SERVICE_TOKEN", "token".into()),
            ("GRAPH_API_VERSION", "v1.0".into()),
            ("MICROSOFT_TENANT_ID", "11111111-2222-3333-4444-555555555555".into()),
            ("MICROSOFT_CLIENT_ID", "client".into()),
            ("MICROSOFT_CLIENT_SECRET", "secret".into()),
            ("ENCRYPTION_KEY", key()),
            ("COOKIE_ENCRYPTION_KEY", key()),
            ("COOKIE_SECRET", key()),
        ]))
    }
}

impl Source for Settings {
    fn plain(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn secret(&self, name: &str) -> Result<Option<Secret<String>>, String> {
        Ok(self.0.get(name).cloned().map(Secret::new))
    }
}

struct Fixture {
    folder: TempDir,
    cells: NativeCells,
}

impl Fixture {
    fn new(most_open: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory =
            SqliteDatabase::open(&folder.path().join("directory.sqlite"), DIRECTORY_SCHEMA).unwrap();
        let ports = HostPorts {
            background: Arc::new(TokioBackground::default()),
            clock: Arc::new(SystemClock),
            directory: Arc::new(SqlDirectory::new(Arc::new(directory))),
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(HyperOutbound::new()),
            registry: Arc::new(SqliteRegistry::open(&folder.path().join("registry.sqlite")).unwrap()),
            signer: Arc::new(RingSigner),
            documents: Arc::new(ChildReader::new()),
            policy: None,
            timer: Arc::new(TokioTimer),
        };
        let config = Config::parse(&Settings::new(), Mode::Production, Profile::ReadOnly).unwrap();
        let core = Core::new(config, ports).unwrap();
        let files = folder.path().join("cells");
        fs::create_dir(&files).unwrap();
        Self { cells: NativeCells::new(core, files, most_open), folder }
    }

    /// Opens the cell, as a call would, and holds it.
    fn hold(&self, number: u8) -> Arc<Cell> {
        self.cells.cell(&id(number), CellAccess::Create).unwrap()
    }

    /// Opens the cell and lets it go; what is returned tells whether it is still open.
    fn visit(&self, number: u8) -> Weak<Cell> {
        Arc::downgrade(&self.hold(number))
    }

    fn files(&self) -> usize {
        fs::read_dir(self.folder.path().join("cells")).unwrap().count()
    }
}

fn id(number: u8) -> CellId {
    CellId::from_digest([number; 20])
}

fn is_open(cell: &Weak<Cell>) -> bool {
    cell.strong_count() > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_that_is_not_there_is_absent_and_leaves_no_file() {
    let fixture = Fixture::new(4);
    let request = || http::Request::new(Bytes::new());
    let absent = fixture.cells.send(&id(1), CellAccess::Existing, request()).await;
    assert_eq!(absent.unwrap_err(), CellError::Absent);
    assert_eq!(fixture.files(), 0);
    assert!(fixture.cells.send(&id(1), CellAccess::Create, request()).await.is_ok());
    assert!(fixture.cells.send(&id(1), CellAccess::Existing, request()).await.is_ok());
    assert_eq!(
        fixture.cells.send(&id(2), CellAccess::Existing, request()).await.unwrap_err(),
        CellError::Absent
    );
    assert!(!NativeCells::file(&fixture.folder.path().join("cells"), &id(2)).exists());
}

#[test]
fn beyond_the_cap_the_least_used_idle_cell_is_closed() {
    let fixture = Fixture::new(2);
    let (first, second) = (fixture.visit(1), fixture.visit(2));
    assert!(is_open(&first) && is_open(&second));
    // The first is used again, so the second is now the least used.
    fixture.visit(1);
    let third = fixture.visit(3);
    assert!(is_open(&first) && is_open(&third));
    assert!(!is_open(&second));
    let log = fixture.folder.path().join("cells").join(format!("{}.sqlite-wal", id(2)));
    assert!(!log.exists(), "the file of a closed cell is closed too");
}

#[test]
fn a_call_under_way_keeps_its_cell_the_only_one_on_its_file() {
    let fixture = Fixture::new(1);
    let held = fixture.hold(1);
    for number in 2..6 {
        fixture.visit(number);
    }
    assert!(Arc::ptr_eq(&held, &fixture.hold(1)));
    let weak = Arc::downgrade(&held);
    drop(held);
    fixture.visit(6);
    fixture.visit(7);
    assert!(!is_open(&weak), "an idle cell is closed once its call has ended");
}

#[test]
fn cells_in_use_may_exceed_the_cap() {
    let fixture = Fixture::new(1);
    let held: Vec<Arc<Cell>> = (1..=5).map(|number| fixture.hold(number)).collect();
    for (number, cell) in (1..).zip(&held) {
        assert!(Arc::ptr_eq(cell, &fixture.hold(number)));
    }
}

#[test]
fn a_closed_cell_opens_again_on_its_file() {
    let fixture = Fixture::new(1);
    let first = fixture.visit(1);
    fixture.visit(2);
    assert!(!is_open(&first));
    assert!(fixture.cells.cell(&id(1), CellAccess::Existing).is_ok());
}

#[test]
fn threads_that_ask_for_a_cell_at_once_get_the_same_one() {
    let fixture = Fixture::new(4);
    let cells: Vec<Arc<Cell>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..8).map(|_| scope.spawn(|| fixture.hold(1))).collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert!(cells.iter().all(|cell| Arc::ptr_eq(cell, &cells[0])));
}

#[test]
fn a_damaged_cell_is_unavailable_and_another_is_not() {
    let fixture = Fixture::new(4);
    let file = NativeCells::file(&fixture.folder.path().join("cells"), &id(1));
    fs::write(file, "not a database, however long it goes on being none").unwrap();
    let damaged = fixture.cells.cell(&id(1), CellAccess::Existing);
    assert_eq!(damaged.unwrap_err(), CellError::Unavailable);
    fixture.hold(2);
}

#[test]
fn a_file_put_in_the_place_of_another_cell_s_is_not_opened_and_its_own_is() {
    let fixture = Fixture::new(1);
    drop((fixture.visit(1), fixture.visit(2), fixture.visit(3)));
    let folder = fixture.folder.path().join("cells");
    let file = |number| NativeCells::file(&folder, &id(number));
    fs::rename(file(1), file(4)).unwrap();
    let swapped = fixture.cells.cell(&id(4), CellAccess::Existing);
    assert_eq!(swapped.unwrap_err(), CellError::Unavailable);
    fs::rename(file(4), file(1)).unwrap();
    assert!(fixture.cells.cell(&id(1), CellAccess::Existing).is_ok());
}

#[test]
fn a_cell_s_database_says_whose_it_is_from_its_first_waking() {
    let fixture = Fixture::new(1);
    let held = fixture.hold(1);
    let file = NativeCells::file(&fixture.folder.path().join("cells"), &id(1));
    let database = SqliteDatabase::open_read_only(&file).unwrap();
    assert_eq!(m365_app::cell_named_in(&database), Ok(Some(id(1))));
    drop(held);
    fixture.visit(2);
    fixture.visit(1);
    assert_eq!(m365_app::cell_named_in(&database), Ok(Some(id(1))));
}
