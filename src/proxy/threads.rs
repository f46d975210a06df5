//! The threads that serve connections, each by itself.
//!
//! A connection stays with the thread that it was given to, and so does what is asked of Trino for it: nothing that a page goes
//! through has to be handed from one thread to another. The first of them takes connections too, and does all else that there is.

use super::awake;
use std::cell::Cell;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};
use tokio::runtime::{self, Handle, Runtime};
use tokio_util::sync::CancellationToken;

/// Deep statements are read by recursion, within bounds that fit this stack.
const STACK: usize = 8 * 1024 * 1024;
/// One turn in so many is for a task that another thread has woken, as the log's does once a decision is written down: a statement has
/// such a turn for two that its connections bring. Where all turns are taken, tokio's own 31 let one statement in a
/// hundred wait ten times as long as most, and some fifty times.
const TURN_OF_OTHERS: u32 = 3;
/// For how long a thread that always finds something to do goes on before it lets others have its processor: another of these
/// threads, a client, Trino. The kernel would take it away at a tick of its clock, of which there may be no more than 250 a second,
/// and until then the connections of a thread that waits for the same processor would wait too.
const STRETCH: Duration = Duration::from_micros(500);
/// A thread that waited for longer than this slept, or others had its processor.
const SLEPT: Duration = Duration::from_micros(20);

thread_local! {
    static NUMBER: Cell<usize> = const { Cell::new(0) };
    static GOING: Cell<Option<Going>> = const { Cell::new(None) };
}

/// For how long a thread has been going on.
#[derive(Clone, Copy, Debug)]
struct Going {
    since: Instant,
    /// When it last looked for more to do.
    looked: Instant,
    /// When it last found something, or looked for it.
    woken: Instant,
}

impl Going {
    /// Looks for more to do. Gives whether others should have the processor first.
    fn look(before: Option<Going>, now: Instant) -> (Going, bool) {
        let since = before.map_or(now, |before| before.since);
        let long = now.duration_since(since) >= STRETCH;
        (Going { since: if long { now } else { since }, looked: now, woken: now }, long)
    }

    /// Goes on when there is more.
    fn on(self, now: Instant) -> Going {
        let since = if now.duration_since(self.looked) > SLEPT { now } else { self.since };
        Going { since, woken: now, ..self }
    }
}

/// The number of this thread among those that serve, from 0; 0 for any other too.
pub(super) fn number() -> usize {
    NUMBER.get()
}

/// About now, for what counts by seconds: when this thread last found something to do. It need not ask the system's clock.
pub(super) fn about_now() -> Instant {
    GOING.get().map_or_else(Instant::now, |going| going.woken)
}

/// The threads beside the first one. They end with this value.
#[derive(Debug, Default)]
pub struct Threads {
    beside: Vec<Beside>,
    first: Arc<AtomicUsize>,
    end: CancellationToken,
}

#[derive(Debug)]
struct Beside {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

/// The place of a connection on a thread.
#[derive(Debug)]
pub(super) struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Runs something on a first thread, to which there are so many others. If there are any, a thread may stay awake in short waits, if they
/// do at all; where one thread serves, what it waits for may need its processor.
///
/// # Errors
/// Of the system, if there is no room for the threads.
pub fn serve<T: Send + 'static, F: Future<Output = T>>(
    count: usize,
    stay_awake: bool,
    work: impl FnOnce(Threads) -> F + Send + 'static,
) -> io::Result<T> {
    let stay_awake = stay_awake && count > 0;
    let (runtime, threads) = (alone(stay_awake)?, Threads::start(count, stay_awake)?);
    let serving = move || runtime.block_on(work(threads));
    let served = Builder::new().name("sluice-serve".to_owned()).stack_size(STACK).spawn(serving)?.join();
    Ok(served.unwrap_or_else(|broken| std::panic::resume_unwind(broken)))
}

/// What serves by one thread: it need not look whether others have work for it.
fn alone(stays_awake: bool) -> io::Result<Runtime> {
    alone_beside(stays_awake, thread::yield_now)
}

