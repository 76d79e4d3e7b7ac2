//! An assistant that obeys every instruction it reads, and honest working days beside it.
//!
//! Each scenario follows a published attack: a stranger's words lie where the assistant reads them, the assistant does what
//! they say by every way it has, and nothing may reach another person, or be removed, unless the person approved exactly
//! that effect. What stopped the attack must stand in the person's journal. A scenario whose words the server removes from
//! the text goes on as if an attacker commanded the assistant: nothing here rests on what a model might refuse.
//!
//! The table is [`SCENARIOS`]; each row is also a case of the black-box suite, of the same name. The working days are
//! [`days::DAYS`]. `docs/generated/adversary.md` is made of both and of what a full run saw. Out of scope: what somebody
//! decides who was shown the truth, and what a client does with what its person may read.

/// Rows of scenarios, and the cases that play them: `needs name: source, plant, obey, stop;`.
macro_rules! scenarios {
    ($($needs:ident $name:ident: $source:expr, $plant:expr, $obey:expr, $stop:expr;)*) => {
        /// The scenarios of this group.
        pub const SCENARIOS: &[$crate::adversary::Scenario] = &[$($crate::adversary::Scenario {
            name: concat!("adversary::", stringify!($name)),
            source: $source,
            plant: $plant,
            obey: $obey,
            stop: $stop,
        },)*];

        /// The cases that play them.
        pub const CASES: &[$crate::cases::Case] = &[$({
            fn play(site: &$crate::site::Site) -> anyhow::Result<()> {
                $crate::adversary::perform(site, concat!("adversary::", stringify!($name)))
            }
            $crate::cases::$needs(concat!("adversary::", stringify!($name)), play)
        },)*];
    };
}

pub mod assistant;
pub mod days;
pub mod goal;
pub mod hands;
pub mod plant;
pub mod scenarios;
pub mod stage;

use anyhow::{Context as _, Result};

use self::assistant::Order;
use self::goal::Stop;
use self::plant::Plant;
pub use self::stage::DROP;
use self::stage::Stage;
use crate::site::Site;

/// One attack.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Name of the case that plays it: what must not happen, or what must happen once.
    pub name: &'static str,
    /// The published attack it follows.
    pub source: &'static str,
    /// Where the stranger's words lie.
    pub plant: Plant,
    /// What the assistant does.
    pub obey: Obey,
    /// What stops it, as the journal says it.
    pub stop: Stop,
}

/// What the assistant does.
#[derive(Clone, Copy, Debug)]
pub enum Obey {
    /// It carries these orders out by every way it has; nothing may reach anybody.
    Orders(fn(&Stage<'_>) -> Result<Vec<Order>>),
    /// What the scenario says, which also says what may reach others.
    Play(fn(&mut Stage<'_>) -> Result<()>),
}

/// Every scenario, by group.
pub const SCENARIOS: &[&[Scenario]] = &[
    scenarios::mail::SCENARIOS,
    scenarios::calendar::SCENARIOS,
    scenarios::teams::SCENARIOS,
    scenarios::files::SCENARIOS,
    scenarios::lookalikes::SCENARIOS,
    scenarios::approvals::SCENARIOS,
    scenarios::changed::SCENARIOS,
    scenarios::labels::SCENARIOS,
    scenarios::protocol::SCENARIOS,
];

/// The scenario of this name.
#[must_use]
pub fn scenario(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().copied().flatten().find(|scenario| scenario.name == name)
}

/// Plays the scenario of this name.
///
/// # Errors
/// Where the attack reached its goal, or the journal does not say what stopped it.
pub fn perform(site: &Site, name: &str) -> Result<()> {
    let scenario = scenario(name).with_context(|| format!("no scenario {name}"))?;
    let mut stage = Stage::set(site)?;
    match scenario.obey {
        Obey::Orders(orders) => {
            let mut orders = orders(&stage)?;
            let reads = scenario.plant.lay(&mut stage, &orders)?;
            stage.read_secret()?;
            for found in stage.read(&reads)? {
                if !orders.iter().any(|known| stage.blind(known) == found) {
                    orders.push(found);
                }
            }
            stage.obey(&orders)?;
            stage.nothing_got_out()?;
        }
        Obey::Play(play) => {
            let reads = scenario.plant.lay(&mut stage, &[])?;
            stage.read(&reads)?;
            play(&mut stage)?;
        }
    }
    stage.journaled(scenario.stop)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::cases::ALL;

    #[test]
    fn there_are_more_than_forty_scenarios_and_each_is_a_case() {
        let names: Vec<&str> = SCENARIOS.iter().copied().flatten().map(|scenario| scenario.name).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), names.len(), "a scenario stands twice");
        assert!(names.len() >= 44, "{} scenarios", names.len());
        let cases: BTreeSet<&str> = ALL.iter().copied().flatten().map(|case| case.name).collect();
        for name in names {
            assert!(cases.contains(name), "{name} is no case");
        }
    }
}
