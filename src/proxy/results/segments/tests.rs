use super::*;
use crate::config::{SegmentOrigin, Spooling as Configured, Upstream};
use crate::identity::Sealer;
use crate::proxy::origin::Origins;
use crate::proxy::spooled::Spooling;
use serde_json::{Value, json};
use std::sync::Arc;

const STORAGE: &str = "https://spool.s3.example:9000";

fn spooled() -> Spooled {
    let origins = vec![SegmentOrigin { url: STORAGE.to_owned(), ca: None }];
    let configured = Configured { origins, ..Configured::default() };
    let upstream = Upstream { spooling: Some(configured), ..Upstream::at("http://trino:8080".to_owned()) };
    let sealer = Arc::new(Sealer::new(&[7; 32], "test"));
    Spooled { sealer, spooling: Spooling::new(&upstream).unwrap().unwrap() }
}

fn run(data: &str, cut: usize, most: usize) -> Result<(Value, u64), Malformed> {
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "sluice.example".parse().unwrap());
    let origin = Origins::new(None, true).of(&headers).unwrap();
    let owner = Owner { principal: "anna".to_owned(), user: "ann".to_owned() };
    let query = QueryId::parse("q_1").unwrap();
    let (spooled, mut out, mut segments) = (spooled(), BytesMut::new(), Segments::new(most));
    let of = Of { spooled: &spooled, origin: &origin, owner: &owner, query: &query, mark: "MARK" };
    for bytes in data.as_bytes().chunks(cut) {
        segments.push(bytes, of, &mut out)?;
    }
    let rows = segments.finish()?;
    Ok((serde_json::from_slice(&out).unwrap(), rows))
}

fn metadata(rows: u64) -> Value {
    json!({"segmentSize": 5, "uncompressedSize": 9, "rowsCount": rows, "rowOffset": 0, "expiresAt": "2026-01-01T00:00:00.0"})
}

fn inline(rows: u64) -> Value {
    json!({"type": "inline", "data": "W1sxXV0=", "metadata": {"segmentSize": 5, "rowsCount": rows, "rowOffset": 0}})
}

fn in_storage(uri: &str) -> Value {
    json!({
        "type": "spooled", "uri": uri, "ackUri": "http://10.0.0.1:8080/v1/spooled/ack/abc-_=", "metadata": metadata(7),
        "headers": {"x-amz-server-side-encryption-customer-key": ["canary"]},
    })
}

fn data(encoding: &str, segments: &[Value]) -> String {
    json!({"encoding": encoding, "segments": segments}).to_string()
}

#[test]
fn addresses_lead_to_sluice_and_tell_nothing_however_the_bytes_come() {
    for (uri, origin, path) in [
        ("http://10.0.0.1:8080/v1/spooled/download/abc-_=", None, "/v1/spooled/download/abc-_="),
        ("https://elsewhere/v1/spooled/download/abc", None, "/v1/spooled/download/abc"),
        ("https://SPOOL.s3.example:9000/b/k?X-Amz-Signature=s", Some(STORAGE), "/b/k?X-Amz-Signature=s"),
    ] {
        for cut in [1, 3, 10_000] {
            let (shown, rows) = run(&data("json+zstd", &[inline(3), in_storage(uri), inline(4)]), cut, 10_000).unwrap();
            assert_eq!((rows, &shown["encoding"]), (14, &json!("json+zstd")));
            assert_eq!((&shown["segments"][0], &shown["segments"][2]), (&inline(3), &inline(4)));
            let segment = &shown["segments"][1];
            assert_eq!((&segment["metadata"], &segment["type"]), (&metadata(7), &json!("spooled")));
            let text = segment.to_string();
            for secret in ["10.0.0.1", "elsewhere", "canary", "x-amz", ".example:", "X-Amz"] {
                assert!(!text.contains(secret), "{secret} in {text}");
            }
            let opened = |field: &str, part: Part| -> Segment {
                let address = segment[field].as_str().unwrap().strip_prefix("https://sluice.example").unwrap();
                let (of, sealed) = Part::of(address).unwrap();
                assert_eq!(of, part);
                spooled().sealer.open(sealed).unwrap()
            };
            let (download, ack) = (opened("uri", Part::Download), opened("ackUri", Part::Ack));
            assert_eq!((download.place.origin(), &*download.place.path), (origin, path));
            assert_eq!((ack.place.origin(), &*ack.place.path), (None, "/v1/spooled/ack/abc-_="));
            assert_eq!(segment["headers"], json!({"x-sluice-segment": [download.key]}));
            assert_eq!(download.key, ack.key);
        }
    }
}