/// The same, by what lets others have the processor.
fn alone_beside(stays_awake: bool, let_others: impl Fn() + Send + Sync + 'static) -> io::Result<Runtime> {
    let mut builder = runtime::Builder::new_current_thread();
    builder.enable_all().global_queue_interval(TURN_OF_OTHERS);
    builder.on_thread_park(move || {
        let (before, now) = (GOING.get(), Instant::now());
        let (going, long) = Going::look(before, now);
        GOING.set(Some(going));
        let again = stays_awake && awake::stays(before.map(|before| before.woken), now);
        if long || again {
            let_others();
        }
    });
    builder.on_thread_unpark(|| GOING.set(GOING.get().map(|going| going.on(Instant::now()))));
    let runtime = builder.build()?;
    if stays_awake {
        runtime.spawn(awake::look_again());
    }
    Ok(runtime)
}

impl Threads {
    pub(super) fn start(count: usize, stay_awake: bool) -> io::Result<Threads> {
        let mut threads = Threads::default();
        for number in 1..=count {
            let (runtime, end) = (alone(stay_awake)?, threads.end.clone());
            let handle = runtime.handle().clone();
            let thread = Builder::new().name(format!("sluice-serve-{number}")).stack_size(STACK).spawn(move || {
                NUMBER.set(number);
                runtime.block_on(end.cancelled());
            })?;
            threads.beside.push(Beside { runtime: handle, connections: Arc::default(), thread: Some(thread) });
        }
        Ok(threads)
    }

    /// Whether there are any beside the first.
    pub fn several(&self) -> bool {
        !self.beside.is_empty()
    }

