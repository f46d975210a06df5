//! The listener.

use super::metrics::Metrics;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Most connections at once; more wait for their turn.
const CONNECTIONS: usize = 64;

/// Where the Git server calls.
const HOOK: &str = "/hooks/policies";

/// Most bytes of such a call.
const HOOK_BYTES: usize = 8 * 1024 * 1024;

/// How long a request's headers may take, and an idle connection stays.
const HEADERS: Duration = Duration::from_secs(10);

/// Whether Sluice can take statements, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Whether each check that is required holds.
    pub ready: bool,
    /// What was checked.
    pub checks: Vec<Check>,
    /// The policies in use.
    pub policies: PoliciesInUse,
}

/// The policies in use, for programs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PoliciesInUse {
    /// Their revision, as decision records have it.
    pub revision: String,
    /// Where they are from.
    pub sources: Vec<SourceInUse>,
}

/// A source of policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SourceInUse {
    /// What it is called.
    pub name: String,
    /// The commit that is in use; null for a folder.
    pub commit: Option<String>,
    /// Whether it holds what is in use, as far as is known: not if it can't be looked at, or if what it holds is refused.
    pub current: bool,
    /// For how many seconds it was not known to hold what is in use; null if not even that is known.
    pub age_seconds: Option<u64>,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name: `snapshot`, `audit`, `upstream`.
    pub name: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// Whether Sluice is not ready without it.
    pub required: bool,
    /// For a human.
    pub detail: String,
}

impl Readiness {
    /// The checks of a serving Sluice: policies are loaded, decisions can be written down, and Trino answered the last
    /// request, or one of several clusters is healthy. The last is told but not required: clients of a Trino that is away need Sluice to tell them so, and a
    /// replica without traffic would not notice that it is back.
    pub fn of(
        snapshot: Result<&str, &str>,
        policies: PoliciesInUse,
        audit: bool,
        (upstream, upstream_detail): (bool, String),
    ) -> Readiness {
        let (loaded, detail) = match snapshot {
            Ok(revision) => (true, format!("revision {revision}")),
            Err(reason) => (false, reason.to_owned()),
        };
        let told = |ok: bool, good: &str, bad: &str| if ok { good.to_owned() } else { bad.to_owned() };
        let audit_detail = told(audit, "writable", "the last decision could not be written");
        Readiness {
            ready: loaded && audit,
            checks: vec![
                Check { name: "snapshot", ok: loaded, required: true, detail },
                Check { name: "audit", ok: audit, required: true, detail: audit_detail },
                Check { name: "upstream", ok: upstream, required: false, detail: upstream_detail },
            ],
            policies,
        }
    }
}

/// Tells the readiness of the moment.
pub type ReadinessProbe = Arc<dyn Fn() -> Readiness + Send + Sync>;

/// Told of a call of the Git server's, by its headers and its body. Whether the caller may make it.
pub type Hook = Arc<dyn Fn(&HeaderMap, &[u8]) -> bool + Send + Sync>;

/// What the listener answers from.
#[derive(Clone)]
pub struct Answers {
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The readiness of the moment.
    pub readiness: ReadinessProbe,
    /// The Git server's call, `POST /hooks/policies`, where one is configured.
    pub hook: Option<Hook>,
}

/// Serves until `stop`, and returns when the last connection is closed.
pub async fn serve(listener: TcpListener, answers: Answers, stop: CancellationToken) {
    let turns = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &turns) => accepted,
        };
        match accepted {
            Some((stream, turn)) => {
                let (answers, stop) = (answers.clone(), stop.clone());
                connections.spawn(async move {
                    connection(stream, answers, stop).await;
                    drop(turn);
                });
            }
            // out of file descriptors, as a rule: what is open must first be closed
            None => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    connections.close();
    connections.wait().await;
}

async fn accept(
    listener: &TcpListener,
    turns: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let turn = turns.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, turn)),
        Err(error) => {
            tracing::warn!(%error, "the console can't take a connection");
            None
        }
    }
}

async fn connection(stream: TcpStream, answers: Answers, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answers = answers.clone();
        async move {
            Ok::<_, Infallible>(match &answers.hook {
                Some(hook) if request.uri().path() == HOOK => hooked(request, hook).await,
                _ => respond(&request, &answers.metrics, &answers.readiness),
            })
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the console broke");
    }
}

