//! Readers and servers that go away, stop, or say nothing.

use super::frames::*;
use super::*;
use h2::Reason;

/// A server of which each frame is looked at.
async fn framed(bounds: Bounds) -> (Server, HttpClient) {
    let server = Server::new().await;
    let client = server.client_within(bounds);
    (server, client)
}

#[tokio::test]
async fn a_request_that_is_given_up_is_taken_back_and_nothing_else_is() {
    let (mut server, client) = framed(Bounds::DEFAULT).await;
    let asking = |client: &HttpClient| {
        let client = client.clone();
        tokio::spawn(async move { client.send(Request::new(full("SELECT 1"))).await })
    };
    let kept = asking(&client);
    let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
    let first = frames.asked().await.unwrap();
    // Before an answer.
    let given_up = asking(&client);
    let second = frames.asked().await.unwrap();
    given_up.abort();
    assert_eq!(frames.next(RESET).await.unwrap(), (0, second, vec![0, 0, 0, 8]));
    // Within one. What is still on its way of both is thrown away.
    let answer = asking(&client);
    let third = frames.asked().await.unwrap();
    frames.write(&[head(third, 0, &[]), data(third, 0, b"some")].concat()).await;
    drop(answer.await.unwrap().unwrap());
    assert_eq!(frames.next(RESET).await.unwrap(), (0, third, vec![0, 0, 0, 8]));
    for stream in [second, third] {
        frames.write(&data(third, 0, &[0; 16_000]).repeat(4)).await;
        frames.write(&[head(second, 0, &[]), data(second, END, b"late")].concat()).await;
        frames.write(&reset(stream, 8)).await;
    }
    // One that was read to its end is not taken back.
    frames.write(&[head(first, 0, &[]), data(first, END, b"ok")].concat()).await;
    assert_eq!(body_of(kept.await.unwrap().unwrap()).await.as_deref(), Ok("ok"));
    let again = asking(&client);
    let fourth = frames.asked().await.unwrap();
    frames.write(&[head(fourth, 0, &[]), data(fourth, END, b"ok")].concat()).await;
    assert_eq!(body_of(again.await.unwrap().unwrap()).await.as_deref(), Ok("ok"));
    assert!(timeout(Duration::from_millis(200), frames.next(RESET)).await.is_err());
}

#[tokio::test]
async fn an_answer_that_does_not_begin_is_late_and_its_connection_goes_on() {
    let server = Server::new().await;
    let upstream = Upstream { answer_timeout: SignedDuration::from_millis(300), ..server.upstream() };
    let client = within(&upstream, Bounds::DEFAULT).unwrap();
    let answering = server.answering(h2::server::Builder::new(), |request, mut respond| async move {
        if request.uri().path() == "/late" {
            // The client takes it back.
            let reason = std::future::poll_fn(|context| respond.poll_reset(context)).await.unwrap();
            assert_eq!(reason, Reason::CANCEL);
        } else {
            say(&mut respond, "ok");
        }
    });
    for _ in 0..2 {
        let late = client.send(Request::get("/late").body(empty()).unwrap()).await.unwrap_err();
        assert!(matches!(late, SendError::Late(_)), "{late}");
        assert_eq!(got(&client).await, "ok");
    }
    assert_eq!(answering.connections(), 1);
}

/// Sends without an end, and says how much went out.
async fn send_without_end(mut respond: SendResponse<Bytes>, sent: Arc<AtomicUsize>) {
    let mut sending = respond.send_response(Response::new(()), false).unwrap();
    let piece = Bytes::from(vec![b'x'; 16_000]);
    loop {
        sending.reserve_capacity(piece.len());
        let room = match std::future::poll_fn(|context| sending.poll_capacity(context)).await {
            Some(Ok(room)) => room,
            _ => return,
        };
        if sending.send_data(piece.slice(..room.min(piece.len())), false).is_err() {
            return;
        }
        sent.fetch_add(room.min(piece.len()), Ordering::SeqCst);
    }
}

