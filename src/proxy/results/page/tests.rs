use super::*;
use crate::proxy::origin::Origins;
use serde_json::{Value, json};
use uuid::Uuid;

pub(in super::super) fn context(query: Option<&str>) -> PageContext {
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "sluice.example:8443".parse().unwrap());
    PageContext {
        origin: Origins::new(None, true).of(&headers).unwrap(),
        key: MarkKey::load(None).unwrap(),
        owner: Owner { principal: "anna".to_owned(), user: "anna".to_owned() },
        facts: Facts {
            restricted: false,
            rewritten: false,
            redefines: false,
            unresolved: false,
            by_address: false,
            cluster: crate::config::cluster_id::ClusterId::UPSTREAM,
            decision: Uuid::from_u128(1),
        },
        mark: None,
        positions: None,
        query: query.map(|id| QueryId::parse(id).unwrap()),
        segments: None,
        envelope_bytes: 100_000,
    }
}

fn run(page: &str, context: PageContext, cut: usize) -> Result<(Value, Summary), Malformed> {
    let mut reader = Page::new(context);
    let mut out: Vec<Bytes> = Vec::new();
    for part in page.as_bytes().chunks(cut) {
        reader.push(&Bytes::copy_from_slice(part), &mut out)?;
    }
    let summary = reader.finish()?;
    Ok((serde_json::from_slice(&out.concat()).unwrap(), summary))
}

const NEXT: &str = "http://10.0.0.1:8080/v1/statement/executing/q_1/yabc/1";

#[test]
fn each_address_leads_to_sluice_whatever_the_order_of_fields() {
    let fields = [
        json!({"nextUri": NEXT}),
        json!({"partialCancelUri": "http://trino/v1/statement/executing/partialCancel/q_1/0/yabc/1"}),
        json!({"infoUri": "http://trino:8080/ui/query.html?q_1"}),
        json!({"id": "q_1"}),
        json!({"columns": [{"name": "a"}]}),
        json!({"data": [[1], [2]]}),
        json!({"stats": {"state": "RUNNING"}}),
        json!({"warnings": []}),
    ];
    for rotated in 0..fields.len() {
        let mut order = fields.clone();
        order.rotate_left(rotated);
        let inner: Vec<String> = order
            .iter()
            .map(serde_json::Value::to_string)
            .map(|field| field.strip_prefix('{').unwrap().strip_suffix('}').unwrap().to_owned())
            .collect();
        let page = format!("{{{}}}", inner.join(","));
        for cut in [1, 7, 10_000] {
            let (shown, summary) = run(&page, context(None), cut).unwrap();
            assert!(!shown.to_string().contains("10.0.0.1") && !shown.to_string().contains("trino"), "{shown}");
            let next = shown["nextUri"].as_str().unwrap();
            assert!(next.starts_with("https://sluice.example:8443/v1/statement/executing/q_1/yabc/1?sluice="));
            assert_eq!(shown["infoUri"], "https://sluice.example:8443/ui/query.html?q_1");
            assert_eq!(shown["data"], json!([[1], [2]]));
            assert_eq!(summary.next.as_deref(), Some("/v1/statement/executing/q_1/yabc/1"));
            assert_eq!(summary.rows, 2);
        }
    }
}

#[test]
fn counts_are_told_where_nothing_is_hidden_and_nowhere_else() {
    let page = r#"{"id":"q_1","stats":{"state":"RUNNING","processedRows": 6,"new":[1]},"warnings":[]}"#;
    for cut in [1, 7, 10_000] {
        let mut reader = Page::new(context(None));
        let mut out: Vec<Bytes> = Vec::new();
        for part in page.as_bytes().chunks(cut) {
            reader.push(&Bytes::copy_from_slice(part), &mut out).unwrap();
        }
        assert_eq!(out.concat(), page.as_bytes());
        let mut hiding = context(None);
        hiding.facts.restricted = true;
        let (shown, _) = run(page, hiding, cut).unwrap();
        assert_eq!((&shown["stats"]["state"], &shown["stats"]["processedRows"]), (&json!("RUNNING"), &json!(0)));
        assert_eq!(shown["stats"].get("new"), None);
    }
}

#[test]
fn a_mark_in_an_address_is_its_owners() {
    let context = context(None);
    let (key, owner) = (context.key.clone(), context.owner.clone());
    let (shown, summary) = run(&json!({"id": "q_1", "nextUri": NEXT}).to_string(), context, 10_000).unwrap();
    let mark = shown["nextUri"].as_str().unwrap().split_once("?sluice=").unwrap().1;
    assert_eq!(key.read(mark, &owner, &summary.query).unwrap().decision, Uuid::from_u128(1));
}

#[test]
fn a_page_that_leads_elsewhere_or_is_of_another_query_is_refused() {
    for page in [
        json!({"id": "q_2"}),
        json!({"id": "q_1", "nextUri": "http://evil/other"}),
        json!({"id": "q_1", "nextUri": "http://trino/v1/statement/executing/q_2/yabc/1"}),
        json!({"id": "q_1", "nextUri": format!("{NEXT}?else=1")}),
        json!({"id": "q_1", "nextUri": 7}),
        json!({"id": "q/1"}),
        json!({"id": null}),
        json!({}),
        json!({"data": [[1]], "warnings": []}),
        json!({"id": "q_1", "error": "x"}),
        json!({"id": "q_1", "data": {"encoding": "json", "segments": []}}),
    ] {
        assert!(run(&page.to_string(), context(Some("q_1")), 10_000).is_err(), "{page}");
    }
    assert!(run(&json!({"nextUri": NEXT}).to_string(), context(None), 10_000).is_err());
    assert!(run("{\"id\":\"q_1\"", context(None), 10_000).is_err());
}

#[test]
fn a_large_page_goes_by_in_the_slices_that_came() {
    let row = format!("[\"{}\"],", "x".repeat(10_000));
    let page = format!("{{\"id\":\"q_1\",\"data\":[{}[1]]}}", row.repeat(50));
    let mut reader = Page::new(context(None));
    let whole = Bytes::from(page.clone());
    let mut out: Vec<Bytes> = Vec::new();
    reader.push(&whole, &mut out).unwrap();
    assert_eq!(out.len(), 3);
    assert_eq!(out.concat(), page.as_bytes());
    assert_eq!(reader.finish().unwrap().rows, 51);
}
