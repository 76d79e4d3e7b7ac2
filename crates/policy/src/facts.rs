//! One question in Cedar's terms: principal, action, resource and context. Built anew for each question and only as large
//! as the question is; the names of types and the actions are made once, with the set.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression, Schema,
};
use m365_types::{
    ActionSpec, Audience, ClientId, Effect, Email, Identity, InternalDomains, Labels, Posture, Profile,
    ResolvedEffect, UnixMillis,
};

use crate::error::PolicyError;
use crate::schema::{Family, NAMESPACE, family_of, kind_of, kinds_of};

/// What a decision looks at, whoever asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Who acts.
    pub identity: &'a Identity,
    /// Through which client, where one is registered.
    pub client: Option<&'a ClientId>,
    /// The row asked for.
    pub action: &'static ActionSpec,
    /// What this very call will do, as far as it is known.
    pub effect: &'a ResolvedEffect,
    /// What stands against the person's calls.
    pub labels: Labels,
    /// When it is asked.
    pub now: UnixMillis,
}

/// Whose yes there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Yes {
    /// Nobody's.
    Nobodys,
    /// The person's.
    Persons,
    /// Somebody else's.
    SecondPersons,
}

/// The names of the schema, made once.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    person: EntityTypeName,
    group: EntityTypeName,
    service: EntityTypeName,
    kinds: HashMap<&'static str, EntityTypeName>,
    rows: HashMap<&'static str, Row>,
}

#[derive(Debug)]
struct Row {
    family: &'static Family,
    uid: EntityUid,
    entity: Entity,
}

/// A question without an answer to whose yes there is.
pub(crate) struct Asked<'a> {
    facts: &'a Facts<'a>,
    class: Effect,
    audience: &'a Audience,
    profile: Profile,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    pub(crate) entities: Entities,
}

impl Vocabulary {
    /// The names for these rows.
    ///
    /// # Errors
    /// [`PolicyError::Row`]
    pub(crate) fn of(rows: &[&'static ActionSpec]) -> Result<Self, PolicyError> {
        let action = type_name("Action")?;
        let mut kinds = HashMap::new();
        let mut known = HashMap::new();
        for row in rows {
            let family = family_of(row).ok_or_else(|| PolicyError::Row(row.name.to_owned()))?;
            for kind in kinds_of(family) {
                kinds.insert(kind, type_name(kind)?);
            }
            let name = uid(&action, row.name);
            let parents = HashSet::from([uid(&action, row.effect.as_str()), uid(&action, family.name)]);
            let entity = Entity::new_no_attrs(name.clone(), parents);
            known.insert(row.name, Row { family, uid: name, entity });
        }
        Ok(Self {
            person: type_name("Person")?,
            group: type_name("Group")?,
            service: type_name("Service")?,
            kinds,
            rows: known,
        })
    }

    /// The question, or none where the row or a value of it has no place in the schema.
    pub(crate) fn ask<'a>(
        &self,
        facts: &'a Facts<'a>,
        audience: &'a Audience,
        frame: (&InternalDomains, Profile),
    ) -> Option<Asked<'a>> {
        let (internal, profile) = frame;
        let row = self.rows.get(facts.action.name)?;
        let kind = self.kinds.get(kind_of(row.family, &facts.effect.target))?;
        let principal = self.principal(facts.identity)?;
        let resource = resource(kind, facts.effect, audience, internal)?;
        let (principal_uid, resource_uid) = (principal.uid(), resource.uid());
        Some(Asked {
            facts,
            class: crate::effect_of(facts.action, facts.effect),
            audience,
            profile,
            principal: principal_uid,
            action: row.uid.clone(),
            resource: resource_uid,
            entities: Entities::from_entities([principal, row.entity.clone(), resource], None).ok()?,
        })
    }

    fn principal(&self, identity: &Identity) -> Option<Entity> {
        match identity {
            Identity::Service(service) => {
                Some(Entity::new_no_attrs(uid(&self.service, service.client_id.as_str()), HashSet::new()))
            }
            Identity::Person(person) => {
                let groups = person.groups.iter().map(|group| uid(&self.group, group)).collect();
                let attributes = HashMap::from([
                    ("email".to_owned(), text(person.email.as_str())),
                    ("domain".to_owned(), text(person.email.domain())),
                ]);
                Entity::new(uid(&self.person, person.email.as_str()), attributes, groups).ok()
            }
        }
    }
}

