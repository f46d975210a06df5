mod answers;

use super::*;
use crate::proxy::awake;
use crate::proxy::threads::Threads;
use http::header::{AUTHORIZATION, HOST};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::SignedDuration;
use rustls::client::ResolvesClientCert;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

fn upstream(url: &str) -> Upstream {
    Upstream {
        connect_timeout: SignedDuration::from_secs(2),
        answer_timeout: SignedDuration::from_secs(2),
        ..Upstream::at(url.to_owned())
    }
}

/// Answers each request with its host, path and credential.
async fn echo(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service = service_fn(|request: Request<Incoming>| async move {
        let header = |name| request.headers().get(name).map_or("none", |value: &HeaderValue| value.to_str().unwrap());
        let text = format!("{} {} {}", header(HOST), request.uri(), header(AUTHORIZATION));
        Ok::<_, std::convert::Infallible>(Response::new(Full::new(full(text))))
    });
    let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn plain_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(echo(stream));
        }
    });
    url
}

async fn body_of(response: Response<Received>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn a_request_goes_to_the_configured_address_without_the_callers_credential() {
    let url = plain_server().await;
    let client = http_client(&upstream(&url)).unwrap();
    let request = Request::get("http://elsewhere.example/v1/info?a=b")
        .header(AUTHORIZATION, "Basic dXNlcjpzZWNyZXQ=")
        .body(empty())
        .unwrap();
    let answer = body_of(client.send(request).await.unwrap()).await;
    assert_eq!(answer, format!("{} /v1/info?a=b none", url.strip_prefix("http://").unwrap()));
}

#[tokio::test]
async fn a_refused_connection_tells_that_nothing_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = http_client(&upstream(&url)).unwrap().send(Request::new(empty())).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
    assert!(!error.may_have_arrived());
}

#[tokio::test]
async fn a_connection_that_breaks_or_says_nothing_tells_that_the_request_may_have_arrived() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        first.read_u8().await.unwrap();
        drop(first);
        let _silent = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let mut config = upstream(&url);
    config.answer_timeout = SignedDuration::from_millis(300);
    let client = http_client(&config).unwrap();
    let error = client.send(Request::new(full("SELECT 1"))).await.unwrap_err();
    assert!(matches!(error, SendError::Broken(_)), "{error:?}");
    let error = client.send(Request::new(full("SELECT 1"))).await.unwrap_err();
    assert!(matches!(error, SendError::Late(_)), "{error:?}");
    assert!(error.may_have_arrived());
}

/// Counts connections. Each serves `requests` requests and ends then, without a word in its answers.
async fn counting_server(requests: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                for _ in 0..requests {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        head.push(stream.read_u8().await.unwrap());
                    }
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                }
            });
        }
    });
    (url, taken)
}

async fn got(client: &HttpClient) -> String {
    body_of(client.send(Request::new(empty())).await.unwrap()).await
}

#[tokio::test]
async fn a_connection_is_used_again_once_its_answer_was_read() {
    let (url, taken) = counting_server(100).await;
    let client = http_client(&upstream(&url)).unwrap();
    for _ in 0..5 {
        assert_eq!(got(&client).await, "ok");
    }
    assert_eq!(taken.load(Ordering::SeqCst), 1);
    let unread = client.send(Request::new(empty())).await.unwrap();
    assert_eq!(got(&client).await, "ok");
    assert_eq!(taken.load(Ordering::SeqCst), 2, "an answer is being read on the first one");
    drop(unread);
    assert_eq!(got(&client).await, "ok");
    assert_eq!(
        taken.load(Ordering::SeqCst),
        2,
        "what is left of an answer that nobody reads must not come before another"
    );
}

#[tokio::test]
async fn an_answer_is_what_a_thread_waits_for() {
    let (url, _) = counting_server(1).await;
    let client = http_client(&upstream(&url)).unwrap();
    assert!(!awake::take_found());
    assert_eq!(got(&client).await, "ok");
    assert!(awake::take_found());
}

#[tokio::test]
async fn each_thread_has_connections_of_its_own() {
    let (url, taken) = counting_server(100).await;
    let client = http_client(&upstream(&url)).unwrap();
    let threads = Threads::start(1, true).unwrap();
    let (_here, none) = threads.place();
    let (_there, other) = threads.place();
    assert!(none.is_none());
    for _ in 0..3 {
        assert_eq!(got(&client).await, "ok");
        let client = client.clone();
        assert_eq!(other.unwrap().spawn(async move { got(&client).await }).await.unwrap(), "ok");
        assert_eq!(taken.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test]
async fn a_kept_connection_that_has_ended_is_no_error() {
    let (url, taken) = counting_server(1).await;
    let client = http_client(&upstream(&url)).unwrap();
    for count in 1..5 {
        assert_eq!(got(&client).await, "ok");
        assert_eq!(taken.load(Ordering::SeqCst), count);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

struct TlsServer {
    url: String,
    folder: tempfile::TempDir,
}

async fn tls_server() -> TlsServer {
    let folder = tempfile::tempdir().unwrap();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.path().join("ca.pem"), cert.pem()).unwrap();
    std::fs::write(folder.path().join("password"), "s3cret\n").unwrap();
    let key = rustls_pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                tokio::spawn(echo(stream));
            }
        }
    });
    TlsServer { url, folder }
}

