//! `kill -9`, Ctrl-C and files that cannot be opened: acknowledged state stays, and what was half done is visible.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::journal::Record;
use crate::json::Look as _;
use crate::oauth::{Discovered, Tokens};
use crate::process::Process;
use crate::session::{Session, bounded};
use crate::site::Site;

table! { "crash":
    process a_send_cut_by_kill_9_is_an_intent_closed_as_unknown,
    process a_kill_in_the_middle_of_a_busy_run_loses_nothing_acknowledged,
    process tokens_and_registrations_survive_kill_9,
    process what_was_spent_or_revoked_stays_so_after_kill_9,
    process a_cell_whose_file_cannot_be_opened_is_refused_and_loses_nothing,
    process ctrl_c_and_sigterm_end_the_host_and_no_call_lacks_its_record,
    native ctrl_c_lets_running_calls_end,
}

/// People of the busy run.
const BUSY: usize = 3;
/// Acknowledged refreshes and calls after which the busy run is cut.
const ACKNOWLEDGED: usize = 60;
/// The longest the busy run may take to come that far.
const BUSY_WITHIN: Duration = Duration::from_mins(1);

fn send_arguments() -> Value {
    json!({ "to": "blair@contoso.example", "subject": "s", "body": "b" })
}

/// Of a call with an effect that stays with the person, so it waits for nobody's approval, whatever was read before, and
/// asks Graph once.
fn draft_arguments() -> Value {
    json!({ "subject": "s", "body": "b" })
}

fn delay_graph(session: &Session<'_>, ms: u64) -> Result<()> {
    let fault =
        json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": ms, "times": 1 });
    session.site.control.fault(&fault)
}

fn a_send_cut_by_kill_9_is_an_intent_closed_as_unknown(site: &Site) -> Result<()> {
    let session = Session::open(site, "cut")?;
    delay_graph(&session, 60_000)?;
    thread::scope(|scope| {
        let sending = scope.spawn(|| session.tool("sendEmail", &send_arguments()));
        let arrived = session.await_graph_request();
        site.kill()?;
        arrived?;
        let cut = sending.join().map_err(|_| anyhow::anyhow!("the sending thread ended"))?;
        ensure!(cut.is_err(), "a killed server answered");
        Ok(())
    })?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("tokens work after the crash")?;
    let records = session.records()?.context("a journal")?;
    let of_send: Vec<_> = records.iter().filter(|record| record.field("tool") == "sendEmail").collect();
    let [intent, outcome] = of_send.as_slice() else {
        anyhow::bail!("not an intent and its end: {of_send:?}")
    };
    ensure!(intent.field("phase") == "intent" && outcome.is("outcome", "unknown"), "{of_send:?}");
    ensure!(intent.field("requestId") == outcome.field("requestId"), "{of_send:?}");
    site.journal().context("a journal")?.verify()
}

/// Someone who refreshes and calls without pause, and what was acknowledged of it.
struct Busy<'a> {
    session: Session<'a>,
    acknowledged: Mutex<Acknowledged>,
}

struct Acknowledged {
    tokens: Tokens,
    refreshes: usize,
    /// Request ids of the calls.
    calls: Vec<String>,
}

