//! Answers frame by frame, as Trino, or what stands before it, might write them.

use super::frames::*;
use super::*;
use http::Method;

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Becomes {
    /// A body. How often the server was asked.
    Body(&'static str, usize),
    /// No head, and it may have arrived: it is not sent again.
    NoHead(&'static str),
    /// No head, and nothing was done for it: it is sent again, as often as that.
    Unprocessed(&'static str),
    /// A body that ends in an error.
    NoBody(&'static str),
}

use Becomes::{Body, NoBody, NoHead, Unprocessed};

/// What is written for a request on a stream, after which the connection stays as it is.
type Answer = fn(u32) -> Vec<u8>;

const OK: &[(&str, &str)] = &[("content-length", "2")];

/// An answer with one more header.
fn with(stream: u32, name: &str, value: &str) -> Vec<u8> {
    [head(stream, 0, &[(name, value)]), data(stream, END, b"ok")].concat()
}

/// A head that comes in pieces.
fn in_pieces(stream: u32, pieces: usize, piece: &[u8]) -> Vec<u8> {
    let mut all = frame(HEADERS, 0, stream, &[0x88]);
    for number in 1..=pieces {
        all.extend(frame(CONTINUATION, if number == pieces { END_HEADERS } else { 0 }, stream, piece));
    }
    all
}

const ANSWERS: &[(&str, Answer, Becomes)] = &[
    ("a length", |id| [head(id, 0, OK), data(id, END, b"ok")].concat(), Body("ok", 1)),
    ("no length", |id| [head(id, 0, &[]), data(id, 0, b"o"), data(id, END, b"k")].concat(), Body("ok", 1)),
    ("an end of its own", |id| [head(id, 0, OK), data(id, 0, b"ok"), data(id, END, b"")].concat(), Body("ok", 1)),
    ("padding", |id| [head(id, 0, OK), data(id, END | 8, b"\x03ok\0\0\0")].concat(), Body("ok", 1)),
    (
        "trailers",
        |id| {
            [head(id, 0, OK), data(id, 0, b"ok"), frame(HEADERS, END | END_HEADERS, id, &block(&[("a", "b")]))].concat()
        },
        Body("ok", 1),
    ),
    ("no body", |id| head(id, END, &[]), Body("", 1)),
    (
        "another head before it",
        |id| {
            let hint = frame(HEADERS, END_HEADERS, id, &block(&[(":status", "103"), ("link", "x")]));
            [hint.repeat(50), head(id, 0, OK), data(id, END, b"ok")].concat()
        },
        Body("ok", 1),
    ),
    ("a head in pieces", |id| [in_pieces(id, 3, &block(&[("a", "b")])), data(id, END, b"ok")].concat(), Body("ok", 1)),
    ("a frame that nobody knows", |id| [frame(0xfe, 0, id, b"x"), with(id, "a", "b")].concat(), Body("ok", 1)),
    ("a length twice", |id| [head(id, 0, &[OK, OK].concat()), data(id, END, b"ok")].concat(), Body("ok", 1)),
    ("an early end of the request", |id| [head(id, 0, OK), data(id, END, b"ok"), reset(id, 0)].concat(), Body("ok", 1)),
    ("word that it goes away, after this", |id| [goaway(id, 0), with(id, "a", "b")].concat(), Body("ok", 1)),
    ("word that it goes away, at some time", |id| [goaway(0x7fff_ffff, 0), with(id, "a", "b")].concat(), Body("ok", 1)),
    // Nothing was done for it.
    ("a refused stream", |id| reset(id, 7), Unprocessed("Trino reset its stream: refused stream")),
    ("word that it went away before", |_| goaway(0, 0), Unprocessed("Trino ended it")),
    ("word that it went away before, by an error", |_| goaway(0, 11), Unprocessed("Trino ended it")),
    // Something may have been.
    ("a stream that ends without an error", |id| reset(id, 0), NoHead("Trino reset its stream: not a result")),
    ("a stream that is taken back", |id| reset(id, 8), NoHead("Trino reset its stream: stream no longer needed")),
    ("a stream that fails", |id| reset(id, 2), NoHead("Trino reset its stream: unexpected internal error")),
    (
        "a stream that should go by HTTP/1.1",
        |id| reset(id, 13),
        NoHead("Trino reset its stream: endpoint requires HTTP/1.1"),
    ),
    ("a head that is refused too late", |id| [head(id, 0, OK), reset(id, 7)].concat(), NoBody("refused stream")),
    // What no answer may be.
    ("connection", |id| with(id, "connection", "close"), NoHead("unspecific protocol error")),
    ("chunks", |id| with(id, "transfer-encoding", "chunked"), NoHead("unspecific protocol error")),
    ("keep-alive", |id| with(id, "keep-alive", "1"), NoHead("unspecific protocol error")),
    ("upgrade", |id| with(id, "upgrade", "h2c"), NoHead("unspecific protocol error")),
    ("a large letter", |id| with(id, "X-Large", "1"), NoHead("unspecific protocol error")),
    ("a line end in a value", |id| with(id, "x-a", "b\r\nc: d"), NoHead("unspecific protocol error")),
    ("a second status", |id| with(id, ":status", "200"), NoHead("unspecific protocol error")),
    (
        "no status",
        |id| frame(HEADERS, END | END_HEADERS, id, &block(&[("a", "b")])),
        NoHead("unspecific protocol error"),
    ),
    (
        "a status that is none",
        |id| frame(HEADERS, END | END_HEADERS, id, &block(&[(":status", "2x0")])),
        NoHead("unspecific protocol error"),
    ),
    ("two lengths", |id| with(id, "content-length", "2, 3"), NoHead("unspecific protocol error")),
    (
        "two headers with lengths",
        |id| head(id, 0, &[("content-length", "2"), ("content-length", "3")]),
        NoHead("unspecific protocol error"),
    ),
    ("a length with a sign", |id| with(id, "content-length", "+2"), NoHead("unspecific protocol error")),
    ("a length without its body", |id| head(id, END, OK), NoHead("unspecific protocol error")),
    ("a body before a head", |id| data(id, END, b"ok"), NoHead("Sluice ended it: unspecific protocol error")),
    (
        "headers that are packed by nothing",
        |id| frame(HEADERS, END_HEADERS, id, &[0xff; 20]),
        NoHead("Sluice ended it"),
    ),
    ("an answer to no request", |id| with(id + 2, "a", "b"), NoHead("Sluice ended it")),
    ("data of no stream", |_| data(0, 0, b"ok"), NoHead("Sluice ended it")),
    ("a request of its own", |id| frame(PUSH, END_HEADERS, id, &[0, 0, 0, 2, 0x82]), NoHead("Sluice ended it")),
    ("a frame that is too long", |id| frame(DATA, 0, id, &[0; 20_000]), NoHead("Sluice ended it")),
    ("no frames", |_| b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), NoHead("Sluice ended it")),
    ("a window beyond numbers", |_| frame(WINDOW, 0, 0, &[0x7f, 255, 255, 255]), NoHead("Sluice ended it")),
    (
        "more bytes than it may send",
        |id| [head(id, 0, &[]), data(id, 0, &[0; 16_000]).repeat(20)].concat(),
        NoBody("flow"),
    ),
    ("more than was said", |id| [head(id, 0, OK), data(id, END, b"more")].concat(), NoBody("protocol error")),
    ("less than was said", |id| [head(id, 0, OK), data(id, END, b"o")].concat(), NoBody("protocol error")),
    (
        "trailers before the end",
        |id| [head(id, 0, OK), frame(HEADERS, END | END_HEADERS, id, &block(&[("a", "b")]))].concat(),
        NoBody("protocol error"),
    ),
    ("a second head", |id| [head(id, 0, OK), head(id, 0, OK)].concat(), NoBody("protocol error")),
    (
        "a body that ends without an error",
        |id| [head(id, 0, OK), data(id, 0, b"o"), reset(id, 0)].concat(),
        NoBody("not a result"),
    ),
    (
        "a body that is taken back",
        |id| [head(id, 0, OK), data(id, 0, b"o"), reset(id, 8)].concat(),
        NoBody("no longer needed"),
    ),
    (
        "a body without a length that ends without an error",
        |id| [head(id, 0, &[]), data(id, 0, b"ok"), reset(id, 0)].concat(),
        NoBody("not a result"),
    ),
    // What does not end.
    ("headers that are too many", |id| head(id, END, &[("a", "b"); 101]), NoHead("too many headers")),
    (
        "headers that are too long",
        |id| in_pieces(id, 26, &block(&[("a", &"b".repeat(16_300))])),
        NoHead("protocol error"),
    ),
    ("headers without an end", |id| in_pieces(id, 10_000, &[]), NoHead("Sluice ended it")),
    (
        "headers that grow without an end",
        |id| in_pieces(id, 3_000, &block(&[("a", &"b".repeat(16_000))])),
        NoHead("Sluice"),
    ),
    (
        "data without a byte and without an end",
        |id| [head(id, 0, &[]), data(id, 0, b"").repeat(1_000)].concat(),
        NoBody("Sluice ended it"),
    ),
];

/// Writes one answer to each request, and then nothing more. Gives the requests that came.
async fn server(answer: Answer) -> (HttpClient, Arc<AtomicUsize>, tempfile::TempDir) {
    let mut server = Server::new().await;
    let client = server.client();
    let asked = Arc::new(AtomicUsize::new(0));
    let (count, folder) = (Arc::clone(&asked), server.folder);
    tokio::spawn(async move {
        while let Some(stream) = server.came.recv().await {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut frames = Frames::begin(stream, &[]).await;
                while let Some(stream) = frames.asked().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    frames.write(&answer(stream)).await;
                }
            });
        }
    });
    (client, asked, folder)
}

