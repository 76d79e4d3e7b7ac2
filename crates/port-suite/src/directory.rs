//! What a [`Directory`] promises: one owner per account, exact counts, marks that only rise, a bounded journal.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use m365_ports::{
    Directory, HighWater, IssuedOrder, KnownPerson, ORDERS_AT_ONCE, PerimeterRecord, PinOutcome,
    RegistrationOutcome,
};
use m365_types::{
    AccessSubject, AuditKind, CellId, ClientId, Email, Oid, OperatorNote, Order, Reason, RequestId, TenantId,
    UnixMillis,
};

use super::{AsyncPortCase, policies};

/// The promises to one caller at a time.
pub const DIRECTORY: &[AsyncPortCase<dyn Directory>] = &[
    AsyncPortCase { name: "pinning is idempotent", run: |directory| Box::pin(pin_is_idempotent(directory)) },
    AsyncPortCase {
        name: "an account of another cell is refused",
        run: |directory| Box::pin(taken_by_another(directory)),
    },
    AsyncPortCase {
        name: "a cell has one account",
        run: |directory| Box::pin(one_account_per_cell(directory)),
    },
    AsyncPortCase {
        name: "registrations of a minute are bounded, and the next minute is free",
        run: |directory| Box::pin(minute_is_bounded(directory)),
    },
    AsyncPortCase {
        name: "a journal's mark never falls",
        run: |directory| Box::pin(high_water_never_falls(directory)),
    },
    AsyncPortCase {
        name: "marks are kept per cell",
        run: |directory| Box::pin(high_water_is_per_cell(directory)),
    },
    AsyncPortCase {
        name: "a cell hears of its own orders and of everyone's, each once, in order",
        run: |directory| Box::pin(orders_reach_their_cells(directory)),
    },
    AsyncPortCase {
        name: "more orders than fit come in parts without a gap",
        run: |directory| Box::pin(many_orders_come_in_parts(directory)),
    },
    AsyncPortCase {
        name: "a person is found by address, subject and cell, and only once pinned",
        run: |directory| Box::pin(people_are_found(directory)),
    },
    AsyncPortCase {
        name: "unpinning frees the account and readmitting forgets the mark, of that cell only",
        run: |directory| Box::pin(orders_change_the_directory(directory)),
    },
    AsyncPortCase {
        name: "cells are listed in order and in parts",
        run: |directory| Box::pin(cells_are_listed(directory)),
    },
    AsyncPortCase {
        name: "versions of policy sets only grow, but for the one before while stores may still hand it out",
        run: |directory| Box::pin(policies::versions_grow(directory)),
    },
    AsyncPortCase {
        name: "a change of policy has one number until it is told, and none after",
        run: |directory| Box::pin(policies::changes_are_numbered(directory)),
    },
];

pub(crate) const MINUTE: u64 = 60_000;
/// 2100-01-01, the beginning of a minute.
pub(crate) const NOW: u64 = 4_102_444_800_000;
/// More than any directory admits in a minute.
const FLOOD: u64 = 2_000;

pub(crate) const fn at(millis: u64) -> UnixMillis {
    UnixMillis::from_millis(millis)
}

pub(crate) fn cell(number: u8) -> CellId {
    CellId::from_digest([number; 20])
}

pub(crate) const fn tenant(number: u8) -> TenantId {
    TenantId::from_random([number; 16])
}

pub(crate) const fn oid(number: u8) -> Oid {
    Oid::from_random([number; 16])
}

pub(crate) fn person(number: u8) -> KnownPerson {
    let subject = AccessSubject::parse(&format!("subject-{number}"));
    let email = Email::parse(&format!("person-{number}@contoso.example"));
    match (subject, email) {
        (Ok(subject), Ok(email)) => KnownPerson { cell: cell(number), subject, email },
        _ => unreachable!("both are well-formed"),
    }
}

