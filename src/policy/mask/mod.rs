//! The masks that Sluice brings, for columns of each type, masks of what stands inside a value, and masks as documents
//! name and combine them.
//!
//! In: a mask, and a type as Trino prints it. Out: an SQL expression with `{column}` for the value, or why the mask can't
//! hold for the type; then the statement is refused. What an expression yields is cast to the column's type by rewriting.
//! A mask of Sluice's never fails for a value: an expression that can fail breaks a query, and tells by that what the
//! value is like. That is tried on a real Trino by `tests/masks`, with values at the edges of each type.

mod builtin;
mod column;
mod named;
mod nested;
#[cfg(test)]
mod tests;
mod types;

pub use builtin::{
    BUILTINS, Builtin, CannotHold, FEWEST_HASH_CHARACTERS, FEWEST_KEY_BYTES, HashKey, MOST_BUCKET, MOST_SHOWN,
    NoBuiltin,
};
pub(super) use column::{ColumnMask, fits, holding, shown, told};
pub(super) use named::{Does, Mask};
pub(super) use nested::no_lambda;
pub use nested::{Inner, MOST_STEPS, NoPath, Path, filled, nested};
pub use types::{Family, Field, Kind, NoType, Type};
