//! A Trino of a few lines, for tests: it answers each statement with the pages that a test gives.

use super::trino::TrinoClient;
use crate::config::Upstream;
use crate::proxy::connect::http_client;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// How a statement is answered.
#[derive(Clone)]
pub(crate) struct Reply {
    pages: Vec<Vec<Value>>,
    error: Option<(String, String)>,
    slow: bool,
}

impl Reply {
    pub(crate) fn pages<const N: usize>(pages: [Vec<Value>; N]) -> Reply {
        Reply { pages: pages.to_vec(), error: None, slow: false }
    }

    pub(crate) fn rows(rows: Vec<Value>) -> Reply {
        Reply::pages([vec![], rows])
    }

    pub(crate) fn error(name: &str, message: &str) -> Reply {
        Reply { pages: vec![vec![]], error: Some((name.to_owned(), message.to_owned())), slow: false }
    }

    /// Each page after the first never comes.
    pub(crate) fn slow_after_first(self) -> Reply {
        Reply { slow: true, ..self }
    }
}

/// The tables that a question of Sluice's names.
pub(crate) fn tables_of(sql: &str) -> Vec<String> {
    let names = sql.split_once("table_name IN (").and_then(|(_, names)| names.split_once(')'));
    let names = names.map(|(names, _)| names.split(", ")).into_iter().flatten();
    names.map(|name| name.trim_matches('\'').to_owned()).collect()
}

#[derive(Default)]
struct State {
    statements: Mutex<Vec<String>>,
    headers: Mutex<http::HeaderMap>,
    replies: Mutex<HashMap<usize, Reply>>,
    failing_pages: AtomicUsize,
    failing_statements: AtomicUsize,
    page_requests: AtomicUsize,
    stopped: AtomicUsize,
    /// What `/v1/info` says; without it there is no such page.
    version: Mutex<Option<String>>,
}

type Answer = Arc<dyn Fn(&str) -> Reply + Send + Sync>;

pub(crate) struct Fake {
    url: String,
    state: Arc<State>,
}

impl Fake {
    pub(crate) async fn start(answer: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let shared = state.clone();
        let answer: Answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, answer) = (shared.clone(), answer.clone());
                tokio::spawn(async move {
                    let service = service_fn(move |request| respond(request, state.clone(), answer.clone()));
                    let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Fake { url, state }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> TrinoClient {
        let upstream = Upstream { answer_timeout: SignedDuration::from_secs(30), ..Upstream::at(self.url.clone()) };
        TrinoClient::new(http_client(&upstream).unwrap(), &upstream).unwrap()
    }

    pub(crate) fn set_version(&self, version: &str) {
        *self.state.version.lock().unwrap() = Some(version.to_owned());
    }

    pub(crate) fn statements(&self) -> Vec<String> {
        self.state.statements.lock().unwrap().clone()
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.state.headers.lock().unwrap()[name].to_str().unwrap().to_owned()
    }

    pub(crate) fn fail_next_pages(&self, count: usize) {
        self.state.failing_pages.store(count, Ordering::SeqCst);
    }

    pub(crate) fn fail_next_statements(&self, count: usize) {
        self.state.failing_statements.store(count, Ordering::SeqCst);
    }

    pub(crate) async fn page_requests(&self, count: usize) {
        wait_for(&self.state.page_requests, count).await;
    }

    pub(crate) async fn stopped_queries(&self, count: usize) {
        wait_for(&self.state.stopped, count).await;
    }
}

async fn wait_for(counter: &AtomicUsize, count: usize) {
    for _ in 0..500 {
        if counter.load(Ordering::SeqCst) >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited five seconds for {count} of what is counted");
}

fn take_one(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

async fn respond(
    request: Request<Incoming>,
    state: Arc<State>,
    answer: Answer,
) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    let busy = || Ok(Response::builder().status(StatusCode::SERVICE_UNAVAILABLE).body(Full::from("busy")).unwrap());
    let (parts, body) = request.into_parts();
    let (query, page) = match parts.method {
        Method::POST => {
            if take_one(&state.failing_statements) {
                return busy();
            }
            let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let reply = answer(&text);
            *state.headers.lock().unwrap() = parts.headers;
            let mut statements = state.statements.lock().unwrap();
            statements.push(text);
            state.replies.lock().unwrap().insert(statements.len(), reply);
            (statements.len(), 0)
        }
        Method::DELETE => {
            state.stopped.fetch_add(1, Ordering::SeqCst);
            return Ok(Response::builder().status(StatusCode::NO_CONTENT).body(Full::from("")).unwrap());
        }
        _ if parts.uri.path() == "/v1/info" => {
            let Some(version) = state.version.lock().unwrap().clone() else { return busy() };
            let info = json!({"nodeVersion": {"version": version}, "starting": false});
            return Ok(Response::new(Full::from(info.to_string())));
        }
        _ => {
            state.page_requests.fetch_add(1, Ordering::SeqCst);
            if take_one(&state.failing_pages) {
                return busy();
            }
            let mut numbers = parts.uri.path().rsplit('/').map(|part| part.parse::<usize>().unwrap_or_default());
            let page = numbers.next().unwrap();
            (numbers.next().unwrap(), page)
        }
    };
    let reply = state.replies.lock().unwrap()[&query].clone();
    if reply.slow && page > 0 {
        std::future::pending::<()>().await;
    }
    let mut json = json!({"id": format!("q{query}"), "stats": {"state": "RUNNING"}});
    if !reply.pages[page].is_empty() {
        json["data"] = json!(reply.pages[page]);
    }
    if page + 1 < reply.pages.len() {
        // an address that is not this server's: nothing listens there
        json["nextUri"] = json!(format!("http://192.0.2.1:1/v1/statement/executing/{query}/{}", page + 1));
    } else if let Some((name, message)) = reply.error {
        json["error"] = json!({"errorName": name, "errorCode": 1, "message": message});
    }
    Ok(Response::new(Full::from(json.to_string())))
}
