//! What became of policy sets across the processes of a deployment: versions only grow, and every change is told once.
//! A refusal is settled when any process finds a sound set in its place.

use m365_ports::{POLICY_OVERLAP, PolicyNote, PolicySighting, PolicyStanding, Row, Sql, SqlError};
use m365_types::UnixMillis;

use super::one;

/// Sightings that are kept; what is in force and the newest version stay whatever came after them, so that nobody can have
/// them forgotten by many refusals.
const KEPT: u64 = 1000;

pub(super) fn sight(
    sql: &dyn Sql,
    sighting: &PolicySighting,
    now: UnixMillis,
) -> Result<PolicyStanding, SqlError> {
    let text = serde_json::to_string(sighting).map_err(|_| SqlError::Shape)?;
    let (version, set, in_force): (_, _, u64) = match sighting {
        PolicySighting::InForce { version, set, .. } => (*version, Some(set.as_str()), 1),
        PolicySighting::Refused { .. } => (None, None, 0),
    };
    if let (Some(version), Some(set)) = (version, set)
        && let Some(standing) = against_newest(sql, version, set, now)?
    {
        return Ok(standing);
    }
    if in_force == 1 {
        sql.run("UPDATE policy_sighting SET settled = 1 WHERE settled = 0 AND in_force = 0", &[])?;
    }
    // A refusal is news again once it was settled; a set in force is not after a refusal, which changed nothing.
    let rows = sql.run(
        "SELECT number, sighting, told FROM policy_sighting WHERE in_force = ?1 AND settled = 0 ORDER BY number DESC LIMIT 1",
        &[in_force.into()],
    )?;
    let last = rows.first();
    if let Some(last) = last.filter(|row| row.text(1) == Ok(&text)) {
        return Ok(PolicyStanding::Noted { untold: untold(last)? });
    }
    let is_first = in_force == 1 && last.is_none();
    let number = one(
        sql,
        "INSERT INTO policy_sighting (at, sighting, version, policy_set, in_force, told, settled) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) RETURNING number",
        &[
            now.as_millis().into(),
            text.as_str().into(),
            version.into(),
            set.into(),
            in_force.into(),
            u64::from(is_first).into(),
        ],
    )?;
    sql.run(
        "DELETE FROM policy_sighting WHERE number <= ?1 - ?2 AND version IS NOT (SELECT MAX(version) FROM policy_sighting) \
         AND number IS NOT (SELECT MAX(number) FROM policy_sighting WHERE in_force = 1)",
        &[number.into(), KEPT.into()],
    )?;
    Ok(PolicyStanding::Noted { untold: (!is_first).then_some(number) })
}

/// The answer for a version that is not above the newest that was ever in force.
fn against_newest(
    sql: &dyn Sql,
    version: u64,
    set: &str,
    now: UnixMillis,
) -> Result<Option<PolicyStanding>, SqlError> {
    let rows = sql.run(
        "SELECT version, policy_set, MIN(at) FROM policy_sighting WHERE version IS NOT NULL GROUP BY version ORDER BY version DESC LIMIT 2",
        &[],
    )?;
    let Some(newest) = rows.first() else { return Ok(None) };
    let in_force = newest.unsigned(0)?;
    if version > in_force || (version == in_force && newest.text(1)? == set) {
        return Ok(None);
    }
    let recent = now.since(UnixMillis::from_millis(newest.unsigned(2)?)) < POLICY_OVERLAP;
    let is_before = |row: &Row| row.unsigned(0) == Ok(version) && row.text(1) == Ok(set);
    if recent && rows.get(1).is_some_and(is_before) {
        return Ok(Some(PolicyStanding::Noted { untold: None }));
    }
    Ok(Some(PolicyStanding::Older { in_force }))
}

pub(super) fn told(sql: &dyn Sql, number: u64) -> Result<(), SqlError> {
    sql.run("UPDATE policy_sighting SET told = 1 WHERE number = ?1", &[number.into()]).map(drop)
}

pub(super) fn newest(sql: &dyn Sql) -> Result<Option<PolicyNote>, SqlError> {
    let rows = sql.run(
        "SELECT at, sighting FROM policy_sighting WHERE settled = 0 ORDER BY number DESC LIMIT 1",
        &[],
    )?;
    rows.first()
        .map(|row| {
            Ok(PolicyNote {
                at: UnixMillis::from_millis(row.unsigned(0)?),
                sighting: serde_json::from_str(row.text(1)?).map_err(|_| SqlError::Shape)?,
            })
        })
        .transpose()
}

fn untold(row: &Row) -> Result<Option<u64>, SqlError> {
    Ok(if row.unsigned(2)? == 0 { Some(row.unsigned(0)?) } else { None })
}
