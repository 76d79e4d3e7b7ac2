//! From decision to effect as types: `decide` issues a [`Permit`], the journal turns it into an [`Intent`], and only
//! an [`Intent`] opens the door out. Skipping a step does not compile.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    ActionSpec, ApprovalId, ClientId, GrantId, Labels, Oid, Principal, Reach, RequestId, Scope, TenantId,
};

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

/// How far a permit goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Calls that only read, to find out what the effect would be.
    Look,
    /// The effect.
    Act,
}

/// A person's yes to one exact effect, spent with the call that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Which question it answers.
    pub id: ApprovalId,
    /// Whether somebody else than the person said it.
    pub by_second_person: bool,
}

/// What a permit is for, and what it rests on.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How far it goes.
    pub stage: Stage,
    /// Whom this very call reaches.
    pub reach: Reach,
    /// The permissions this very call needs.
    pub scopes: Vec<Scope>,
    /// The rule that said yes, for the record.
    pub basis: String,
    /// Hash of the policy set that was asked, lower-case hex.
    pub policy: Arc<str>,
    /// What stood when it was asked.
    pub labels: Labels,
    /// The person's approval, where one was needed.
    pub approval: Option<Approval>,
}

impl Terms {
    /// For the effect, with nothing standing against it.
    #[must_use]
    pub fn plain(reach: Reach, scopes: Vec<Scope>, basis: &str) -> Self {
        Self {
            stage: Stage::Act,
            reach,
            scopes,
            basis: basis.to_owned(),
            policy: "-".into(),
            labels: Labels::NONE,
            approval: None,
        }
    }
}

/// The decision's yes to one concrete call.
#[derive(Debug)]
pub struct Permit {
    actor: Actor,
    action: &'static ActionSpec,
    terms: Terms,
}

impl Permit {
    /// Issues the permit. Banned by `clippy.toml` everywhere but in the decision.
    #[must_use]
    pub const fn issue(actor: Actor, action: &'static ActionSpec, terms: Terms) -> Self {
        Self { actor, action, terms }
    }

    /// What it is for, and what it rests on.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
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
        &self.terms.reach
    }

    /// The permissions it needs.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.terms.scopes
    }

    /// The rule that said yes.
    #[must_use]
    pub fn basis(&self) -> &str {
        &self.terms.basis
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