/// Pins and compares.
pub(crate) async fn pin(
    directory: &dyn Directory,
    (owner, of, who): (u8, u8, u8),
    expected: PinOutcome,
) -> Result<()> {
    let outcome = directory.pin_microsoft(&person(owner), tenant(of), oid(who)).await?;
    ensure!(
        outcome == expected,
        "account {who} of tenant {of} for cell {owner}: {outcome:?}, not {expected:?}"
    );
    Ok(())
}

async fn pin_is_idempotent(directory: &dyn Directory) -> Result<()> {
    for _ in 0..3 {
        pin(directory, (1, 1, 1), PinOutcome::Pinned).await?;
    }
    Ok(())
}

async fn taken_by_another(directory: &dyn Directory) -> Result<()> {
    pin(directory, (1, 1, 1), PinOutcome::Pinned).await?;
    pin(directory, (2, 1, 1), PinOutcome::TakenByAnother).await?;
    pin(directory, (1, 1, 1), PinOutcome::Pinned).await?;
    // The refused cell is free, and an object id means nothing outside its tenant.
    pin(directory, (2, 2, 1), PinOutcome::Pinned).await
}

async fn one_account_per_cell(directory: &dyn Directory) -> Result<()> {
    pin(directory, (1, 1, 1), PinOutcome::Pinned).await?;
    pin(directory, (1, 1, 2), PinOutcome::OtherAccount).await?;
    pin(directory, (1, 2, 1), PinOutcome::OtherAccount).await?;
    // The refused account was not claimed.
    pin(directory, (2, 1, 2), PinOutcome::Pinned).await
}

/// Registers at `now` until refused; how many were counted.
pub(crate) async fn registered(directory: &dyn Directory, now: u64, expires: u64) -> Result<u64> {
    for counted in 0..FLOOD {
        if directory.count_registration(at(now), at(expires), None).await?
            == RegistrationOutcome::QuotaReached
        {
            return Ok(counted);
        }
    }
    Err(anyhow!("{FLOOD} registrations in one minute were all counted"))
}

async fn minute_is_bounded(directory: &dyn Directory) -> Result<()> {
    let expires = NOW + 1_000 * MINUTE;
    let quota = registered(directory, NOW, expires).await?;
    ensure!(quota > 0, "not one registration was counted");
    let early = directory.count_registration(at(NOW + MINUTE - 1), at(expires), None).await?;
    ensure!(early == RegistrationOutcome::QuotaReached, "the quota was free before the minute was over");
    let second = registered(directory, NOW + MINUTE, expires).await?;
    ensure!(second == quota, "the next minute admits {second}, the first {quota}");
    Ok(())
}

/// At the quota of live clients none is admitted until the first of them expire.
///
/// Give a directory that holds as many live clients as it admits, all of them registered more than a minute before
/// `expires` and expiring then.
///
/// # Errors
/// What did not hold.
pub async fn places_of_expired_clients_are_free(
    directory: &dyn Directory,
    expires: UnixMillis,
) -> Result<()> {
    let later = at(expires.as_millis() + 1_000 * MINUTE);
    let before = at(expires.as_millis() - 1);
    let full = directory.count_registration(before, later, None).await?;
    ensure!(full == RegistrationOutcome::QuotaReached, "more clients live than are admitted");
    let free = directory.count_registration(expires, later, None).await?;
    ensure!(free == RegistrationOutcome::Counted, "expired clients keep their places");
    Ok(())
}

pub(crate) fn mark(number: u8, sequence: u64, head: &str) -> HighWater {
    HighWater { cell: cell(number), sequence, head: head.to_owned() }
}

