//! The time by which is decided, which tests can set.

use jiff::Timestamp;
use std::fmt;
use std::sync::Arc;

/// Tells the time of the day, which whoever keeps the machine's clock may set forward or back.
#[derive(Clone)]
pub(super) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's.
    pub(super) fn system() -> Clock {
        Clock(Arc::new(Timestamp::now))
    }

    /// One that tests set.
    #[cfg(test)]
    pub(super) fn of(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Clock {
        Clock(Arc::new(now))
    }

    /// The time.
    pub(super) fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
