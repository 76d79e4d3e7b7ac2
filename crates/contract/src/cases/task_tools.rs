//! The tools of To Do and Planner.

table! { "task_tools":
}
