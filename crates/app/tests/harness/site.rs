//! One server: configuration, ports, cells and front put together as a host does, and asked without a socket.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use m365_app::config::{Config, Mode, Source};
use m365_app::{Core, DIRECTORY_SCHEMA, Front, HostPorts, SqlDirectory, noted_high_water};
use m365_egress::EchoSeal;
use m365_ports::{Clock as _, Durability, SqlError, transact};
use m365_seal::{Key, KeyRing, Keys, Purpose};
use m365_types::{Profile, Secret};
use serde_json::Value;
use tower_service::Service as _;

use super::cells::{CellDatabases, MemoryCells, MemoryRegistry};
use super::database::MemoryDatabase;
use super::network::{ACCESS, AUDIENCE, ENTRA_CLIENT, FakeNetwork, TENANT};
use super::people::OPERATORS;
use super::ports::{FrozenClock, NoSigner, OwnPolicies, PlainText, SeededEntropy, SettableTimer};
use super::tasks::Tasks;

const HOST: &str = "mcp.contoso.example";
pub(crate) const PUBLIC_URL: &str = "https://mcp.contoso.example";

/// What the servers of one test share.
struct World {
    tasks: Arc<Tasks>,
    clock: Arc<FrozenClock>,
    entropy: Arc<SeededEntropy>,
    timer: Arc<SettableTimer>,
    network: Arc<FakeNetwork>,
    directory: Arc<MemoryDatabase>,
    registry: Arc<MemoryRegistry>,
    cells: Arc<CellDatabases>,
    /// The operator's policies, where there are any.
    policies: Arc<OwnPolicies>,
    /// Claims that Access adds to the assertions of sign-ins.
    asserted_also: Mutex<Value>,
}

