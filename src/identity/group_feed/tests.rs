use super::*;
use http::Response;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Mutex;
use tokio::net::TcpListener;

/// A feed that answers with users, by pages of two, or with something else.
struct Fake {
    url: String,
    says: Arc<Mutex<Says>>,
    asked: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
enum Says {
    Users(Vec<Value>),
    /// A status and a body.
    This(u16, String),
    /// Users, of which the first is gone when the second page is asked for.
    Changing(Vec<Value>),
    Nothing,
}

async fn fake(users: Vec<Value>) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/scim/v2/Users", listener.local_addr().unwrap());
    let fake = Fake { url, says: Arc::new(Mutex::new(Says::Users(users))), asked: Arc::default() };
    let (says, asked) = (Arc::clone(&fake.says), Arc::clone(&fake.asked));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (says, asked) = (Arc::clone(&says), Arc::clone(&asked));
            let service = service_fn(move |request: Request<Incoming>| {
                let (says, asked) = (says.lock().unwrap().clone(), Arc::clone(&asked));
                async move {
                    let query = request.uri().query().unwrap().to_owned();
                    asked.lock().unwrap().push(query.clone());
                    let start: usize =
                        query.split_once("startIndex=").unwrap().1.split('&').next().unwrap().parse().unwrap();
                    let (status, body) = match says {
                        Says::Users(users) => (200, page(&users, start)),
                        Says::Changing(users) if start == 1 => (200, page(&users, start)),
                        Says::Changing(users) => (200, page(&users[1..], start)),
                        Says::This(status, body) => (status, body),
                        Says::Nothing => std::future::pending().await,
                    };
                    let response = Response::builder().status(status).body(Full::new(Bytes::from(body)));
                    Ok::<_, std::convert::Infallible>(response.unwrap())
                }
            });
            tokio::spawn(async move {
                let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    fake
}

fn page(users: &[Value], start: usize) -> String {
    let resources: Vec<&Value> = users.iter().skip(start - 1).take(2).collect();
    json!({"totalResults": users.len(), "startIndex": start, "itemsPerPage": resources.len(), "Resources": resources})
        .to_string()
}

fn person(name: &str, groups: &[&str]) -> Value {
    let groups: Vec<Value> = groups.iter().map(|group| json!({"value": "1", "display": group})).collect();
    json!({"userName": name, "active": true, "groups": groups, "region": "EU"})
}

fn open(fake: &Fake, more: &str) -> GroupFeed {
    within(fake, "30s", more)
}

fn within(fake: &Fake, timeout: &str, more: &str) -> GroupFeed {
    let text = format!(
        "listen: {{address: '127.0.0.1:1'}}\nupstream: {{url: 'http://trino:8080'}}\n\
         identity: {{passwords_without_tls: true, token_file: t, group_feed: {{url: '{}', page_size: 2, timeout: {timeout}, \
         attributes: {{region: region}}{more}}}}}\npolicies: {{folder: p}}\naudit: {{folder: l}}\n",
        fake.url
    );
    GroupFeed::open(&config::Config::parse(&text, "test").unwrap().identity.group_feed.unwrap()).unwrap()
}

/// What is known of a user: groups, region, and whether there may be more.
fn told(feed: &GroupFeed, user: &str) -> String {
    let mut told = Told { groups: vec!["proved".to_owned()], ..Told::default() };
    feed.tell(user, &mut told);
    let region = told.attributes.get("region").and_then(|values| values.first()).map_or("", String::as_str);
    format!("{} {region} {}", told.groups.join(","), if told.more_groups { "and more" } else { "alone" })
}

#[tokio::test]
async fn all_pages_are_believed_at_once() {
    let fake = fake((0..5).map(|n| person(&format!("user{n}"), &["analysts", "wiki"])).collect()).await;
    let feed = open(&fake, ", speaks_for: {groups: [analysts]}");
    assert_eq!(told(&feed, "user4"), "proved  and more");
    feed.fetch().await.unwrap();
    let asked = fake.asked.lock().unwrap().clone();
    assert_eq!(asked, ["startIndex=1&count=2", "startIndex=3&count=2", "startIndex=5&count=2"]);
    assert_eq!(told(&feed, "user4"), "proved,analysts EU alone");
    assert_eq!(told(&feed, "User4"), "proved  and more");
    *fake.says.lock().unwrap() = Says::Users(vec![person("user4", &[]), json!({"userName": "user3"})]);
    feed.fetch().await.unwrap();
    assert_eq!(told(&feed, "user4"), "proved EU alone");
    assert_eq!(told(&feed, "user3"), "proved  and more");
    assert_eq!(told(&feed, "user0"), "proved  and more");
    *fake.says.lock().unwrap() = Says::Users(Vec::new());
    feed.fetch().await.unwrap();
    assert_eq!(told(&feed, "user4"), "proved  and more");
}

#[tokio::test]
async fn of_whom_it_may_not_speak_it_says_nothing() {
    let fake = fake(vec![person("anna", &["analysts"]), person("etl", &["analysts"])]).await;
    let feed = open(&fake, ", speaks_for: {users: ['a*']}");
    feed.fetch().await.unwrap();
    assert_eq!(told(&feed, "anna"), "proved,analysts EU alone");
    assert_eq!(told(&feed, "etl"), "proved  alone");
}

#[tokio::test]
async fn a_feed_that_can_not_be_read_to_its_end_changes_nothing() {
    let people: Vec<Value> = (0..4).map(|n| person(&format!("user{n}"), &["analysts"])).collect();
    let fake = fake(people.clone()).await;
    let feed = open(&fake, "");
    feed.fetch().await.unwrap();
    // One that waits for the beginning of an answer far shorter than for all of it, so that it is clear what is over first.
    let mut hasty = within(&fake, "300ms", "");
    (hasty.timeout, hasty.current) = (feed.timeout, ArcSwapOption::new(feed.current.load_full()));
    let twice = [people.clone(), vec![person("user0", &["admins"])]].concat();
    let nameless = [people.clone(), vec![json!({"groups": []})]].concat();
    let other_page = json!({"totalResults": 4, "startIndex": 2, "Resources": people[..2].to_vec()}).to_string();
    let mut reasons = Vec::new();
    for says in [
        Says::This(500, String::new()),
        Says::This(302, String::new()),
        Says::This(200, "<html>".to_owned()),
        Says::This(200, "{}".to_owned()),
        Says::This(200, json!({"totalResults": 9}).to_string()),
        Says::This(200, json!({"totalResults": 1, "Resources": people}).to_string()),
        Says::This(200, json!({"totalResults": 9_000_000, "Resources": people}).to_string()),
        Says::This(200, other_page),
        Says::This(200, " ".repeat(MOST_BYTES + 1)),
        Says::Users(twice),
        Says::Users(nameless),
        Says::Changing(people),
        Says::Nothing,
    ] {
        let feed = if matches!(says, Says::Nothing) { &hasty } else { &feed };
        *fake.says.lock().unwrap() = says;
        reasons.push(feed.fetch().await.unwrap_err().to_string());
        assert_eq!(told(feed, "user3"), "proved,analysts EU alone");
    }
    insta::assert_snapshot!(reasons.join("\n"));
}

#[tokio::test]
async fn it_is_believed_no_longer_than_its_maximum_age() {
    let fake = fake(vec![person("anna", &["analysts"])]).await;
    let mut feed = open(&fake, "");
    feed.fetch().await.unwrap();
    assert_eq!(told(&feed, "anna"), "proved,analysts EU alone");
    let configured = std::mem::replace(&mut feed.maximum_age, Duration::from_millis(20));
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(told(&feed, "anna"), "proved  and more");
    feed.maximum_age = configured;
    feed.fetch().await.unwrap();
    assert_eq!(told(&feed, "anna"), "proved,analysts EU alone");
}

#[tokio::test]
async fn it_is_fetched_from_time_to_time_until_the_end() {
    let fake = fake(vec![person("anna", &["analysts"])]).await;
    let mut feed = open(&fake, "");
    feed.refresh = Duration::from_millis(50);
    let (feed, cancel) = (Arc::new(feed), CancellationToken::new());
    let watching = tokio::spawn(Arc::clone(&feed).watch(cancel.clone()));
    let until = async |expected: &str| {
        while told(&feed, "anna") != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let within = Duration::from_secs(20);
    tokio::time::timeout(within, until("proved,analysts EU alone")).await.unwrap();
    *fake.says.lock().unwrap() = Says::Users(vec![person("anna", &["risk"])]);
    tokio::time::timeout(within, until("proved,risk EU alone")).await.unwrap();
    cancel.cancel();
    watching.await.unwrap();
}

#[tokio::test]
async fn what_a_proof_tells_of_an_attribute_stays() {
    let fake = fake(vec![person("anna", &[])]).await;
    let feed = open(&fake, ", maximum_age: 2h");
    assert_eq!(feed.maximum_age, SignedDuration::from_hours(2).unsigned_abs());
    feed.fetch().await.unwrap();
    let mut told = Told { attributes: [("region".to_owned(), ["US".to_owned()].into())].into(), ..Told::default() };
    feed.tell("anna", &mut told);
    assert_eq!(told.attributes["region"], ["US".to_owned()].into());
}
