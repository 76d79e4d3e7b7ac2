//! What a [`Directory`] promises of policy sets: versions only grow, and a change is told once.

use anyhow::{Result, anyhow, ensure};
use m365_ports::{Directory, POLICY_OVERLAP, PolicySighting, PolicyStanding};

use super::directory::{NOW, at};

fn in_force(set: &str, version: Option<u64>) -> PolicySighting {
    PolicySighting::InForce { hash: format!("{set} offered"), set: set.to_owned(), version }
}

fn refused(digest: &str) -> PolicySighting {
    PolicySighting::Refused { digest: digest.to_owned(), reason: "invalid".to_owned() }
}

pub(super) async fn versions_grow(directory: &dyn Directory) -> Result<()> {
    let overlap = u64::try_from(POLICY_OVERLAP.as_millis())?;
    let older = |in_force| PolicyStanding::Older { in_force };
    let told = PolicyStanding::Noted { untold: None };
    for (after, set, version, expected) in [
        (0, "a", 4, Some(told)),
        (1, "b", 7, None),
        // What the store may still hand out, and what it may not.
        (2, "a", 4, Some(told)),
        (2, "c", 4, Some(older(7))),
        (2, "a", 3, Some(older(7))),
        (2, "c", 7, Some(older(7))),
        (overlap, "a", 4, Some(told)),
        (overlap + 1, "a", 4, Some(older(7))),
        (overlap + 1, "c", 8, None),
        (overlap + 2, "a", 4, Some(older(8))),
        (overlap + 2, "b", 7, Some(told)),
    ] {
        let found = directory.sight_policy(&in_force(set, Some(version)), at(NOW + after)).await?;
        let is_news = matches!(found, PolicyStanding::Noted { untold: Some(_) });
        let fits = expected.map_or(is_news, |expected| found == expected);
        ensure!(fits, "{set} {version} after {after} ms is {found:?}");
    }
    Ok(())
}

pub(super) async fn changes_are_numbered(directory: &dyn Directory) -> Result<()> {
    let number = async |sighting: PolicySighting| -> Result<Option<u64>> {
        match directory.sight_policy(&sighting, at(NOW)).await? {
            PolicyStanding::Noted { untold } => Ok(untold),
            PolicyStanding::Older { in_force } => Err(anyhow!("a newer set {in_force} was in force")),
        }
    };
    ensure!(number(in_force("a", None)).await?.is_none(), "the first set of all changes nothing");
    let refusal = number(refused("x")).await?.ok_or_else(|| anyhow!("a refusal is no news"))?;
    ensure!(number(refused("x")).await? == Some(refusal), "the same refusal has another number");
    directory.policy_told(refusal).await?;
    ensure!(number(refused("x")).await?.is_none(), "it was told");
    ensure!(number(in_force("a", None)).await?.is_none(), "a refusal changed what is in force");
    ensure!(
        number(refused("x")).await?.is_some_and(|again| again > refusal),
        "refused once more, after a repair"
    );
    let change = number(in_force("b", None)).await?.ok_or_else(|| anyhow!("a change is no news"))?;
    ensure!(change > refusal && number(in_force("b", None)).await? == Some(change), "another number");
    ensure!(
        number(refused("x")).await?.is_some_and(|again| again > change),
        "refused once more, after a change"
    );
    ensure!(number(in_force("a", None)).await?.is_some_and(|back| back > change), "back to the one before");
    Ok(())
}
