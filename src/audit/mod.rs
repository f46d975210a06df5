//! Decision and completion records.
