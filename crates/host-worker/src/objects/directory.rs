//! `Directory`: the one Durable Object of what must be unique or counted across people.

use std::sync::Arc;

use m365_app::{DIRECTORY_SCHEMA, SqlDirectory};
use m365_ports::{Database, Directory as _, DirectoryError, Durability, SqlError, transact};
use serde::Serialize;
use worker::{DurableObject, Env, Response, State, durable_object, wasm_bindgen};

use crate::message;
use crate::ports::directory::Call;
use crate::ports::sql::DurableDatabase;

/// The object.
#[durable_object(fetch)]
pub struct Directory {
    directory: Result<SqlDirectory, SqlError>,
}

impl DurableObject for Directory {
    fn new(state: State, _: Env) -> Self {
        let database = DurableDatabase::new(&state.storage());
        let schema = transact(&database, Durability::Full, |sql| {
            DIRECTORY_SCHEMA.iter().try_for_each(|statement| sql.run(statement, &[]).map(drop))
        });
        let database: Arc<dyn Database> = Arc::new(database);
        Self { directory: schema.map(|()| SqlDirectory::new(database)) }
    }

    async fn fetch(&self, request: worker::Request) -> worker::Result<Response> {
        let request = message::whole_request_in(request.inner()).await?;
        let call: Call = serde_json::from_slice(request.body())?;
        match self.perform(call).await {
            Ok(answer) => Response::from_json(&answer),
            Err(error) => Response::error(error.to_string(), 503),
        }
    }
}

impl Directory {
    async fn perform(&self, call: Call) -> Result<serde_json::Value, DirectoryError> {
        let directory = self.directory.as_ref().map_err(|error| {
            tracing::error!(%error, "the directory could not be opened");
            DirectoryError::Unavailable
        })?;
        match call {
            Call::Cells { after, limit } => answer(&directory.cells(after.as_ref(), limit).await?),
            Call::FindPeople(name) => answer(&directory.find_people(&name).await?),
            Call::Issue(order) => answer(&directory.issue(order).await?),
            Call::PinMicrosoft { person, tenant, oid } => {
                answer(&directory.pin_microsoft(&person, tenant, oid).await?)
            }
            Call::Standing { cell, after } => answer(&directory.standing(&cell, after).await?),
            Call::CountRegistration { now, expires, record } => {
                answer(&directory.count_registration(now, expires, record).await?)
            }
            Call::NoteHighWater(mark) => answer(&directory.note_high_water(mark).await?),
            Call::HighWater(of) => answer(&directory.high_water(&of).await?),
            Call::RecordPerimeter(record) => answer(&directory.record_perimeter(record).await?),
            Call::SightPolicy { sighting, now } => answer(&directory.sight_policy(&sighting, now).await?),
            Call::PolicyTold(number) => answer(&directory.policy_told(number).await?),
        }
    }
}

fn answer(value: &impl Serialize) -> Result<serde_json::Value, DirectoryError> {
    serde_json::to_value(value).map_err(|_| DirectoryError::Unavailable)
}
