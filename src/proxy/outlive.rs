//! Work that is done to its end, even if whoever asked for it goes away.
//!
//! It is done in the task of who waits for it, so that no task waits for another to be woken. Where that one is dropped before
//! the end, the rest of the work becomes a task of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What came of work, for nobody.
type Alone<T> = Box<dyn FnOnce(T) -> Work<()> + Send>;

/// The work. Awaiting it gives what came of it, or nothing if it broke down.
pub(super) struct Outliving<T: Send + 'static> {
    left: Option<Left<T>>,
    tasks: TaskTracker,
}

/// What is left of it.
struct Left<T> {
    work: Work<T>,
    alone: Alone<T>,
    /// Those who wait for all tasks wait for it as well.
    _counted: TaskTrackerToken,
}

impl<T: Send + 'static> Outliving<T> {
    /// `work` among `tasks`. Where nobody waits for its end, `alone` gets what came of it.
    pub(super) fn new<A: Future<Output = ()> + Send + 'static>(
        tasks: &TaskTracker,
        work: impl Future<Output = T> + Send + 'static,
        alone: impl FnOnce(T) -> A + Send + 'static,
    ) -> Outliving<T> {
        let alone: Alone<T> = Box::new(move |value| Box::pin(alone(value)));
        let left = Left { work: Box::pin(work), alone, _counted: tasks.token() };
        Outliving { left: Some(left), tasks: tasks.clone() }
    }
}

impl<T: Send + 'static> Future for Outliving<T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let Some(left) = &mut self.left else { return Poll::Ready(None) };
        let value = match catch_unwind(AssertUnwindSafe(|| left.work.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => Some(value),
            Err(_) => None,
        };
        self.left = None;
        Poll::Ready(value)
    }
}

impl<T: Send + 'static> Drop for Outliving<T> {
    fn drop(&mut self) {
        // The runtime may be gone, and all that it served.
        if let Some(Left { work, alone, _counted }) = self.left.take()
            && let Ok(runtime) = Handle::try_current()
        {
            self.tasks.spawn_on(async move { alone(work.await).await }, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;
    use tokio::sync::oneshot;

    /// Work that ends when it is told to, and what it gave to nobody.
    fn work(tasks: &TaskTracker) -> (Outliving<u32>, oneshot::Sender<u32>, Arc<AtomicU32>) {
        let (end, ended) = oneshot::channel();
        let left = Arc::new(AtomicU32::new(0));
        let alone = Arc::clone(&left);
        let work = Outliving::new(tasks, async { ended.await.unwrap() }, async move |value| {
            alone.store(value, Ordering::SeqCst);
        });
        (work, end, left)
    }

    #[tokio::test]
    async fn who_waits_gets_what_came_of_it() {
        let tasks = TaskTracker::new();
        let (work, end, left) = work(&tasks);
        end.send(7).unwrap();
        assert_eq!(work.await, Some(7));
        assert_eq!(left.load(Ordering::SeqCst), 0);
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn it_goes_on_when_nobody_waits() {
        let tasks = TaskTracker::new();
        let (mut work, end, left) = work(&tasks);
        assert!(tokio::time::timeout(Duration::from_millis(10), &mut work).await.is_err());
        drop(work);
        assert!(!tasks.is_empty(), "whoever waits for all tasks waits for it");
        end.send(7).unwrap();
        tasks.close();
        tasks.wait().await;
        assert_eq!(left.load(Ordering::SeqCst), 7);
    }

    #[tokio::test]
    async fn it_is_counted_before_it_is_looked_at() {
        let tasks = TaskTracker::new();
        let (work, end, left) = work(&tasks);
        assert!(!tasks.is_empty());
        drop(work);
        end.send(7).unwrap();
        tasks.close();
        tasks.wait().await;
        assert_eq!(left.load(Ordering::SeqCst), 7);
    }

    #[tokio::test]
    async fn work_that_breaks_down_breaks_nothing_else() {
        let tasks = TaskTracker::new();
        let work = Outliving::<u32>::new(&tasks, async { panic!("it breaks down") }, async |_| ());
        assert_eq!(work.await, None);
        assert!(tasks.is_empty());
    }
}