async fn high_water_never_falls(directory: &dyn Directory) -> Result<()> {
    ensure!(directory.high_water(&cell(1)).await?.is_none(), "an unknown cell has a mark");
    let mut expected = mark(1, 7, "07");
    for (noted, rises) in [
        (mark(1, 7, "07"), true),
        (mark(1, 6, "06"), false),
        (mark(1, 7, "ff"), false),
        (mark(1, 0, "00"), false),
        (mark(1, (1 << 53) - 1, "fe"), true),
        (mark(1, 8, "08"), false),
    ] {
        if rises {
            expected = noted.clone();
        }
        directory.note_high_water(noted.clone()).await?;
        let found = directory.high_water(&cell(1)).await?;
        ensure!(found.as_ref() == Some(&expected), "after {noted:?} the mark is {found:?}");
    }
    Ok(())
}

async fn high_water_is_per_cell(directory: &dyn Directory) -> Result<()> {
    let marks = BTreeMap::from([(1, mark(1, 9, "09")), (2, mark(2, 3, "03"))]);
    for noted in marks.values() {
        directory.note_high_water(noted.clone()).await?;
    }
    for (number, noted) in marks {
        let found = directory.high_water(&cell(number)).await?;
        ensure!(found.as_ref() == Some(&noted), "the mark of cell {number} is {found:?}");
    }
    ensure!(directory.high_water(&cell(3)).await?.is_none(), "a cell without a mark has one");
    Ok(())
}

fn issued(order: Order) -> Result<IssuedOrder> {
    let note = OperatorNote {
        operator: AccessSubject::parse("operator")?,
        target: order.target().to_owned(),
        reason: Reason::parse("a test of the port")?,
    };
    Ok(IssuedOrder { order, note, at: at(NOW), request: RequestId::from_random([9; 16]) })
}

async fn orders_reach_their_cells(directory: &dyn Directory) -> Result<()> {
    let fresh = directory.standing(&cell(1), None).await?;
    ensure!(fresh.orders.is_empty() && !fresh.more, "a cell that never asked has orders: {fresh:?}");
    let client = ClientId::parse("client-1")?;
    let all = [
        Order::KillPerson(cell(1)),
        Order::KillPerson(cell(2)),
        Order::KillEveryone,
        Order::KillClient(client),
    ];
    let mut numbers = Vec::new();
    for order in &all {
        numbers.push(directory.issue(issued(order.clone())?).await?);
    }
    ensure!(numbers.is_sorted_by(|one, next| one < next), "the numbers do not rise: {numbers:?}");
    // A log put back from a copy must not give again a number that a cell has carried out.
    ensure!(numbers.iter().all(|number| *number >= NOW), "the numbers do not follow the clock: {numbers:?}");
    let own: Vec<&Order> = all.iter().filter(|order| order.cell().is_none_or(|of| *of == cell(1))).collect();
    let heard = directory.standing(&cell(1), Some(fresh.upto)).await?;
    let orders: Vec<&Order> = heard.orders.iter().map(|(_, issued)| &issued.order).collect();
    ensure!(orders == own, "cell 1 heard {orders:?}, not {own:?}");
    ensure!(
        heard.orders.iter().all(|(_, order)| order.note.reason.as_str() == "a test of the port"),
        "{heard:?}"
    );
    let again = directory.standing(&cell(1), Some(heard.upto)).await?;
    ensure!(again.orders.is_empty() && again.upto == heard.upto, "orders came twice: {again:?}");
    let newcomer = directory.standing(&cell(3), None).await?;
    ensure!(
        newcomer.orders.is_empty() && newcomer.upto == heard.upto,
        "a new cell has old orders: {newcomer:?}"
    );
    Ok(())
}

async fn many_orders_come_in_parts(directory: &dyn Directory) -> Result<()> {
    let count = ORDERS_AT_ONCE + 1;
    let start = directory.standing(&cell(1), None).await?.upto;
    for _ in 0..count {
        directory.issue(issued(Order::KillPerson(cell(1)))?).await?;
    }
    let first = directory.standing(&cell(1), Some(start)).await?;
    ensure!(
        first.more && first.orders.len() as u64 == ORDERS_AT_ONCE,
        "the first part has {}",
        first.orders.len()
    );
    let rest = directory.standing(&cell(1), Some(first.upto)).await?;
    ensure!(
        !rest.more && rest.orders.len() as u64 == count - ORDERS_AT_ONCE,
        "the rest has {}",
        rest.orders.len()
    );
    Ok(())
}

