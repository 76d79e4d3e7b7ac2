//! `Cell`: one person's Durable Object.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty};
use m365_app::{CELL_SCHEMA, cell_named_in};
use m365_ports::{Database, Durability, SqlError, transact};
use m365_types::CellId;
use worker::{DurableObject, Env, State, durable_object, wasm_bindgen};

use crate::departure::Departure;
use crate::ports::alarm::DurableAlarm;
use crate::ports::cells::{ABSENT, ACCESS, CELL};
use crate::ports::sql::DurableDatabase;
use crate::{deployment, isolate, message};

/// The object. It wakes the cell at the first request that may find it.
#[durable_object(alarm)]
pub struct Cell {
    state: State,
    env: Env,
    alarm: Arc<DurableAlarm>,
    awake: RefCell<Option<Arc<m365_app::Cell>>>,
}

/// Why a request finds no cell.
enum Asleep {
    /// There is none, and none was to be created.
    Absent,
    /// The request does not say which cell it is for: it did not come from the front.
    Unnamed,
    /// The database does not answer.
    Sql(SqlError),
}

impl DurableObject for Cell {
    fn new(state: State, env: Env) -> Self {
        let alarm = DurableAlarm::new(state.storage(), deployment::current().clock.clone());
        Self { state, env, alarm: Arc::new(alarm), awake: RefCell::new(None) }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<worker::Response> {
        let left = Departure::of(request.inner());
        let request = message::whole_request_in(request.inner()).await?;
        let cell = match self.cell(&request) {
            Ok(cell) => cell,
            Err(asleep) => return Ok(message::response_out(asleep.answer()).await?.into()),
        };
        // Whoever has left is answered no more: what still runs is the cell's own matter.
        match select(pin!(cell.handle(request)), left).await {
            Either::Left((response, _)) => Ok(message::response_out(response).await?.into()),
            Either::Right(((), _)) => worker::Response::empty(),
        }
    }

    async fn alarm(&self) -> worker::Result<worker::Response> {
        self.alarm.rang();
        // Borrowed for the look alone: waking writes there.
        let awake = self.awake.borrow().clone();
        match awake.map_or_else(|| self.named_in_storage(), |cell| Ok(Some(cell))) {
            Ok(Some(cell)) => cell.ring().await,
            // An alarm is set by a cell that is awake, which has its name in storage; without one there is nothing to do.
            Ok(None) => {}
            Err(error) => {
                // The runtime rings again after an alarm that failed.
                tracing::error!(%error, "a cell could not be opened for its alarm");
                return Err(worker::Error::RustError("the cell could not be opened".to_owned()));
            }
        }
        worker::Response::empty()
    }
}

impl Cell {
    /// The cell, woken if need be. Nothing is created for a request that may not.
    fn cell(&self, request: &Request<Bytes>) -> Result<Arc<m365_app::Cell>, Asleep> {
        let awake = self.awake.borrow().clone();
        if let Some(cell) = awake {
            return Ok(cell);
        }
        let name = request.headers().get(CELL).and_then(|name| name.to_str().ok());
        let id = name.and_then(|name| CellId::parse(name).ok()).ok_or(Asleep::Unnamed)?;
        let database = DurableDatabase::new(&self.state.storage());
        if !request.headers().contains_key(ACCESS) && cell_named_in(&database)?.is_none() {
            return Err(Asleep::Absent);
        }
        Ok(self.wake(id, database)?)
    }

    /// The cell that has its name in storage, woken without a request.
    fn named_in_storage(&self) -> Result<Option<Arc<m365_app::Cell>>, SqlError> {
        let database = DurableDatabase::new(&self.state.storage());
        cell_named_in(&database)?.map(|id| self.wake(id, database)).transpose()
    }

    fn wake(&self, id: CellId, database: DurableDatabase) -> Result<Arc<m365_app::Cell>, SqlError> {
        transact(&database, Durability::Full, |sql| {
            let mut statements = CELL_SCHEMA.iter().flat_map(|statements| statements().iter());
            statements.try_for_each(|statement| sql.run(statement, &[]).map(drop))
        })?;
        let isolate = isolate::current(&self.env).map_err(|_| SqlError::Unavailable)?;
        let database: Arc<dyn Database> = Arc::new(database);
        let cell = m365_app::Cell::wake(isolate.core, id, database, self.alarm.clone())?;
        *self.awake.borrow_mut() = Some(cell.clone());
        Ok(cell)
    }
}

impl Asleep {
    fn answer(&self) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
        let mut response = Response::new(Empty::new().boxed_unsync());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        match self {
            Self::Absent => {
                response.headers_mut().insert(ABSENT, HeaderValue::from_static("1"));
            }
            Self::Unnamed => tracing::error!("a request without a cell's name reached a Durable Object"),
            Self::Sql(error) => tracing::error!(%error, "a cell could not be opened"),
        }
        response
    }
}

impl From<SqlError> for Asleep {
    fn from(error: SqlError) -> Self {
        Self::Sql(error)
    }
}
