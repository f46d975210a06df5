//! How many of something there may be at once: in all, and for each who has them.
//!
//! In: who wants one more. Out: a [`Place`], which is given back when it is dropped, however that comes about; or a
//! [`Full`].

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most that there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Most {
    /// In all.
    pub(crate) all: usize,
    /// For each; `None` where only all are counted.
    pub(crate) each: Option<usize>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// That of all.
    All,
    /// That of the one who asks.
    Each,
}

/// The places.
#[derive(Debug)]
pub(crate) struct Places<K: Eq + Hash>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K: Eq + Hash> {
    taken: Mutex<Taken<K>>,
}

#[derive(Debug)]
struct Taken<K: Eq + Hash> {
    all: usize,
    each: HashMap<K, usize>,
}

/// One place that is taken.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    shared: Arc<Shared<K>>,
    who: K,
}

impl<K: Clone + Eq + Hash> Places<K> {
    /// All of them free.
    pub(crate) fn new() -> Places<K> {
        Places(Arc::new(Shared { taken: Mutex::new(Taken { all: 0, each: HashMap::new() }) }))
    }

    /// Takes one, if there are no more than `most` with it.
    ///
    /// # Errors
    /// [`Full`].
    pub(crate) fn take(&self, who: K, most: Most) -> Result<Place<K>, Full> {
        let mut taken = self.0.taken();
        let own = taken.each.get(&who).copied().unwrap_or_default();
        if most.each.is_some_and(|most| own >= most) {
            return Err(Full::Each);
        }
        if taken.all >= most.all {
            return Err(Full::All);
        }
        taken.add(who.clone());
        Ok(Place { shared: Arc::clone(&self.0), who })
    }

    /// Takes one whatever the limits, for what is there already.
    pub(crate) fn add(&self, who: K) -> Place<K> {
        self.0.taken().add(who.clone());
        Place { shared: Arc::clone(&self.0), who }
    }

    /// How many are taken.
    #[cfg(test)]
    pub(crate) fn taken(&self) -> usize {
        let taken = self.0.taken();
        assert_eq!(taken.all, taken.each.values().sum::<usize>());
        taken.all
    }

    /// How many one has.
    #[cfg(test)]
    pub(crate) fn taken_by(&self, who: &K) -> usize {
        self.0.taken().each.get(who).copied().unwrap_or_default()
    }
}

impl<K: Eq + Hash> Shared<K> {
    fn taken(&self) -> MutexGuard<'_, Taken<K>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Eq + Hash> Taken<K> {
    fn add(&mut self, who: K) {
        self.all += 1;
        *self.each.entry(who).or_default() += 1;
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut guard = self.shared.taken();
        let taken = &mut *guard;
        taken.all = taken.all.saturating_sub(1);
        if let Some(count) = taken.each.get_mut(&self.who) {
            *count = count.saturating_sub(1);
            // Who has none costs nothing.
            if *count == 0 {
                taken.each.remove(&self.who);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_not_take_the_places_of_all() {
        let (places, most) = (Places::new(), Most { all: 3, each: Some(2) });
        let anna = [places.take("anna", most), places.take("anna", most)];
        assert_eq!(places.take("anna", most).unwrap_err(), Full::Each);
        let bert = places.take("bert", most).unwrap();
        assert_eq!(places.take("cleo", most).unwrap_err(), Full::All);
        // The limits may be others for the next.
        assert!(places.take("cleo", Most { all: 4, ..most }).is_ok());
        drop(bert);
        assert!(places.take("cleo", most).is_ok());
        drop(anna);
        assert_eq!(places.taken(), 0);
        assert!(places.0.taken().each.is_empty());
    }

    #[test]
    fn what_is_there_already_is_counted_beyond_the_limits() {
        let (places, most) = (Places::new(), Most { all: 1, each: None });
        let there = [places.add(1), places.add(1)];
        assert_eq!((places.taken(), places.take(2, most).unwrap_err()), (2, Full::All));
        drop(there);
        assert!(places.take(2, most).is_ok());
    }
}