impl<'a> Busy<'a> {
    fn open(site: &'a Site) -> Result<Self> {
        let session = Session::open(site, "busy")?;
        let tokens = session.tokens.clone();
        let acknowledged = Mutex::new(Acknowledged { tokens, refreshes: 0, calls: Vec::new() });
        Ok(Self { session, acknowledged })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Acknowledged) -> T) -> T {
        act(&mut self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn refresh(&self) -> Result<()> {
        let token = self.with(|known| known.tokens.refresh.clone());
        let tokens = Tokens::read(&self.session.client.refresh(&token)?)?;
        self.with(|known| {
            known.tokens = tokens;
            known.refreshes += 1;
        });
        Ok(())
    }

    fn call(&self, tool: &str, arguments: &Value) -> Result<()> {
        let mut mcp = self.session.mcp.clone();
        mcp.token = self.with(|known| known.tokens.access.clone());
        let reply = mcp.tool(tool, arguments)?;
        let id = reply.success()?.text("/_meta/m365-mcp~1requestId")?.to_owned();
        self.with(|known| known.calls.push(id));
        Ok(())
    }

    /// Does the same over and over, telling of each time, until the host is cut. What fails earlier is a fault.
    fn work(&self, cut: &AtomicBool, told: &Sender<()>, act: impl Fn(&Self) -> Result<()>) -> Result<()> {
        loop {
            match act(self) {
                Ok(()) => drop(told.send(())),
                Err(_) if cut.load(Ordering::SeqCst) => return Ok(()),
                Err(error) => return Err(error.context("before the host was killed")),
            }
        }
    }

    /// What was acknowledged is there after the cut, and every other call is closed as unknown.
    fn check(&mut self) -> Result<()> {
        let known = self.acknowledged.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.session.mcp.token.clone_from(&known.tokens.access);
        self.session.tool("getEmails", &json!({ "count": 1 }))?.content().context("the newest token")?;
        let records = self.session.records()?.context("a journal")?;
        for id in &known.calls {
            let done =
                records.iter().any(|record| record.is("outcome", "done") && record.field("requestId") == id);
            ensure!(done, "the acknowledged call {id} has no outcome");
        }
        let refreshed = records.iter().filter(|record| record.field("kind") == "token.refreshed").count();
        ensure!(refreshed >= known.refreshes, "{refreshed} records of {} refreshes", known.refreshes);
        expect_ends(&records)
    }
}

/// Every intent has one outcome; what was not done is `unknown`, `failed` or `denied`, and never missing.
fn expect_ends(records: &[Record]) -> Result<()> {
    for intent in records.iter().filter(|record| record.field("phase") == "intent") {
        // A call that looks before it acts has an intent and an outcome for each.
        let number = intent.0.at("/sequence");
        let ends = records.iter().filter(|record| {
            record.field("phase") == "outcome"
                && record.0.at("/intent") == number
                && record.field("requestId") == intent.field("requestId")
        });
        ensure!(ends.count() == 1, "not one outcome of {intent:?}");
    }
    Ok(())
}

fn a_kill_in_the_middle_of_a_busy_run_loses_nothing_acknowledged(site: &Site) -> Result<()> {
    let mut quiet = Session::open(site, "quiet")?;
    let renewed = quiet.client.refresh(&quiet.tokens.refresh)?;
    quiet.renew(&renewed)?;
    let mut busy = (0..BUSY).map(|_| Busy::open(site)).collect::<Result<Vec<_>>>()?;
    let cut = AtomicBool::new(false);
    thread::scope(|scope| {
        let (told, heard) = channel();
        let mut workers = Vec::new();
        for one in &busy {
            for number in 0..3 {
                let (cut, told) = (&cut, told.clone());
                workers.push(scope.spawn(move || match number {
                    0 => one.work(cut, &told, Busy::refresh),
                    1 => one.work(cut, &told, |busy| busy.call("getEmails", &json!({ "count": 1 }))),
                    _ => one.work(cut, &told, |busy| busy.call("createDraft", &draft_arguments())),
                }));
            }
        }
        drop(told);
        let enough = (0..ACKNOWLEDGED).try_for_each(|_| heard.recv_timeout(BUSY_WITHIN));
        cut.store(true, Ordering::SeqCst);
        site.kill()?;
        for worker in workers {
            worker.join().map_err(|_| anyhow::anyhow!("a working thread ended"))??;
        }
        enough.context("the busy run did not come far")
    })?;
    site.start_again()?;
    for one in &mut busy {
        one.check().with_context(|| one.session.person.email.clone())?;
    }
    quiet.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let renewed = quiet.client.refresh(&quiet.tokens.refresh)?;
    quiet.renew(&renewed)?;
    site.journal().context("a journal")?.verify()
}

fn tokens_and_registrations_survive_kill_9(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "survive")?;
    site.kill_and_start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)?;
    site.kill_and_start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    session.sign_in_again()?;
    let attempt = session.client.attempt()?;
    session.client.grant(&mut session.browser, &attempt)?;
    site.journal().context("a journal")?.verify()
}

