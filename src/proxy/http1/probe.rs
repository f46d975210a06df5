//! All that is read on a connection, for what is tried with any bytes.

use super::again::Heads;
use super::asked::Left;
use super::head::Length;
use crate::proxy::framing::Chunks;
use crate::proxy::serve;
use bytes::BytesMut;

/// The requests of a connection on which these pieces came, each with how it says where its body ends, and why no more are
/// read, if there is a reason.
pub(in crate::proxy) fn all<'a>(pieces: impl Iterator<Item = &'a [u8]>, most: usize) -> Vec<String> {
    let (mut read, mut said) = (BytesMut::new(), Vec::new());
    let mut heads = Heads::default();
    let mut open: Option<(String, Left, Vec<u8>)> = None;
    for piece in pieces {
        read.extend_from_slice(piece);
        loop {
            match &mut open {
                None => match heads.take(&mut read, most) {
                    Ok(None) => break,
                    Ok(Some(head)) => {
                        let left = match head.length {
                            Length::Known(bytes) => Left::Bytes(bytes),
                            Length::Chunked => Left::Chunks(Chunks::Size { first: true }),
                        };
                        let serve::Request { method, target, headers, .. } = head.request();
                        let text = format!("{method} {target:?} {headers:?} {:?} {}", head.length, head.kept);
                        heads.give_back(head);
                        open = Some((text, left, Vec::new()));
                    }
                    Err(unreadable) => {
                        said.push(unreadable.status.to_string());
                        return said;
                    }
                },
                Some((text, left, body)) => {
                    if left.is_none() {
                        said.push(format!("{text} {body:?}"));
                        open = None;
                        continue;
                    }
                    match left.take(&mut read) {
                        Ok(None) => break,
                        Ok(Some(data)) => body.extend_from_slice(&data),
                        Err(wrong) => {
                            said.push(wrong.0.to_owned());
                            return said;
                        }
                    }
                }
            }
        }
    }
    said
}
