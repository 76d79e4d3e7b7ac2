//! What a [`Directory`] promises to many callers at once.

use std::sync::Arc;

use anyhow::{Result, anyhow, ensure};
use futures_channel::oneshot;
use futures_util::future::{join_all, try_join_all};
use m365_ports::{Background, Directory, DirectoryError, PinOutcome, RegistrationOutcome};

use super::AsyncPortCase;
use super::directory::{MINUTE, NOW, at, cell, mark, oid, person, pin, registered, tenant};

/// The promises that need no threads: calls of one task, all under way at once.
pub const DIRECTORY_RACE: &[AsyncPortCase<dyn Directory>] = &[
    AsyncPortCase {
        name: "of many cells that ask for an account at once one gets it",
        run: |directory| Box::pin(one_cell_wins(directory)),
    },
    AsyncPortCase {
        name: "of many accounts that a cell asks for at once it gets one",
        run: |directory| Box::pin(one_account_wins(directory)),
    },
    AsyncPortCase {
        name: "of many registrations at once exactly the quota is counted",
        run: |directory| Box::pin(quota_is_exact(directory)),
    },
    AsyncPortCase {
        name: "marks noted at once end at the highest",
        run: |directory| Box::pin(highest_mark_stays(directory)),
    },
];

const RACERS: u8 = 20;
/// Registrations at once beyond the quota.
const TOO_MANY: u64 = 20;

async fn one_cell_wins(directory: &dyn Directory) -> Result<()> {
    let claims = (1..=RACERS).map(|racer| async move {
        let outcome = directory.pin_microsoft(&person(racer), tenant(1), oid(1)).await?;
        Ok::<_, DirectoryError>((racer, outcome))
    });
    expect_one_winner(directory, try_join_all(claims).await?).await
}

/// Twenty cells ask for one account at once, each in work of its own: exactly one gets it, and it stays the one.
///
/// # Errors
/// What did not hold.
pub async fn one_cell_wins_the_race(
    directory: Arc<dyn Directory>,
    background: &dyn Background,
) -> Result<()> {
    let mut answers = Vec::new();
    for racer in 1..=RACERS {
        let (report, answer) = oneshot::channel::<Result<PinOutcome, DirectoryError>>();
        let directory = directory.clone();
        background.spawn(Box::pin(async move {
            let _ = report.send(directory.pin_microsoft(&person(racer), tenant(1), oid(1)).await);
        }));
        answers.push((racer, answer));
    }
    let mut outcomes = Vec::new();
    for (racer, answer) in answers {
        outcomes.push((racer, answer.await.map_err(|_| anyhow!("racer {racer} was lost"))??));
    }
    expect_one_winner(&*directory, outcomes).await
}

async fn expect_one_winner(directory: &dyn Directory, outcomes: Vec<(u8, PinOutcome)>) -> Result<()> {
    let mut winners = Vec::new();
    for (racer, outcome) in outcomes {
        match outcome {
            PinOutcome::Pinned => winners.push(racer),
            PinOutcome::TakenByAnother => {}
            PinOutcome::OtherAccount => return Err(anyhow!("racer {racer} has another account")),
        }
    }
    ensure!(winners.len() == 1, "of {RACERS} racers {} won", winners.len());
    for racer in 1..=RACERS {
        let won = winners.contains(&racer);
        let expected = if won { PinOutcome::Pinned } else { PinOutcome::TakenByAnother };
        pin(directory, (racer, 1, 1), expected).await?;
    }
    Ok(())
}

async fn one_account_wins(directory: &dyn Directory) -> Result<()> {
    let owner = person(1);
    let claims = (1..=RACERS).map(|account| directory.pin_microsoft(&owner, tenant(1), oid(account)));
    let outcomes = try_join_all(claims).await?;
    let pinned = outcomes.iter().filter(|outcome| **outcome == PinOutcome::Pinned).count();
    let refused = outcomes.iter().filter(|outcome| **outcome == PinOutcome::OtherAccount).count();
    ensure!(
        (pinned, refused) == (1, usize::from(RACERS) - 1),
        "of {RACERS} accounts {pinned} were pinned and {refused} refused"
    );
    // Those that were refused are still free.
    for (account, outcome) in (1..).zip(outcomes) {
        let expected =
            if outcome == PinOutcome::Pinned { PinOutcome::TakenByAnother } else { PinOutcome::Pinned };
        pin(directory, (100 + account, 1, account), expected).await?;
    }
    Ok(())
}

async fn quota_is_exact(directory: &dyn Directory) -> Result<()> {
    let expires = at(NOW + 1_000 * MINUTE);
    let quota = registered(directory, NOW, expires.as_millis()).await?;
    let calls = (0..quota + TOO_MANY).map(|_| directory.count_registration(at(NOW + MINUTE), expires, None));
    let answers = join_all(calls).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    let counted = answers.iter().filter(|answer| **answer == RegistrationOutcome::Counted).count();
    ensure!(u64::try_from(counted)? == quota, "of a quota of {quota}, {counted} were counted at once");
    Ok(())
}

async fn highest_mark_stays(directory: &dyn Directory) -> Result<()> {
    // Neither rising nor falling: 7 and 20 have no common divisor, so each number from 0 to 19 comes once.
    let order = (0..u64::from(RACERS)).map(|turn| turn * 7 % u64::from(RACERS));
    let notes = order.map(|sequence| directory.note_high_water(mark(1, sequence, "head")));
    try_join_all(notes).await?;
    let found = directory.high_water(&cell(1)).await?;
    let expected = mark(1, u64::from(RACERS) - 1, "head");
    ensure!(found.as_ref() == Some(&expected), "the mark is {found:?}");
    Ok(())
}
