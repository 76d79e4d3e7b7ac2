//! The verifier finds every change and names the first row that does not fit.

use m365_journal::{Broken, Reason, VerifyError, schema};
use m365_ports::{AuditLog as _, Durability, HighWater, transact};
use m365_types::CellId;
use proptest::prelude::*;
use serde_json::json;

use crate::scene::{READ, SEND, Scene, event};

/// One step of an honest cell.
#[derive(Clone, Copy, Debug)]
enum Step {
    Call,
    Open,
    Event,
}

/// One thing someone with the file in hand may do. Rows are chosen by thousandths of the length.
#[derive(Clone, Copy, Debug)]
enum Tampering {
    EditRecord,
    EditHash,
    EditColumn(&'static str),
    Delete,
    SwapWithNext,
    InsertForged,
    InsertBeforeFirst,
    AppendForged,
    Truncate,
}

const TAMPERINGS: &[Tampering] = &[
    Tampering::EditRecord,
    Tampering::EditHash,
    Tampering::EditColumn("at = at + 1"),
    Tampering::EditColumn("at = 'yesterday'"),
    Tampering::EditColumn("phase = phase || 'x'"),
    Tampering::EditColumn("request_id = upper(request_id) || 'x'"),
    Tampering::EditColumn("intent = coalesce(intent, 0) + 1"),
    Tampering::Delete,
    Tampering::SwapWithNext,
    Tampering::InsertForged,
    Tampering::InsertBeforeFirst,
    Tampering::AppendForged,
    Tampering::Truncate,
];

const SHIFT: &str = "UPDATE journal SET sequence = -sequence WHERE sequence >= {row}; \
                     UPDATE journal SET sequence = 1 - sequence WHERE sequence < 0;";
const FORGE: &str = "INSERT INTO journal SELECT {to}, at, phase, request_id, intent, record || ' ', hash \
                     FROM journal WHERE sequence = 1;";
const SWAP: &str = "UPDATE journal SET sequence = -1 WHERE sequence = {row}; \
                    UPDATE journal SET sequence = {row} WHERE sequence = {row} + 1; \
                    UPDATE journal SET sequence = {row} + 1 WHERE sequence = -1;";

impl Tampering {
    /// Does it to the row, and says what must be found.
    fn apply(self, scene: &Scene, row: i64, last: i64) -> Broken {
        let sql = |text: &str, to: i64| {
            scene.database.tamper(&text.replace("{row}", &row.to_string()).replace("{to}", &to.to_string()));
        };
        let (sequence, reason) = match self {
            Self::EditRecord => {
                sql(
                    "UPDATE journal SET record = replace(record, 'client-1', 'client-2') WHERE sequence = {row}",
                    0,
                );
                (row, Reason::Altered)
            }
            Self::EditHash => {
                sql("UPDATE journal SET hash = zeroblob(32) WHERE sequence = {row}", 0);
                (row, Reason::Altered)
            }
            Self::EditColumn(change) => {
                sql(&format!("UPDATE journal SET {change} WHERE sequence = {{row}}"), 0);
                (row, Reason::Columns)
            }
            Self::Delete => {
                sql("DELETE FROM journal WHERE sequence = {row}", 0);
                (row, if row == last { Reason::Truncated } else { Reason::Missing })
            }
            Self::SwapWithNext if row == last => return Self::EditHash.apply(scene, row, last),
            Self::SwapWithNext => {
                sql(SWAP, 0);
                (row, Reason::Altered)
            }
            Self::InsertForged => {
                let forged_first = row == 1;
                sql(SHIFT, 0);
                let source = if forged_first { "2" } else { "1" };
                sql(&FORGE.replace("sequence = 1", &format!("sequence = {source}")), row);
                (row, Reason::Altered)
            }
            Self::InsertBeforeFirst => {
                sql(FORGE, row - last - 1);
                (row - last - 1, Reason::Inserted)
            }
            Self::AppendForged => {
                sql(FORGE, last + 1);
                (last + 1, Reason::Altered)
            }
            Self::Truncate => {
                sql("DELETE FROM journal WHERE sequence >= {row}", 0);
                (row, Reason::Truncated)
            }
        };
        Broken { sequence, reason }
    }
}

fn lived(steps: &[Step]) -> (Scene, HighWater) {
    let scene = Scene::new();
    for (call, step) in (1..).zip(steps) {
        match step {
            Step::Call => drop(scene.call(&SEND, call)),
            Step::Open => drop(scene.intend(&READ, call, &json!({"call": call}))),
            Step::Event => {
                let number = transact(&*scene.database, Durability::Full, |sql| {
                    scene.journal.append(sql, &event(call))
                });
                assert!(number.is_ok());
            }
        }
    }
    let mark = scene.journal.high_water().unwrap();
    (scene, mark)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn any_change_of_any_row_is_found_and_named(
        steps in proptest::collection::vec(proptest::sample::select(&[Step::Call, Step::Open, Step::Event][..]), 1..12),
        tampering in proptest::sample::select(TAMPERINGS),
        place in 0_i64..1000,
    ) {
        let (scene, mark) = lived(&steps);
        prop_assert_eq!(scene.verify(Some(&mark)).map(|verified| verified.head), Ok(mark.head.clone()));
        let last = i64::try_from(mark.sequence).unwrap();
        let row = 1 + place * last / 1000;
        let wanted = tampering.apply(&scene, row, last);
        prop_assert_eq!(scene.verify(Some(&mark)), Err(VerifyError::Broken(wanted)));
    }
}

#[test]
fn an_empty_journal_holds_and_its_head_is_the_cells_own() {
    let scene = Scene::new();
    let mark = scene.journal.high_water().unwrap();
    let verified = scene.verify(Some(&mark)).unwrap();
    assert_eq!((verified.records, verified.head), (0, mark.head));
}

#[test]
fn a_journal_does_not_hold_for_another_cell() {
    let scene = Scene::new();
    scene.call(&READ, 1);
    let foreign = CellId::from_digest([8; 20]);
    let found = m365_journal::verify(&*scene.database, &foreign, None, &mut |_| {});
    assert_eq!(found, Err(VerifyError::Broken(Broken { sequence: 1, reason: Reason::Altered })));
}

#[test]
fn a_consistently_rewritten_end_is_found_against_the_noted_high_water() {
    let (honest, rewritten) = (Scene::new(), Scene::new());
    for scene in [&honest, &rewritten] {
        scene.call(&READ, 1);
    }
    let mark = honest.call(&SEND, 2);
    for _ in 0..3 {
        rewritten.call(&READ, 2);
    }
    assert!(rewritten.verify(None).is_ok());
    let wanted = Broken { sequence: 4, reason: Reason::Rewritten };
    assert_eq!(rewritten.verify(Some(&mark)), Err(VerifyError::Broken(wanted)));
}

#[test]
fn a_cell_knows_whether_it_is_behind_what_was_noted_of_it() {
    let scene = Scene::new();
    let empty = scene.journal.high_water().unwrap();
    let early = scene.call(&READ, 1);
    let late = scene.call(&SEND, 2);
    for mark in [&empty, &early, &late] {
        assert_eq!(scene.journal.reaches(mark), Ok(true));
    }
    scene.database.tamper("DELETE FROM journal WHERE sequence > 2");
    assert_eq!(scene.journal.reaches(&early), Ok(true));
    assert_eq!(scene.journal.reaches(&late), Ok(false));
    let other = HighWater { head: late.head, ..early };
    assert_eq!(scene.reopened().reaches(&other), Ok(false));
}

#[test]
fn an_older_high_water_still_fits_a_journal_that_has_grown() {
    let scene = Scene::new();
    let mark = scene.call(&READ, 1);
    scene.call(&SEND, 2);
    assert_eq!(scene.verify(Some(&mark)).unwrap().records, 4);
}

#[test]
fn a_row_of_another_shape_is_named_and_not_a_crash() {
    for change in ["record = x'00'", "record = 'not JSON'", "hash = 'text'", "hash = zeroblob(31)"] {
        let scene = Scene::new();
        scene.call(&READ, 1);
        scene.database.tamper(&format!("UPDATE journal SET {change} WHERE sequence = 2"));
        let Err(VerifyError::Broken(broken)) = scene.verify(None) else { panic!("{change} was not found") };
        assert_eq!(broken.sequence, 2, "{change}");
    }
}

#[test]
fn verifying_walks_more_than_one_page_and_tells_how_far_it_has_come() {
    let scene = Scene::new();
    for call in 0..=255 {
        scene.call(&READ, call);
    }
    for call in 0..=10 {
        scene.call(&SEND, call);
    }
    let mut reached = Vec::new();
    let verified =
        m365_journal::verify(&*scene.database, &scene.cell, None, &mut |number| reached.push(number));
    assert_eq!((verified.unwrap().records, reached), (534, vec![500, 534]));
}

#[test]
fn making_the_tables_twice_changes_nothing() {
    let scene = Scene::new();
    let mark = scene.call(&READ, 1);
    for statement in schema() {
        scene.database.tamper(statement);
    }
    assert!(scene.verify(Some(&mark)).is_ok());
}
