//! Whether a thread that has nothing to do looks for more rather than sleeps.
//!
//! Who sleeps has to be woken, which takes the kernel tens of microseconds on a virtual machine: longer than Sluice takes for a page, and
//! than a client or Trino that is near takes for its next step. So a thread whose waits have been short stays awake for a short wait
//! more, and sleeps if nothing came. One that waits for longer at times, as for queries that run, sleeps at once.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// The longest wait that is short.
const SHORT: Duration = Duration::from_micros(100);
/// So many waits have to be short, one after the other: where requests come by chance, and not each after the one before, that is
/// seldom so before a thread is busy anyway.
const SEVERAL: u32 = 8;

thread_local! {
    static WAITS: Cell<Waits> = const { Cell::new(Waits { since: None, short: 0, found: false }) };
    static AGAIN: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// How long a thread has waited for something to do.
#[derive(Clone, Copy, Debug)]
struct Waits {
    since: Option<Instant>,
    /// How many waits have been short, one after the other; not counted beyond [`SEVERAL`].
    short: u32,
    /// Whether something came since it last had nothing to do.
    found: bool,
}

impl Waits {
    /// Has nothing to do now; what came last came at `woken`. Gives whether to look again rather than to sleep.
    fn look(self, woken: Option<Instant>, now: Instant) -> (Waits, bool) {
        let end = if self.found { woken } else { Some(now) };
        let waited = self.since.zip(end).map(|(since, end)| end.saturating_duration_since(since));
        let is_short = waited.is_some_and(|waited| waited <= SHORT);
        let short = if is_short { (self.short + u32::from(self.found)).min(SEVERAL) } else { 0 };
        let since = if self.found { Some(now) } else { self.since };
        (Waits { since, short, found: false }, short >= SEVERAL)
    }
}

/// Something came that was waited for: from a client, or from Trino.
pub(super) fn found() {
    WAITS.set(Waits { found: true, ..WAITS.get() });
}

/// This thread has nothing to do now; it last began to do something at `woken`. Gives whether it looks again rather than sleeps, which
/// it does if [`look_again`] is on it.
pub(super) fn stays(woken: Option<Instant>, now: Instant) -> bool {
    let (waits, again) = WAITS.get().look(woken, now);
    WAITS.set(waits);
    if again {
        AGAIN.with_borrow(|again| again.iter().for_each(Waker::wake_by_ref));
    }
    again
}

/// A task that does nothing each time it is woken: as long as there is one to run, its thread does not sleep.
pub(super) async fn look_again() {
    let nothing = poll_fn(|context| {
        AGAIN.with_borrow_mut(|again| {
            again.get_or_insert_with(|| context.waker().clone()).clone_from(context.waker());
        });
        Poll::<()>::Pending
    });
    nothing.await;
}

/// As if this thread had waited for short only, and found something.
#[cfg(test)]
pub(super) fn pretend_short_waits() {
    WAITS.set(Waits { since: Some(Instant::now()), short: SEVERAL, found: true });
}

/// Whether something was found on this thread since it was last asked.
#[cfg(test)]
pub(super) fn take_found() -> bool {
    let waits = WAITS.get();
    WAITS.set(Waits { found: false, ..waits });
    waits.found
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Waits = Waits { since: None, short: 0, found: false };

    /// One after the other, each of so many microseconds, after a microsecond's work; then when it last had nothing to do, and whether
    /// it stays awake.
    fn after(waits: &[u64]) -> (Waits, Instant, bool) {
        let mut now = Instant::now();
        let (mut state, mut stays) = Waits { found: true, ..NEW }.look(Some(now), now);
        for micros in waits {
            let woken = now + Duration::from_micros(*micros);
            now = woken + Duration::from_micros(1);
            (state, stays) = Waits { found: true, ..state }.look(Some(woken), now);
        }
        (state, now, stays)
    }

    #[test]
    fn a_thread_stays_awake_after_several_short_waits() {
        for (waits, stays) in [
            (&[][..], false),
            (&[10; 7], false),
            (&[10; 8], true),
            (&[100; 8], true),
            (&[101; 20], false),
            (&[0; 8], true),
            (&[10, 10, 10, 10, 10, 10, 10, 101, 10], false),
            (&[101, 10, 10, 10, 10, 10, 10, 10, 10], true),
        ] {
            assert_eq!(after(waits).2, stays, "{waits:?}");
        }
    }

    #[test]
    fn it_sleeps_when_it_has_waited_for_long_and_has_to_begin_anew() {
        let (mut state, began, _) = after(&[10; 8]);
        for (micros, stays) in [(1, true), (50, true), (100, true), (101, false), (102, false)] {
            let again;
            (state, again) = state.look(Some(began), began + Duration::from_micros(micros));
            assert_eq!(again, stays, "{micros}");
        }
        let woken = began + Duration::from_micros(103);
        assert!(!Waits { found: true, ..state }.look(Some(woken), woken).1);
    }

    #[test]
    fn what_was_not_waited_for_does_not_end_a_wait() {
        let (state, began, _) = after(&[10; 8]);
        let (state, again) = state.look(Some(began + Duration::from_micros(60)), began + Duration::from_micros(90));
        assert!(again);
        assert!(!state.look(Some(began + Duration::from_micros(91)), began + Duration::from_micros(101)).1);
    }

    #[test]
    fn who_never_waited_sleeps() {
        let now = Instant::now();
        assert!(!NEW.look(None, now).1);
        assert!(!Waits { found: true, ..NEW }.look(None, now).1);
    }
}
