//! A stand-in for Trino: it answers as a test's script says, and remembers what it was asked.

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpListener;

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

/// What is answered.
pub(super) enum Reply {
    /// A page.
    Page(Value),
    /// A page with headers.
    PageWith(Vec<(&'static str, &'static str)>, Value),
    /// A page as bytes.
    Bytes(Vec<u8>),
    /// A status and a text.
    Status(u16, &'static str),
    /// Another address.
    Redirect(String),
    /// A page with rows without end.
    Endless,
    /// A page whose last byte comes and whose body does not end.
    Unended(Value),
    /// The beginning of a page, and then a broken connection.
    CutOff,
    /// A broken connection.
    Break,
}

pub(super) const QUERY: &str = "20260101_000000_00001_trino";

/// The path of a page.
pub(super) fn path(token: u32) -> String {
    format!("/v1/statement/executing/{QUERY}/yslug/{token}")
}

/// A page with these fields besides those that each page has.
pub(super) fn page(more: Value) -> Value {
    let mut page = json!({
        "id": QUERY, "infoUri": format!("http://trino.internal:8080/ui/query.html?{QUERY}"),
        "stats": {"state": "RUNNING"}, "warnings": [],
    });
    page.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    page
}

/// A page that leads to another.
pub(super) fn leading_to(token: u32) -> Value {
    page(json!({"nextUri": format!("http://trino.internal:8080{}", path(token))}))
}

#[derive(Clone)]
pub(super) struct FakeTrino {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

type Script = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

impl FakeTrino {
    pub(super) async fn start(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> FakeTrino {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let trino = FakeTrino { url: format!("http://{}", listener.local_addr().unwrap()), seen: Arc::default() };
        let (seen, script): (_, Script) = (Arc::clone(&trino.seen), Arc::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, script) = (Arc::clone(&seen), Arc::clone(&script));
                let service = service_fn(move |request| answer(Arc::clone(&seen), Arc::clone(&script), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        trino
    }

    /// What was asked so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until a request of this method came.
    pub(super) async fn until(&self, method: &str) -> Seen {
        for _ in 0..200 {
            if let Some(seen) = self.seen().into_iter().find(|seen| seen.method == method) {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("no {method} came, but {:?}", self.seen())
    }
}

type Answered = Result<Response<UnsyncBoxBody<Bytes, std::io::Error>>, std::io::Error>;

async fn answer(seen: Arc<Mutex<Vec<Seen>>>, script: Script, request: Request<Incoming>) -> Answered {
    let (parts, body) = request.into_parts();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let one = Seen {
        method: parts.method.to_string(),
        path: parts.uri.path_and_query().unwrap().to_string(),
        headers: parts.headers,
        body,
    };
    seen.lock().unwrap().push(one.clone());
    let whole = |bytes: Vec<u8>| Response::new(Full::new(Bytes::from(bytes)).map_err(never).boxed_unsync());
    Ok(match script(&one) {
        Reply::Page(page) => whole(page.to_string().into_bytes()),
        Reply::Bytes(bytes) => whole(bytes),
        Reply::PageWith(headers, page) => {
            let mut response = whole(page.to_string().into_bytes());
            for (name, value) in headers {
                response.headers_mut().append(name, value.parse().unwrap());
            }
            response
        }
        Reply::Status(status, text) => {
            let mut response = whole(text.as_bytes().to_vec());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            response
        }
        Reply::Redirect(to) => {
            let mut response = whole(Vec::new());
            *response.status_mut() = StatusCode::SEE_OTHER;
            response.headers_mut().insert("location", to.parse().unwrap());
            response
        }
        Reply::Endless => Response::new(Rows { begun: false, cut: false }.boxed_unsync()),
        Reply::Unended(page) => Response::new(Unended(Some(page.to_string())).boxed_unsync()),
        Reply::CutOff => Response::new(Rows { begun: false, cut: true }.boxed_unsync()),
        Reply::Break => return Err(std::io::Error::other("broken")),
    })
}

fn never(never: Infallible) -> std::io::Error {
    match never {}
}

struct Unended(Option<String>);

impl Body for Unended {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.0.take().map_or(Poll::Pending, |page| Poll::Ready(Some(Ok(Frame::data(Bytes::from(page))))))
    }
}

struct Rows {
    begun: bool,
    cut: bool,
}

impl Body for Rows {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let row = format!("[\"{}\"],", "x".repeat(8000));
        let bytes = if self.begun { row } else { format!("{{\"id\":\"{QUERY}\",\"data\":[{row}") };
        if self.cut && self.begun {
            return Poll::Ready(Some(Err(std::io::Error::other("cut"))));
        }
        self.begun = true;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }
}