#[tokio::test]
async fn a_reader_that_stops_stops_trino_and_holds_up_nobody() {
    let server = Server::new().await;
    let client = server.client();
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let answering = server.answering(h2::server::Builder::new(), move |request, mut respond| {
        let count = Arc::clone(&count);
        async move {
            match request.uri().path() {
                "/endless" => send_without_end(respond, count).await,
                _ => say(&mut respond, &"y".repeat(3_000_000)),
            }
        }
    });
    let mut stopped = Vec::new();
    for _ in 1..STREAMS {
        stopped.push(client.send(Request::get("/endless").body(empty()).unwrap()).await.unwrap());
    }
    let ahead = 256 * 1024 * (STREAMS - 1);
    let all_sent = async {
        while sent.load(Ordering::SeqCst) < ahead {
            sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(timeout(Duration::from_secs(10), all_sent).await.is_ok());
    sleep(Duration::from_millis(200)).await;
    assert_eq!(sent.load(Ordering::SeqCst), ahead);
    // All but one are stopped, and that one is answered as if it were alone.
    for _ in 0..3 {
        assert_eq!(got(&client).await.len(), 3_000_000);
    }
    assert_eq!((sent.load(Ordering::SeqCst), answering.connections()), (ahead, 1));
    // Who reads on gets more.
    let mut body = stopped.pop().unwrap().into_body();
    let mut read = 0;
    while read < 1_000_000 {
        read += body.frame().await.unwrap().unwrap().into_data().unwrap().len();
    }
    assert!(sent.load(Ordering::SeqCst) >= ahead + 1_000_000 - 256 * 1024);
    // And who leaves gives back what nobody took.
    drop((stopped, body));
    for _ in 0..3 {
        assert_eq!(got(&client).await.len(), 3_000_000);
    }
    assert_eq!(answering.connections(), 1);
}

const SOON: Bounds = Bounds { ping: Duration::from_millis(100), pong: Duration::from_secs(1), ..Bounds::DEFAULT };

#[tokio::test]
async fn a_connection_that_answers_nothing_is_given_up_and_another_is_made() {
    let (mut server, client) = framed(SOON).await;
    let asking = {
        let client = client.clone();
        tokio::spawn(async move { client.send(Request::new(full("SELECT 1"))).await })
    };
    let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
    frames.asked().await.unwrap();
    // It stays open, and nothing is read of it any more.
    let began = Instant::now();
    let error = asking.await.unwrap().unwrap_err();
    assert!(error.may_have_arrived() && error.to_string().contains("did not answer a PING within 1 s"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(4));
    let next = {
        let client = client.clone();
        tokio::spawn(async move { got(&client).await })
    };
    let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
    let stream = frames.asked().await.unwrap();
    frames.write(&[head(stream, 0, &[]), data(stream, END, b"ok")].concat()).await;
    assert_eq!(next.await.unwrap(), "ok");
}

#[tokio::test]
async fn a_slow_answer_on_a_connection_that_is_there_is_waited_for() {
    let server = Server::new().await;
    let client = server.client_within(SOON);
    let answering = server.answering(h2::server::Builder::new(), |_, mut respond| async move {
        sleep(Duration::from_millis(2500)).await;
        say(&mut respond, "ok");
    });
    assert_eq!((got(&client).await.as_str(), answering.connections()), ("ok", 1));
}

/// What is written before a word of HTTP/2 is understood, and whether the connection is closed then.
#[tokio::test]
async fn a_server_that_chooses_http2_and_does_not_begin_it_has_seen_nothing() {
    let no_streams = frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 0]);
    let cases: [(&[u8], bool, &str); 6] = [
        (b"", false, "takes no request by it"),
        (b"", true, "closed"),
        (&no_streams, false, "takes no request by it"),
        (b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", false, "Sluice ended it: frame with invalid size"),
        (&frame(PING, 0, 0, &[0; 8]), false, "takes no request by it"),
        (&frame(SETTINGS, 0, 0, &[0, 4, 255, 255, 255, 255]), false, "Sluice ended it"),
    ];
    for (text, closes, expected) in cases {
        let mut server = Server::new().await;
        let upstream = Upstream { connect_timeout: SignedDuration::from_millis(400), ..server.upstream() };
        let client = within(&upstream, Bounds::DEFAULT).unwrap();
        let asking = tokio::spawn(async move { client.send(Request::new(full("SELECT 1"))).await });
        let mut frames = Frames(server.came.recv().await.unwrap());
        frames.write(text).await;
        let _open = (!closes).then_some(frames);
        let error = asking.await.unwrap().unwrap_err();
        assert!(error.never_connected() && error.to_string().contains(expected), "{text:?}: {error}");
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    for http2 in [false, true] {
        let connect_timeout = SignedDuration::from_millis(300);
        let client =
            within(&Upstream { http2, connect_timeout, ..Upstream::at(url.clone()) }, Bounds::DEFAULT).unwrap();
        let began = Instant::now();
        let error = client.send(Request::new(full("SELECT 1"))).await.unwrap_err();
        assert!(error.never_connected(), "{error}");
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn words_that_want_an_answer_each_are_not_read_faster_than_they_are_answered() {
    for word in [frame(PING, 0, 0, &[0; 8]), frame(SETTINGS, 0, 0, &[])] {
        let (mut server, client) = framed(SOON).await;
        let asking = tokio::spawn(async move { client.send(Request::new(full("SELECT 1"))).await });
        let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
        frames.asked().await.unwrap();
        let many = word.repeat(10_000);
        let mut written = 0;
        // Nobody reads the answers, so at some point nothing more is taken, and then Sluice gives up.
        while frames.write(&many).await {
            written += many.len();
            assert!(written < 256 * 1024 * 1024);
        }
        assert!(asking.await.unwrap().unwrap_err().may_have_arrived());
    }
}

#[tokio::test]
async fn the_connection_ends_with_who_uses_it() {
    let (mut server, client) = framed(Bounds::DEFAULT).await;
    let asking = tokio::spawn(async move { client.send(Request::new(empty())).await });
    let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
    let stream = frames.asked().await.unwrap();
    frames.write(&[head(stream, 0, &[]), data(stream, 0, b"o")].concat()).await;
    // The client is gone, and its last answer is read all the same.
    let response = asking.await.unwrap().unwrap();
    sleep(Duration::from_millis(50)).await;
    frames.write(&data(stream, END, b"k")).await;
    assert_eq!(body_of(response).await.as_deref(), Ok("ok"));
    let ended = timeout(Duration::from_secs(2), async { while frames.read().await.is_some() {} }).await;
    assert!(ended.is_ok());
}

#[tokio::test]
async fn a_credential_is_never_kept_in_the_table_of_packed_headers() {
    let mut server = Server::new().await;
    std::fs::write(server.folder.path().join("token"), "s3cret").unwrap();
    let upstream = Upstream { token_file: Some(server.folder.path().join("token")), ..server.upstream() };
    let client = within(&upstream, Bounds::DEFAULT).unwrap();
    tokio::spawn(async move { client.send(Request::new(empty())).await.map(drop) });
    let mut frames = Frames::begin(server.came.recv().await.unwrap(), &[]).await;
    let (_, _, headers) = frames.next(HEADERS).await.unwrap();
    // A literal that is never indexed, whose name is the 23rd of the table that both know (RFC 7541, section 6.2.3).
    assert!(headers.windows(2).any(|two| two == [0x1f, 0x08]), "{headers:x?}");
}