#[tokio::test]
async fn the_service_users_password_goes_over_tls() {
    let server = tls_server().await;
    let mut config = upstream(&server.url);
    config.ca = Some(server.folder.path().join("ca.pem"));
    config.password_file = Some(server.folder.path().join("password"));
    let client = http_client(&config).unwrap();
    assert!(!format!("{client:?}").contains("c2x1aWNlOnMzY3JldA=="), "a debug print shows the password");
    let answer = body_of(client.send(Request::new(empty())).await.unwrap()).await;
    assert!(answer.ends_with("/ Basic c2x1aWNlOnMzY3JldA=="), "{answer}");
}

#[tokio::test]
async fn a_token_of_a_file_goes_over_tls_as_the_file_has_it_now() {
    let server = tls_server().await;
    let path = server.folder.path().join("token");
    std::fs::write(&path, "first\n").unwrap();
    let ca = Some(server.folder.path().join("ca.pem"));
    let client = http_client(&Upstream { ca, token_file: Some(path.clone()), ..upstream(&server.url) }).unwrap();
    assert!(!format!("{client:?}").contains("first"), "a debug print shows the token");
    let said = async || body_of(client.send(Request::new(empty())).await.unwrap()).await;
    assert!(said().await.ends_with("/ Bearer first"));
    for (text, expected) in [("second-one", "/ Bearer second-one"), ("\n", "/ Bearer second-one"), ("3", "/ Bearer 3")]
    {
        std::fs::write(&path, text).unwrap();
        tokio::time::sleep(Duration::from_millis(2100)).await;
        assert!(said().await.ends_with(expected), "{text}");
    }
}

#[tokio::test]
async fn sluice_shows_its_certificate_as_the_files_have_it_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let write = |name: &str| {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        std::fs::write(path(&format!("{name}.pem")), made.cert.pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), made.signing_key.serialize_pem()).unwrap();
        made.cert.der().to_vec()
    };
    let first = write("own");
    let own = OwnCertificate::open(&path("own.pem"), &path("own.key")).unwrap();
    let shown = || own.resolve(&[], &[]).unwrap().cert.first().unwrap().to_vec();
    assert_eq!(shown(), first);
    let second = write("other");
    // A file's time may have no more than whole milliseconds.
    std::thread::sleep(Duration::from_millis(20));
    std::fs::copy(path("other.pem"), path("own.pem")).unwrap();
    assert_eq!(shown(), first, "a certificate without its key changes nothing");
    std::fs::copy(path("other.key"), path("own.key")).unwrap();
    assert_eq!(shown(), second);
    let upstream =
        |url: &str| Upstream { certificate: Some(path("own.pem")), key: Some(path("own.key")), ..upstream(url) };
    assert!(http_client(&upstream("https://trino:8443")).is_ok());
    let in_clear = http_client(&upstream("http://trino:8080")).unwrap_err();
    assert!(matches!(in_clear, ClientError::WithoutTls { field: "certificate" }), "{in_clear}");
}

#[tokio::test]
async fn a_certificate_that_leads_nowhere_is_not_trusted() {
    let server = tls_server().await;
    let error = http_client(&upstream(&server.url)).unwrap().send(Request::new(empty())).await.unwrap_err();
    assert!(matches!(error, SendError::Unreachable(_)), "{error:?}");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[test]
fn a_configuration_that_can_not_be_safe_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "x").unwrap();
    for url in ["trino:8080", "ftp://trino", "http://trino:8080/path", "http://me:secret@trino:8080", "http://", ""] {
        assert!(matches!(http_client(&upstream(url)).unwrap_err(), ClientError::Url { .. }), "{url}");
    }
    let in_clear = Upstream { password_file: Some(password.clone()), ..upstream("http://trino:8080") };
    assert!(matches!(http_client(&in_clear).unwrap_err(), ClientError::WithoutTls { field: "password_file" }));
    let no_certificate = Upstream { ca: Some(password), ..upstream("https://trino:8443") };
    assert!(matches!(http_client(&no_certificate).unwrap_err(), ClientError::File { .. }));
    let no_file = Upstream { ca: Some(folder.path().join("none")), ..upstream("https://trino:8443") };
    assert!(matches!(http_client(&no_file).unwrap_err(), ClientError::File { .. }));
}
