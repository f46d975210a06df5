//! Statements and their ends.

use super::*;
use crate::config::cluster_id::ClusterId;
use uuid::Uuid;

fn started(bytes: usize) -> (Started, Arc<Mutex<Vec<Ended>>>) {
    let ends = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ends);
    (Started::new(bytes, Arc::new(move |end| seen.lock().unwrap().push(end))), ends)
}

fn owner() -> Owner {
    Owner { principal: "anna".to_owned(), user: "anna".to_owned() }
}

const FACTS: Facts = Facts {
    restricted: true,
    rewritten: true,
    redefines: false,
    unresolved: false,
    by_address: false,
    cluster: ClusterId::UPSTREAM,
    decision: Uuid::nil(),
};

fn start(started: &Started) -> Start {
    let place = started.places.add("anna".to_owned());
    Start { positions: None, memory: None, began: Instant::now(), cluster: Cluster::of_nothing(), place }
}

fn query(number: usize) -> QueryId {
    QueryId::parse(&format!("q_{number}")).unwrap()
}

#[test]
fn a_statement_ends_once() {
    let (started, ends) = started(100_000);
    let statement = started.insert(query(1), owner(), FACTS, start(&started));
    statement.count(3, 100);
    started.end(&statement, End::Finished);
    started.end(&started.find(&query(1), &owner(), FACTS, || Some(Cluster::of_nothing())).unwrap(), End::Canceled);
    started.end_all();
    let ends = ends.lock().unwrap();
    assert_eq!(ends.len(), 1);
    assert_eq!((ends[0].end.clone(), ends[0].rows, ends[0].bytes), (End::Finished, 3, 100));
    assert_eq!(started.running(), 0);
}

#[test]
fn an_entry_that_is_dropped_ends_unknown() {
    let (started, ends) = started(10 * BASE_WEIGHT);
    for number in 0..200 {
        started.insert(query(number), owner(), FACTS, start(&started));
        started.tidy();
    }
    let ends = ends.lock().unwrap();
    assert!(ends.len() >= 190 && ends.iter().all(|ended| ended.end == End::Unknown));
    assert_eq!(started.running(), 200 - ends.len());
}

#[test]
fn a_query_of_another_replica_is_served_by_its_mark() {
    let (started, ends) = started(100_000);
    let statement = started.find(&query(9), &owner(), FACTS, || Some(Cluster::of_nothing())).unwrap();
    assert!(statement.positions().is_none() && statement.facts.restricted);
    started.end(&statement, End::Finished);
    assert_eq!(ends.lock().unwrap().len(), 1);
}

/// Numbers that a seed makes (SplitMix64).
fn next(seed: &mut u64) -> usize {
    *seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    usize::try_from((mixed ^ (mixed >> 31)) >> 33).unwrap()
}

