//! Ports for tests: a clock that is set, entropy that repeats, SQLite in memory, a journal that can be read.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use m365_ports::{Clock, Entropy, EntropyExt as _};
use m365_seal::{CellKind, Key, KeyRing, Keys, cell_id};
use m365_types::{AccessSubject, CellId, Email, Identity, Person, Posture, Principal, RequestId, UnixMillis};
use sha2::{Digest as _, Sha256};

use crate::oauth::client::{ClientLives, ClientPorts, ClientRules, MetadataHosts};
use crate::oauth::metadata::Welcomes;
use crate::oauth::redirect::{RedirectPolicy, WELL_KNOWN_REDIRECTS};
use crate::oauth::store::{CellPorts, SCHEMA};
use crate::perimeter::{Evidence, VerifiedAssertion, admit};

pub(crate) mod flow;
mod network;
pub(crate) mod rsa;
mod storage;

pub(crate) use network::FakeOutbound;
pub(crate) use storage::{FakeAudit, FakeDirectory, FakeRegistry, SqliteDatabase};

pub(crate) const PUBLIC_URL: &str = "https://mcp.contoso.example";
pub(crate) const AUDIENCE: &str = "https://mcp.contoso.example/mcp";

pub(crate) const WELCOMES: Welcomes = Welcomes { registration: true, documents: true };
/// A host whose metadata documents are believed.
pub(crate) const DOCUMENT_HOST: &str = "client.example";

/// Registration for the redirect URIs of well-known clients, and documents of [`DOCUMENT_HOST`].
pub(crate) fn client_rules() -> ClientRules {
    ClientRules {
        redirects: RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).unwrap(),
        lives: ClientLives::default(),
        registration: true,
        metadata_hosts: MetadataHosts::new(&[DOCUMENT_HOST.to_owned()], &["mcp.contoso.example"]),
    }
}

pub(crate) struct FakeClock(AtomicU64);

impl Clock for FakeClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Default)]
pub(crate) struct FakeEntropy(AtomicU64);

impl Entropy for FakeEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

pub(crate) struct Fixture {
    pub(crate) keys: Keys,
    clock: Arc<FakeClock>,
    entropy: Arc<FakeEntropy>,
    pub(crate) registry: Arc<FakeRegistry>,
    pub(crate) directory: Arc<FakeDirectory>,
    pub(crate) database: Arc<SqliteDatabase>,
    pub(crate) audit: Arc<FakeAudit>,
    pub(crate) outbound: Arc<FakeOutbound>,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let ring = |seed: u8| KeyRing {
            current: Key::from_bytes(std::array::from_fn(|i| seed ^ u8::try_from(i).unwrap())),
            previous: None,
        };
        let database = SqliteDatabase::new();
        let schema = [SCHEMA, crate::entra::session::SCHEMA, storage::AUDIT_SCHEMA].concat();
        database.create(&schema);
        Self {
            keys: Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) },
            clock: Arc::new(FakeClock(AtomicU64::new(1_795_000_000_000))),
            entropy: Arc::default(),
            registry: Arc::default(),
            directory: Arc::default(),
            database: Arc::new(database),
            audit: Arc::default(),
            outbound: Arc::default(),
        }
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as _
    }

    pub(crate) fn entropy(&self) -> Arc<dyn Entropy> {
        Arc::clone(&self.entropy) as _
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.clock.now()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn request(&self) -> RequestId {
        RequestId::from_random(self.entropy.bytes())
    }

    pub(crate) fn client_ports(&self) -> ClientPorts {
        ClientPorts {
            registry: Arc::clone(&self.registry) as _,
            directory: Arc::clone(&self.directory) as _,
            documents: Arc::clone(&self.outbound) as _,
            clock: self.clock(),
            entropy: self.entropy(),
        }
    }

    pub(crate) fn cell_ports(&self) -> CellPorts {
        CellPorts {
            cell: cell_of("alex"),
            subject: AccessSubject::parse("alex").unwrap(),
            database: Arc::clone(&self.database) as _,
            audit: Arc::clone(&self.audit) as _,
            clock: self.clock(),
            entropy: self.entropy(),
        }
    }

    /// The person, signed in to Access just now.
    pub(crate) fn principal(&self, name: &str) -> Principal {
        self.principal_of(person(name))
    }

    pub(crate) fn principal_of(&self, person: Person) -> Principal {
        admit(Evidence::Assertion(VerifiedAssertion::for_test(Identity::Person(person), self.now())))
    }

    /// The journal as `kind verdict code`, in order.
    pub(crate) fn records(&self) -> Vec<String> {
        storage::records(&self.database)
    }
}

pub(crate) fn cell_of(name: &str) -> CellId {
    cell_id("https://team.example", CellKind::User, &AccessSubject::parse(name).unwrap())
}

pub(crate) fn person(name: &str) -> Person {
    Person {
        subject: AccessSubject::parse(name).unwrap(),
        email: Email::parse(&format!("{name}@contoso.example")).unwrap(),
        oid: None,
        groups: Vec::new(),
        posture: Posture::default(),
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future to its end on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Runs the same work on `count` threads at once and returns what each gave.
pub(crate) fn race<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(count);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for index in 0..count {
            let (barrier, results, work) = (&barrier, &results, &work);
            scope.spawn(move || {
                barrier.wait();
                let result = work(index);
                results.lock().unwrap().push(result);
            });
        }
    });
    results.into_inner().unwrap()
}
