//! A stand-in for a directory counts what it is asked; a real one is asked in tests/ldap.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How a stand-in behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// It knows anna, with the password `right`, and her group.
    Knows,
    /// It says another name for whoever is asked for.
    Spells(&'static str),
    /// It has two of each.
    Twins,
    /// It has nobody.
    Empty,
    /// It refers to another directory for more groups.
    Refers,
    Silent,
    Closes,
    Garbage,
    /// It answers a bind by a code.
    Says(u8),
}

/// A stand-in.
struct Fake {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
    binds: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

async fn fake(kind: Kind) -> Fake {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let fake = Fake { address, asked: Arc::default(), binds: Arc::default(), connections: Arc::default() };
    let (binds, connections) = (Arc::clone(&fake.binds), Arc::clone(&fake.connections));
    let operations = Arc::clone(&fake.asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, kind, Arc::clone(&operations), Arc::clone(&binds)));
        }
    });
    fake
}

/// A value as BER has it.
fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}

fn result(tag: u8, code: u8) -> Vec<u8> {
    ber(tag, &[&[0x0a, 1, code, 4, 0][..], &[4, 0]].concat())
}

fn entry(dn: &str, attribute: &str, values: &[&str]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| ber(4, value.as_bytes())).collect();
    let attribute = ber(0x30, &[ber(4, attribute.as_bytes()), ber(0x31, &values)].concat());
    ber(0x64, &[ber(4, dn.as_bytes()), ber(0x30, &attribute)].concat())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

async fn serve(mut stream: TcpStream, kind: Kind, operations: Arc<AtomicUsize>, binds: Arc<AtomicUsize>) {
    let mut buffer = [0; 4096];
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
        // A message: 30 LENGTH 02 01 ID OPERATION …, all lengths short here.
        let asked = &buffer[..read];
        let (id, operation) = (asked[4], asked[5]);
        operations.fetch_add(1, Ordering::SeqCst);
        let mut said = Vec::new();
        let mut say = |operation: Vec<u8>| said.extend(ber(0x30, &[&[2, 1, id][..], &operation].concat()));
        match (kind, operation) {
            (Kind::Silent, _) => continue,
            (Kind::Closes, _) => return,
            (Kind::Garbage, _) => said.extend(b"\x30\x05\x02\x01\x01\x61\x00HTTP/1.1 400"),
            (Kind::Says(code), 0x60) => say(result(0x61, code)),
            (_, 0x60) => {
                binds.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(100)).await;
                say(result(0x61, if holds(asked, "right") { 0 } else { 49 }));
            }
            (_, 0x63) if holds(asked, "ou=groups") => {
                say(entry("cn=analysts,ou=groups", "cn", &["analysts"]));
                if kind == Kind::Refers {
                    say(ber(0x73, &ber(4, b"ldap://elsewhere.example/ou=groups")));
                }
                say(result(0x65, 0));
            }
            (_, 0x63) => {
                let name = if let Kind::Spells(name) = kind { name } else { "anna" };
                let entries = match kind {
                    Kind::Empty => 0,
                    Kind::Twins => 2,
                    _ => 1,
                };
                for at in 0..entries {
                    say(entry(&format!("uid=anna,ou={at}"), "UID", &[name]));
                }
                say(result(0x65, 0));
            }
            _ => return,
        }
        if stream.write_all(&said).await.is_err() {
            return;
        }
    }
}

fn setting(fake: &Fake) -> config::Ldap {
    let text = format!(
        "listen: {{address: '127.0.0.1:1'}}\nupstream: {{url: 'http://trino:8080'}}\n\
         identity: {{passwords_without_tls: true, ldap: {{url: 'ldap://{}', bind_patterns: ['uid={{user}},ou=people'], \
         groups: {{base: 'ou=groups', filter: '(member={{dn}})'}}, timeout: 300ms, connections: 2}}}}\n\
         policies: {{folder: p}}\naudit: {{folder: l}}\n",
        fake.address
    );
    config::Config::parse(&text, "test").unwrap().identity.ldap.unwrap()
}

fn open(fake: &Fake) -> Ldap {
    Ldap::open(&setting(fake), Duration::from_secs(20), None).unwrap()
}

