//! Tasks in To Do and Planner.
//!
//! Source: Graph `todoTask` and `plannerTask` resources.

use crate::action::Action;

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 0] = [];