#[tokio::test]
async fn answers_are_read_to_their_end_or_not_at_all() {
    for (name, answer, expected) in ANSWERS {
        let (client, asked, _folder) = server(*answer).await;
        let response = timeout(Duration::from_secs(4), client.send(Request::new(full("SELECT 1")))).await;
        let response = response.unwrap_or_else(|_| panic!("{name}: waits"));
        let times = || asked.load(Ordering::SeqCst);
        let became = match response {
            Ok(response) => Ok(timeout(Duration::from_secs(4), body_of(response)).await.unwrap()),
            Err(error) => Err(error),
        };
        let right = match (expected, &became) {
            (Body(body, sent), Ok(Ok(became))) => body == became && times() == *sent,
            (NoBody(reason), Ok(Err(error))) => error.contains(reason) && times() == 1,
            (NoHead(reason), Err(error)) => {
                error.may_have_arrived() && error.to_string().contains(reason) && times() == 1
            }
            (Unprocessed(reason), Err(error)) => {
                error.never_connected() && error.to_string().contains(reason) && times() == 3
            }
            _ => false,
        };
        assert!(right, "{name}: {became:?}, asked {} times", times());
    }
}

#[tokio::test]
async fn an_answer_without_a_body_has_none_whatever_it_says() {
    let length: Answer = |id| head(id, END, &[("content-length", "5")]);
    let (client, _, _folder) = server(length).await;
    let asked = client.send(Request::head("/v1/info").body(empty()).unwrap()).await.unwrap();
    assert_eq!(body_of(asked).await.unwrap(), "");
    let status: Answer = |id| {
        let block = block(&[(":status", "204")]);
        [frame(HEADERS, END_HEADERS, id, &block), data(id, END, b"ok")].concat()
    };
    let (client, _, _folder) = server(status).await;
    assert_eq!(got(&client).await, "");
    assert_eq!(client.page(Method::DELETE, "/", &[]).await.unwrap().status(), 204);
}

