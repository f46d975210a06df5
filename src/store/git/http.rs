//! Git's smart protocol over HTTPS, by the HTTP client that Sluice has already.
//!
//! A redirection is not followed: what is configured is what is asked.

use super::GitError;
use super::limit::{Deadline, MOST_BYTES, too_much};
use crate::config;
use crate::proxy::connect::{self, HttpClient, SendError, http_client};
use bytes::Bytes;
use gix_transport::client::blocking_io::http::{GetResponse, Http, PostBodyDataKind, PostResponse, Transport};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::BodyExt;
use std::any::Any;
use std::io::{self, BufRead, Cursor, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a connection may take to be made.
const CONNECT: jiff::SignedDuration = jiff::SignedDuration::from_secs(10);

/// A server that speaks HTTPS.
#[derive(Clone, Debug)]
pub(super) struct GitHttp {
    upstream: config::Upstream,
    url: String,
}

impl GitHttp {
    /// The server of a repository.
    ///
    /// # Errors
    /// [`GitError::File`], if the password or the certificates can't be read.
    pub(super) fn new(git: &config::Git) -> Result<GitHttp, GitError> {
        let uri: Uri = git.url.parse().unwrap_or_default();
        let origin =
            format!("{}://{}", uri.scheme_str().unwrap_or_default(), uri.authority().map_or("", |a| a.as_str()));
        let upstream = config::Upstream {
            ca: git.ca.clone(),
            user: git.user.clone(),
            password_file: git.password_file.clone(),
            connect_timeout: CONNECT,
            answer_timeout: git.timeout,
            ..config::Upstream::at(origin)
        };
        let http = GitHttp { upstream, url: git.url.clone() };
        http.client()?;
        Ok(http)
    }

    /// A transport to it, for one look or one fetch. The password is read anew, so that a changed one is used.
    pub(super) fn transport(&self, time: Duration) -> Result<Transport<Asking>, GitError> {
        let wrong = |reason: String| GitError::Unreachable { url: self.url.clone(), reason };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = Arc::new(runtime.map_err(|error| wrong(error.to_string()))?);
        let url = gix::url::parse(gix::bstr::BStr::new(&self.url)).map_err(|error| wrong(error.to_string()))?;
        let asking = Asking { client: self.client()?, runtime, deadline: Deadline::after(time) };
        Ok(Transport::new_http(asking, url, gix_transport::Protocol::V2, false))
    }

    fn client(&self) -> Result<HttpClient, GitError> {
        http_client(&self.upstream)
            .map_err(|error| GitError::Unreachable { url: self.url.clone(), reason: error.to_string() })
    }
}

/// The client as the protocol's implementation wants it: blocking, on a thread of its own.
pub(super) struct Asking {
    client: HttpClient,
    runtime: Arc<tokio::runtime::Runtime>,
    deadline: Deadline,
}

impl Asking {
    fn exchange(&self, method: Method, url: &str, headers: impl IntoIterator<Item = impl AsRef<str>>) -> Exchange {
        let state = build(method, url, headers).map_or_else(State::Failed, |request| State::Asked(request, Vec::new()));
        Exchange {
            client: self.client.clone(),
            runtime: Arc::clone(&self.runtime),
            deadline: self.deadline,
            state: Arc::new(Mutex::new(state)),
        }
    }
}

impl Http for Asking {
    type Headers = Part;
    type ResponseBody = Part;
    type PostBody = Exchange;

    fn get(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix_error::Result<GetResponse<Part, Part>> {
        let exchange = self.exchange(Method::GET, url, headers);
        Ok(GetResponse { headers: exchange.part(Which::Headers), body: exchange.part(Which::Body) })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix_error::Result<PostResponse<Part, Part, Exchange>> {
        let exchange = self.exchange(Method::POST, url, headers);
        let (headers, body) = (exchange.part(Which::Headers), exchange.part(Which::Body));
        Ok(PostResponse { post_body: exchange, headers, body })
    }

    fn configure(&mut self, _config: &dyn Any) -> gix_error::Result {
        Ok(())
    }
}

fn build(method: Method, url: &str, headers: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Request<()>, String> {
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = url.parse::<Uri>().map_err(|error| error.to_string())?;
    for line in headers {
        let (name, value) = line.as_ref().split_once(':').ok_or("a header without a colon")?;
        let name: HeaderName = name.trim().parse().map_err(|_| "a header's name".to_owned())?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| "a header's value".to_owned())?;
        request.headers_mut().append(name, value);
    }
    request.headers_mut().insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Ok(request)
}

/// A request that is sent when its answer is first read; until then its body can be written.
#[derive(Clone)]
pub(super) struct Exchange {
    client: HttpClient,
    runtime: Arc<tokio::runtime::Runtime>,
    deadline: Deadline,
    state: Arc<Mutex<State>>,
}

enum State {
    Asked(Request<()>, Vec<u8>),
    Answered { headers: Bytes, body: Bytes },
    Failed(String),
}

/// Which part of an answer.
#[derive(Clone, Copy, Debug)]
enum Which {
    Headers,
    Body,
}

impl Exchange {
    fn part(&self, which: Which) -> Part {
        Part { exchange: self.clone(), which, bytes: None }
    }

    fn answer(&self, which: Which) -> io::Result<Bytes> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Asked(request, body) = &mut *state {
            let mut asked = Request::new(connect::full(std::mem::take(body)));
            *asked.method_mut() = request.method().clone();
            *asked.uri_mut() = request.uri().clone();
            *asked.headers_mut() = std::mem::take(request.headers_mut());
            *state = match self.runtime.block_on(send(&self.client, asked, self.deadline)) {
                Ok((headers, body)) => State::Answered { headers, body },
                Err(error) => State::Failed(error),
            };
        }
        match (&*state, which) {
            (State::Answered { headers, .. }, Which::Headers) => Ok(headers.clone()),
            (State::Answered { body, .. }, Which::Body) => Ok(body.clone()),
            (State::Failed(reason), _) => Err(io::Error::other(reason.clone())),
            (State::Asked(..), _) => Err(io::Error::other("not asked")),
        }
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Asked(_, body) => body.extend_from_slice(bytes),
            _ => return Err(io::Error::other("the request was sent already")),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The headers, line by line, or the body of an answer.
pub(super) struct Part {
    exchange: Exchange,
    which: Which,
    bytes: Option<Cursor<Bytes>>,
}

impl Part {
    fn bytes(&mut self) -> io::Result<&mut Cursor<Bytes>> {
        if self.bytes.is_none() {
            self.bytes = Some(Cursor::new(self.exchange.answer(self.which)?));
        }
        self.bytes.as_mut().ok_or_else(|| io::Error::other("no answer"))
    }
}

impl Read for Part {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes()?.read(buffer)
    }
}

impl BufRead for Part {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.bytes()?.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        if let Some(bytes) = &mut self.bytes {
            bytes.consume(amount);
        }
    }
}

async fn send(
    client: &HttpClient,
    request: Request<connect::Body>,
    deadline: Deadline,
) -> Result<(Bytes, Bytes), String> {
    let asking = async {
        let response = client.send(request).await.map_err(|error| match error {
            SendError::Unreachable(reason) => format!("can't be reached: {reason}"),
            SendError::Broken(reason) => format!("the connection broke: {reason}"),
            SendError::Late(_) => "the server did not answer in time".to_owned(),
            SendError::Path(path) => format!("`{path}` is no path"),
        })?;
        let (parts, mut body) = response.into_parts();
        match parts.status {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(format!("the server does not accept the user or password ({})", parts.status));
            }
            StatusCode::NOT_FOUND => return Err("the server has no such repository (404)".to_owned()),
            status if status.is_redirection() => {
                return Err(format!("the server answers from elsewhere ({status}); give that URL"));
            }
            status => return Err(format!("the server answered {status}")),
        }
        let mut headers = String::new();
        for (name, value) in &parts.headers {
            headers.push_str(&format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes())));
        }
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.map_err(|error| format!("the answer broke off: {error}"))?.into_data().unwrap_or_default();
            if (bytes.len() + data.len()) as u64 > MOST_BYTES {
                return Err(too_much().to_string());
            }
            bytes.extend_from_slice(&data);
        }
        Ok((Bytes::from(headers), Bytes::from(bytes)))
    };
    tokio::time::timeout(deadline.left(), asking).await.unwrap_or_else(|_| Err("the server took too long".to_owned()))
}
