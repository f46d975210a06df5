//! A head that says what the one before it said is not read again: clients of Trino ask for page after page by one head, of which
//! nothing changes but the target.
//!
//! In: what was read of a connection. Out: what [`head::take`] gives for it, and what was found out from the same head before. What a
//! client proves by secretly who it is is not kept from one request for the next: it is read from each head anew, and who the client is
//! is found out anew.

use super::head::{self, Head, Length, NO_HTTP, Unreadable, Written};
use crate::proxy::characters::{Kind, are_all};
use crate::proxy::kept::Kept;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use std::ops::Range;

/// All that stands before the target of a request for a page.
const GET: &[u8] = b"GET ";

/// Most bytes of a head that is kept: connections that are idle keep theirs.
const KEPT: usize = 4 * 1024;

/// The heads of a connection.
#[derive(Debug, Default)]
pub(super) struct Heads {
    known: Option<Known>,
}

/// The last head that may come again.
#[derive(Debug)]
struct Known {
    /// What stood behind its target, without the values by which the client proved who it is.
    rest: Bytes,
    /// Where those stood in it, one after the other.
    secrets: Vec<(HeaderName, Range<usize>)>,
    /// What is read from it; not there while a request has it.
    read: Option<Read>,
    current: bool,
    kept: bool,
}

/// What was read from a head that has come again.
#[derive(Debug)]
struct Read {
    /// All headers; those by which the client proves who it is only while a request has them.
    headers: HeaderMap,
    /// What was found out from them.
    found: Kept,
}

impl Heads {
    /// Takes a head of at most `most` bytes off the front of what was read, if all of it is there. What it was read from is given back
    /// once it was answered.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub(super) fn take(&mut self, read: &mut BytesMut, most: usize) -> Result<Option<Head>, Unreadable> {
        if let Some(known) = &mut self.known
            && let Some(behind) = known.comes_again(read, most)
            && let Some(again) = known.read.take()
        {
            return known.taken(read, behind, again).map(Some);
        }
        let Some((head, written)) = head::take(read, most)? else {
            return Ok(None);
        };
        let bodiless = head.length == Length::Known(0) && !head.waits;
        if head.method == Method::GET && bodiless && written.bytes.len() <= KEPT {
            self.known = Known::of(&head, written);
        }
        Ok(Some(head))
    }

    /// Takes what was read from a head back, if it came again, and forgets what the client proved by it who it is.
    pub(super) fn give_back(&mut self, Head { mut headers, found, again, .. }: Head) {
        // Of another head nothing is taken.
        let Some(known) = self.known.as_mut().filter(|known| again && known.read.is_none()) else {
            return;
        };
        for (name, _) in &known.secrets {
            headers.remove(name);
        }
        known.read = Some(Read { headers, found });
    }
}

impl Known {
    /// `None` if a value that proves something was given twice: each has one place.
    fn of(head: &Head, written: Written) -> Option<Known> {
        // A copy, since what else was read along with it would stay for as long.
        let bytes = Bytes::copy_from_slice(&written.bytes);
        let mut headers = HeaderMap::with_capacity(head.headers.len());
        for (name, value) in head.headers.iter().filter(|(_, value)| !value.is_sensitive()) {
            let place = head::place(&written.bytes, value.as_bytes());
            bytes.get(place.clone())?;
            headers.append(name, HeaderValue::from_maybe_shared(bytes.slice(place)).ok()?);
        }
        let mut secrets: Vec<(HeaderName, Range<usize>)> = Vec::with_capacity(written.secrets.len());
        for (name, place) in written.secrets {
            if secrets.iter().any(|(given, _)| *given == name) {
                return None;
            }
            secrets.push((name, place.start.checked_sub(written.behind)?..place.end.checked_sub(written.behind)?));
        }
        let rest = bytes.slice(written.behind..);
        let read = Some(Read { headers, found: Kept::default() });
        Some(Known { rest, secrets, read, current: head.current, kept: head.kept })
    }

    /// Where the target ends, if what was read begins with this head.
    fn comes_again(&self, read: &[u8], most: usize) -> Option<usize> {
        let target = read.strip_prefix(GET)?;
        let target = target.get(..memchr::memchr(b' ', target)?)?;
        let behind = GET.len() + target.len();
        let length = behind + self.rest.len();
        let rest = read.get(behind..length)?;
        let right = length <= most && target.starts_with(b"/") && are_all(target, Kind::Plain);
        (right && self.is_said_by(rest)).then_some(behind)
    }

    /// Whether a text of the same length is the same, but for values that prove something.
    fn is_said_by(&self, rest: &[u8]) -> bool {
        let mut from = 0;
        for (_, place) in &self.secrets {
            let same = rest.get(from..place.start) == self.rest.get(from..place.start);
            if !same || !rest.get(place.clone()).is_some_and(is_value) {
                return false;
            }
            from = place.end;
        }
        rest.get(from..) == self.rest.get(from..)
    }

