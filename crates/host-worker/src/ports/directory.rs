//! The directory as one Durable Object, spoken to in JSON.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use m365_ports::{
    Directory, DirectoryError, HighWater, IssuedOrder, KnownPerson, PerimeterRecord, PinOutcome,
    PolicySighting, PolicyStanding, RegistrationOutcome, Standing,
};
use m365_types::{CellId, Oid, TenantId, UnixMillis};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::send::SendFuture;
use worker::{Env, web_sys};

use super::timer::within;
use crate::message;

/// The Durable Object namespace.
const BINDING: &str = "DIRECTORY";
/// The one object in it.
const NAME: &str = "directory";
/// Longest wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// One method of the port, as the object is asked for it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "method", content = "arguments")]
pub(crate) enum Call {
    Cells { after: Option<CellId>, limit: u64 },
    FindPeople(String),
    Issue(IssuedOrder),
    PinMicrosoft { person: KnownPerson, tenant: TenantId, oid: Oid },
    Standing { cell: CellId, after: Option<u64> },
    CountRegistration { now: UnixMillis, expires: UnixMillis, record: Option<PerimeterRecord> },
    NoteHighWater(HighWater),
    HighWater(CellId),
    RecordPerimeter(PerimeterRecord),
    SightPolicy { sighting: PolicySighting, now: UnixMillis },
    PolicyTold(u64),
}

/// The directory of a deployment.
pub struct DurableDirectory {
    env: Env,
}

impl std::fmt::Debug for DurableDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DurableDirectory(…)")
    }
}

impl DurableDirectory {
    /// The directory in the namespace bound as `DIRECTORY`.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }

    async fn call<T: DeserializeOwned>(&self, call: Call) -> Result<T, DirectoryError> {
        match SendFuture::new(within(TIMEOUT, self.exchange(&call))).await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(error)) => {
                tracing::error!(%error, "the directory did not answer");
                Err(DirectoryError::Unavailable)
            }
            None => {
                tracing::error!(timeout_secs = TIMEOUT.as_secs(), "the directory did not answer in time");
                Err(DirectoryError::Unavailable)
            }
        }
    }

    async fn exchange<T: DeserializeOwned>(&self, call: &Call) -> worker::Result<T> {
        let mut request = Request::new(Bytes::from(serde_json::to_vec(call)?));
        *request.method_mut() = Method::POST;
        let stub = self.env.durable_object(BINDING)?.get_by_name(NAME)?;
        let request = message::request_out("https://directory/", &request, &web_sys::RequestInit::new())?;
        let response = stub.fetch_with_request(request.into()).await?;
        let response = message::whole_response_in(&response.into()).await?;
        if response.status() != StatusCode::OK {
            return Err(worker::Error::RustError(format!("status {}", response.status().as_u16())));
        }
        Ok(serde_json::from_slice(response.body())?)
    }
}

#[async_trait]
impl Directory for DurableDirectory {
    async fn pin_microsoft(
        &self,
        person: &KnownPerson,
        tenant: TenantId,
        oid: Oid,
    ) -> Result<PinOutcome, DirectoryError> {
        self.call(Call::PinMicrosoft { person: person.clone(), tenant, oid }).await
    }

    async fn find_people(&self, name: &str) -> Result<Vec<KnownPerson>, DirectoryError> {
        self.call(Call::FindPeople(name.to_owned())).await
    }

    async fn cells(&self, after: Option<&CellId>, limit: u64) -> Result<Vec<CellId>, DirectoryError> {
        self.call(Call::Cells { after: after.cloned(), limit }).await
    }

    async fn issue(&self, order: IssuedOrder) -> Result<u64, DirectoryError> {
        self.call(Call::Issue(order)).await
    }

    async fn standing(&self, cell: &CellId, after: Option<u64>) -> Result<Standing, DirectoryError> {
        self.call(Call::Standing { cell: cell.clone(), after }).await
    }

    async fn count_registration(
        &self,
        now: UnixMillis,
        expires: UnixMillis,
        record: Option<PerimeterRecord>,
    ) -> Result<RegistrationOutcome, DirectoryError> {
        self.call(Call::CountRegistration { now, expires, record }).await
    }

    async fn note_high_water(&self, mark: HighWater) -> Result<(), DirectoryError> {
        self.call(Call::NoteHighWater(mark)).await
    }

    async fn high_water(&self, cell: &CellId) -> Result<Option<HighWater>, DirectoryError> {
        self.call(Call::HighWater(cell.clone())).await
    }

    async fn record_perimeter(&self, record: PerimeterRecord) -> Result<(), DirectoryError> {
        self.call(Call::RecordPerimeter(record)).await
    }

    async fn sight_policy(
        &self,
        sighting: &PolicySighting,
        now: UnixMillis,
    ) -> Result<PolicyStanding, DirectoryError> {
        self.call(Call::SightPolicy { sighting: sighting.clone(), now }).await
    }

    async fn policy_told(&self, number: u64) -> Result<(), DirectoryError> {
        self.call(Call::PolicyTold(number)).await
    }
}