/// What may happen to statements, in any order: each place is given back once, at the end of what holds it.
#[test]
fn places_are_counted_exactly_in_whatever_way_statements_end() {
    let users = ["anna", "bert", "cleo"];
    let cluster = Cluster::of_nothing();
    for round in 0..300 {
        let mut seed = round;
        let small = next(&mut seed).is_multiple_of(2);
        let ends = Arc::new(Mutex::new(0_usize));
        let count = Arc::clone(&ends);
        let most = Most { all: 8, each: Some(4) };
        // Where there is little room, entries are dropped while their statements run.
        let bytes = if small { 4 * BASE_WEIGHT } else { 1_000_000 };
        let started = Started::new(bytes, Arc::new(move |_| *count.lock().unwrap() += 1));
        let (mut starting, mut known, mut inserted) = (Vec::new(), Vec::new(), 0_usize);
        for step in 0..60 {
            let user = users[next(&mut seed) % users.len()];
            let owner = Owner { principal: user.to_owned(), user: "anna".to_owned() };
            match next(&mut seed) % 9 {
                0..=2 => match started.place(user, most) {
                    Ok(place) => starting.push((owner, place)),
                    Err(Full::Each) => assert!(started.places.taken_by(&user.to_owned()) >= 4),
                    Err(Full::All) => assert!(started.places.taken() >= 8),
                },
                3 | 4 if !starting.is_empty() => {
                    let (owner, place) = starting.swap_remove(next(&mut seed) % starting.len());
                    let (began, cluster) = (Instant::now(), Arc::clone(&cluster));
                    let begun = Start { positions: None, memory: None, began, cluster, place };
                    known.push(started.insert(query(step), owner, FACTS, begun));
                    inserted += 1;
                }
                // It was refused, or Trino did not take it.
                5 if !starting.is_empty() => drop(starting.pop()),
                6 | 7 if !known.is_empty() => {
                    let statement = &known[next(&mut seed) % known.len()];
                    let end = [End::Finished, End::Canceled, End::ClientGone, End::Revoked, End::Unknown];
                    started.end(statement, end[next(&mut seed) % end.len()].clone());
                }
                // A page of one that may have been dropped, or of another replica's.
                _ => {
                    let before = started.places.taken();
                    let here = || Some(Arc::clone(&cluster));
                    let found = started.find(&query(next(&mut seed) % 60), &owner, FACTS, here).unwrap();
                    if !known.iter().any(|statement| Arc::ptr_eq(statement, &found)) {
                        inserted += 1;
                        known.push(found);
                    }
                    assert!(started.places.taken() <= before + 1);
                }
            }
            if next(&mut seed).is_multiple_of(4) {
                started.tidy();
            }
            let running = known.iter().filter(|statement| !statement.ended()).count();
            assert_eq!(started.running(), running, "round {round}, step {step}");
            assert_eq!(started.places.taken(), running + starting.len(), "round {round}, step {step}");
            for user in users {
                let own = |owner: &Owner| owner.principal == user;
                let running = known.iter().filter(|statement| !statement.ended() && own(&statement.owner)).count();
                let begun = starting.iter().filter(|(owner, _)| own(owner)).count();
                assert_eq!(started.places.taken_by(&user.to_owned()), running + begun, "round {round}, step {step}");
            }
        }
        drop(starting);
        for statement in &known {
            started.end(statement, End::Finished);
        }
        assert_eq!((started.places.taken(), started.running()), (0, 0));
        assert_eq!(*ends.lock().unwrap(), inserted, "each statement ends once");
    }
}

#[test]
fn what_was_asked_for_last_is_not_looked_up_again_for_a_while() {
    let (started, _) = started(100_000);
    let [one, two] = [1, 2].map(|number| started.insert(query(number), owner(), FACTS, start(&started)));
    let (last, looked_up) = (Last::default(), std::cell::Cell::new(0));
    let find = |number: usize| {
        let found = last.or_find(&query(number), |query| {
            looked_up.set(looked_up.get() + 1);
            started.statements.get(query)
        });
        (found.map(|found| found.query.clone()), looked_up.get())
    };
    assert_eq!([find(1), find(1)], [(Some(query(1)), 1), (Some(query(1)), 1)]);
    assert_eq!([find(2), find(2), find(1)], [(Some(query(2)), 2), (Some(query(2)), 2), (Some(query(1)), 3)]);
    // It counts as asked for, so it is looked up now and then.
    if let Some((_, found)) = last.0.lock().unwrap().as_mut() {
        *found -= KNOWN;
    }
    assert_eq!([find(1), find(1)], [(Some(query(1)), 4), (Some(query(1)), 4)]);
    // One that has ended may have been dropped.
    started.end(&one, End::Finished);
    assert_eq!([find(1), find(1)], [(Some(query(1)), 5), (Some(query(1)), 6)]);
    started.statements.invalidate_all();
    started.tidy();
    drop(one);
    assert_eq!([find(1), find(9), find(2)], [(None, 7), (None, 8), (None, 9)]);
    assert_eq!(two.query, query(2));
}

#[test]
fn a_statement_that_nobody_else_has_is_not_kept_for_who_asked_for_it() {
    let (started, _) = started(100_000);
    let statement = started.insert(query(1), owner(), FACTS, start(&started));
    let (last, holders) = (Last::default(), Arc::strong_count(&statement));
    assert!(last.or_find(&query(1), |_| Some(Arc::clone(&statement))).is_some());
    assert_eq!(Arc::strong_count(&statement), holders);
}

#[test]
fn who_asks_for_a_query_last_is_its_owner_or_finds_nothing() {
    let (started, _) = started(100_000);
    let statement = started.insert(query(1), owner(), FACTS, start(&started));
    statement.proved("mark".into(), FACTS);
    let other = Owner { principal: "bert".to_owned(), user: "anna".to_owned() };
    let last = Last::default();
    for _ in 0..2 {
        assert!(started.proved(&query(1), &owner(), "mark", &last).is_some());
        assert!(started.proved(&query(1), &other, "mark", &last).is_none());
        assert!(started.proved(&query(1), &owner(), "kram", &last).is_none());
    }
}
