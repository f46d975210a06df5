//! Which connection a request goes by, and what it looks like there.

use super::*;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::sync::Semaphore;

#[tokio::test]
async fn a_request_is_the_one_that_http1_has() {
    let server = Server::new().await;
    std::fs::write(server.folder.path().join("password"), "s3cret\n").unwrap();
    let upstream = Upstream { password_file: Some(server.folder.path().join("password")), ..server.upstream() };
    let client = within(&upstream, Bounds::DEFAULT).unwrap();
    let authority = server.url.strip_prefix("https://").unwrap().to_owned();
    let answering = server.answering(h2::server::Builder::new(), |mut request, mut respond| async move {
        let mut length = 0;
        while let Some(data) = request.body_mut().data().await {
            let data = data.unwrap();
            length += data.len();
            request.body_mut().flow_control().release_capacity(data.len()).unwrap();
        }
        let mut headers: Vec<_> = request.headers().iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        headers.sort();
        say(&mut respond, &format!("{} {} {headers:?} {length}", request.method(), request.uri()));
    });
    let basic = "authorization=\"Basic c2x1aWNlOnMzY3JldA==\"";
    for length in [0, 8, 300_000] {
        let request = Request::post("http://elsewhere.example/v1/statement?a=b")
            .header("Host", "elsewhere.example")
            .header("Authorization", "Basic dXNlcjpzZWNyZXQ=")
            .header("Content-Length", "1")
            .header("Transfer-Encoding", "chunked")
            .header("Connection", "close")
            .header("TE", "gzip")
            .header("Upgrade", "h2c")
            .header("Keep-Alive", "1")
            .header("Proxy-Connection", "close")
            .header("X-Trino-Session", "a=1")
            .header("X-Trino-Session", "b=2")
            .body(full("x".repeat(length)))
            .unwrap();
        let said = body_of(client.send(request).await.unwrap()).await.unwrap();
        let headers =
            [basic, &format!("content-length=\"{length}\""), "x-trino-session=\"a=1\"", "x-trino-session=\"b=2\""];
        assert_eq!(said, format!("POST https://{authority}/v1/statement?a=b {headers:?} {length}"));
    }
    let user = http::HeaderValue::from_static("anna");
    let headers = [(http::HeaderName::from_static("x-trino-user"), &user)];
    let page = client.page(http::Method::DELETE, "/v1/a?b=c", &headers).await.unwrap();
    let headers = [basic, "x-trino-user=\"anna\""];
    assert_eq!(body_of(page).await.unwrap(), format!("DELETE https://{authority}/v1/a?b=c {headers:?} 0"));
    assert_eq!(answering.connections(), 1);
    for target in ["", "v1", "/a b", "/a\r\nX: 1", "/\u{e9}", "http://elsewhere/"] {
        let asked = client.page(http::Method::GET, target, &[]).await;
        assert!(matches!(asked, Err(SendError::Path(_))), "{target}");
    }
}

/// Answers by either protocol with its name; over HTTP/1.1 once a connection.
async fn either(mut server: Server) {
    while let Some(stream) = server.came.recv().await {
        if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    say(&mut respond, "HTTP/2");
                    connection.graceful_shutdown();
                }
            });
            continue;
        }
        tokio::spawn(async move {
            let service = service_fn(|_| async {
                let text = http_body_util::Full::new(Bytes::from_static(b"HTTP/1.1"));
                Ok::<_, Infallible>(Response::builder().header("connection", "close").body(text).unwrap())
            });
            let _closed = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[tokio::test]
async fn what_trino_chooses_is_spoken_also_when_it_chooses_anew() {
    let (both, one, none): (&[&str], &[&str], &[&str]) = (&["h2", "http/1.1"], &["http/1.1"], &[]);
    let server = Server::choosing(&[one, none, both, both, one, both]).await;
    let client = server.client();
    tokio::spawn(either(server));
    let expected = ["HTTP/1.1", "HTTP/1.1", "HTTP/2", "HTTP/2", "HTTP/1.1", "HTTP/2"];
    for (number, protocol) in expected.into_iter().enumerate() {
        assert_eq!(got(&client).await, protocol, "connection {number}");
        // Its end has come by then.
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn many_at_once_wait_for_one_connection_to_know_what_is_spoken() {
    for (chooses, connections) in [(&["h2"][..], 1), (&["http/1.1"][..], 20)] {
        let mut server = Server::choosing(&[chooses]).await;
        let client = server.client();
        let asked: Vec<_> = (0..20)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { got(&client).await })
            })
            .collect();
        let first = timeout(Duration::from_secs(2), server.came.recv()).await.unwrap().unwrap();
        assert!(timeout(Duration::from_millis(200), server.came.recv()).await.is_err() || connections > 1);
        if connections == 1 {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(first).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    say(&mut respond, "HTTP/2");
                }
            });
            for asked in asked {
                assert_eq!(asked.await.unwrap(), "HTTP/2");
            }
        } else {
            // By HTTP/1.1 each request has a connection of its own.
            for number in 2..connections {
                assert!(timeout(Duration::from_secs(2), server.came.recv()).await.is_ok(), "{number}");
            }
        }
    }
}