#[test]
fn no_segments_are_segments_and_white_space_means_nothing() {
    let given = "{ \"encoding\" : \"json\", \"metadata\": {}, \"segments\" : [ ] }";
    assert_eq!(run(given, 1, 100).unwrap(), (json!({"encoding": "json", "segments": []}), 0));
    let given = format!("{{\"encoding\":\"json\",\"segments\":[\n{} , {}\t]\n}}", inline(1), inline(2));
    assert_eq!(run(&given, 1, 1000).unwrap().0["segments"], json!([inline(1), inline(2)]));
}

#[test]
fn what_is_not_just_what_trino_writes_is_refused() {
    let at = |uri: &str| data("json", &[in_storage(uri)]);
    let changed = |field: &str, value: Value| {
        let mut segment = in_storage("http://t/v1/spooled/download/abc");
        segment[field] = value;
        data("json", &[segment])
    };
    for (given, said) in [
        (data("json+avro", &[]), "an encoding that is not known"),
        (at("http://10.0.0.9/bucket/key"), "does not name"),
        (at("https://spool.s3.example/b/k"), "does not name"),
        (at("http://spool.s3.example:9000/b/k"), "does not name"),
        (at("https://a@spool.s3.example:9000/b/k"), "does not name"),
        (at("https://spool.s3.example:9000.evil.example/b/k"), "does not name"),
        (at("http://t/v1/spooled/download/a?x=1"), "does not name"),
        (at("http://t/v1/spooled/download/../../statement"), "does not name"),
        (at("http://t/v1/spooled/ack/abc"), "does not name"),
        (at("/etc/passwd"), "does not name"),
        (at("not an address"), "does not name"),
        (changed("ackUri", json!("http://10.0.0.9/forget")), "acknowledged elsewhere"),
        (changed("ackUri", json!("https://spool.s3.example:9000/b/k")), "acknowledged elsewhere"),
        (changed("headers", json!({"authorization": ["x"]})), "a header that is not known"),
        (changed("headers", json!({"x-amz-a": ["x\r\ny"]})), "a header that is not known"),
        (changed("headers", json!({"x-amz-a": ["x", "y"]})), "another shape"),
        (changed("type", json!("inline")), "another shape"),
        (changed("type", json!("other")), "another shape"),
        (changed("data", json!("W1sxXV0=")), "another shape"),
        (changed("more", json!(1)), "another shape"),
        (changed("uri", Value::Null), "another shape"),
        (
            changed("metadata", json!({"segmentSize": 1, "rowsCount": 1, "rowOffset": 0, "path": "s3://b"})),
            "another shape",
        ),
        (data("json", &[json!({"type": "inline", "data": [[1]], "metadata": metadata(1)})]), "another shape"),
        (data("json", &[json!({"type": "inline", "data": "\"", "metadata": metadata(1)})]), "another shape"),
        (data("json", &[json!([])]), "another shape"),
        (r#"{"segments":[],"encoding":"json"}"#.to_owned(), "another shape"),
        (r#"{"encoding":"json","segments":[],"more":1}"#.to_owned(), "another shape"),
        (r#"{"encoding":"json","metadata":{"schema":"x"},"segments":[]}"#.to_owned(), "another shape"),
        (r#"{"encoding":"json","encoding":"json","segments":[]}"#.to_owned(), "another shape"),
        (r#"{"encoding":"json","segments":[,]}"#.to_owned(), "another shape"),
        (format!(r#"{{"encoding":"json","segments":[{0}{0}]}}"#, inline(1)), "another shape"),
        (format!(r#"{{"encoding":"json","segments":[{0},]}}"#, inline(1)), "another shape"),
        (r#"{"encoding":"json""#.to_owned(), "another shape"),
        (data("json", &[json!({"type": "inline", "data": "A".repeat(2000), "metadata": metadata(1)})]), "larger than"),
    ] {
        for cut in [1, 10_000] {
            let error = run(&given, cut, 1000).map(|shown| panic!("{given}: {shown:?}")).unwrap_err();
            assert!(error.0.contains(said), "{given}: {error}");
        }
    }
}
