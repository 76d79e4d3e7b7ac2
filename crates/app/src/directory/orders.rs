//! The log of operators' orders, and the people they may name.

use m365_ports::{HighWater, IssuedOrder, KnownPerson, ORDERS_AT_ONCE, Row, Sql, SqlError, Standing};
use m365_types::{AccessSubject, CellId, Email, Order};

use super::{one, read_high_water};

pub(super) fn note_person(sql: &dyn Sql, person: &KnownPerson) -> Result<(), SqlError> {
    let values = [person.cell.as_str().into(), person.subject.as_str().into(), person.email.as_str().into()];
    sql.run("INSERT OR REPLACE INTO person (cell, subject, email) VALUES (?1, ?2, ?3)", &values).map(drop)
}

pub(super) fn find_people(sql: &dyn Sql, name: &str) -> Result<Vec<KnownPerson>, SqlError> {
    let address = Email::parse(name).map_or_else(|_| name.to_owned(), String::from);
    let statement =
        "SELECT cell, subject, email FROM person WHERE subject = ?1 OR cell = ?1 OR email = ?2 ORDER BY cell";
    sql.run(statement, &[name.into(), address.into()])?.iter().map(known_person).collect()
}

pub(super) fn cells(sql: &dyn Sql, after: Option<&CellId>, limit: u64) -> Result<Vec<CellId>, SqlError> {
    let rows = sql.run(
        "SELECT cell FROM (SELECT cell FROM high_water UNION SELECT cell FROM person) WHERE cell > ?1 ORDER BY cell LIMIT ?2",
        &[after.map_or("", CellId::as_str).into(), limit.into()],
    )?;
    rows.iter().map(|row| CellId::parse(row.text(0)?).map_err(|_| SqlError::Shape)).collect()
}

pub(super) fn issue(sql: &dyn Sql, issued: &IssuedOrder) -> Result<u64, SqlError> {
    match &issued.order {
        Order::Unpin(cell) => {
            sql.run("DELETE FROM microsoft_pin WHERE cell = ?1", &[cell.as_str().into()])?;
        }
        Order::Readmit(cell) => {
            sql.run("DELETE FROM high_water WHERE cell = ?1", &[cell.as_str().into()])?;
        }
        Order::KillEveryone | Order::KillPerson(_) | Order::KillClient(_) => {}
    }
    let text = serde_json::to_string(issued).map_err(|_| SqlError::Shape)?;
    // Numbers follow the clock, so that a log put back from a copy does not give again what cells have carried out.
    one(
        sql,
        "INSERT INTO operator_order (sequence, cell, issued) SELECT MAX(?1, COALESCE(MAX(sequence), 0) + 1), ?2, ?3
         FROM operator_order RETURNING sequence",
        &[issued.at.as_millis().into(), issued.order.cell().map(CellId::as_str).into(), text.into()],
    )
}

pub(super) fn standing(sql: &dyn Sql, cell: &CellId, after: Option<u64>) -> Result<Standing, SqlError> {
    let mark = read_high_water(sql, cell)?;
    let newest = one(sql, "SELECT COALESCE(MAX(sequence), 0) FROM operator_order", &[])?;
    let Some(after) = after else { return Ok(complete(Vec::new(), newest, mark)) };
    let rows = sql.run(
        "SELECT sequence, issued FROM operator_order WHERE sequence > ?1 AND (cell IS NULL OR cell = ?2) ORDER BY sequence LIMIT ?3",
        &[after.into(), cell.as_str().into(), ORDERS_AT_ONCE.into()],
    )?;
    let orders = rows.iter().map(numbered).collect::<Result<Vec<_>, _>>()?;
    match orders.last() {
        Some((last, _)) if orders.len() as u64 == ORDERS_AT_ONCE => {
            Ok(Standing { upto: *last, more: true, orders, mark })
        }
        _ => Ok(complete(orders, newest.max(after), mark)),
    }
}

const fn complete(orders: Vec<(u64, IssuedOrder)>, upto: u64, mark: Option<HighWater>) -> Standing {
    Standing { orders, upto, more: false, mark }
}

fn numbered(row: &Row) -> Result<(u64, IssuedOrder), SqlError> {
    Ok((row.unsigned(0)?, serde_json::from_str(row.text(1)?).map_err(|_| SqlError::Shape)?))
}

fn known_person(row: &Row) -> Result<KnownPerson, SqlError> {
    Ok(KnownPerson {
        cell: CellId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?,
        subject: AccessSubject::parse(row.text(1)?).map_err(|_| SqlError::Shape)?,
        email: Email::parse(row.text(2)?).map_err(|_| SqlError::Shape)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_keeps_its_form_in_the_log() {
        let cell = CellId::from_digest([7; 20]);
        let text = serde_json::to_string(&Order::KillPerson(cell.clone())).unwrap();
        assert_eq!(text, format!("{{\"order\":\"killPerson\",\"of\":\"{cell}\"}}"));
        assert_eq!(
            serde_json::from_str::<Order>(r#"{"order":"killEveryone"}"#).unwrap(),
            Order::KillEveryone
        );
    }
}