/// A server of that world.
pub(crate) struct Site {
    world: Arc<World>,
    awake: Arc<MemoryCells>,
    pub(super) router: Router,
    pub(super) host: String,
    profile: Profile,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Site {
    /// A server in a world of its own.
    pub(crate) fn new(profile: Profile) -> Self {
        let clock = Arc::<FrozenClock>::default();
        let world = World {
            tasks: Arc::default(),
            network: Arc::new(FakeNetwork::new(clock.clone())),
            clock,
            entropy: Arc::default(),
            timer: Arc::default(),
            directory: Arc::new(MemoryDatabase::new(DIRECTORY_SCHEMA)),
            registry: Arc::default(),
            cells: Arc::default(),
            policies: Arc::default(),
            asserted_also: Mutex::default(),
        };
        Self::in_world(Arc::new(world), profile, HOST, &Settings::at(HOST))
    }

    /// Another server over the same stores and keys, at another address: its tokens name another audience.
    pub(crate) fn beside(&self, host: &str) -> Self {
        Self::in_world(self.world.clone(), self.profile, host, &Settings::at(host))
    }

    /// The same server started again under another profile.
    pub(crate) fn again(&self, profile: Profile) -> Self {
        Self::in_world(self.world.clone(), profile, &self.host, &Settings::at(&self.host))
    }

    /// The same server started again with `ACCESS_EVERYWHERE`.
    pub(crate) fn demanding_access_everywhere(&self) -> Self {
        self.with(&[("ACCESS_EVERYWHERE", "true")])
    }

    /// The same server started again with these settings.
    pub(crate) fn with(&self, more: &[(&'static str, &str)]) -> Self {
        let mut settings = Settings::at(&self.host);
        settings.0.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        Self::in_world(self.world.clone(), self.profile, &self.host, &settings)
    }

    /// From now on these are the operator's policies. A server that had none takes them when it is started again.
    pub(crate) fn write_policies(&self, cedar: &str) {
        self.world.policies.write(cedar);
    }

    fn in_world(world: Arc<World>, profile: Profile, host: &str, settings: &Settings) -> Self {
        let ports = HostPorts {
            background: world.tasks.clone(),
            clock: world.clock.clone(),
            directory: Arc::new(SqlDirectory::new(world.directory.clone())),
            entropy: world.entropy.clone(),
            outbound: world.network.clone(),
            registry: world.registry.clone(),
            signer: Arc::new(NoSigner),
            documents: Arc::new(PlainText),
            policy: world.policies.written(),
            timer: world.timer.clone(),
        };
        let config = Config::parse(settings, Mode::Production, profile).unwrap();
        let core = Core::new(config, ports).unwrap();
        let cells = Arc::new(MemoryCells::new(core.clone(), world.cells.clone()));
        let router = Front::new(core, cells.clone(), &[]).router();
        Self { world, awake: cells, router, host: host.to_owned(), profile }
    }

    /// Asks the router.
    pub(crate) fn ask(&self, request: Request<Body>) -> Answer {
        self.world
            .tasks
            .finish(async { Answer::read(self.router.clone().call(request).await.unwrap()).await })
    }

    /// What goes on without anybody who waits for it goes as far as it goes.
    pub(crate) fn settle(&self) {
        self.world.tasks.settle();
    }

    /// From now on Access asserts these claims too when somebody signs in.
    pub(crate) fn assert_also(&self, claims: Value) {
        *self.world.asserted_also.lock().unwrap() = claims;
    }

    pub(super) fn tasks(&self) -> Arc<Tasks> {
        self.world.tasks.clone()
    }

    pub(super) fn asserted_also(&self) -> Value {
        self.world.asserted_also.lock().unwrap().clone()
    }

    pub(crate) fn network(&self) -> &FakeNetwork {
        &self.world.network
    }

    pub(crate) fn timer(&self) -> &SettableTimer {
        &self.world.timer
    }

    pub(crate) fn clock(&self) -> &FrozenClock {
        &self.world.clock
    }

    /// Seconds since the epoch.
    pub(crate) fn now(&self) -> u64 {
        self.world.clock.now().as_secs()
    }

    /// How many cells exist.
    pub(crate) fn cells(&self) -> usize {
        self.world.cells.lock().unwrap().len()
    }

    /// Rings the alarm if its moment has come, and tells whether it had.
    pub(crate) fn ring_if_due(&self) -> bool {
        self.world.tasks.finish(self.awake.ring_if_due(self.world.clock.now()))
    }

    /// The directory's database.
    pub(crate) fn directory(&self) -> &MemoryDatabase {
        &self.world.directory
    }

    /// What the directory has noted of the only cell, and how far that cell's journal has come.
    pub(crate) fn noted_and_reached(&self) -> (Option<u64>, u64) {
        let cells = self.world.cells.lock().unwrap();
        let [(cell, database)] = Vec::from_iter(&*cells).try_into().ok().expect("there is one cell");
        let noted = noted_high_water(&*self.world.directory, cell).unwrap();
        (noted.map(|mark| mark.sequence), m365_journal::newest(&**database, 1).unwrap()[0].sequence)
    }

    /// How many rows a table has in all cells together.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        let count = |database: &Arc<MemoryDatabase>| {
            transact(&**database, Durability::Process, |sql| {
                sql.run(&format!("SELECT COUNT(*) FROM {table}"), &[])?
                    .first()
                    .ok_or(SqlError::Shape)?
                    .unsigned(0)
            })
            .unwrap()
        };
        self.world.cells.lock().unwrap().values().map(count).sum()
    }

    /// Whether the answer asks for an approval; every question that waits has one then.
    pub(crate) fn approve_all(&self, answer: &Answer) -> bool {
        let asks = answer.text().contains("/approve?a=");
        if asks {
            self.change_cells("UPDATE approval SET state = 'approved' WHERE state = 'asked'");
        }
        asks
    }

    /// Runs a statement in every cell, as nothing but the cell itself would.
    pub(crate) fn change_cells(&self, statement: &str) {
        for database in self.world.cells.lock().unwrap().values() {
            transact(&**database, Durability::Full, |sql| sql.run(statement, &[])).unwrap();
        }
    }

    /// Takes the newest record out of the only cell's journal, as a copy from before it would be without it.
    pub(crate) fn forget_newest_record(&self) {
        let cells = self.world.cells.lock().unwrap();
        for database in cells.values() {
            let statement = "DELETE FROM journal WHERE sequence = (SELECT MAX(sequence) FROM journal)";
            transact(&**database, Durability::Full, |sql| sql.run(statement, &[])).unwrap();
        }
    }

    /// From now on no cell can add a record.
    pub(crate) fn fill_journals(&self) {
        self.world.cells.lock().unwrap().values().for_each(|database| database.fill_journal());
    }

    /// Every record of every journal, the perimeter's first.
    pub(crate) fn records(&self) -> Vec<Value> {
        let (perimeter, suppressed) = SqlDirectory::perimeter_tail(&*self.world.directory, 10_000).unwrap();
        assert_eq!(suppressed, 0, "no test may run into the bound of perimeter records");
        let cells = self.world.cells.lock().unwrap();
        let entries = cells.values().flat_map(|database| m365_journal::newest(&**database, 10_000).unwrap());
        let texts = perimeter.into_iter().chain(entries.map(|entry| entry.record));
        texts.map(|text| serde_json::from_str(&text).unwrap()).collect()
    }

    /// The records that name this request.
    pub(crate) fn records_of(&self, answer: &Answer) -> Vec<Value> {
        let request = answer.request_id();
        self.records().into_iter().filter(|record| record["requestId"] == request).collect()
    }
}

impl Answer {
    /// Reads an answer to its end.
    pub(super) async fn read(response: http::Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// A header that is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?.to_str().unwrap();
        assert!(values.next().is_none(), "{name} is there twice");
        Some(value)
    }

