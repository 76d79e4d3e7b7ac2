//! The port suite inside workerd: a Durable Object that runs one case and says what did not hold.
//!
//! `crates/host-worker/dev/suite.mjs` asks it: `GET /` lists the tables, `POST /{table}/{number}` runs a case;
//! `crates/host-worker/dev/decisions.mjs` has it decide, for a measurement. A table says which stores its cases want: those that all share, fresh ones for each, or a client registry at fault.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use crate::decisions;
use crate::signer::SubtleBench;
use anyhow::{Context as _, Result, bail, ensure};
use futures_channel::oneshot;
use m365_app::{DIRECTORY_SCHEMA, SqlDirectory};
use m365_host_worker::ports::alarm::DurableAlarm;
use m365_host_worker::ports::background::SpawnedBackground;
use m365_host_worker::ports::clock::WorkerClock;
use m365_host_worker::ports::directory::DurableDirectory;
use m365_host_worker::ports::documents::ServiceReader;
use m365_host_worker::ports::entropy::CryptoEntropy;
use m365_host_worker::ports::registry::KvRegistry;
use m365_host_worker::ports::sql::DurableDatabase;
use m365_host_worker::ports::timer::TimeoutTimer;
use m365_port_suite as suite;
use m365_ports::{
    Alarm as _, BoxFuture, ClientRegistry as _, Clock as _, Document, DocumentError, DocumentReader as _,
    DocumentText, Durability, RegistryError, transact,
};
use m365_types::ClientId;
use serde::Serialize;
use worker::send::SendFuture;
use worker::{DurableObject, Env, Response, State, durable_object, wasm_bindgen};

/// The object.
#[durable_object(alarm)]
pub struct Ports {
    state: State,
    env: Env,
    alarm: Arc<DurableAlarm>,
    rung: RefCell<Option<oneshot::Sender<()>>>,
}

/// What the runtime of a case has besides the storage of its object.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Stores {
    /// The same as other cases.
    Shared,
    /// KV and directory of its own.
    Fresh,
    /// A KV that answers 429.
    Busy,
    /// A KV that answers 500.
    Failing,
    /// A KV that never answers.
    Silent,
}

/// A table of cases as this object runs it.
struct Table {
    name: &'static str,
    stores: Stores,
    cases: Vec<&'static str>,
    run: for<'a> fn(&'a Ports, usize) -> BoxFuture<'a, Result<()>>,
}

macro_rules! table {
    ($name:literal, $stores:ident, $cases:expr, |$ports:ident, $case:ident| $run:expr) => {
        Table {
            name: $name,
            stores: Stores::$stores,
            cases: $cases.iter().map(|case| case.name).collect(),
            run: |$ports, number| {
                Box::pin(SendFuture::new(async move {
                    let $case = $cases.get(number).context("there is no such case")?;
                    $run
                }))
            },
        }
    };
}

/// A promise of this host that no table of the suite has.
struct OwnCase {
    name: &'static str,
    run: for<'a> fn(&'a Ports) -> BoxFuture<'a, Result<()>>,
}

macro_rules! own {
    ($name:literal, |$ports:ident| $run:expr) => {
        OwnCase { name: $name, run: |$ports| Box::pin(SendFuture::new(async move { $run })) }
    };
}

const OWN: &[OwnCase] = &[
    own!("a flood of perimeter records is kept or counted", |ports| {
        let database = Arc::new(ports.directory_database()?);
        let kept = || {
            let (records, suppressed) = SqlDirectory::perimeter_tail(&*database, 1_000_000)?;
            Ok(suite::PerimeterKept { records: u64::try_from(records.len())?, suppressed })
        };
        suite::perimeter_records_are_bounded(&SqlDirectory::new(database.clone()), &kept).await
    }),
    own!("the earliest moment asked of an alarm wins and rings once", |ports| ports.alarm_rings_once().await),
];

/// Documents of the other crate's tests: an ordinary one, one that needs a password, one that asks for too much memory.
const ORDINARY: &[u8] = include_bytes!("../../documents/tests/samples/letter.pdf");
const LOCKED: &[u8] = include_bytes!("../../documents/tests/samples/locked.pdf");
const GREEDY: &[u8] = include_bytes!("../../documents/tests/samples/memory.pdf");

