use super::*;
use crate::proxy::answer::{bare, closing, full, text};
use crate::proxy::http1::head::Length;
use http::{HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, DuplexStream, duplex};

const MOST: usize = 8 * 1024;

fn times() -> Times {
    let idle = Duration::from_secs(5);
    Times { idle, head: idle, send: idle }
}

fn take(head: &str) -> Result<Option<Head>, Unreadable> {
    Ok(head::take(&mut BytesMut::from(head), MOST)?.map(|(head, _)| head))
}

/// What becomes of a head: the length of its body, and whether the connection is kept; or the status that refuses it.
fn read(lines: &str) -> Result<(Length, bool), u16> {
    let head = take(&format!("POST /v1/statement HTTP/1.1\r\n{lines}\r\n"));
    let head = head.map_err(|unreadable| unreadable.status.as_u16())?.unwrap();
    Ok((head.length, head.kept))
}

#[test]
fn a_body_ends_in_one_way_alone() {
    for (lines, becomes) in [
        ("", Ok(Length::Known(0))),
        ("Content-Length: 8\r\n", Ok(Length::Known(8))),
        ("Content-Length: 008\r\n", Ok(Length::Known(8))),
        ("Content-Length: 8\r\ncontent-length: 8\r\n", Ok(Length::Known(8))),
        ("Content-Length: 8\r\nContent-Length: 9\r\n", Err(400)),
        ("Content-Length: 8\r\nContent-Length: 008\r\n", Err(400)),
        ("Content-Length: 8, 8\r\n", Err(400)),
        ("Content-Length: +8\r\n", Err(400)),
        ("Content-Length: -8\r\n", Err(400)),
        ("Content-Length: 0x8\r\n", Err(400)),
        ("Content-Length:\r\n", Err(400)),
        ("Content-Length: 18446744073709551615\r\n", Err(400)),
        ("Content-Length: 99999999999999999999\r\n", Err(400)),
        ("Transfer-Encoding: chunked\r\n", Ok(Length::Chunked)),
        ("Transfer-Encoding: \tCHUNKED \r\n", Ok(Length::Chunked)),
        ("Transfer-Encoding: chunked\r\nContent-Length: 8\r\n", Err(400)),
        ("Content-Length: 8\r\nTransfer-Encoding: chunked\r\n", Err(400)),
        ("Transfer-Encoding: gzip, chunked\r\n", Err(400)),
        ("Transfer-Encoding: chunked, identity\r\n", Err(400)),
        ("Transfer-Encoding: identity\r\n", Err(400)),
        ("Transfer-Encoding: ,chunked\r\n", Err(400)),
        ("Transfer-Encoding:\r\n", Err(400)),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", Err(400)),
        ("Transfer-Encoding : chunked\r\n", Err(400)),
        ("X: 1\r\n Content-Length: 8\r\n", Err(400)),
    ] {
        assert_eq!(read(lines).map(|(length, _)| length), becomes, "{lines:?}");
    }
}