async fn people_are_found(directory: &dyn Directory) -> Result<()> {
    ensure!(directory.find_people("person-1@contoso.example").await?.is_empty(), "a stranger was found");
    pin(directory, (1, 1, 1), PinOutcome::Pinned).await?;
    pin(directory, (2, 1, 1), PinOutcome::TakenByAnother).await?;
    for name in ["person-1@contoso.example", "Person-1@Contoso.Example", "subject-1", cell(1).as_str()] {
        let found = directory.find_people(name).await?;
        ensure!(found == [person(1)], "{name} found {found:?}");
    }
    for name in ["person-2@contoso.example", "person-1", "%", ""] {
        ensure!(directory.find_people(name).await?.is_empty(), "{name:?} was found");
    }
    Ok(())
}

async fn orders_change_the_directory(directory: &dyn Directory) -> Result<()> {
    for number in [1, 2] {
        pin(directory, (number, 1, number), PinOutcome::Pinned).await?;
        directory.note_high_water(mark(number, 9, "09")).await?;
    }
    directory.issue(issued(Order::Unpin(cell(1)))?).await?;
    pin(directory, (3, 1, 2), PinOutcome::TakenByAnother).await?;
    pin(directory, (3, 1, 1), PinOutcome::Pinned).await?;
    directory.issue(issued(Order::Readmit(cell(1)))?).await?;
    ensure!(directory.standing(&cell(1), None).await?.mark.is_none(), "the mark is still there");
    ensure!(
        directory.standing(&cell(2), None).await?.mark == Some(mark(2, 9, "09")),
        "another's mark is gone"
    );
    Ok(())
}

async fn cells_are_listed(directory: &dyn Directory) -> Result<()> {
    for number in [3, 1, 2] {
        directory.note_high_water(mark(number, 1, "01")).await?;
    }
    let mut expected = [cell(1), cell(2), cell(3)];
    expected.sort();
    let first = directory.cells(None, 2).await?;
    ensure!(first == expected[..2], "{first:?}");
    let rest = directory.cells(first.last(), 2).await?;
    ensure!(rest == expected[2..], "{rest:?}");
    Ok(())
}

/// What a directory has of the perimeter's journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerimeterKept {
    /// Records that can be read.
    pub records: u64,
    /// Records that were only counted.
    pub suppressed: u64,
}

/// A flood of refusals in one minute is kept up to a bound and counted beyond it; the next minute is kept again.
///
/// `kept` reads what is there, by whatever way the host has: the port only writes.
///
/// # Errors
/// What did not hold.
pub async fn perimeter_records_are_bounded(
    directory: &dyn Directory,
    kept: &(dyn Fn() -> Result<PerimeterKept> + Sync),
) -> Result<()> {
    for number in 0..FLOOD {
        directory.record_perimeter(refusal(NOW + number % MINUTE)).await?;
    }
    let flooded = kept()?;
    ensure!((1..FLOOD).contains(&flooded.records), "of {FLOOD} records {} were kept", flooded.records);
    ensure!(flooded.records + flooded.suppressed == FLOOD, "records were lost uncounted: {flooded:?}");
    directory.record_perimeter(refusal(NOW + MINUTE)).await?;
    let next = kept()?;
    let expected = PerimeterKept { records: flooded.records + 1, suppressed: flooded.suppressed };
    ensure!(next == expected, "a record of the next minute made {next:?} of {flooded:?}");
    Ok(())
}

fn refusal(millis: u64) -> PerimeterRecord {
    PerimeterRecord {
        at: at(millis),
        kind: AuditKind::RequestRefused,
        request_id: TenantId::from_random([3; 16]).to_string(),
        route: "/mcp".to_owned(),
        code: "token_missing".to_owned(),
        status: 401,
        client: None,
    }
}
