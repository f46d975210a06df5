//! When something is said again that happens again and again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The log is not filled by who comes too often.
const BETWEEN: Duration = Duration::from_secs(10);

/// Says so of each thing once in a while.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<BTreeMap<&'static str, Instant>>);

impl Seldom {
    /// Whether it is time to say this.
    pub(super) fn now(&self, what: &'static str) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = said.get(what).is_none_or(|last| last.elapsed() >= BETWEEN);
        if due {
            said.insert(what, Instant::now());
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_said_once_and_not_again_at_once() {
        let seldom = Seldom::default();
        assert_eq!((seldom.now("one"), seldom.now("one")), (true, false));
        assert!(seldom.now("another"));
    }
}