#[test]
fn a_connection_is_kept_as_its_client_says() {
    for (version, lines, kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: keep-alive, Close\r\n", false),
        ("1.1", "Connection: x\r\nConnection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let head = take(&format!("GET /v1/info HTTP/{version}\r\n{lines}\r\n")).unwrap().unwrap();
        assert_eq!((head.kept, head.current), (kept, version == "1.1"), "{version} {lines:?}");
    }
    let chunks = take("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(chunks.unwrap_err().status, StatusCode::BAD_REQUEST);
}

#[test]
fn what_is_no_head_is_refused_and_what_may_become_one_is_waited_for() {
    for (head, status) in [
        ("", None),
        ("GET / HTTP/1.1\r\nHost: a\r\n", None),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r", None),
        ("\x16\x03\x01", Some(400)),
        ("GET / HTTP/1.2\r\n\r\n", Some(400)),
        ("PRI * HTTP/2.0\r\n\r\n", Some(400)),
        ("GET  / HTTP/1.1\r\n\r\n", Some(400)),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", Some(400)),
        ("GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", Some(400)),
        ("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n", Some(400)),
    ] {
        match status {
            None => assert!(take(head).unwrap().is_none(), "{head:?}"),
            Some(status) => assert_eq!(take(head).unwrap_err().status.as_u16(), status, "{head:?}"),
        }
    }
    let long = "x".repeat(MOST);
    for head in [
        format!("GET /{long}"),
        format!("GET / HTTP/1.1\r\nX: {long}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\n{}\r\n", "X: 1\r\n".repeat(101)),
    ] {
        assert_eq!(take(&head).unwrap_err().status, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    assert!(take(&format!("GET / HTTP/1.1\r\n{}\r\n", "X: 1\r\n".repeat(100))).unwrap().is_some());
}

#[test]
fn what_proves_a_client_is_overwritten_where_it_was_read() {
    let mut read = BytesMut::from(
        "GET / HTTP/1.1\r\nX: plain\r\naUTHORIZATION: Basic c2VjcmV0\r\nCookie: c=secret\r\n\r\nGET /next",
    );
    let (head, _) = head::take(&mut read, MOST).unwrap().unwrap();
    let headers = &head.headers;
    assert_eq!(
        (headers["authorization"].as_bytes(), &headers["cookie"]),
        (&b"Basic c2VjcmV0"[..], &"c=secret".parse().unwrap())
    );
    assert!(headers["authorization"].is_sensitive() && !headers["x"].is_sensitive());
    assert_eq!(&read[..], b"GET /next");
    drop(head);
    let mut whole = BytesMut::from("GET / HTTP/1.1\r\nAuthorization: Bearer abc\r\n\r\n");
    head::overwritten(&mut whole);
    assert_eq!(&whole[..], b"GET / HTTP/1.1\r\nAuthorization: \0\0\0\0\0\0\0\0\0\0\r\n\r\n");
}

/// Answers by method, path and body; `/close` closes, `/unread` does not look at the body, `/never` gives no answer.
async fn echo(head: &Head, body: Asked, dropped: Arc<AtomicUsize>) -> Response<Answer> {
    struct Dropped(Arc<AtomicUsize>);
    impl Drop for Dropped {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    let path = head.request().target.unwrap().path.to_owned();
    match path.as_str() {
        "/close" => return closing(text(StatusCode::FORBIDDEN, "no")),
        "/unread" => return text(StatusCode::UNAUTHORIZED, "who"),
        "/never" => {
            let _dropped = Dropped(dropped);
            return std::future::pending().await;
        }
        "/none" => return bare(StatusCode::NO_CONTENT),
        "/large" => return Response::new(full(vec![b'x'; 300_000])),
        _ => {}
    }
    let Ok(body) = body.collect().await else {
        return closing(text(StatusCode::BAD_REQUEST, "broke off"));
    };
    let said = format!("{} {path} {}", head.method, String::from_utf8(body.to_bytes().to_vec()).unwrap());
    let mut response = Response::new(full(said));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("999"));
    response
}

/// A client that [`echo`] answers.
struct Echoed(Arc<AtomicUsize>);

impl Answers for Echoed {
    fn answer<'a>(&'a self, head: &'a Head, body: Asked) -> OnItsWay<'a> {
        Box::pin(echo(head, body, Arc::clone(&self.0)))
    }
}

struct Served {
    client: DuplexStream,
    dropped: Arc<AtomicUsize>,
    close: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), Broken>>,
}

fn serve() -> Served {
    serve_for(times())
}

fn serve_for(times: Times) -> Served {
    let (client, server) = duplex(64 * 1024);
    let (dropped, close) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let (counted, closing) = (Arc::clone(&dropped), close.clone());
    let ended =
        tokio::spawn(async move { Connection::new(server, times, MOST).serve(&closing, &Echoed(counted)).await });
    Served { client, dropped, close, ended }
}

impl Served {
    /// Sends, and reads until nothing comes for a moment; the dates are left out. Whether the connection ended.
    async fn says(&mut self, sent: &str) -> (String, bool) {
        self.client.write_all(sent.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let closed = loop {
            let mut some = [0; 4096];
            match tokio::time::timeout(Duration::from_millis(150), self.client.read(&mut some)).await {
                Err(_) => break false,
                Ok(Ok(0) | Err(_)) => break true,
                Ok(Ok(came)) => said.extend_from_slice(&some[..came]),
            }
        };
        let said = String::from_utf8(said).unwrap();
        let lines = said.split_inclusive("\r\n").filter(|line| !line.starts_with("date: "));
        (lines.collect(), closed)
    }
}

fn ok(said: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{said}", said.len())
}

#[tokio::test]
async fn requests_are_answered_in_their_order_however_they_come() {
    let requests = "GET /a HTTP/1.1\r\n\r\nPOST /b HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /c HTTP/1.1\r\n\
        Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x\r\nf\r\n0\r\nTrailer: 1\r\n\r\nHEAD /d HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n";
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n";
    let expected = [&ok("GET /a "), &ok("POST /b abc"), &ok("POST /c def"), head, "HTTP/1.1 204 No Content\r\n\r\n"];
    let mut served = serve();
    assert_eq!(served.says(requests).await, (expected.concat(), false));
    let mut served = serve();
    let mut said = String::new();
    for cut in requests.as_bytes().chunks(7) {
        served.client.write_all(cut).await.unwrap();
        tokio::task::yield_now().await;
    }
    said.push_str(&served.says("").await.0);
    assert_eq!(said, expected.concat());
}

#[tokio::test]
async fn a_connection_ends_as_client_or_answer_say() {
    let closed = |said: &str| said.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
    let mut served = serve();
    let asked = "GET /a HTTP/1.1\r\nConnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    assert_eq!(served.says(asked).await, (closed(&ok("GET /a ")), true));
    let mut served = serve();
    let (said, ended) = served.says("GET /close HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n").await;
    assert!(ended && said.starts_with("HTTP/1.1 403 Forbidden\r\n") && said.contains("\r\nconnection: close\r\n"));
    assert_eq!(said.matches("HTTP/1.1").count(), 1);
    let mut served = serve();
    assert!(!served.says("GET /a HTTP/1.1\r\n\r\n").await.1);
    served.close.cancel();
    assert_eq!(served.says("").await, (String::new(), true));
    served.ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_of_http_1_0_is_answered_in_its_version() {
    let mut served = serve();
    let (said, closed) = served.says("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /b HTTP/1.0\r\n\r\n").await;
    let kept = "HTTP/1.0 200 OK\r\ncontent-length: 7\r\nconnection: keep-alive\r\n\r\nGET /a ";
    assert_eq!(said, format!("{kept}HTTP/1.0 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nGET /b "));
    assert!(closed);
}

#[tokio::test]
async fn a_head_that_can_not_be_read_is_answered_and_nothing_behind_it() {
    let mut served = serve();
    let (said, closed) = served.says("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/9.9\r\n\r\nGET /c HTTP/1.1\r\n\r\n").await;
    assert!(closed && said.starts_with(&ok("GET /a ")) && said.contains("HTTP/1.1 400 Bad Request\r\n"));
    assert!(said.contains("\r\nconnection: close\r\n") && !said.contains("/c"));
    assert!(matches!(served.ended.await.unwrap(), Err(Broken::Unreadable(_))));
}

#[tokio::test]
async fn a_client_that_waits_for_word_gets_it() {
    let mut served = serve();
    let asked = "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(served.says(asked).await, ("HTTP/1.1 100 Continue\r\n\r\n".to_owned(), false));
    assert_eq!(served.says("ok").await, (ok("POST /a ok"), false));
    // A body that nobody asks for is not asked for.
    let unread = "POST /close HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert!(served.says(unread).await.0.starts_with("HTTP/1.1 403"));
    // Nor is it known whether it comes.
    let mut served = serve();
    let unread = "POST /unread HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nGET /next HTTP/1.1\r\n\r\n";
    let (said, closed) = served.says(unread).await;
    assert!(said.starts_with("HTTP/1.1 401") && said.contains("connection: close\r\n") && closed, "{said}");
    assert!(!said.contains("/next"));
}

#[tokio::test]
async fn a_body_that_nobody_takes_is_read_over_or_ends_the_connection() {
    let mut served = serve();
    let asked = "POST /unread HTTP/1.1\r\nContent-Length: 9\r\n\r\n";
    let (said, closed) = served.says(asked).await;
    assert!(said.starts_with("HTTP/1.1 401") && !closed);
    assert_eq!(served.says("GET /x HTGET /y HTTP/1.1\r\n\r\n").await, (ok("GET /y "), false));
    let asked =
        "POST /unread HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET /y HTTP/1.1\r\n\r\n";
    assert!(served.says(asked).await.0.ends_with(&ok("GET /y ")));
    let much = format!("POST /unread HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{}", "x".repeat(120_000));
    assert!(served.says(&much).await.1);
    let mut served = serve();
    let wrong = "POST /unread HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nX\r\nGET /y HTTP/1.1\r\n\r\n";
    let (said, closed) = served.says(wrong).await;
    assert!(closed && said.starts_with("HTTP/1.1 401") && !said.contains("/y"));
}

#[tokio::test]
async fn a_client_that_goes_on_sending_gets_its_answer() {
    for begun in ["POST /unread HTTP/1.1\r\nContent-Length: 900000\r\n\r\n", "no HTTP\r\n\r\n"] {
        let mut served = serve();
        let (said, closed) = served.says(&format!("{begun}{}", "x".repeat(120_000))).await;
        assert!(said.starts_with("HTTP/1.1 4") && closed, "{said}");
        // As a connection of TCP would, this one breaks under what is written when the other end is gone.
        served.client.write_all(&vec![b'x'; 700_000]).await.unwrap();
        drop(served.client);
        let _ = served.ended.await.unwrap();
    }
    // Who only goes on is not waited for.
    let mut served = serve();
    assert!(served.says("no HTTP\r\n\r\n").await.1);
    assert!(served.ended.await.unwrap().is_err());
}

#[tokio::test]
async fn a_connection_is_idle_after_each_answer_however_it_was_asked_for() {
    let mut served = serve_for(Times { head: Duration::from_millis(300), ..times() });
    for asked in ["GET /a HTTP/1.1\r\n\r\n", "POST /unread HTTP/1.1\r\nContent-Length: 3\r\n\r\n", "abc"] {
        assert!(!served.says(asked).await.1, "{asked:?}");
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(served.says("GET /b HTTP/1.1\r\n\r\n").await, (ok("GET /b "), false));
}

#[tokio::test]
async fn a_body_that_breaks_off_is_none() {
    for asked in [
        "POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX",
    ] {
        let mut served = serve();
        served.client.write_all(asked.as_bytes()).await.unwrap();
        served.client.shutdown().await.unwrap();
        let mut said = String::new();
        served.client.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{asked:?} {said}");
    }
}

#[tokio::test]
async fn an_answer_is_let_go_of_when_its_client_has_gone() {
    let mut served = serve();
    assert_eq!(served.says("GET /never HTTP/1.1\r\n\r\n").await, (String::new(), false));
    assert_eq!(served.dropped.load(Ordering::SeqCst), 0);
    drop(served.client);
    assert!(matches!(served.ended.await.unwrap(), Err(Broken::Gone)));
    assert_eq!(served.dropped.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn large_data_is_sent_as_its_client_takes_it() {
    let mut served = serve();
    let (said, closed) = served.says("GET /large HTTP/1.1\r\n\r\n").await;
    assert!(said.ends_with(&"x".repeat(300_000)) && said.contains("content-length: 300000\r\n") && !closed);
    assert_eq!(served.says("GET /a HTTP/1.1\r\n\r\n").await, (ok("GET /a "), false));
}

/// How a body of unknown length is written.
#[tokio::test]
async fn a_body_of_unknown_length_is_chunked_or_ends_with_the_connection() {
    let parts = || Response::new(()).into_parts().0;
    let mut date = Date::default();
    for (method, exact, current, end, says) in [
        (Method::GET, None, true, End::Chunked, "transfer-encoding: chunked\r\n"),
        (Method::GET, None, false, End::Closed, ""),
        (Method::GET, Some(0), true, End::Known(0), "content-length: 0\r\n"),
        (Method::HEAD, Some(0), true, End::NoBody(None), ""),
        (Method::HEAD, None, true, End::NoBody(None), ""),
    ] {
        assert_eq!(End::of(&method, StatusCode::OK, exact, current), end);
        let mut out = BytesMut::new();
        given::write(&mut out, (&parts(), &[]), end, Connected { current, closes: false }, &mut date);
        let text = String::from_utf8(out.to_vec()).unwrap();
        let named = text.lines().any(|line| line.starts_with("content-length") || line.starts_with("transfer"));
        assert!(text.contains(says) && named != says.is_empty(), "{text}");
        assert!(text.ends_with("GMT\r\n\r\n"), "{text}");
    }
}

/// A client that is given many digits.
struct Digits;

impl Answers for Digits {
    fn answer<'a>(&'a self, _head: &'a Head, _body: Asked) -> OnItsWay<'a> {
        Box::pin(std::future::ready(Response::new(full("0123456789".repeat(5_000)))))
    }
}

/// Both sides of a connection that is written to in small parts.
#[tokio::test]
async fn what_goes_out_is_whole_when_writes_take_a_part_alone() {
    let (mut client, server) = duplex(5);
    let serving =
        tokio::spawn(
            async move { Connection::new(server, times(), MOST).serve(&CancellationToken::new(), &Digits).await },
        );
    client.write_all(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut said = String::new();
    client.read_to_string(&mut said).await.unwrap();
    assert!(said.ends_with(&"0123456789".repeat(5_000)));
    serving.await.unwrap().unwrap();
}
