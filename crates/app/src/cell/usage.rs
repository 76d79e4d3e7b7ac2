//! How much of each limit is used.
//!
//! Atomicity: a call's costs are added in the transaction of its intent. Where one of them goes past its limit the
//! transaction is rolled back with all the others, so what is refused costs nothing, and parallel calls cannot share what is
//! left.

use m365_policy::{Cost, Limit, Limits};
use m365_ports::{Durability, Sql, SqlError, transact};
use m365_types::UnixMillis;

use super::Cell;

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] =
    &["CREATE TABLE IF NOT EXISTS usage (name TEXT NOT NULL, of TEXT NOT NULL, began INTEGER NOT NULL, \
     used INTEGER NOT NULL, PRIMARY KEY (name, of)) STRICT, WITHOUT ROWID"];

/// A limit that a call would go past.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitReached {
    pub(crate) name: String,
    /// When there is room again.
    pub(crate) until: UnixMillis,
    /// Whether the call alone is more than the limit: waiting does not help.
    pub(crate) never_fits: bool,
}

impl LimitReached {
    /// What happened, why, and when to come back.
    pub(crate) fn sentence(&self, now: UnixMillis) -> String {
        if self.never_fits {
            return format!(
                "Nothing was done: this call alone is more than the limit `{}` allows. Reach fewer people, or send less.",
                self.name
            );
        }
        format!(
            "Nothing was done: the limit `{}` is used up. Try again in {} seconds, at {}.",
            self.name,
            self.until.since(now).as_secs().max(1),
            m365_journal::rfc3339(self.until)
        )
    }
}

/// How much of one limit is used, for the person's page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) limit: Limit,
    /// What it is counted for, where that is not the person.
    pub(crate) of: Option<String>,
    pub(crate) spent: u64,
    pub(crate) until: UnixMillis,
}

/// Adds the costs of a call. The inner error is for the caller, and must end the transaction too.
pub(crate) fn charge(
    sql: &dyn Sql,
    limits: &Limits,
    cost: &Cost<'_>,
    now: UnixMillis,
) -> Result<Result<(), LimitReached>, SqlError> {
    let statement = "INSERT INTO usage (name, of, began, used) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name, of) DO UPDATE SET \
                     used = CASE began WHEN excluded.began THEN used + excluded.used ELSE excluded.used END, \
                     began = excluded.began RETURNING used";
    for (limit, of, used) in limits.costs(cost) {
        let began = limit.window.began(now).as_millis();
        let rows = sql.run(statement, &[limit.name.as_str().into(), of.into(), began.into(), used.into()])?;
        if rows.first().ok_or(SqlError::Shape)?.unsigned(0)? > limit.at_most {
            let (name, until) = (limit.name.clone(), limit.window.ends(now));
            return Ok(Err(LimitReached { name, until, never_fits: used > limit.at_most }));
        }
    }
    Ok(Ok(()))
}

impl Cell {
    /// What is used of every limit now, where anything is.
    pub(crate) fn usage(&self, limits: &Limits) -> Result<Vec<Used>, SqlError> {
        let now = self.now();
        let rows = transact(&*self.database, Durability::Process, |sql| {
            sql.run("SELECT name, of, began, used FROM usage ORDER BY name, of LIMIT 200", &[])
        })?;
        let mut shown = Vec::new();
        for row in &rows {
            let limit = limits.iter().find(|limit| row.text(0).is_ok_and(|name| name == limit.name));
            let Some(limit) =
                limit.filter(|limit| row.unsigned(2) == Ok(limit.window.began(now).as_millis()))
            else {
                continue;
            };
            let of = Some(row.text(1)?).filter(|of| *of != "-").map(str::to_owned);
            let (used, until) = (row.unsigned(3)?, limit.window.ends(now));
            shown.push(Used { limit: limit.clone(), of, spent: used, until });
        }
        Ok(shown)
    }
}