    pub(crate) fn request_id(&self) -> &str {
        self.header("x-request-id").unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// The keys of every site.
fn key(seed: u8) -> Key {
    Key::from_bytes(std::array::from_fn(|i| seed ^ u8::try_from(i).unwrap()))
}

/// What makes the stamps of the echo route.
pub(crate) fn echo_seal() -> EchoSeal {
    let ring = |seed| KeyRing { current: key(seed), previous: None };
    let keys = Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) };
    EchoSeal::new(keys.mac(Purpose::Echo))
}

struct Settings(BTreeMap<&'static str, String>);

impl Settings {
    fn at(host: &str) -> Self {
        let key = |seed: u8| key(seed).encode().expose().clone();
        Self(BTreeMap::from([
            ("PUBLIC_URL", format!("https://{host}")),
            ("ACCESS_TEAM_DOMAIN", ACCESS.to_owned()),
            ("ACCESS_AUD", AUDIENCE.to_owned()),
            ("OPERATOR_GROUP", OPERATORS.to_owned()),
            ("AI_GATEWAY_ACCOUNT_ID", "0123456789abcdef".to_owned()),
            ("AI_GATEWAY_ID", "m365-graph".to_owned()),
            ("AI_GATEWAY_LLM_ID", "m365-llm".to_owned()),
            ("LLM_SUMMARY_ROUTE", "summary".to_owned()),
            ("AI_GATEWAY_SERVICE_TOKEN", "gateway-token".to_owned()),
            ("GRAPH_API_VERSION", "v1.0".to_owned()),
            ("MICROSOFT_TENANT_ID", TENANT.to_owned()),
            ("MICROSOFT_CLIENT_ID", ENTRA_CLIENT.to_owned()),
            ("MICROSOFT_CLIENT_SECRET", "entra-client-secret".to_owned()),
            ("ENCRYPTION_KEY", key(1)),
            ("COOKIE_ENCRYPTION_KEY", key(2)),
            ("COOKIE_SECRET", key(3)),
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