/// Answers when it is told to, and counts what it is asked at once.
struct Holding {
    asked: Arc<AtomicUsize>,
    told: Arc<Semaphore>,
    answering: Answering,
}

fn holding(server: Server, at_once: u32) -> Holding {
    let (asked, told) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    let (count, wait) = (Arc::clone(&asked), Arc::clone(&told));
    let mut http = h2::server::Builder::new();
    http.max_concurrent_streams(at_once);
    let answering = server.answering(http, move |_, mut respond| {
        let (count, wait) = (Arc::clone(&count), Arc::clone(&wait));
        async move {
            count.fetch_add(1, Ordering::SeqCst);
            wait.acquire().await.unwrap().forget();
            count.fetch_sub(1, Ordering::SeqCst);
            say(&mut respond, "ok");
        }
    });
    Holding { asked, told, answering }
}

impl Holding {
    async fn is_asked(&self, count: usize) {
        let there = async {
            while self.asked.load(Ordering::SeqCst) != count {
                sleep(Duration::from_millis(5)).await;
            }
        };
        let came = timeout(Duration::from_secs(2), there).await;
        assert!(came.is_ok(), "{} and not {count}", self.asked.load(Ordering::SeqCst));
    }
}

#[tokio::test]
async fn there_are_no_more_requests_on_a_connection_than_trino_takes() {
    let server = Server::new().await;
    let client = server.client();
    let holding = holding(server, 2);
    let mut asked = Vec::new();
    for (count, connections) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
        let client = client.clone();
        asked.push(tokio::spawn(async move { got(&client).await }));
        holding.is_asked(count).await;
        assert_eq!(holding.answering.connections(), connections, "for {count}");
    }
    holding.told.add_permits(5);
    for asked in asked {
        assert_eq!(asked.await.unwrap(), "ok");
    }
    holding.told.add_permits(1);
    assert_eq!(got(&client).await, "ok");
    assert_eq!(holding.answering.connections(), 3);
}

#[tokio::test]
async fn who_finds_no_room_waits_for_it_as_long_as_for_a_connection() {
    let server = Server::new().await;
    let upstream = Upstream { connect_timeout: SignedDuration::from_millis(500), ..server.upstream() };
    let client = within(&upstream, Bounds { connections: 1, ..Bounds::DEFAULT }).unwrap();
    let holding = holding(server, 1);
    let asked = |client: &HttpClient| {
        let client = client.clone();
        tokio::spawn(async move { client.send(Request::new(empty())).await.map(drop) })
    };
    let first = asked(&client);
    holding.is_asked(1).await;
    let second = asked(&client);
    sleep(Duration::from_millis(200)).await;
    assert_eq!(holding.asked.load(Ordering::SeqCst), 1);
    holding.told.add_permits(1);
    first.await.unwrap().unwrap();
    holding.is_asked(1).await;
    let began = Instant::now();
    let error = asked(&client).await.unwrap().unwrap_err();
    assert!(error.never_connected() && error.to_string().contains("no connection had room"), "{error}");
    assert!((400..2000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    holding.told.add_permits(1);
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_an_old_one_gets_nothing_new() {
    let (soon, late) = (Duration::from_millis(250), Duration::from_secs(60));
    for (idle, age) in [(soon, late), (late, soon)] {
        let server = Server::new().await;
        let bounds = Bounds { idle, age, ping: Duration::from_millis(50), ..Bounds::DEFAULT };
        let client = server.client_within(bounds);
        let holding = holding(server, 10);
        let kept = {
            let client = client.clone();
            tokio::spawn(async move { got(&client).await })
        };
        holding.is_asked(1).await;
        sleep(soon * 2).await;
        holding.told.add_permits(2);
        assert_eq!(got(&client).await, "ok");
        // One that is asked is not idle, and an old one answers what it was asked.
        assert_eq!(kept.await.unwrap(), "ok");
        assert_eq!(holding.answering.connections(), if idle == soon { 1 } else { 2 });
        sleep(soon * 2).await;
        holding.told.add_permits(1);
        assert_eq!(got(&client).await, "ok");
        assert_eq!(holding.answering.connections(), if idle == soon { 2 } else { 3 });
    }
}

#[tokio::test]
async fn http2_needs_tls() {
    let plain = Upstream { http2: true, ..Upstream::at("http://trino:8080".to_owned()) };
    let error = within(&plain, Bounds::DEFAULT).unwrap_err();
    assert!(error.to_string().starts_with("upstream.http2 needs an https:// upstream.url"), "{error}");
}