async fn proved(ldap: &Ldap, user: &str, password: &str) -> Result<Option<Principal>, Unidentified> {
    let mut headers = HeaderMap::new();
    let header = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    headers.insert(AUTHORIZATION, header.parse().unwrap());
    ldap.identify(Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None }).await
}

async fn named(ldap: &Ldap, user: &str, password: &str) -> Result<String, Unidentified> {
    proved(ldap, user, password).await.map(|found| found.unwrap().name)
}

#[tokio::test]
async fn a_right_password_is_asked_for_once_by_all_who_wait_and_then_no_more() {
    let fake = fake(Kind::Knows).await;
    let ldap = open(&fake);
    let all = (0..20).map(|_| named(&ldap, "anna", "right"));
    for found in futures_of(all).await {
        assert_eq!(found, Ok("anna".to_owned()));
    }
    let found = proved(&ldap, "anna", "right").await.unwrap().unwrap();
    assert_eq!((found.groups, found.more_groups), (vec!["analysts".to_owned()], false));
    assert_eq!(found.proofs, [Proof::Directory]);
    assert_eq!(fake.binds.load(Ordering::SeqCst), 1);
    assert!(ldap.tells_groups_of("anna"));
}

/// All of them at once.
async fn futures_of<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pinned: Vec<_> = all.map(Box::pin).collect();
    let mut done = Vec::new();
    std::future::poll_fn(|context| {
        pinned.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(value) => {
                done.push(value);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pinned.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    done
}

#[tokio::test]
async fn a_password_that_is_empty_is_not_tried() {
    let fake = fake(Kind::Knows).await;
    let ldap = open(&fake);
    assert_eq!(named(&ldap, "anna", "").await, Err(Unidentified::Wrong));
    assert_eq!(named(&ldap, "", "right").await, Err(Unidentified::Wrong));
    assert_eq!(named(&ldap, "an\0na", "right").await, Err(Unidentified::Wrong));
    assert_eq!(ldap.directory.ask("anna", "").await, Err(Refused::Password));
    assert_eq!(fake.binds.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn wrong_passwords_are_tried_a_few_times_and_keep_nobody_out_who_is_in() {
    let fake = fake(Kind::Knows).await;
    let ldap = open(&fake);
    assert!(named(&ldap, "anna", "right").await.is_ok());
    for number in 0..20 {
        let user = if number % 2 == 0 { "anna" } else { "ANNA" };
        assert_eq!(named(&ldap, user, &format!("wrong{number}")).await, Err(Unidentified::Wrong));
    }
    assert_eq!(fake.binds.load(Ordering::SeqCst), 11);
    assert!(named(&ldap, "anna", "right").await.is_ok());
    assert_eq!(named(&ldap, "anna", "righteous").await, Err(Unidentified::Wrong));
    assert_eq!(fake.binds.load(Ordering::SeqCst), 11);
}

#[tokio::test]
async fn a_slow_directory_is_not_taken_for_wrong_passwords() {
    let fake = fake(Kind::Knows).await;
    let mut ldap = Ldap::open(&setting(&fake), Duration::from_millis(50), None).unwrap();
    for _ in 0..=MOST_WRONG {
        assert_eq!(named(&ldap, "anna", "right").await, Err(Unidentified::Unavailable));
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    ldap.timeout = Duration::from_secs(5);
    assert_eq!(named(&ldap, "anna", "right").await.as_deref(), Ok("anna"));
}

#[tokio::test]
async fn many_wrong_passwords_at_once_are_no_more_than_one_after_another() {
    let fake = fake(Kind::Knows).await;
    let ldap = open(&fake);
    let passwords: Vec<String> = (0..30).map(|number| format!("wrong{number}")).collect();
    for found in futures_of(passwords.iter().map(|password| named(&ldap, "anna", password))).await {
        assert_eq!(found, Err(Unidentified::Wrong));
    }
    assert_eq!(fake.binds.load(Ordering::SeqCst), 10);
}

/// The same, with users looked up by a password of Sluice's own.
fn searching(fake: &Fake, password_file: &std::path::Path) -> config::Ldap {
    config::Ldap {
        bind_patterns: Vec::new(),
        bind_dn: Some("cn=sluice".to_owned()),
        bind_password_file: Some(password_file.to_owned()),
        user_base: Some("ou=people".to_owned()),
        user_filter: Some("(uid={user})".to_owned()),
        ..setting(fake)
    }
}

#[tokio::test]
async fn as_much_is_asked_for_a_user_who_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "right\n").unwrap();
    for (kind, expected) in [
        (Kind::Knows, Refused::Password),
        (Kind::Empty, Refused::NotOne),
        (Kind::Twins, Refused::NotOne),
        (Kind::Spells("Anna"), Refused::Spelled),
    ] {
        let fake = fake(kind).await;
        let directory = Arc::new(Directory::new(&searching(&fake, &path)).unwrap());
        assert_eq!(directory.ask("anna", "wrong").await, Err(expected), "{kind:?}");
        let asked = (fake.asked.load(Ordering::SeqCst), fake.binds.load(Ordering::SeqCst));
        assert_eq!(asked, (3, 2), "{kind:?}");
    }
}

#[tokio::test]
async fn a_new_password_of_its_own_counts_at_once() {
    let fake = fake(Kind::Knows).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("password");
    std::fs::write(&path, "former\n").unwrap();
    let ldap = Ldap::open(&searching(&fake, &path), Duration::from_secs(20), None).unwrap();
    assert_eq!(ldap.directory.ask("anna", "right").await, Err(Refused::Service));
    assert_eq!(named(&ldap, "anna", "right").await, Err(Unidentified::Unavailable));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(named(&ldap, "anna", "right").await, Err(Unidentified::Unavailable));
    let told = Ldap::open(&searching(&fake, &path), Duration::ZERO, None).unwrap_err().to_string();
    assert!(told.contains("password: No such file"), "{told}");
    std::fs::write(&path, "right\n").unwrap();
    let found = proved(&ldap, "anna", "right").await.unwrap().unwrap();
    assert_eq!(found.groups, ["analysts"]);
}

#[tokio::test]
async fn no_more_connections_are_made_than_are_allowed() {
    let fake = fake(Kind::Knows).await;
    let ldap = open(&fake);
    let began = Instant::now();
    let names: Vec<String> = (0..6).map(|number| format!("user{number}")).collect();
    // Six binds of a tenth of a second each, two at once.
    futures_of(names.iter().map(|name| named(&ldap, name, "wrong"))).await;
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    assert_eq!(fake.binds.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn who_is_not_exactly_one_and_spelled_so_is_nobody() {
    for (kind, user, expected) in [
        (Kind::Knows, "anna", Ok(())),
        (Kind::Knows, "ANNA", Err(Refused::Spelled)),
        (Kind::Spells("Anna"), "anna", Err(Refused::Spelled)),
        (Kind::Spells("anna "), "anna", Err(Refused::Spelled)),
        (Kind::Twins, "anna", Err(Refused::NotOne)),
    ] {
        let ldap = open(&fake(kind).await);
        assert_eq!(ldap.directory.ask(user, "right").await.map(|_| ()), expected, "{kind:?} {user}");
    }
}

#[tokio::test]
async fn groups_that_are_elsewhere_are_not_known() {
    let ldap = open(&fake(Kind::Refers).await);
    let found = ldap.directory.ask("anna", "right").await.unwrap();
    assert!(found.more_groups && found.groups.contains("analysts"));
}

#[tokio::test]
async fn a_directory_that_is_away_is_asked_once_a_second() {
    for kind in [Kind::Silent, Kind::Closes] {
        let fake = fake(kind).await;
        let ldap = open(&fake);
        let began = Instant::now();
        let names: Vec<String> = (0..50).map(|number| format!("user{number}")).collect();
        for found in futures_of(names.iter().map(|name| named(&ldap, name, "x"))).await {
            assert_eq!(found, Err(Unidentified::Unavailable), "{kind:?}");
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{kind:?}: {:?}", began.elapsed());
        assert!(fake.connections.load(Ordering::SeqCst) <= 4, "{kind:?}: {:?}", fake.connections);
    }
}

#[tokio::test]
async fn what_was_proved_goes_on_while_the_directory_is_away() {
    let listening = fake(Kind::Knows).await;
    let mut ldap = open(&listening);
    assert!(named(&ldap, "anna", "right").await.is_ok());
    // The same, with a directory that is gone.
    let silent = fake(Kind::Silent).await;
    ldap.directory = Arc::new(Directory::new(&setting(&silent)).unwrap());
    assert!(named(&ldap, "anna", "right").await.is_ok());
    assert_eq!(named(&ldap, "anna", "righter").await, Err(Unidentified::Unavailable));
}

#[tokio::test]
async fn what_was_proved_is_not_believed_for_ever() {
    let listening = fake(Kind::Knows).await;
    let setting = config::Ldap { maximum_age: jiff::SignedDuration::from_millis(200), ..setting(&listening) };
    let ldap = Ldap::open(&setting, Duration::from_secs(20), None).unwrap();
    assert!(named(&ldap, "anna", "right").await.is_ok());
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(named(&ldap, "anna", "right").await.is_ok());
    assert_eq!(listening.binds.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn answers_are_told_apart() {
    for (kind, expected) in [
        (Kind::Says(49), Refused::Password),
        (Kind::Says(53), Refused::Password),
        (Kind::Says(10), Refused::Code(10)),
        (Kind::Says(51), Refused::Code(51)),
        (Kind::Garbage, Refused::Unreadable),
    ] {
        let ldap = open(&fake(kind).await);
        assert_eq!(ldap.directory.ask("anna", "right").await, Err(expected), "{kind:?}");
    }
}

#[tokio::test]
async fn users_of_the_file_prove_themselves_by_that_alone() {
    let fake = fake(Kind::Knows).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("passwords");
    std::fs::write(&path, format!("anna:{}\n", bcrypt::hash("of-the-file", 8).unwrap())).unwrap();
    let file = Arc::new(Passwords::open(&path, Duration::from_secs(20)).unwrap().beside_another());
    let ldap = Arc::new(Ldap::open(&setting(&fake), Duration::from_secs(20), Some(Arc::clone(&file))).unwrap());
    let ways = super::super::Ways::new(vec![file, Arc::clone(&ldap) as Arc<dyn Identify>]);
    let asked = async |user: &str, password: &str| {
        let mut headers = HeaderMap::new();
        let header = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        headers.insert(AUTHORIZATION, header.parse().unwrap());
        let asking = Asking { headers: &headers, peer: IpAddr::from([127, 0, 0, 1]), certificate: None };
        ways.identify(asking).await.map(|principal| (principal.proofs, principal.more_groups))
    };
    assert_eq!(asked("anna", "of-the-file").await, Ok((vec![Proof::Password], false)));
    assert_eq!(asked("anna", "right").await, Err(Unidentified::Wrong));
    assert_eq!(fake.binds.load(Ordering::SeqCst), 0);
    assert_eq!(asked("bob", "wrong").await, Err(Unidentified::Wrong));
    assert_eq!(fake.binds.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_told_of_a_configuration_that_can_not_work() {
    let fake = fake(Kind::Knows).await;
    let told = |change: fn(&mut config::Ldap)| {
        let mut setting = setting(&fake);
        setting.url = "ldaps://ldap.example.com".to_owned();
        change(&mut setting);
        Ldap::open(&setting, Duration::ZERO, None).unwrap_err().to_string()
    };
    let groups = |change: fn(&mut config::LdapGroups)| {
        let mut setting = setting(&fake);
        setting.url = "ldaps://ldap.example.com".to_owned();
        setting.groups.iter_mut().for_each(change);
        Ldap::open(&setting, Duration::ZERO, None).unwrap_err().to_string()
    };
    insta::assert_snapshot!(
        [
            told(|setting| setting.ca = Some("missing.pem".into())),
            groups(|groups| groups.filter = Some("(member={dn}".to_owned())),
            groups(|groups| {
                groups.filter = None;
                groups.member_of = Some("memberOf".to_owned());
                groups.base = "groups".to_owned();
            }),
        ]
        .join("\n")
    );
    let nested = "(member:1.2.840.113556.1.4.1941:={dn})";
    assert!(ldap3::parse_filter(names::filter(nested, "x", Some("cn=a(b,ou=c"))).is_ok());
}