fn what_was_spent_or_revoked_stays_so_after_kill_9(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "spent")?;
    let client = Discovered::at(&site.mcp)?.client()?;
    let attempt = client.attempt()?;
    let code = client.authorize(&mut session.browser, &attempt)?.code(&attempt, &client.discovered)?;
    let tokens = Tokens::read(&client.redeem(&code, &attempt.verifier)?)?;
    session.client.revoke(&session.tokens.refresh)?.expect(&[200])?;
    site.kill_and_start_again()?;
    client.redeem(&code, &attempt.verifier)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    client.refresh(&tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    session.tool("getEmails", &json!({}))?.answer.expect(&[401])?;
    Ok(())
}

/// The database files of the cells, whatever the host calls them.
fn cells(site: &Site) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(site.data_dir()?.join("cells"))? {
        let path = entry?.path();
        // workerd keeps the alarms of a class beside its objects.
        let alarms = path.file_stem().is_some_and(|name| name == "metadata");
        if path.extension().is_some_and(|extension| extension == "sqlite") && !alarms {
            files.push(path);
        }
    }
    ensure!(!files.is_empty(), "no cell has a file");
    Ok(files)
}

fn a_cell_whose_file_cannot_be_opened_is_refused_and_loses_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "damaged")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    site.kill()?;
    let files = cells(site)?;
    // A folder stands where the file was. The log of what was written last stays beside it.
    let aside = |file: &PathBuf| file.with_extension("aside");
    for file in &files {
        fs::rename(file, aside(file))?;
        fs::create_dir(file)?;
    }
    site.start_again()?;
    for _ in 0..2 {
        session.tool("sendEmail", &send_arguments())?.answer.expect(&[503])?;
        session.client.refresh(&session.tokens.refresh)?.expect(&[503])?;
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called for a cell that cannot be opened");
    Session::open(site, "unharmed")?.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Request::get(site.edge("/healthz")?).send()?.expect(&[200])?;
    for file in &files {
        fs::remove_dir(file)?;
        fs::rename(aside(file), file)?;
    }
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("the file is back")?;
    session.client.refresh(&session.tokens.refresh)?.expect(&[200])?;
    site.journal().context("a journal")?.verify()
}

fn ctrl_c_and_sigterm_end_the_host_and_no_call_lacks_its_record(site: &Site) -> Result<()> {
    let session = Session::open(site, "ended")?;
    for signal in ["INT", "TERM"] {
        delay_graph(&session, 500)?;
        let known = session.graph_requests()?.len();
        thread::scope(|scope| {
            let drafting = scope.spawn(|| session.tool("createDraft", &draft_arguments()));
            bounded("the draft reached Graph", || Ok(session.graph_requests()?.len() > known))?;
            site.with_process(|process| process.signal(signal))?;
            let ended = site.with_process(Process::wait)?;
            ensure!(ended.success(), "after SIG{signal} the host ended with {ended}");
            drop(drafting.join());
            Ok(())
        })?;
        site.start_again()?;
        session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
        expect_ends(&session.records()?.context("a journal")?)?;
    }
    let records = session.records()?.context("a journal")?;
    let drafted = records
        .iter()
        .filter(|record| record.field("phase") == "intent" && record.field("tool") == "createDraft");
    ensure!(drafted.count() == 2, "not two intents to draft: {records:?}");
    site.journal().context("a journal")?.verify()
}

fn ctrl_c_lets_running_calls_end(site: &Site) -> Result<()> {
    let session = Session::open(site, "drain")?;
    delay_graph(&session, 1000)?;
    thread::scope(|scope| {
        let sending = scope.spawn(|| session.tool("sendEmail", &send_arguments()));
        session.await_graph_request()?;
        site.with_process(|process| process.signal("INT"))?;
        let reply = sending.join().map_err(|_| anyhow::anyhow!("the sending thread ended"))?;
        reply.context("the running call was cut")?.content()?;
        let ended = site.with_process(Process::wait)?;
        ensure!(ended.success(), "the host ended with {ended}");
        Ok(())
    })?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    bounded("the send is recorded as done", || {
        let records = session.records()?.context("a journal")?;
        Ok(records.iter().any(|record| record.is("outcome", "done") && record.0.at("/tool") == "sendEmail"))
    })
}
