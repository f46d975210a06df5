use super::*;
use crate::proxy::mark::Owner;
use crate::proxy::query_id::QueryId;
use http::HeaderMap;

fn segment(principal: &str, user: &str) -> Segment {
    let owner = Owner { principal: principal.to_owned(), user: user.to_owned() };
    let place = Place { origin: None, path: "/v1/spooled/download/a".to_owned() };
    Segment::new(&owner, &QueryId::parse("q_1").unwrap(), "MARK", place).unwrap()
}

#[test]
fn a_segment_is_for_its_principal_and_effective_user() {
    let (own, acting) = (segment("anna", "anna"), segment("superset", "anna"));
    let keys = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY_HEADER, value.parse().unwrap());
        }
        headers
    };
    let (none, wrong) = (keys(&[]), keys(&["AAAAAAAAAAAAAAAAAAAAAA"]));
    for (segment, principal, user, headers, key_does, given) in [
        (&own, Some("anna"), None, &none, false, true),
        (&own, Some("anna"), Some("anna"), &none, false, true),
        (&own, Some("anna"), Some("bert"), &none, false, false),
        (&own, Some("bert"), Some("anna"), &none, false, false),
        (&own, Some("bert"), None, &keys(&[&own.key]), true, false),
        (&own, None, None, &keys(&[&own.key]), true, true),
        (&own, None, None, &keys(&[&own.key]), false, false),
        (&own, None, None, &none, true, false),
        (&own, None, Some("anna"), &none, true, false),
        (&own, None, None, &wrong, true, false),
        (&own, None, None, &keys(&[&acting.key]), true, false),
        (&own, None, None, &keys(&[&own.key, &own.key]), true, false),
        (&own, None, None, &keys(&[""]), true, false),
        (&own, None, Some("bert"), &keys(&[&own.key]), true, false),
        (&acting, Some("superset"), None, &none, false, false),
        (&acting, Some("superset"), None, &wrong, false, false),
        (&acting, Some("superset"), None, &keys(&[&acting.key]), false, true),
        (&acting, Some("superset"), Some("anna"), &none, false, true),
        (&acting, Some("superset"), Some("superset"), &keys(&[&acting.key]), false, false),
        (&acting, Some("anna"), Some("anna"), &keys(&[&acting.key]), true, false),
    ] {
        let asker = Asker { principal, user, headers };
        assert_eq!(segment.is_for(asker, key_does), given, "{principal:?} {user:?} {headers:?} {key_does}");
    }
}

#[test]
fn what_is_sealed_comes_back_whole() {
    let sealer = Sealer::new(&[7; 32], PURPOSE);
    let mut sealed = segment("anna", "ann");
    assert!(sealed.add("x-amz-server-side-encryption-customer-key", "k"));
    sealed.place.origin = Some("https://storage".to_owned());
    let text = sealer.seal(&sealed).unwrap();
    assert_eq!(sealer.open::<Segment>(&text), Some(sealed));
    assert_eq!(Sealer::new(&[7; 32], "other").open::<Segment>(&text), None);
}

#[test]
fn headers_are_those_of_storages_and_few() {
    let mut one = segment("anna", "anna");
    for (name, value) in
        [("authorization", "x"), ("host", "x"), ("x-trino-user", "x"), ("x-amz-a b", "x"), ("x-amz-a", "x\n")]
    {
        assert!(!one.add(name, value), "{name}");
    }
    assert_eq!((0..20).filter(|number| one.add(&format!("x-ms-{number}"), "x")).count(), 16);
    assert_eq!(one.headers().unwrap().len(), 16);
}

#[test]
fn trino_is_asked_for_what_the_client_and_the_configuration_have_in_common() {
    let of = |encodings: Vec<Encoding>| Spooling { encodings, downloads: Downloads::LogIn, origins: Vec::new() };
    let asked = [Encoding::JsonZstd, Encoding::Json];
    for (configured, sent) in [
        (vec![Encoding::Json, Encoding::JsonLz4, Encoding::JsonZstd], Some("json+zstd,json")),
        (vec![Encoding::Json], Some("json")),
        (vec![Encoding::JsonLz4], None),
    ] {
        let header = of(configured).asked(&asked);
        assert_eq!(header.as_ref().map(|header| header.to_str().unwrap()), sent);
    }
    assert_eq!(of(vec![Encoding::Json]).asked(&[]), None);
}