fn respond(request: &Request<Incoming>, metrics: &Metrics, readiness: &ReadinessProbe) -> Response<Full<Bytes>> {
    let answer = match request.uri().path() {
        "/health/live" => (StatusCode::OK, "text/plain; charset=utf-8", b"live\n".to_vec()),
        "/health/ready" => {
            let now = readiness();
            let status = if now.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            match serde_json::to_vec(&now) {
                Ok(json) => (status, "application/json", json),
                Err(error) => failed(&error),
            }
        }
        "/metrics" => match metrics.text() {
            Ok(text) => (StatusCode::OK, prometheus::TEXT_FORMAT, text),
            Err(error) => failed(&error),
        },
        _ => (StatusCode::NOT_FOUND, "text/plain; charset=utf-8", b"not found\n".to_vec()),
    };
    let (status, content_type, body) = answer;
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    if request.method() != Method::GET && request.method() != Method::HEAD && status != StatusCode::NOT_FOUND {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        *response.body_mut() = Full::default();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers the Git server's call.
async fn hooked(request: Request<Incoming>, hook: &Hook) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let mut response = Response::new(Full::default());
    *response.status_mut() = if parts.method == Method::POST {
        match tokio::time::timeout(HEADERS, Limited::new(body, HOOK_BYTES).collect()).await {
            Ok(Ok(body)) => {
                let right = hook(&parts.headers, &body.to_bytes());
                if !right {
                    tracing::warn!("a call of {HOOK} was not made by who has the secret");
                }
                if right { StatusCode::ACCEPTED } else { StatusCode::FORBIDDEN }
            }
            Ok(Err(_)) => StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => StatusCode::REQUEST_TIMEOUT,
        }
    } else {
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        StatusCode::METHOD_NOT_ALLOWED
    };
    response
}

fn failed(error: &dyn std::error::Error) -> (StatusCode, &'static str, Vec<u8>) {
    tracing::error!(%error, "the console can't answer");
    (StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", b"internal error\n".to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::task::JoinHandle;

    struct Console {
        address: std::net::SocketAddr,
        audit: Arc<AtomicBool>,
        stop: CancellationToken,
        serving: JoinHandle<()>,
    }

    async fn console() -> Console {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let audit = Arc::new(AtomicBool::new(true));
        let probe = audit.clone();
        let mesh = SourceInUse {
            name: "mesh".to_owned(),
            commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
            current: true,
            age_seconds: Some(3),
        };
        let policies = PoliciesInUse { revision: "r1".to_owned(), sources: vec![mesh] };
        let readiness: ReadinessProbe = Arc::new(move || {
            Readiness::of(
                Ok("r1"),
                policies.clone(),
                probe.load(Ordering::SeqCst),
                (false, "did not answer the last request".to_owned()),
            )
        });
        let stop = CancellationToken::new();
        let metrics = Arc::new(Metrics::new().unwrap());
        let hook: Hook = Arc::new(|headers, body| headers.contains_key("x-secret") && body == b"pushed");
        let answers = Answers { metrics, readiness, hook: Some(hook) };
        let serving = tokio::spawn(serve(listener, answers, stop.clone()));
        Console { address, audit, stop, serving }
    }

    async fn ask(console: &Console, request: &str) -> String {
        let mut stream = TcpStream::connect(console.address).await.unwrap();
        let request = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn each_path_answers_what_it_is_for_and_others_nothing() {
        let console = console().await;
        let cases = [
            ("GET /health/live", "HTTP/1.1 200 OK", "live\n"),
            ("GET /health/live?x=1", "HTTP/1.1 200 OK", "live\n"),
            ("HEAD /health/ready", "HTTP/1.1 200 OK", ""),
            ("GET /metrics", "HTTP/1.1 200 OK", "sluice_decisions_total{outcome=\"deny\"} 0"),
            ("GET /", "HTTP/1.1 404 Not Found", "not found\n"),
            ("POST /unknown", "HTTP/1.1 404 Not Found", "not found\n"),
            ("POST /metrics", "HTTP/1.1 405 Method Not Allowed", ""),
            ("GET /health/live/x", "HTTP/1.1 404 Not Found", ""),
        ];
        for (request, status, body) in cases {
            let answer = ask(&console, request).await;
            assert!(answer.starts_with(status) && answer.contains(body), "{request}: {answer}");
        }
    }

    #[tokio::test]
    async fn the_git_servers_call_is_taken_from_who_has_the_secret() {
        let console = console().await;
        let cases = [
            ("GET", "x-secret: 1", "", "HTTP/1.1 405"),
            ("POST", "x-secret: 1", "pushed", "HTTP/1.1 202"),
            ("POST", "x-other: 1", "pushed", "HTTP/1.1 403"),
            ("POST", "x-secret: 1", "pulled", "HTTP/1.1 403"),
        ];
        for (method, header, body, status) in cases {
            let mut stream = TcpStream::connect(console.address).await.unwrap();
            let length = body.len();
            let request = format!(
                "{method} /hooks/policies HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n\
                 content-length: {length}\r\n\r\n{body}"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            assert!(answer.starts_with(status), "{method} {header} {body}: {answer}");
        }
    }

    #[tokio::test]
    async fn readiness_gives_its_reasons() {
        let console = console().await;
        let ready = ask(&console, "GET /health/ready").await;
        assert!(ready.starts_with("HTTP/1.1 200 OK"), "{ready}");
        console.audit.store(false, Ordering::SeqCst);
        let unready = ask(&console, "GET /health/ready").await;
        assert!(unready.starts_with("HTTP/1.1 503"), "{unready}");
        insta::assert_snapshot!(unready.rsplit("\r\n").next().unwrap(), @r#"{"ready":false,"checks":[{"name":"snapshot","ok":true,"required":true,"detail":"revision r1"},{"name":"audit","ok":false,"required":true,"detail":"the last decision could not be written"},{"name":"upstream","ok":false,"required":false,"detail":"did not answer the last request"}],"policies":{"revision":"r1","sources":[{"name":"mesh","commit":"0123456789abcdef0123456789abcdef01234567","current":true,"age_seconds":3}]}}"#);
    }

    #[tokio::test]
    async fn a_stop_closes_idle_connections_and_the_listener() {
        let console = console().await;
        let mut idle = TcpStream::connect(console.address).await.unwrap();
        idle.write_all(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        idle.read_u8().await.unwrap();
        console.stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), console.serving).await.unwrap().unwrap();
        assert!(TcpStream::connect(console.address).await.is_err());
    }
}
