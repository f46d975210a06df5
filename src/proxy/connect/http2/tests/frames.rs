//! HTTP/2 frame by frame, as a server that keeps to nothing may write it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RESET: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// The stream ends with this frame; of SETTINGS and PING: it is an answer.
pub(super) const END: u8 = 1;
/// The headers end with this frame.
pub(super) const END_HEADERS: u8 = 4;

/// One frame.
pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head[..], payload].concat()
}

/// A status and headers, none of them packed.
pub(super) fn block(headers: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| {
        let short = u8::try_from(text.len().min(127)).unwrap();
        let mut length = vec![short];
        if short == 127 {
            // The rest of a length, seven bits a byte.
            let mut rest = text.len() - 127;
            while rest >= 128 {
                length.push(u8::try_from(rest % 128).unwrap() | 128);
                rest /= 128;
            }
            length.push(u8::try_from(rest).unwrap());
        }
        [&length[..], text.as_bytes()].concat()
    };
    headers.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// The head of an answer.
pub(super) fn head(stream: u32, flags: u8, headers: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &[&[0x88], &block(headers)[..]].concat())
}

pub(super) fn data(stream: u32, flags: u8, text: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, text)
}

pub(super) fn reset(stream: u32, code: u32) -> Vec<u8> {
    frame(RESET, 0, stream, &code.to_be_bytes())
}

pub(super) fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

/// The server's side of a connection.
pub(super) struct Frames(pub(super) TlsStream<TcpStream>);

impl Frames {
    /// After the client's preface, with the server's SETTINGS.
    pub(super) async fn begin(mut stream: TlsStream<TcpStream>, settings: &[u8]) -> Frames {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut frames = Frames(stream);
        assert!(frames.write(&frame(SETTINGS, 0, 0, settings)).await);
        frames
    }

    /// Whether it went out.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> bool {
        self.0.write_all(bytes).await.is_ok() && self.0.flush().await.is_ok()
    }

    /// Kind, flags, stream and payload of the next frame; `None` at the end.
    pub(super) async fn read(&mut self) -> Option<(u8, u8, u32, Vec<u8>)> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let [a, b, c, kind, flags, stream @ ..] = head;
        let mut payload = vec![0; usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap()];
        self.0.read_exact(&mut payload).await.ok()?;
        Some((kind, flags, u32::from_be_bytes(stream), payload))
    }

    /// The next frame of a kind. SETTINGS are answered on the way.
    pub(super) async fn next(&mut self, wanted: u8) -> Option<(u8, u32, Vec<u8>)> {
        loop {
            let (kind, flags, stream, payload) = self.read().await?;
            if kind == SETTINGS && flags & END == 0 && !self.write(&frame(SETTINGS, END, 0, &[])).await {
                return None;
            }
            if kind == wanted {
                return Some((flags, stream, payload));
            }
        }
    }

    /// The stream of the next request.
    pub(super) async fn asked(&mut self) -> Option<u32> {
        self.next(HEADERS).await.map(|(_, stream, _)| stream)
    }
}
