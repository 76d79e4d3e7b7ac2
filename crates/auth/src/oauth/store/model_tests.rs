//! The store against a model: random lives of the grants of one person, with several clients, browsers and forgeries.
//!
//! The model (`model`) is plain lists and knows neither SQL nor sealing; the world (`world`) drives the real store over
//! real SQLite with the real journal. After every step both must tell the same outcome, the same records and the same
//! tokens as alive.

mod model;
mod step;
mod world;

use proptest::prelude::*;

use step::steps;
use world::World;

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]
    #[test]
    fn the_store_does_what_the_model_says(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.verify_chain();
    }
}