    /// A place on the thread that has the fewest connections; and the thread, if it is not this one.
    pub(super) fn place(&self) -> (Place, Option<&Handle>) {
        let beside = self.beside.iter().map(|beside| (&beside.connections, Some(&beside.runtime)));
        let all = [(&self.first, None)].into_iter().chain(beside);
        let (connections, thread) =
            all.min_by_key(|(count, _)| count.load(Ordering::Relaxed)).unwrap_or((&self.first, None));
        connections.fetch_add(1, Ordering::Relaxed);
        (Place(Arc::clone(connections)), thread)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.end.cancel();
        for thread in self.beside.iter_mut().filter_map(|beside| beside.thread.take()) {
            if thread.join().is_err() {
                tracing::error!("a thread that serves connections broke down");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::{Notify, oneshot};

    #[test]
    fn a_connection_gets_the_thread_with_the_fewest() {
        let threads = Threads::start(2, true).unwrap();
        assert!(threads.several());
        let ran_on = |thread: Option<&Handle>| {
            let Some(thread) = thread else { return number() };
            let (tell, told) = channel();
            thread.spawn(async move { tell.send(number()).unwrap() });
            told.recv().unwrap()
        };
        let mut places = Vec::new();
        let take = |places: &mut Vec<Place>| {
            let (place, thread) = threads.place();
            places.push(place);
            ran_on(thread)
        };
        let taken: Vec<usize> = (0..6).map(|_| take(&mut places)).collect();
        assert_eq!(taken, [0, 1, 2, 0, 1, 2]);
        places.remove(5);
        places.remove(1);
        assert_eq!([take(&mut places), take(&mut places), take(&mut places)], [1, 2, 0]);
    }

    #[test]
    fn one_thread_alone_does_all() {
        let threads = Threads::start(0, true).unwrap();
        assert!(!threads.several());
        assert!((0..3).map(|_| threads.place()).all(|(_, thread)| thread.is_none()));
    }

    #[test]
    fn the_others_end_with_the_first_and_what_is_left_on_them_is_dropped() {
        let (ends, ended) = channel::<()>();
        let served = serve(1, true, |threads| async move {
            let on_other = threads.beside[0].runtime.spawn(async { number() }).await.unwrap();
            threads.beside[0].runtime.spawn(async move {
                let _ends = ends;
                std::future::pending::<()>().await;
            });
            (number(), on_other)
        });
        assert_eq!(served.unwrap(), (0, 1));
        assert!(ended.recv().is_err());
    }

    #[test]
    fn who_always_goes_on_lets_others_have_the_processor_now_and_then() {
        let began = Instant::now();
        let at = |micros| began + Duration::from_micros(micros);
        let (going, long) = Going::look(None, at(0));
        assert!(!long);
        let (going, long) = Going::look(Some(going.on(at(20))), at(499));
        assert!(!long, "it has not gone on for long");
        let (going, long) = Going::look(Some(going.on(at(500))), at(501));
        assert!(long);
        let (going, long) = Going::look(Some(going.on(at(510))), at(1_000));
        assert!(!long, "it begins anew");
        let (_, long) = Going::look(Some(going.on(at(1_021))), at(1_520));
        assert!(!long, "it slept");
    }

    #[test]
    fn others_have_the_processor_of_a_thread_that_is_never_idle_and_not_of_one_that_sleeps() {
        let given = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&given);
        let runtime = alone_beside(false, move || {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let runtime = runtime.unwrap();
        runtime.block_on(async {
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        // The system may have stopped it now and then between waking up and sleeping on.
        let before = given.load(Ordering::SeqCst);
        assert!(before <= 5, "{before} times in 20");
        // What is sent is there at once, and each time the runtime has to ask the system for it.
        runtime.block_on(async {
            let (mut one, mut other) = tokio::net::UnixStream::pair().unwrap();
            let until = Instant::now() + Duration::from_secs(20);
            while given.load(Ordering::SeqCst) < before + 5 {
                assert!(Instant::now() < until);
                one.write_all(&[1]).await.unwrap();
                assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 1);
            }
        });
    }

    #[test]
    fn who_has_waited_for_short_only_stays_awake_if_it_is_to() {
        let let_others = |stays_awake| {
            let given = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&given);
            let runtime = alone_beside(stays_awake, move || {
                counted.fetch_add(1, Ordering::SeqCst);
            });
            runtime.unwrap().block_on(async {
                for _ in 0..20 {
                    awake::pretend_short_waits();
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
            });
            given.load(Ordering::SeqCst)
        };
        let asleep = let_others(false);
        assert!(asleep <= 5, "{asleep} times in 20");
        // Once for each wait it would be if it slept then; the system may stop it for as long as it would stay awake, but not each time.
        let until = Instant::now() + Duration::from_secs(20);
        while let_others(true) <= 60 {
            assert!(Instant::now() < until);
        }
    }

    #[test]
    fn what_another_thread_wakes_has_its_turn_while_others_always_go_on() {
        const WAITING: usize = 300;
        let turns = Arc::new(AtomicUsize::new(0));
        let passed = alone(true).unwrap().block_on(async {
            let both = Arc::new([Notify::new(), Notify::new()]);
            for own in [0, 1] {
                let (both, turns) = (Arc::clone(&both), Arc::clone(&turns));
                tokio::spawn(async move {
                    loop {
                        both[own].notified().await;
                        turns.fetch_add(1, Ordering::SeqCst);
                        both[1 - own].notify_one();
                    }
                });
            }
            both[0].notify_one();
            let (mut wakes, mut woken) = (Vec::new(), Vec::new());
            for _ in 0..WAITING {
                let (wake, waits) = oneshot::channel::<()>();
                wakes.push(wake);
                woken.push(tokio::spawn(waits));
            }
            // Each of them waits.
            tokio::time::sleep(Duration::from_millis(50)).await;
            let at_wake = Arc::clone(&turns);
            let waker = std::thread::spawn(move || {
                wakes.into_iter().for_each(|wake| wake.send(()).unwrap());
                at_wake.load(Ordering::SeqCst)
            });
            for one in woken {
                one.await.unwrap().unwrap();
            }
            // The waking thread may be stopped behind its last one, and look later than this.
            turns.load(Ordering::SeqCst).saturating_sub(waker.join().unwrap())
        });
        assert!(passed <= WAITING * 10, "{passed} turns of others passed");
    }
}