const DOCUMENTS: &[OwnCase] = &[
    own!("a document is read by the other Worker", |ports| {
        let text = ports.read(ORDINARY).await?;
        ensure!(text.text.contains("Grüße aus Zürich"), "the text is {text:?}");
        ensure!(text.hidden == 45 && !text.truncated, "the text is {text:?}");
        Ok(())
    }),
    own!("a document without text in it is told why", |ports| {
        let locked = ports.read(LOCKED).await;
        ensure!(locked == Err(DocumentError::Encrypted), "a locked document gave {locked:?}");
        let large = ports.read(&vec![b'x'; m365_ports::DOCUMENT_BYTES_MAX + 1]).await;
        ensure!(large == Err(DocumentError::TooLarge), "a large document gave {large:?}");
        Ok(())
    }),
    own!("a document that breaks the reader fails its own call alone", |ports| {
        for _ in 0..2 {
            let greedy = ports.read(GREEDY).await;
            ensure!(greedy == Err(DocumentError::Unavailable), "a greedy document gave {greedy:?}");
            ports.read(ORDINARY).await?;
        }
        Ok(())
    }),
    own!("a document read beside one that breaks the reader is read", |ports| {
        let (greedy, first, second) =
            futures_util::future::join3(ports.read(GREEDY), ports.read(ORDINARY), ports.read(ORDINARY)).await;
        ensure!(greedy == Err(DocumentError::Unavailable), "a greedy document gave {greedy:?}");
        ensure!(first.is_ok() && second.is_ok(), "ordinary documents gave {first:?} and {second:?}");
        Ok(())
    }),
];

const BUSY: &[OwnCase] = &[own!("says that it is busy and makes nothing up", |ports| {
    ports.registry_answers(RegistryError::Busy).await
})];

const OUT_OF_ORDER: &[OwnCase] = &[own!("says that it does not answer and makes nothing up", |ports| {
    ports.registry_answers(RegistryError::Unavailable).await
})];

fn tables() -> Vec<Table> {
    vec![
        table!("database", Shared, suite::DATABASE, |ports, case| (case.run)(&ports.database())),
        table!("database tasks", Shared, suite::DATABASE_TASKS, |ports, case| (case.run)(&ports.database())
            .await),
        table!("clock", Shared, suite::CLOCK, |_ports, case| (case.run)(&WorkerClock)),
        table!("entropy", Shared, suite::ENTROPY, |_ports, case| (case.run)(&CryptoEntropy)),
        table!("signer", Shared, suite::SIGNER, |_ports, case| (case.run)(&SubtleBench).await),
        table!("timer", Shared, suite::TIMER, |_ports, case| (case.run)(&TimeoutTimer).await),
        table!("background", Shared, suite::BACKGROUND, |_ports, case| (case.run)(&SpawnedBackground).await),
        table!("registry", Fresh, suite::REGISTRY, |ports, case| {
            (case.run)(&KvRegistry::new(ports.env.clone())).await
        }),
        table!("directory", Fresh, suite::DIRECTORY, |ports, case| {
            (case.run)(&DurableDirectory::new(ports.env.clone())).await
        }),
        table!("directory race", Fresh, suite::DIRECTORY_RACE, |ports, case| {
            (case.run)(&DurableDirectory::new(ports.env.clone())).await
        }),
        table!("documents", Shared, DOCUMENTS, |ports, case| (case.run)(ports).await),
        table!("this host", Shared, OWN, |ports, case| (case.run)(ports).await),
        table!("registry that is busy", Busy, BUSY, |ports, case| (case.run)(ports).await),
        table!("registry that fails", Failing, OUT_OF_ORDER, |ports, case| (case.run)(ports).await),
        table!("registry that is silent", Silent, OUT_OF_ORDER, |ports, case| (case.run)(ports).await),
    ]
}

/// What a path begins with that is no table's: `/decisions of {case}/{count}`.
const DECISIONS: &str = "decisions of ";

fn decided(case: &str, count: &str) -> Result<()> {
    decisions::run(case, count.parse()?, &m365_app::policy::rows()).context("there is no such case")
}

