//! All that is read on a connection to Trino, for what is tried with any bytes.

use super::head::{self, Keeps, Length};
use crate::proxy::framing::Chunks;
use bytes::{Buf, BytesMut};
use http::Method;

/// The answers on a connection on which these pieces came, each with how it says where its body ends, and why no more are
/// read, if there is a reason.
pub(in crate::proxy) fn all<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut read, mut said, mut announced) = (BytesMut::new(), Vec::new(), 0);
    let mut open: Option<(String, Length, Chunks, Vec<u8>)> = None;
    for piece in pieces {
        read.extend_from_slice(piece);
        loop {
            let Some((text, length, chunks, body)) = &mut open else {
                match head::take(&mut read, &Method::GET, Keeps::All, &mut announced) {
                    Ok(None) => break,
                    Ok(Some(head)) => {
                        let text = format!("{} {:?} {}", head.response.status(), head.response.headers(), head.kept);
                        announced = 0;
                        open = Some((text, head.length, Chunks::Size { first: true }, Vec::new()));
                        continue;
                    }
                    Err(unreadable) => {
                        said.push(unreadable.0.to_owned());
                        return said;
                    }
                }
            };
            let left = match length {
                Length::Known(left) => left,
                Length::UntilClose => break,
                Length::Chunked => match (chunks.advance(&mut read), &mut *chunks) {
                    (Ok(true), Chunks::Data { left }) => left,
                    (Ok(true), _) => &mut 0,
                    (Ok(false), _) => break,
                    (Err(wrong), _) => {
                        said.push(wrong.0.to_owned());
                        return said;
                    }
                },
            };
            if *left == 0 {
                said.push(format!("{text} {body:?}"));
                open = None;
            } else if read.is_empty() {
                break;
            } else {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(read.len());
                body.extend_from_slice(read.get(..taken).unwrap_or_default());
                read.advance(taken);
                *left -= taken as u64;
            }
        }
    }
    said
}
