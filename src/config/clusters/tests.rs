use super::*;
use std::path::Path;

const REST: &str = "\
listen: {address: '127.0.0.1:8443'}
identity:
  trusted_header: {name: X-User, peers: [127.0.0.1/32]}
policies: {folder: policies}
audit: {folder: log}
";
const TWO: &str = "\
clusters:
  adhoc: {url: 'http://127.0.0.1:8080'}
  etl: {url: 'http://127.0.0.1:8081', drain: true, weight: 3}
";

/// What is said of a configuration; nothing of one that is right.
fn said(more: &str) -> String {
    let path = Path::new("sluice.yaml");
    Config::of_text(&format!("{REST}{more}"), path).map_or_else(|error| error.to_string(), |_| String::new())
}

#[test]
fn several_clusters_and_the_way_to_them_are_read() {
    let routing = "routing:\n- when: {sources: ['air*'], client_tags: [batch]}\n  to: [etl, adhoc]\n  choose: least_used\n- to: [adhoc]\n";
    let config = Config::of_text(&format!("{REST}{TWO}{routing}"), Path::new("/a/sluice.yaml")).unwrap();
    let clusters: Vec<_> = config.clusters().map(|(name, upstream)| (name, upstream.drain, upstream.weight)).collect();
    assert_eq!(clusters, [("adhoc", false, 1), ("etl", true, 3)]);
    assert_eq!(config.default_upstream().unwrap().url, "http://127.0.0.1:8080");
    let one = Config::of_text(&format!("{REST}upstream: {{url: 'http://t:1'}}\n"), Path::new("a")).unwrap();
    assert_eq!(one.clusters().map(|(name, _)| name).collect::<Vec<_>>(), [UPSTREAM]);
    assert_eq!(one.default_upstream().unwrap().url, "http://t:1");
}

#[test]
fn files_of_a_cluster_are_found_beside_the_configuration() {
    let more = "clusters: {a: {url: 'https://t:1', ca: ca.pem, password_file: p}}\nrouting: [{to: [a]}]\n";
    let config = Config::of_text(&format!("{REST}{more}"), Path::new("/a/sluice.yaml")).unwrap();
    let a = config.default_upstream().unwrap();
    assert_eq!((a.ca.as_deref(), a.password_file.as_deref()), (Some(Path::new("/a/ca.pem")), Some(Path::new("/a/p"))));
}

#[test]
fn two_clusters_whose_queries_could_not_be_told_apart_are_refused() {
    // Their hashes begin alike.
    let clusters = |names: [&str; 2]| {
        let [one, other] = names.map(|name| format!("{name}: {{url: 'http://t:1'}}"));
        format!("clusters: {{{one}, {other}}}\nrouting: [{{to: [{}]}}]\n", names[0])
    };
    let told = said(&clusters(["trino-18670", "trino-79890"]));
    assert!(told.contains("`trino-79890` can't stand beside `trino-18670`"), "{told}");
    assert_eq!(said(&clusters(["trino-18670", "trino-79891"])), "");
}

#[test]
fn what_leads_nowhere_is_refused_with_its_line() {
    for (routing, told) in [
        ("", "the last rule has no when"),
        ("routing: []\n", "the last rule has no when"),
        ("routing:\n- {when: {users: [a]}, to: [etl]}\n", "sluice.yaml:10:3"),
        (
            "routing:\n- {to: [adhoc, elt]}\n",
            "line 10 column 16: routing: there is no cluster `elt`; there are adhoc, etl",
        ),
        ("routing:\n- {to: [adhoc, adhoc]}\n", "`adhoc` is named twice"),
        ("routing:\n- {to: []}\n", "to names no cluster"),
        ("routing:\n- {when: {}, to: [etl]}\n- {to: [adhoc]}\n", "when has no condition"),
        ("routing:\n- {when: {users: []}, to: [etl]}\n- {to: [adhoc]}\n", "when.users names nobody"),
        ("routing:\n- {to: [etl]}\n- {when: {users: [a]}, to: [etl]}\n- {to: [adhoc]}\n", "sluice.yaml:11:3"),
        ("routing:\n- {when: {user: [a]}, to: [etl]}\n- {to: [adhoc]}\n", "unknown field `user`"),
        ("routing:\n- {to: [adhoc], choose: any}\n", "unknown variant"),
        ("routing:\n- {to: adhoc}\n", "sluice.yaml:10"),
    ] {
        let text = said(&format!("{TWO}{routing}"));
        assert!(text.contains(told), "{routing}{text}");
    }
}

#[test]
fn a_rule_that_no_statement_comes_to_is_refused() {
    for (first, second, reached) in [
        ("users: ['etl-*']", "users: [etl-1, 'etl-2*']", false),
        ("users: ['etl-*']", "users: [etl-1, loader]", true),
        ("users: ['etl-*']", "users: [etl-1], sources: [dbt]", false),
        ("users: [etl-1], sources: [dbt]", "users: [etl-1]", true),
        ("users: [a]", "principals: [a]", true),
        ("client_tags: [a, b]", "client_tags: [b]", false),
        ("sources: [a]", "sources: ['*']", true),
        ("groups: ['*']", "groups: ['a*b']", false),
    ] {
        let text = said(&format!(
            "{TWO}routing:\n- {{when: {{{first}}}, to: [etl]}}\n- {{when: {{{second}}}, to: [adhoc]}}\n- {{to: [adhoc]}}\n"
        ));
        assert_eq!(text.contains("rule 1 takes in all that this one does"), !reached, "{first} {second}: {text}");
        assert_eq!(text.is_empty(), reached, "{text}");
    }
}

#[test]
fn there_is_one_cluster_or_there_are_several() {
    let upstream = "upstream: {url: 'http://t:1'}\n";
    let rules = "routing: [{to: [adhoc]}]\n";
    for (more, told) in [
        (String::new(), "give it for one cluster, or clusters and routing"),
        (upstream.to_owned(), ""),
        (format!("{TWO}{rules}"), ""),
        (format!("{upstream}{TWO}{rules}"), "is left out where clusters are given"),
        (format!("{upstream}{rules}"), "leads to clusters, which are not given"),
        (format!("clusters: {{}}\n{rules}"), "there is no cluster `adhoc`"),
        ("clusters: {'a.b': {url: 'http://t:1'}}\nrouting: [{to: [a.b]}]\n".to_owned(), "`a.b` is no name"),
        ("upstream: {url: 'http://t:1', drain: true}\n".to_owned(), "drain and weight are for clusters"),
        (format!("{}{rules}", TWO.replace("weight: 3", "weight: 0")), "clusters.etl.weight: at least 1"),
        (format!("{}{rules}", TWO.replace("http://127.0.0.1:8081", "t")), "clusters.etl.url: `t` is not"),
        (format!("{}{rules}", TWO.replace("drain: true", "user: ''")), "clusters.etl.user: a name is needed"),
        (format!("{TWO}{rules}health_checks: {{every: 0s}}\n"), "health_checks.every: must be more than nothing"),
        (format!("{TWO}{rules}health_checks: {{healthy_after: 0}}\n"), "health_checks.healthy_after: at least 1"),
    ] {
        let text = said(&more);
        assert!(if told.is_empty() { text.is_empty() } else { text.contains(told) }, "{more}{text}");
    }
}

#[test]
fn a_problem_is_shown_where_it_stands() {
    insta::assert_snapshot!(said(&format!(
        "{TWO}routing:\n- when: {{users: [loader]}}\n  to: [adhoc, elt]\n- to: [adhoc]\n"
    )));
}
