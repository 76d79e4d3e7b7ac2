//! Ports that answer at once.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use m365_ports::{
    Bounds, ClientRegistry, Clock, Directory, DirectoryError, Entropy, HighWater, IssuedOrder, KnownPerson,
    Outbound, OutboundError, PerimeterRecord, PinOutcome, PolicySighting, PolicyStanding,
    RegistrationOutcome, RegistryError, Standing,
};
use m365_types::{CellId, ClientId, Oid, TenantId, UnixMillis};

/// A moment that never passes.
pub(crate) struct FixedClock(pub(crate) UnixMillis);

impl Clock for FixedClock {
    fn now(&self) -> UnixMillis {
        self.0
    }
}

/// Fills each buffer with a number of its own.
#[derive(Default)]
pub(crate) struct CountingEntropy(AtomicU64);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        let number = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        buffer.iter_mut().zip(number.into_iter().cycle()).for_each(|(to, from)| *to = from);
    }
}

/// Publishes one document at every address.
#[derive(Default)]
pub(crate) struct Publisher(Mutex<http::Response<Bytes>>);

impl Publisher {
    pub(crate) fn publish(&self, document: http::Response<Bytes>) {
        *self.0.lock().expect("one thread") = document;
    }
}

#[async_trait]
impl Outbound for Publisher {
    async fn send(&self, _: http::Request<Bytes>, _: Bounds) -> Result<http::Response<Bytes>, OutboundError> {
        Ok(self.0.lock().expect("one thread").clone())
    }
}

/// Keeps clients until they are forgotten.
#[derive(Default)]
pub(crate) struct MemoryRegistry(Mutex<BTreeMap<ClientId, String>>);

impl MemoryRegistry {
    pub(crate) fn len(&self) -> usize {
        self.0.lock().expect("one thread").len()
    }

    pub(crate) fn forget(&self, id: &ClientId) {
        self.0.lock().expect("one thread").remove(id);
    }
}

#[async_trait]
impl ClientRegistry for MemoryRegistry {
    async fn put(&self, id: &ClientId, metadata: &str, _: UnixMillis) -> Result<(), RegistryError> {
        self.0.lock().expect("one thread").insert(id.clone(), metadata.to_owned());
        Ok(())
    }

    async fn find(&self, id: &ClientId, _: UnixMillis) -> Result<Option<String>, RegistryError> {
        Ok(self.0.lock().expect("one thread").get(id).cloned())
    }

    async fn delete(&self, id: &ClientId) -> Result<(), RegistryError> {
        self.forget(id);
        Ok(())
    }
}

/// Counts and pins whatever it is asked to.
pub(crate) struct WillingDirectory;

#[async_trait]
impl Directory for WillingDirectory {
    async fn pin_microsoft(
        &self,
        _: &KnownPerson,
        _: TenantId,
        _: Oid,
    ) -> Result<PinOutcome, DirectoryError> {
        Ok(PinOutcome::Pinned)
    }

    async fn find_people(&self, _: &str) -> Result<Vec<KnownPerson>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn cells(&self, _: Option<&CellId>, _: u64) -> Result<Vec<CellId>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn issue(&self, _: IssuedOrder) -> Result<u64, DirectoryError> {
        Err(DirectoryError::Unavailable)
    }

    async fn standing(&self, _: &CellId, after: Option<u64>) -> Result<Standing, DirectoryError> {
        Ok(Standing { orders: Vec::new(), upto: after.unwrap_or(0), more: false, mark: None })
    }

    async fn count_registration(
        &self,
        _: UnixMillis,
        _: UnixMillis,
        _: Option<PerimeterRecord>,
    ) -> Result<RegistrationOutcome, DirectoryError> {
        Ok(RegistrationOutcome::Counted)
    }

    async fn note_high_water(&self, _: HighWater) -> Result<(), DirectoryError> {
        Ok(())
    }

    async fn high_water(&self, _: &CellId) -> Result<Option<HighWater>, DirectoryError> {
        Ok(None)
    }

    async fn record_perimeter(&self, _: PerimeterRecord) -> Result<(), DirectoryError> {
        Ok(())
    }

    async fn sight_policy(
        &self,
        _: &PolicySighting,
        _: UnixMillis,
    ) -> Result<PolicyStanding, DirectoryError> {
        Ok(PolicyStanding::Noted { untold: None })
    }

    async fn policy_told(&self, _: u64) -> Result<(), DirectoryError> {
        Ok(())
    }
}