/// A request that was refused goes again, on whatever connection there is.
#[tokio::test]
async fn what_trino_did_nothing_for_is_asked_again_and_answered() {
    for word in [reset as fn(u32, u32) -> Vec<u8>, |_, _| goaway(0, 0)] {
        let mut server = Server::new().await;
        let client = server.client();
        let serving = tokio::spawn(async move {
            let mut asked = 0;
            loop {
                let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
                while let Some(stream) = frames.asked().await {
                    asked += 1;
                    if asked == 3 {
                        frames.write(&with(stream, "a", "b")).await;
                        return (frames, asked);
                    }
                    frames.write(&word(stream, 7)).await;
                }
            }
        });
        let answer = body_of(client.send(Request::new(full("SELECT 1"))).await.unwrap()).await;
        assert_eq!((answer.as_deref(), serving.await.unwrap().1), (Ok("ok"), 3));
    }
}

#[tokio::test]
async fn a_connection_that_is_closed_in_an_answer_ends_it_in_an_error() {
    let answers: [(Answer, bool); 5] = [
        (|_| Vec::new(), false),
        // It looked at this one, and says nothing of it.
        (|id| goaway(id, 2), false),
        (|id| frame(HEADERS, 0, id, &[0x88]), false),
        (|id| [head(id, 0, &[]), data(id, 0, b"ok")].concat(), true),
        // It looked at this one, and does not come to an end with it.
        (|id| [goaway(id, 2), head(id, 0, OK), data(id, 0, b"o")].concat(), true),
    ];
    for (number, (answer, begins)) in answers.into_iter().enumerate() {
        let mut server = Server::new().await;
        let client = server.client();
        let serving = tokio::spawn(async move {
            let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
            let stream = frames.asked().await.unwrap();
            frames.write(&answer(stream)).await;
            drop(frames);
            // Nobody comes again.
            timeout(Duration::from_millis(300), server.came.recv()).await.is_err()
        });
        match client.send(Request::new(full("SELECT 1"))).await {
            Ok(response) => assert!(begins && body_of(response).await.is_err(), "{number}"),
            Err(error) => assert!(!begins && error.may_have_arrived(), "{number}: {error}"),
        }
        assert!(serving.await.unwrap(), "{number}: it was sent again");
    }
}
