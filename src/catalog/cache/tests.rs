use super::*;
use crate::catalog::fake::{Fake, Reply, tables_of};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::atomic::AtomicBool;

fn keeping(keep: SignedDuration, keep_missing: SignedDuration) -> CatalogCache {
    CatalogCache { entries: 100, keep, keep_missing }
}

fn need(table: &str) -> Need {
    Need::Table(TableName::new("lake", "hr", table))
}

/// Each of the tables that are asked for has one column.
fn one_column(sql: &str) -> Reply {
    let rows = tables_of(sql).into_iter();
    Reply::rows(rows.flat_map(|name| [json!([name, 0, "BASE TABLE", ""]), json!([name, 1, "id", "bigint"])]).collect())
}

/// What was asked of Trino: the tables of each question.
fn asked(fake: &Fake) -> Vec<Vec<String>> {
    fake.statements().iter().map(|sql| tables_of(sql)).collect()
}

fn counted(fake: &Fake, config: &CatalogCache) -> (Catalog, [IntCounter; 3]) {
    let counters = ["hits", "misses", "renewals"].map(|name| IntCounter::new(name, name).unwrap());
    (Catalog::new(fake.client(), config).counting(counters.clone()), counters)
}

#[tokio::test]
async fn a_table_is_asked_for_once_and_then_known() {
    let fake = Fake::start(one_column).await;
    let (catalog, [hits, misses, _]) = counted(&fake, &CatalogCache::default());
    let first = catalog.answer(&[need("a"), need("b"), need("a$files")]).await.unwrap();
    assert_eq!(first.len(), 3);
    assert_eq!(first.iter().filter(|(_, known)| *known == Known::Missing).count(), 1);
    catalog.answer(&[need("b")]).await.unwrap();
    assert_eq!((hits.get(), misses.get()), (1, 2));
    assert_eq!(asked(&fake), [["a", "b"]]);
}

#[tokio::test]
async fn many_statements_that_wait_for_one_table_ask_once() {
    let fake = Fake::start(one_column).await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let mut waiting = JoinSet::new();
    for _ in 0..50 {
        let catalog = catalog.clone();
        waiting.spawn(async move { catalog.answer(&[need("a")]).await.unwrap() });
    }
    assert_eq!(waiting.join_all().await.len(), 50);
    assert_eq!(fake.statements().len(), 1);
}

#[tokio::test]
async fn what_does_not_exist_is_remembered_for_its_own_short_time() {
    let fake = Fake::start(|_| Reply::rows(vec![])).await;
    let config = keeping(SignedDuration::from_secs(60), SignedDuration::from_millis(200));
    let catalog = Catalog::new(fake.client(), &config);
    for _ in 0..3 {
        assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), [(need("a"), Known::Missing)]);
    }
    assert_eq!(fake.statements().len(), 1);
    tokio::time::sleep(Duration::from_millis(250)).await;
    catalog.answer(&[need("a")]).await.unwrap();
    assert_eq!(fake.statements().len(), 2);
}

#[tokio::test]
async fn a_query_that_trino_does_not_list_yet_is_asked_for_again() {
    let fake = Fake::start(|_| Reply::rows(vec![])).await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let need = Need::Query("20260101_120000_00042_abcde".into());
    for _ in 0..2 {
        assert_eq!(catalog.answer(std::slice::from_ref(&need)).await.unwrap(), [(need.clone(), Known::Missing)]);
    }
    assert_eq!(fake.statements().len(), 2);
}

#[tokio::test]
async fn what_is_asked_anew_is_asked_of_trino_and_kept() {
    let views = Arc::new(AtomicBool::new(false));
    let switch = views.clone();
    let fake = Fake::start(move |sql| match switch.load(Ordering::SeqCst) {
        _ if sql.contains("information_schema.views") => Reply::rows(vec![json!(["a", -2, "SELECT 1 id", ""])]),
        true => Reply::rows(vec![json!(["a", 0, "VIEW", ""]), json!(["a", 1, "id", "bigint"])]),
        false => one_column(sql),
    })
    .await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let table = catalog.answer(&[need("a")]).await.unwrap();
    views.store(true, Ordering::SeqCst);
    assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), table);
    let view = catalog.answer_anew(&[need("a"), need("a$files")]).await.unwrap();
    assert!(view.contains(&(need("a$files"), Known::Missing)));
    let view: Vec<_> = view.into_iter().filter(|(asked, _)| *asked == need("a")).collect();
    assert_ne!(view, table);
    assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), view);
}

#[tokio::test]
async fn an_error_is_told_and_not_remembered() {
    let broken = Arc::new(AtomicBool::new(true));
    let switch = broken.clone();
    let fake = Fake::start(move |sql| {
        if switch.load(Ordering::SeqCst) { Reply::error("GENERIC_INTERNAL_ERROR", "no") } else { one_column(sql) }
    })
    .await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let error = catalog.answer(&[need("a")]).await.unwrap_err();
    assert!(error.to_string().ends_with("GENERIC_INTERNAL_ERROR: no"), "{error}");
    assert!(!error.unreachable());
    broken.store(false, Ordering::SeqCst);
    assert!(matches!(catalog.answer(&[need("a")]).await.unwrap()[0].1, Known::Table(_)));
}

