//! Answers byte by byte, as Trino, or what stands before it, might write them.

use super::super::head::{self, Keeps};
use super::*;
use crate::proxy::framing::Chunks;
use bytes::BytesMut;

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Becomes {
    /// Its body, and whether the connection takes another request.
    Body(&'static str, bool),
    /// No head: the request counts as one that may have arrived.
    NoHead(&'static str),
    /// A body that ends in an error.
    NoBody(&'static str),
}

use Becomes::{Body as Whole, NoBody, NoHead};

/// Written after the request, and then the connection is closed from Trino's side if it says so by `UntilClose` alone.
const ANSWERS: &[(&str, &str, Becomes)] = &[
    ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Whole("ok", true)),
    ("no body", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Whole("", true)),
    ("a status that has none", "HTTP/1.1 204 No Content\r\n\r\n", Whole("", true)),
    ("a length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length: 2\r\n\r\nok", Whole("ok", true)),
    (
        "another head before it",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Whole("ok", true),
    ),
    ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n", Whole("ok", true)),
    (
        "chunks with extensions and trailers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n00A;a=b\r\n0123456789\r\n0;c\r\nTrailer: a\r\nB: c\r\n\r\n",
        Whole("0123456789", true),
    ),
    (
        "a connection that closes",
        "HTTP/1.1 200 OK\r\nConnection: a, Close\r\nContent-Length: 2\r\n\r\nok",
        Whole("ok", false),
    ),
    ("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Whole("ok", false)),
    ("neither length nor chunks", "HTTP/1.1 200 OK\r\n\r\nok", Whole("ok", false)),
    ("more than was said", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", Whole("ok", false)),
    (
        "more after the last chunk",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx",
        Whole("ok", false),
    ),
    ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", NoHead("two lengths")),
    ("a list of lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", NoHead("a length that is none")),
    ("a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", NoHead("a length that is none")),
    (
        "a length beyond numbers",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nok",
        NoHead("a length that is none"),
    ),
    (
        "a length and chunks",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        NoHead("a length and a transfer coding"),
    ),
    (
        "another coding",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        NoHead("unknown transfer coding"),
    ),
    (
        "two codings",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        NoHead("unknown transfer coding"),
    ),
    ("another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", NoHead("another protocol")),
    ("no HTTP", "220 mail.example ready\r\n\r\n", NoHead("is no HTTP")),
    ("a header over two lines", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", NoHead("is no HTTP")),
    ("a space before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", NoHead("is no HTTP")),
    ("a head that ends early", "HTTP/1.1 200 OK\r\nContent-Le", NoHead("closed before an answer")),
    ("nothing", "", NoHead("closed before an answer")),
    ("a body that ends early", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", NoBody("closed before the end")),
    (
        "chunks that end early",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        NoBody("closed before the end"),
    ),
    (
        "trailers that end early",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n",
        NoBody("closed before the end"),
    ),
    ("a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", NoBody("without a size")),
    (
        "a size with a sign",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n+2\r\nok\r\n0\r\n\r\n",
        NoBody("without a size"),
    ),
    (
        "a size with 0x",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nok\r\n0\r\n\r\n",
        NoBody("without a size"),
    ),
    (
        "a size beyond numbers",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000002\r\nok\r\n",
        NoBody("without a size"),
    ),
    (
        "a line feed alone",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\nok\r\n0\r\n\r\n",
        NoBody("without its end"),
    ),
    (
        "more data than the size",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n",
        NoBody("without a size"),
    ),
];

/// Writes an answer in pieces, and closes the connection after a moment without another request.
async fn server(answer: &'static str, piece: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                stream.set_nodelay(true).unwrap();
                let soon = Duration::from_millis(150);
                while tokio::time::timeout(soon, is_asked(&mut stream)).await == Ok(true) {
                    for part in answer.as_bytes().chunks(piece) {
                        if stream.write_all(part).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    (url, taken)
}

async fn is_asked(stream: &mut tokio::net::TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

async fn becomes(answer: &'static str, piece: usize) -> Result<(String, bool), String> {
    let (url, taken) = server(answer, piece).await;
    let client = http_client(&upstream(&url)).unwrap();
    let response = client.send(Request::new(empty())).await.map_err(|error| error.to_string())?;
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    // What came after an answer is there by now.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let _again = client.send(Request::new(empty())).await;
    Ok((String::from_utf8(body.to_vec()).unwrap(), taken.load(Ordering::SeqCst) == 1))
}

#[tokio::test]
async fn answers_are_read_to_their_end_or_not_at_all() {
    for (name, answer, expected) in ANSWERS {
        for piece in [1, 7, 10_000] {
            let became = becomes(answer, piece).await;
            let right = match (expected, &became) {
                (Whole(body, kept), Ok((became, again))) => body == became && kept == again,
                (NoHead(reason) | NoBody(reason), Err(error)) => error.contains(reason),
                _ => false,
            };
            assert!(right, "{name}, in pieces of {piece}: {became:?}");
        }
    }
}

#[test]
fn heads_and_lines_that_do_not_end_are_bounded() {
    let mut read = BytesMut::from(&b"HTTP/1.1 200 OK\r\nA: "[..]);
    read.resize(500_000, b'a');
    let take = |read: &mut BytesMut| head::take(read, &Method::GET, Keeps::All, &mut 0).map(|head| head.is_some());
    assert_eq!(take(&mut read).unwrap_err().0, "is too long");
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(101));
    assert_eq!(take(&mut many.as_bytes().into()).unwrap_err().0, "has too many headers");
    for (first, text) in [(true, "1;".repeat(600)), (false, format!("\r\n{}", "0".repeat(1100)))] {
        let mut chunks = Chunks::Size { first };
        assert!(chunks.advance(&mut text.as_bytes().into()).is_err(), "{text}");
    }
    let mut chunks = Chunks::Size { first: true };
    let endless = format!("0\r\n{}", "A: b\r\n".repeat(4000));
    assert!(chunks.advance(&mut endless.as_bytes().into()).is_err());
}

#[test]
fn an_answer_is_announced_so_often_and_no_more() {
    let (announced, answer) = ("HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
    for (times, each, expected) in [(100, 30, Ok(true)), (101, 30, Err("is announced without end")), (99, 1, Ok(true))]
    {
        let (mut read, mut count, mut taken) = (BytesMut::new(), 0, Ok(false));
        for _ in 0..times {
            read.extend_from_slice(announced.as_bytes());
            // They may come together or one by one, and are of one request.
            if read.len() >= each * announced.len() {
                taken =
                    taken.and(head::take(&mut read, &Method::GET, Keeps::All, &mut count).map(|head| head.is_some()));
            }
        }
        read.extend_from_slice(answer.as_bytes());
        let last = taken.and_then(|_| head::take(&mut read, &Method::GET, Keeps::All, &mut count));
        assert_eq!(last.map(|head| head.is_some()).map_err(|error| error.0), expected, "{times}");
    }
}

#[tokio::test]
async fn a_request_is_written_as_one_that_has_one_length() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = http_client(&upstream(&format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    for (length, text) in [(0, "content-length: 0"), (8, "content-length: 8"), (200_000, "content-length: 200000")] {
        let client = client.clone();
        let sending = tokio::spawn(async move {
            let request = Request::post("/v1/statement?a=b")
                .header("Content-Length", "1")
                .header("Transfer-Encoding", "chunked")
                .body(full("x".repeat(length)))
                .unwrap();
            client.send(request).await.map(|response| response.status())
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut sent = Vec::new();
        let end = format!("\r\n\r\n{}", "x".repeat(length));
        while !sent.ends_with(end.as_bytes()) {
            assert_ne!(stream.read_buf(&mut sent).await.unwrap(), 0);
        }
        let sent = String::from_utf8(sent).unwrap();
        assert!(sent.starts_with("POST /v1/statement?a=b HTTP/1.1\r\n"), "{sent}");
        let lengths: Vec<&str> = sent.lines().filter(|line| line.starts_with("content-length")).collect();
        assert_eq!((lengths, sent.contains("transfer-encoding")), (vec![text], false));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
        assert_eq!(sending.await.unwrap().unwrap(), http::StatusCode::OK);
    }
}

#[test]
fn of_a_page_s_headers_those_are_kept_that_count_for_it() {
    let answer = "HTTP/1.1 200 OK\r\nServer: t\r\nX-TRINO-Set-Session: a=1\r\nx-trino-set-session: b=2\r\nx-trin: 1\r\n\
        Content-Encoding: gzip\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\nok";
    let kept = |keeps| head::take(&mut answer.into(), &Method::GET, keeps, &mut 0).unwrap().unwrap().response;
    let page = kept(Keeps::OfPage);
    let mut names: Vec<_> = page.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    names.sort_unstable();
    let session = "x-trino-set-session";
    assert_eq!(names, [("content-encoding", &b"gzip"[..]), (session, b"a=1"), (session, b"b=2")]);
    assert_eq!(kept(Keeps::All).headers().len(), 7);
}

#[tokio::test]
async fn a_page_is_asked_for_by_a_path_alone() {
    let url = plain_server().await;
    let client = http_client(&upstream(&url)).unwrap();
    let user = HeaderValue::from_static("anna");
    let headers = [(HeaderName::from_static("x-trino-user"), &user)];
    let answer = body_of(client.page(Method::GET, "/v1/a?b=c", &headers).await.unwrap()).await;
    assert_eq!(answer, format!("{} /v1/a?b=c none", url.strip_prefix("http://").unwrap()));
    for target in ["", "v1", "/a b", "/a\r\nX: 1", "/\u{e9}", "http://elsewhere/"] {
        assert!(matches!(client.page(Method::GET, target, &headers).await, Err(SendError::Path(_))), "{target}");
    }
}