impl Asked<'_> {
    /// The question with this yes. A schema makes Cedar check it, which tests do.
    pub(crate) fn with(&self, yes: Yes, schema: Option<&Schema>) -> Option<Request> {
        let context = Context::from_pairs(self.pairs(yes)).ok()?;
        let (principal, action, resource) =
            (self.principal.clone(), self.action.clone(), self.resource.clone());
        Request::new(principal, action, resource, context, schema).ok()
    }

    fn pairs(&self, yes: Yes) -> Vec<(String, RestrictedExpression)> {
        let (facts, audience) = (self.facts, self.audience);
        let client = facts.client.map_or("", ClientId::as_str);
        let approved = yes != Yes::Nobodys;
        [
            ("approved", RestrictedExpression::new_bool(approved)),
            ("client", text(client)),
            ("effect", text(self.class.as_str())),
            ("files", whole(facts.effect.files.len() as u64)),
            ("labels", set(facts.labels.iter().map(|label| text(label.as_str())))),
            ("posture", posture(facts.identity)),
            ("profile", text(self.profile.as_str())),
            ("reaches", RestrictedExpression::new_bool(audience.count > 0)),
            ("recipients", recipients(audience)),
            ("secondPerson", RestrictedExpression::new_bool(yes == Yes::SecondPersons)),
            ("size", whole(facts.effect.bytes())),
            ("time", time(facts.now)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn resource(
    kind: &EntityTypeName,
    effect: &ResolvedEffect,
    audience: &Audience,
    internal: &InternalDomains,
) -> Option<Entity> {
    let target = effect.target.as_str();
    let user = target.strip_prefix("users/").and_then(|rest| rest.split('/').next());
    let owner = match target.split('/').next().unwrap_or_default() {
        "me" | "" | "search" | "todo" => "self",
        "users" | "drives" => "other",
        _ => "group",
    };
    let inside = match user.and_then(|user| Email::parse(user).ok()) {
        Some(address) => internal.holds(&address),
        None => owner == "self" || (audience.outside == 0 && audience.unknown == 0),
    };
    let attributes = HashMap::from([
        ("folder".to_owned(), text(effect.folder.as_deref().unwrap_or_default())),
        ("id".to_owned(), text(target)),
        ("internal".to_owned(), RestrictedExpression::new_bool(inside)),
        ("owner".to_owned(), text(owner)),
        ("shared".to_owned(), RestrictedExpression::new_bool(effect.shared)),
    ]);
    Entity::new(uid(kind, target), attributes, HashSet::new()).ok()
}

fn recipients(audience: &Audience) -> RestrictedExpression {
    record([
        ("count", whole(audience.count)),
        ("domains", set(audience.domains.iter().map(|domain| text(domain)))),
        ("outside", whole(audience.outside)),
        ("unknown", whole(audience.unknown)),
    ])
}

fn posture(identity: &Identity) -> RestrictedExpression {
    static NOTHING: Posture = Posture { country: None, methods: Vec::new(), context: None };
    let posture = match identity {
        Identity::Person(person) => &person.posture,
        Identity::Service(_) => &NOTHING,
    };
    record([
        ("context", text(posture.context.as_deref().unwrap_or_default())),
        ("country", text(posture.country.as_deref().unwrap_or_default())),
        ("methods", set(posture.methods.iter().map(|method| text(method)))),
    ])
}

/// UTC: a policy that means office hours says so in it.
fn time(now: UnixMillis) -> RestrictedExpression {
    let secs = now.as_secs();
    let day = secs / 86_400;
    record([
        ("day", whole(day)),
        ("hour", whole(secs % 86_400 / 3_600)),
        ("minute", whole(secs % 3_600 / 60)),
        // 1970-01-01 was a Thursday.
        ("weekday", whole((day + 3) % 7 + 1)),
    ])
}

fn record<const N: usize>(fields: [(&str, RestrictedExpression); N]) -> RestrictedExpression {
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    // Cedar refuses a field that is there twice; the names above are written out and differ.
    RestrictedExpression::new_record(fields).unwrap_or_else(|_| RestrictedExpression::new_bool(false))
}

fn set(items: impl Iterator<Item = RestrictedExpression>) -> RestrictedExpression {
    RestrictedExpression::new_set(items)
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

/// Cedar counts to `i64::MAX`; what is more than that is as much.
fn whole(value: impl Into<u64>) -> RestrictedExpression {
    RestrictedExpression::new_long(i64::try_from(value.into()).unwrap_or(i64::MAX))
}

fn type_name(name: &str) -> Result<EntityTypeName, PolicyError> {
    format!("{NAMESPACE}::{name}").parse().map_err(|_| PolicyError::Row(name.to_owned()))
}

fn uid(name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}
