//! From decision to effect as types: `decide` issues a [`Permit`], the journal turns it into an [`Intent`], and only
//! an [`Intent`] opens the door out. Skipping a step does not compile.

use crate::{ActionSpec, ClientId, GrantId, Oid, Principal, Reach, RequestId, Scope, TenantId};

/// Who acts, through which client, in which call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The verified person.
    pub principal: Principal,
    /// The linked Microsoft account, once there is one.
    pub microsoft: Option<(TenantId, Oid)>,
    /// The client that presented the token; none where Cloudflare Access authorizes clients.
    pub client: Option<ClientId>,
    /// The grant behind the token; none where Cloudflare Access authorizes clients.
    pub grant: Option<GrantId>,
    /// The call.
    pub request: RequestId,
}

/// The decision's yes to one concrete call.
#[derive(Debug)]
pub struct Permit {
    actor: Actor,
    action: &'static ActionSpec,
    reach: Reach,
    scopes: Vec<Scope>,
    basis: &'static str,
}

impl Permit {
    /// Issues the permit. Banned by `clippy.toml` everywhere but in the decision.
    ///
    /// `scopes` are those this very call needs; `basis` names the rule that said yes, for the record.
    #[must_use]
    pub const fn issue(
        actor: Actor,
        action: &'static ActionSpec,
        reach: Reach,
        scopes: Vec<Scope>,
        basis: &'static str,
    ) -> Self {
        Self { actor, action, reach, scopes, basis }
    }

    /// Who acts.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The row that was permitted.
    #[must_use]
    pub const fn action(&self) -> &'static ActionSpec {
        self.action
    }

    /// Whom the call reaches.
    #[must_use]
    pub const fn reach(&self) -> &Reach {
        &self.reach
    }

    /// The permissions it needs.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The rule that said yes.
    #[must_use]
    pub const fn basis(&self) -> &'static str {
        self.basis
    }
}

/// A permit whose intent record is committed: the only key to an effect.
#[derive(Debug)]
pub struct Intent {
    permit: Permit,
    sequence: u64,
}

impl Intent {
    /// Marks the permit as recorded. Banned by `clippy.toml` everywhere but in the journal.
    ///
    /// `sequence` is the number of the committed record in the cell's chain.
    #[must_use]
    pub const fn recorded(permit: Permit, sequence: u64) -> Self {
        Self { permit, sequence }
    }

    /// The permit.
    #[must_use]
    pub const fn permit(&self) -> &Permit {
        &self.permit
    }

    /// Number of the intent record in the cell's chain.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }
}
