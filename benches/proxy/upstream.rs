//! A Trino that only answers.
//!
//! A statement that names `small` or `large` gets pages of 1 KB or 1 MB; each page has a next one, whatever number is
//! asked for. One that names `done` has ended with its first page. Sluice's own questions about these tables are answered too,
//! and what a query resolved, which its id says.

use super::Failure;
use super::tls::{Tls, taken};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

const QUERY: &str = "20260101_000000_00001_bench";

/// Pages by path, made once.
type Pages = Mutex<HashMap<String, Bytes>>;

pub(super) async fn serve(address: SocketAddr, tls: Option<Tls>) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let pages = Arc::new(Pages::default());
    loop {
        let (stream, _) = listener.accept().await?;
        let (pages, tls) = (pages.clone(), tls.as_ref().map(|tls| tls.acceptor.clone()));
        tokio::spawn(async move {
            let service = service_fn(move |request| respond(request, pages.clone()));
            if let Ok(stream) = taken(stream, tls).await {
                let _ended = http1::Builder::new().serve_connection(stream, service).await;
            }
        });
    }
}

async fn respond(request: Request<Incoming>, pages: Arc<Pages>) -> Result<Response<Full<Bytes>>, Failure> {
    let (parts, body) = request.into_parts();
    let page = match (&parts.method, parts.uri.path()) {
        (&Method::POST, "/v1/statement") => {
            let sql = body.collect().await?.to_bytes();
            let sql = String::from_utf8_lossy(&sql);
            if parts.headers.get("x-trino-source").is_some_and(|source| source == "sluice") {
                Bytes::from(about_tables(&sql).to_string())
            } else {
                let path = ["/large/0", "/done/0"].into_iter().find(|path| sql.contains(path.trim_matches(['/', '0'])));
                cached(&pages, path.unwrap_or("/small/0"))
            }
        }
        (&Method::GET, path) if path.starts_with("/v1/statement/executing/") => {
            cached(&pages, if path.contains("/large/") { "/large/1" } else { "/small/1" })
        }
        (&Method::GET, path) if path.starts_with("/v1/query/") => Bytes::from(info(path).to_string()),
        (&Method::GET, "/v1/info") => Bytes::from_static(b"{\"nodeVersion\":{\"version\":\"476\"},\"starting\":false}"),
        (&Method::DELETE, _) => return Ok(Response::builder().status(StatusCode::NO_CONTENT).body(Full::default())?),
        _ => return Ok(Response::builder().status(StatusCode::NOT_FOUND).body(Full::default())?),
    };
    Ok(Response::builder().header("content-type", "application/json").body(Full::new(page))?)
}

fn cached(pages: &Pages, path: &str) -> Bytes {
    let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
    pages.entry(path.to_owned()).or_insert_with(|| Bytes::from(page(path))).clone()
}

/// What a query's statistics say, in Trino's order.
const STATISTICS: &str = concat!(
    r#"{"state":"RUNNING","queued":false,"scheduled":true,"progressPercentage":66.67,"runningPercentage":33.33,"nodes":1,"#,
    r#""totalSplits":12,"queuedSplits":0,"runningSplits":4,"completedSplits":8,"planningTimeMillis":7,"#,
    r#""analysisTimeMillis":3,"cpuTimeMillis":20,"wallTimeMillis":40,"queuedTimeMillis":1,"elapsedTimeMillis":60,"#,
    r#""finishingTimeMillis":0,"physicalInputTimeMillis":9,"processedRows":9500,"processedBytes":1000000,"#,
    r#""physicalInputBytes":1000000,"physicalWrittenBytes":0,"internalNetworkInputBytes":0,"peakMemoryBytes":2000000,"#,
    r#""spilledBytes":0}"#
);
const COLUMNS: &str = concat!(
    r#"[{"name":"id","type":"bigint","typeSignature":{"rawType":"bigint","arguments":[]}},"#,
    r#"{"name":"text","type":"varchar","typeSignature":{"rawType":"varchar","arguments":[]}}]"#
);

/// As Trino writes it, with rows of a number and a text, as many as make the page about as large as its path says.
fn page(path: &str) -> String {
    let slug = if path.starts_with("/large") { "large" } else { "small" };
    let query = format!("{QUERY}_{}", path.split('/').nth(1).unwrap_or_default());
    let mut text = format!(r#"{{"id":"{query}","infoUri":"http://trino.invalid/ui/query.html?{query}","#);
    if !path.starts_with("/done") {
        text.push_str(&format!(r#""nextUri":"http://trino.invalid/v1/statement/executing/{query}/{slug}/1","#));
    }
    // a first page has no rows, as with Trino
    if !path.ends_with("/0") {
        let (rows, long) = if slug == "large" { (9500, 100) } else { (1, 20) };
        let rows: Vec<String> = (0..rows).map(|number| format!(r#"[{number},"{}"]"#, "x".repeat(long))).collect();
        text.push_str(&format!(r#""columns":{COLUMNS},"data":[{}],"#, rows.join(",")));
    }
    text.push_str(&format!(r#""stats":{STATISTICS},"warnings":[]}}"#));
    text
}

/// The info of a query: it resolved the table that its id names.
fn info(path: &str) -> Value {
    let query = path.trim_start_matches("/v1/query/");
    let table = query.rsplit('_').next().unwrap_or_default();
    let table =
        json!({"catalog": "lake", "schema": "bench", "table": table, "referenceChain": [], "authorization": "analyst"});
    json!({"queryId": query, "state": "RUNNING", "referencedTables": [table]})
}

/// The answer to Sluice's own question about tables, all on one page.
fn about_tables(sql: &str) -> Value {
    let named = sql.split_once("table_name IN (").and_then(|(_, names)| names.split_once(')'));
    let named = named.map(|(names, _)| names.split(", ")).into_iter().flatten().map(|name| name.trim_matches('\''));
    let rows = named.flat_map(|name| {
        let columns = [(1, "id", "bigint"), (2, "text", "varchar"), (3, "region", "varchar")];
        [(0, "BASE TABLE", "")]
            .into_iter()
            .chain(columns)
            .map(move |(place, first, second)| json!([name, place, first, second]))
    });
    json!({"id": QUERY, "stats": {"state": "FINISHED"}, "data": rows.collect::<Vec<_>>()})
}