    /// Takes the values out by which the client proves who it is this time. What was read of them is overwritten.
    fn take_secrets(&self, read: &mut [u8], behind: usize) -> Result<Vec<(HeaderName, HeaderValue)>, Unreadable> {
        let secret = |(name, place): &(HeaderName, Range<usize>)| {
            let read = read.get_mut(behind + place.start..behind + place.end).ok_or(NO_HTTP)?;
            let taken = Bytes::from_owner(head::take_secret(read));
            let mut value = HeaderValue::from_maybe_shared(taken).map_err(|_| NO_HTTP)?;
            value.set_sensitive(true);
            Ok((name.clone(), value))
        };
        self.secrets.iter().map(secret).collect()
    }

    /// Takes the head off the front of what was read, which begins with it.
    fn taken(&self, read: &mut BytesMut, behind: usize, again: Read) -> Result<Head, Unreadable> {
        let Read { mut headers, found } = again;
        for (name, value) in self.take_secrets(read, behind)? {
            headers.insert(name, value);
        }
        let bytes = read.split_to(behind + self.rest.len()).freeze();
        Ok(Head::of_page(bytes.slice(GET.len()..behind), headers, found, (self.current, self.kept)))
    }
}

/// Whether a text is a header's value as a whole, without the spaces around it that don't count.
fn is_value(text: &[u8]) -> bool {
    let ends = text.first().is_some_and(u8::is_ascii_graphic) && text.last().is_some_and(u8::is_ascii_graphic);
    ends && text.iter().all(|byte| *byte == b' ' || byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 1024;
    const PAGE: &str = "GET /v1/statement/executing/q_1/y0a/1?sluice=a-b_c HTTP/1.1\r\nHost: trino:8443\r\nX-Trino-User: anna\r\n\
        Authorization: Basic c2VjcmV0\r\nx-trino-user: two\r\nCookie: c=d; e=f\r\n\r\n";

    /// What counts of a head, and what is left of what was read; `None` if it isn't all there.
    type Taken = Result<Option<(Head, usize)>, Unreadable>;

    fn said(taken: Result<Option<Head>, Unreadable>, left: &BytesMut) -> Taken {
        Ok(taken?.map(|head| (head, left.len())))
    }

    fn afresh(text: &[u8], most: usize) -> Taken {
        let mut read = BytesMut::from(text);
        let taken = head::take(&mut read, most).map(|taken| taken.map(|(head, _)| head));
        said(taken, &read)
    }

    /// Reads the second head after the first one came twice. Whether it was known.
    fn after(first: &[u8], second: &[u8], most: usize) -> (Taken, bool) {
        let mut heads = Heads::default();
        for _ in 0..2 {
            let head = heads.take(&mut BytesMut::from(first), most).unwrap().unwrap();
            heads.give_back(head);
        }
        let known = heads.known.as_ref().is_some_and(|known| known.comes_again(second, most).is_some());
        let mut read = BytesMut::from(second);
        let taken = heads.take(&mut read, most);
        (said(taken, &read), known)
    }

    fn same(one: &Taken, other: &Taken) -> bool {
        let parts = |taken: &Taken| {
            let head = |(head, left): &(Head, usize)| {
                let mut headers: Vec<_> = head
                    .headers
                    .iter()
                    .map(|(name, value)| (name.as_str().to_owned(), value.clone(), value.is_sensitive()))
                    .collect();
                headers.sort_by(|one, other| one.0.cmp(&other.0));
                let target = format!("{:?}", head.request().target);
                (head.method.clone(), target, headers, (head.length, head.current, head.kept, head.waits), *left)
            };
            taken.as_ref().map(|taken| taken.as_ref().map(head)).map_err(|unreadable| *unreadable)
        };
        parts(one) == parts(other)
    }

    #[test]
    fn a_head_that_comes_again_says_what_it_says() {
        for (second, known) in [
            (PAGE.to_owned(), true),
            (PAGE.replace("/1?sluice=a-b_c", "/123456?sluice=other&maxWait=1s"), true),
            (PAGE.replace("c2VjcmV0", "b3RoZXIh"), true),
            (PAGE.replace("c=d; e=f", "c=e; g=h"), true),
            (format!("{PAGE}GET /"), true),
            (PAGE.replace("c2VjcmV0", "b3RoZXI="), true),
            (PAGE.replace("c2VjcmV0", "b3RoZXI "), false),
            (PAGE.replace("c2VjcmV0", "b3\tZXIh"), false),
            (PAGE.replace("c2VjcmV0", "b3RoZXIhIQ"), false),
            (PAGE.replace("c2VjcmV0", "X\r\nY: Zab"), false),
            (PAGE.replace("anna", "bert"), false),
            (PAGE.replace("Host", "hOST"), false),
            (PAGE.replace("HTTP/1.1", "HTTP/1.0"), false),
            (PAGE.replace("GET ", "PUT "), false),
            (PAGE.replace("\r\n\r\n", "\r\n"), false),
            (PAGE.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"), false),
            (PAGE.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\n"), false),
            (PAGE.replace("/v1/", "/%761/"), false),
            (PAGE.replace("/v1/", "http://other/v1/"), false),
            (PAGE.replace("/v1/", "v1/"), false),
            (format!("\r\n{PAGE}"), false),
        ] {
            let (taken, was_known) = after(PAGE.as_bytes(), second.as_bytes(), MOST);
            assert!(same(&taken, &afresh(second.as_bytes(), MOST)), "{second:?} {taken:?}");
            assert_eq!(was_known, known, "{second:?}");
        }
    }

    #[test]
    fn the_limit_holds_for_a_head_that_is_known() {
        let long = PAGE.replace("a-b_c", &"x".repeat(MOST));
        assert!(after(PAGE.as_bytes(), long.as_bytes(), MOST).0.is_err());
    }

    #[test]
    fn no_head_is_kept_that_is_long_or_may_have_a_body_or_proves_something_twice() {
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(KEPT));
        for first in [
            long.as_str(),
            "POST / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/1.1\r\nExpect: 100-continue\r\n\r\n",
            "GET / HTTP/1.1\r\nCookie: a\r\nCookie: b\r\n\r\n",
        ] {
            let mut heads = Heads::default();
            assert!(heads.take(&mut BytesMut::from(first), 2 * KEPT).unwrap().is_some());
            assert!(heads.known.is_none(), "{first:?}");
        }
    }

    #[test]
    fn a_head_that_is_kept_holds_nothing_else_that_was_read() {
        let mut heads = Heads::default();
        let mut read = BytesMut::from(PAGE);
        let room = read.as_ptr_range();
        let head = heads.take(&mut read, MOST).unwrap().unwrap();
        assert!(room.contains(&head.headers["host"].as_bytes().as_ptr()));
        let known = heads.known.as_ref().unwrap();
        assert!(!room.contains(&known.rest.as_ptr()));
        assert!(known.read.as_ref().unwrap().headers.values().all(|value| !room.contains(&value.as_bytes().as_ptr())));
    }

    #[test]
    fn what_proves_a_client_is_neither_kept_nor_left_where_it_was_read() {
        let mut heads = Heads::default();
        for again in [false, true, true] {
            let head = heads.take(&mut BytesMut::from(PAGE), MOST).unwrap().unwrap();
            assert_eq!(head.again, again);
            assert!(head.headers["authorization"].is_sensitive());
            heads.give_back(head);
            let known = heads.known.as_ref().unwrap();
            let headers = &known.read.as_ref().unwrap().headers;
            for secret in [&b"c2VjcmV0"[..], b"c=d; e=f"] {
                assert!(memchr::memmem::find(&known.rest, secret).is_none());
                assert!(headers.values().all(|value| memchr::memmem::find(value.as_bytes(), secret).is_none()));
            }
            assert_eq!((headers.len(), headers.contains_key("cookie")), (3, false));
        }
        let known = heads.known.as_ref().unwrap();
        let mut read = PAGE.as_bytes().to_vec();
        let taken = known.take_secrets(&mut read, known.comes_again(PAGE.as_bytes(), MOST).unwrap()).unwrap();
        assert_eq!(
            taken.iter().map(|(_, value)| value.as_bytes()).collect::<Vec<_>>(),
            [&b"Basic c2VjcmV0"[..], b"c=d; e=f"]
        );
        let left = PAGE.replace("Basic c2VjcmV0", &"\0".repeat(14)).replace("c=d; e=f", &"\0".repeat(8));
        assert_eq!(read, left.as_bytes());
    }

    #[test]
    fn a_head_that_was_not_given_back_is_read_as_if_it_were_the_first() {
        let mut heads = Heads::default();
        for again in [false, true, false, true] {
            let head = heads.take(&mut BytesMut::from(PAGE), MOST).unwrap().unwrap();
            assert_eq!(head.again, again);
        }
    }

    proptest! {
        #[test]
        fn a_head_that_differs_anywhere_is_read_as_if_it_were_the_first(
            at in any::<prop::sample::Index>(),
            put in prop_oneof![any::<u8>(), prop::sample::select(&b" \r\n\t:/?%\x7f\x80\0"[..])],
            cut in 0..3usize,
            add in 0..3usize,
        ) {
            let mut second = PAGE.as_bytes().to_vec();
            let at = at.index(second.len());
            let end = (at + cut).min(second.len());
            second.splice(at..end, std::iter::repeat_n(put, add));
            let (taken, _) = after(PAGE.as_bytes(), &second, MOST);
            prop_assert!(same(&taken, &afresh(&second, MOST)), "{taken:?}");
        }
    }
}
