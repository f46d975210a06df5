//! A timer for one wait after another. It is set anew when it runs out, not for each wait, since nearly none lasts until then.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, Sleep, sleep_until};

/// The timer.
#[derive(Debug)]
pub(super) struct Timer(Pin<Box<Sleep>>);

impl Timer {
    /// One that runs out at this time.
    pub(super) fn new(deadline: Instant) -> Timer {
        Timer(Box::pin(sleep_until(deadline)))
    }

    /// Waits, but not longer than until `deadline`; `None` if it is over before.
    pub(super) async fn until<T>(&mut self, deadline: Instant, waiting: impl Future<Output = T>) -> Option<T> {
        let mut waiting = pin!(waiting);
        poll_fn(|context| {
            if let Poll::Ready(value) = waiting.as_mut().poll(context) {
                return Poll::Ready(Some(value));
            }
            if self.0.deadline() > deadline {
                self.0.as_mut().reset(deadline);
            }
            // What was waited for may have used up all that the task may do at once, and the time counts all the same.
            while pin!(unconstrained(self.0.as_mut())).poll(context).is_ready() {
                if Instant::now() >= deadline {
                    return Poll::Ready(None);
                }
                self.0.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::time::sleep;

    #[tokio::test]
    async fn each_wait_has_a_time_of_its_own() {
        let in_millis = |millis: u64| Instant::now() + Duration::from_millis(millis);
        let mut timer = Timer::new(in_millis(100));
        assert_eq!(timer.until(in_millis(5_000), sleep(Duration::from_millis(60))).await, Some(()));
        // The timer runs out within this one, which has time left.
        assert_eq!(timer.until(in_millis(5_000), sleep(Duration::from_millis(60))).await, Some(()));
        let began = Instant::now();
        assert_eq!(timer.until(in_millis(100), std::future::pending::<()>()).await, None);
        assert!(began.elapsed().as_millis() >= 100);
        // What never waits long does not keep the time from being over.
        let busy = async {
            loop {
                tokio::task::coop::consume_budget().await;
            }
        };
        assert_eq!(timer.until(in_millis(50), busy).await, None::<()>);
        // One that has long run out, and one that would run out too late.
        sleep(Duration::from_millis(150)).await;
        assert_eq!(timer.until(in_millis(5_000), sleep(Duration::from_millis(60))).await, Some(()));
        assert_eq!(timer.until(in_millis(20), sleep(Duration::from_millis(2_000))).await, None);
    }
}
