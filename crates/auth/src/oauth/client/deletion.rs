//! Deletion of a client by an operator.

use m365_types::ClientId;

use super::{ClientRefusal, Clients};

impl Clients {
    /// Forgets a registration: the client is unknown from now on, and is told `invalid_client`. Its grants end by the
    /// order that goes with this; a client with a metadata document has no registration to forget.
    ///
    /// # Errors
    /// [`ClientRefusal::Busy`], [`ClientRefusal::Unavailable`]
    pub async fn forget(&self, id: &ClientId) -> Result<(), ClientRefusal> {
        Ok(self.ports.registry.delete(id).await?)
    }
}