#[tokio::test]
async fn a_trino_that_is_not_there_is_an_error_that_says_so() {
    let fake = Fake::start(one_column).await;
    fake.fail_next_statements(1);
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    assert!(catalog.answer(&[need("a")]).await.unwrap_err().unreachable());
}

#[tokio::test]
async fn a_changed_table_is_asked_for_again() {
    let fake = Fake::start(one_column).await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    catalog.invalidate(&TableName::new("lake", "hr", "a")).await;
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    assert_eq!(asked(&fake)[1..], [["a"]]);
    catalog.invalidate_all();
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    assert_eq!(asked(&fake)[2..], [["a", "b"]]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_from_before_a_change_is_not_kept() {
    let (asked, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let fake = Fake::start(move |sql| {
        let _released = wait.lock().unwrap().recv_timeout(Duration::from_secs(5));
        one_column(sql)
    })
    .await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let asking = catalog.clone();
    let first = tokio::spawn(async move { asking.answer(&[need("a")]).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(100)).await;
    catalog.invalidate(&TableName::new("lake", "hr", "a")).await;
    asked.send(()).unwrap();
    first.await.unwrap();
    asked.send(()).unwrap();
    catalog.answer(&[need("a")]).await.unwrap();
    assert_eq!(fake.statements().len(), 2);
}

#[tokio::test]
async fn statements_that_ask_at_once_for_some_of_the_same_tables_get_each_theirs() {
    let fake = Fake::start(one_column).await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let (all, some, other) = ([need("a"), need("b"), need("c")], [need("b"), need("c")], [need("c"), need("d")]);
    let (all, some, other) = tokio::join!(catalog.answer(&all), catalog.answer(&some), catalog.answer(&other));
    let of = |answers: Result<Vec<(Need, Known)>, CatalogError>| {
        let found = answers.unwrap().into_iter().filter(|(_, known)| matches!(known, Known::Table(_)));
        found.map(|(need, _)| need).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(of(all), [need("a"), need("b"), need("c")].into());
    assert_eq!(of(some), [need("b"), need("c")].into());
    assert_eq!(of(other), [need("c"), need("d")].into());
    assert_eq!(asked(&fake), [vec!["a", "b", "c"], vec!["c", "d"]]);
}

#[tokio::test]
async fn who_asks_for_a_table_gets_it_though_whoever_asked_first_has_gone_away() {
    let first = AtomicBool::new(true);
    let reply = move |sql: &str| {
        let reply = one_column(sql);
        if first.swap(false, Ordering::SeqCst) { reply.slow_after_first() } else { reply }
    };
    let fake = Fake::start(reply).await;
    let catalog = Catalog::new(fake.client(), &CatalogCache::default());
    let gone = tokio::spawn({
        let catalog = catalog.clone();
        async move { catalog.answer(&[need("a"), need("b")]).await }
    });
    fake.page_requests(1).await;
    let waiting = tokio::spawn(async move { catalog.answer(&[need("b")]).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    gone.abort();
    assert!(matches!(waiting.await.unwrap().unwrap()[0].1, Known::Table(_)));
}

/// Tables are old after half a second, and a schema is asked about each quarter of one.
fn for_a_second() -> CatalogCache {
    keeping(SignedDuration::from_secs(1), SignedDuration::from_secs(1))
}

const OLD: Duration = Duration::from_millis(600);

#[tokio::test]
async fn tables_in_use_are_asked_for_again_together_before_they_are_forgotten() {
    let fake = Fake::start(one_column).await;
    let (catalog, [hits, misses, renewals]) = counted(&fake, &for_a_second());
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    catalog.answer(&[need("c")]).await.unwrap();
    catalog.answer(&[need("missing$files")]).await.unwrap();
    tokio::time::sleep(OLD).await;
    catalog.answer(&[need("c")]).await.unwrap();
    fake.page_requests(3).await;
    tokio::time::sleep(OLD).await;
    // What was asked for first would be forgotten by now.
    catalog.answer(&[need("a"), need("b"), need("c")]).await.unwrap();
    assert_eq!([hits.get(), misses.get(), renewals.get()], [4, 3, 3]);
    assert_eq!(asked(&fake)[2], ["a", "b", "c"]);
}

#[tokio::test]
async fn a_table_that_no_statement_needs_is_not_asked_for_again() {
    let fake = Fake::start(one_column).await;
    let catalog = Catalog::new(fake.client(), &for_a_second());
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    for questions in 2..=3 {
        tokio::time::sleep(OLD).await;
        catalog.answer(&[need("a")]).await.unwrap();
        fake.page_requests(questions).await;
    }
    // The first statement has needed it, and since then none.
    assert_eq!(asked(&fake), [vec!["a", "b"], vec!["a", "b"], vec!["a"]]);
}

#[tokio::test]
async fn a_statement_does_not_wait_for_what_is_asked_again() {
    let answered = AtomicBool::new(false);
    let reply = move |sql: &str| {
        let reply = one_column(sql);
        if answered.swap(true, Ordering::SeqCst) { reply.slow_after_first() } else { reply }
    };
    let fake = Fake::start(reply).await;
    let catalog = Catalog::new(fake.client(), &for_a_second());
    let first = catalog.answer(&[need("a")]).await.unwrap();
    tokio::time::sleep(OLD).await;
    for _ in 0..3 {
        assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), first);
        // The second question is put, and its answer never comes.
        fake.page_requests(2).await;
    }
}

#[tokio::test]
async fn tables_are_known_for_no_time_or_for_as_long_as_can_be_said() {
    let fake = Fake::start(one_column).await;
    for (keep, questions) in [(SignedDuration::ZERO, 2), (SignedDuration::from_hours(24 * 365 * 500), 3)] {
        let catalog = Catalog::new(fake.client(), &keeping(keep, SignedDuration::ZERO));
        for _ in 0..2 {
            catalog.answer(&[need("a")]).await.unwrap();
        }
        assert_eq!(fake.statements().len(), questions);
    }
}

#[tokio::test]
async fn a_failure_to_ask_again_is_not_repeated_at_once() {
    let answered = AtomicBool::new(false);
    let reply = move |sql: &str| {
        if answered.swap(true, Ordering::SeqCst) {
            Reply::error("GENERIC_INTERNAL_ERROR", "no")
        } else {
            one_column(sql)
        }
    };
    let fake = Fake::start(reply).await;
    let catalog = Catalog::new(fake.client(), &for_a_second());
    let first = catalog.answer(&[need("a")]).await.unwrap();
    tokio::time::sleep(OLD).await;
    for _ in 0..5 {
        assert_eq!(catalog.answer(&[need("a")]).await.unwrap(), first);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(fake.statements().len(), 2);
    tokio::time::sleep(OLD).await;
    assert!(catalog.answer(&[need("a")]).await.is_err());
}

#[tokio::test]
async fn what_is_asked_again_is_known_by_its_new_answer() {
    let columns = Arc::new(AtomicU64::new(0));
    let more = columns.clone();
    let reply = move |sql: &str| {
        let count = more.fetch_add(1, Ordering::SeqCst) + 1;
        let columns = (1..=count).map(|place| json!(["a", place, format!("c{place}"), "bigint"]));
        Reply::rows(tables_of(sql).iter().map(|name| json!([name, 0, "BASE TABLE", ""])).chain(columns).collect())
    };
    let fake = Fake::start(reply).await;
    let catalog = Catalog::new(fake.client(), &for_a_second());
    let columns = async |catalog: &Catalog| match &catalog.answer(&[need("a")]).await.unwrap()[0].1 {
        Known::Table(table) => table.columns.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(columns(&catalog).await, 1);
    tokio::time::sleep(OLD).await;
    assert_eq!(columns(&catalog).await, 1);
    fake.page_requests(2).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(columns(&catalog).await, 2);
    // A change that went through Sluice is seen at once, as ever.
    catalog.invalidate(&TableName::new("lake", "hr", "a")).await;
    assert_eq!(columns(&catalog).await, 3);
}

#[tokio::test]
async fn an_answer_is_kept_from_the_moment_at_which_it_was_asked_for() {
    let slow = |sql: &str| {
        std::thread::sleep(Duration::from_millis(300));
        one_column(sql)
    };
    let fake = Fake::start(slow).await;
    let config = keeping(SignedDuration::from_millis(200), SignedDuration::from_secs(1));
    let catalog = Catalog::new(fake.client(), &config);
    for _ in 0..2 {
        catalog.answer(&[need("a")]).await.unwrap();
    }
    assert_eq!(fake.statements().len(), 2);
}

#[tokio::test]
async fn a_table_in_use_that_can_not_be_read_any_more_is_not_asked_for_again() {
    let broken = Arc::new(AtomicBool::new(false));
    let switch = broken.clone();
    let reply = move |sql: &str| {
        let about_it = tables_of(sql).iter().any(|name| name == "b");
        if about_it && switch.load(Ordering::SeqCst) {
            Reply::error("HIVE_INVALID_METADATA", "no")
        } else {
            one_column(sql)
        }
    };
    let fake = Fake::start(reply).await;
    let (catalog, [hits, ..]) = counted(&fake, &for_a_second());
    catalog.answer(&[need("a"), need("b")]).await.unwrap();
    broken.store(true, Ordering::SeqCst);
    for questions in [2, 3] {
        tokio::time::sleep(OLD).await;
        catalog.answer(&[need("a")]).await.unwrap();
        fake.page_requests(questions).await;
    }
    assert_eq!(hits.get(), 2);
    assert_eq!(asked(&fake), [vec!["a", "b"], vec!["a", "b"], vec!["a"], vec!["b"], vec!["a"]]);
}