impl DurableObject for Ports {
    fn new(state: State, env: Env) -> Self {
        m365_host_worker::log::start();
        let alarm = Arc::new(DurableAlarm::new(state.storage(), Arc::new(WorkerClock)));
        Self { state, env, alarm, rung: RefCell::new(None) }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<Response> {
        let path = request.path();
        let path = path.trim_matches('/').replace("%20", " ");
        let outcome = match path.split_once('/') {
            None if path.is_empty() => return Response::from_json(&list()),
            None if path == "die" => self.die(),
            None if path == "mourn" => suite::expect_nothing_of_the_dead(&self.database()),
            None => Err(anyhow::anyhow!("there is no such table")),
            Some((case, count)) if let Some(case) = case.strip_prefix(DECISIONS) => decided(case, count),
            Some((table, number)) => self.run(table, number).await,
        };
        match outcome {
            Ok(()) => Response::ok("ok"),
            Err(error) => Response::error(format!("{error:#}"), 500),
        }
    }

    async fn alarm(&self) -> worker::Result<Response> {
        self.alarm.rang();
        if let Some(rung) = self.rung.borrow_mut().take() {
            let _ = rung.send(());
        }
        Response::empty()
    }
}

fn list() -> serde_json::Value {
    let row = |table: Table| serde_json::json!({ "name": table.name, "stores": table.stores, "cases": table.cases });
    tables().into_iter().map(row).collect()
}

impl Ports {
    async fn run(&self, table: &str, number: &str) -> Result<()> {
        let number: usize = number.parse()?;
        let Some(table) = tables().into_iter().find(|row| row.name == table) else {
            bail!("there is no such table")
        };
        (table.run)(self, number).await
    }

    fn database(&self) -> DurableDatabase {
        DurableDatabase::new(&self.state.storage())
    }

    fn directory_database(&self) -> Result<DurableDatabase> {
        let database = self.database();
        transact(&database, Durability::Full, |sql| {
            DIRECTORY_SCHEMA.iter().try_for_each(|statement| sql.run(statement, &[]).map(drop))
        })?;
        Ok(database)
    }

    async fn read(&self, bytes: &[u8]) -> std::result::Result<DocumentText, DocumentError> {
        let document = Document {
            name: "Ä letter.pdf".into(),
            content_type: String::new(),
            bytes: bytes.to_vec().into(),
        };
        ServiceReader::new(self.env.clone()).read(document).await
    }

    /// Ends the instance in the middle of a transaction, as a panic does.
    fn die(&self) -> Result<()> {
        suite::die_in_a_transaction(&self.database(), || std::process::abort()).map(|never| match never {})
    }

    async fn registry_answers(&self, expected: RegistryError) -> Result<()> {
        let registry = KvRegistry::new(self.env.clone());
        let client = ClientId::parse("client")?;
        let found = registry.find(&client, WorkerClock.now()).await;
        ensure!(found == Err(expected), "a look-up gave {found:?}");
        let put = registry.put(&client, "{}", WorkerClock.now().plus(Duration::from_hours(1))).await;
        ensure!(put == Err(expected), "a registration gave {put:?}");
        Ok(())
    }

    async fn alarm_rings_once(&self) -> Result<()> {
        let (sender, rung) = oneshot::channel();
        *self.rung.borrow_mut() = Some(sender);
        let began = WorkerClock.now();
        self.alarm.ring_at(began.plus(Duration::from_hours(1)));
        self.alarm.ring_at(began.plus(Duration::from_millis(100)));
        self.alarm.ring_at(began.plus(Duration::from_mins(1)));
        rung.await.context("the alarm was forgotten")?;
        let waited = WorkerClock.now().since(began);
        ensure!(waited >= Duration::from_millis(100), "the alarm rang after {waited:?}");
        ensure!(waited < Duration::from_mins(1), "a later moment won: {waited:?}");
        let pending = self.state.storage().get_alarm().await.map_err(|error| anyhow::anyhow!("{error}"))?;
        ensure!(pending.is_none(), "a moment is still pending");
        Ok(())
    }
}
