//! Heads of requests, and pages of results that come in pieces, bent.

use crate::check::said;
use crate::random::Random;
use sluice::proxy::probe::{self, QUERY};
use std::panic::{AssertUnwindSafe, catch_unwind};

const LINES: &[&str] = &[
    "POST /v1/statement",
    "GET /v1/info",
    "GET /v1/statement/executing/20260101_000000_00001_trino/y0123abc/7?sluice=AAAA&maxWait=1s",
    "DELETE /v1/statement/partialCancel/20260101_000000_00001_trino/3/yabc/0?targetResultSize=1MB",
    "DELETE /v1/query/20260101_000000_00001_trino",
];
const HEADERS: &[&str] = &[
    "host: sluice.example:8443",
    "host: [::1]:80",
    "x-trino-user: anna",
    "x-trino-original-user: eve",
    "x-trino-catalog: lake",
    "x-trino-schema: hr",
    "x-trino-source: trino-cli",
    "x-trino-client-info: a b",
    "x-trino-client-tags: a, b,,c",
    "x-trino-client-capabilities: PATH,SESSION_AUTHORIZATION",
    "x-trino-session: query_max_run_time=2h,lake.compression=ZSTD",
    "x-trino-session: other=a%2Cb+c",
    "x-trino-resource-estimate: CPU_TIME=5m",
    "x-trino-role: system=NONE",
    "x-trino-prepared-statement: st=SELECT+%3F",
    "x-trino-extra-credential:",
    "x-trino-time-zone: Europe/Berlin",
    "x-trino-language: de-DE",
    "x-trino-transaction-id: NONE",
    "x-trino-query-data-encoding: json+zstd",
    "authorization: Basic YTpi",
    "x-forwarded-host: evil.example",
];
const HEAD_PIECES: &[&[u8]] = &[
    b"\n",
    b"\r",
    b"\0",
    b"\t",
    b" ",
    b":",
    b",",
    b"=",
    b"%",
    b"%00",
    b"%2C",
    b"%3D",
    b"%ff",
    b"%C3%A4",
    b"\xC3\xA4",
    b"\xFF",
    b"+",
    b"..",
    b"/",
    b"//",
    b"?",
    b"&",
    b"#",
    b"@",
    b"sluice=",
    b"x-trino-",
    b"X-Trino-User: admin\n",
    b"{",
    b"}",
    b"\"",
];
const FIELDS: &[&str] = &[
    "\"infoUri\":\"http://trino.internal:8080/ui/query.html?20260101_000000_00001_trino\"",
    "\"nextUri\":\"http://trino.internal:8080/v1/statement/executing/20260101_000000_00001_trino/yabc/2\"",
    "\"nextUri\": null",
    "\"partialCancelUri\":\"http://trino.internal:8080/v1/statement/partialCancel/20260101_000000_00001_trino/1/yabc/2\"",
    "\"columns\":[{\"name\":\"a\",\"type\":\"varchar\",\"typeSignature\":{\"rawType\":\"varchar\",\"arguments\":[]}}]",
    "\"data\":[[\"a\\\"]}\",1.5e3,null,true],[[{\"b\":\"\\u00e4\\\\\"}]]]",
    "\"data\":[]",
    "\"data\":null",
    "\"stats\":{\"state\":\"RUNNING\",\"processedRows\":7,\"rootStage\":{\"subStages\":[]}}",
    "\"error\":{\"message\":\"line 1:8: no\",\"errorCode\":1,\"errorName\":\"SYNTAX_ERROR\",\"errorType\":\"USER_ERROR\",\
     \"errorLocation\":{\"lineNumber\":1,\"columnNumber\":8},\"failureInfo\":{\"type\":\"x\",\"message\":\"m\",\"stack\":[\"a\"],\"suppressed\":[]}}",
    "\"warnings\":[{\"warningCode\":{\"code\":1,\"name\":\"W\"},\"message\":\"m\"}]",
    "\"updateType\":\"INSERT\"",
    "\"updateCount\":12",
    "\"newField\":{\"at\":\"http://trino.internal:8080/\"}",
];
const PAGE_PIECES: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"\\\\\"",
    b"\\u0022",
    b"\\ud800",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"\n",
    b"null",
    b"-0",
    b"1e999",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\xFF",
    b"\xC3\xA4",
    b"\"nextUri\":\"http://trino.internal:8080/\",",
    b"\"id\":\"x\",",
    b"/*",
    b"NaN",
    b"[[[[[[[[",
];

const FRAMING: &[&str] = &[
    "Content-Length: 3",
    "Content-Length: 8",
    "content-length: 0",
    "Transfer-Encoding: chunked",
    "transfer-encoding: Chunked",
    "Connection: close",
    "Connection: keep-alive, x",
    "Expect: 100-continue",
];
const BODIES: &[&str] = &[
    "",
    "abc",
    "SELECT 1",
    "8\r\nSELECT 1\r\n0\r\n\r\n",
    "1;a=b\r\nS\r\n002\r\nEL\r\n0;x\r\nTrailer: 1\r\n\r\n",
    "0\r\n\r\n",
];
const FRAMING_PIECES: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\n\n",
    b" ",
    b"\t",
    b":",
    b",",
    b";",
    b"0",
    b"8",
    b"ffffffffffffffff",
    b"0x",
    b"+",
    b"-",
    b"\0",
    b"\x0b",
    b"\xFF",
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"HTTP/1.0",
    b"GET / HTTP/1.1\r\n\r\n",
];

/// A connection, and whether a message is read on it; or the rule that it breaks.
pub(crate) fn connection(random: &mut Random) -> (Vec<u8>, Result<bool, String>) {
    let client = random.one_in(2);
    let mut text = String::new();
    for _ in 0..random.below(3) + 1 {
        let version = if random.one_in(8) { "0" } else { "1" };
        text.push_str(&if client {
            format!("{} HTTP/1.{version}\r\n", random.of(LINES))
        } else {
            format!("HTTP/1.{version} {}\r\n", random.of(&["200 OK", "204 No Content", "100 Continue", "503"]))
        });
        for _ in 0..random.below(3) {
            text.push_str(random.of(HEADERS));
            text.push_str("\r\n");
        }
        for _ in 0..random.below(3) {
            text.push_str(random.of(FRAMING));
            text.push_str("\r\n");
        }
        text.push_str("\r\n");
        text.push_str(random.of(BODIES));
    }
    let text = bent(random, text.into_bytes(), FRAMING_PIECES);
    let cuts = cuts(random, text.len());
    let checked = checked(|| probe::connection(&text, &cuts, client));
    (text, checked)
}

/// A head, and whether it is answered; or the rule that it breaks.
pub(crate) fn head(random: &mut Random) -> (Vec<u8>, Result<bool, String>) {
    let mut text = random.of(LINES).to_owned();
    for _ in 0..random.below(8) {
        text.push('\n');
        text.push_str(random.of(HEADERS));
    }
    let text = bent(random, text.into_bytes(), HEAD_PIECES);
    let checked = checked(|| probe::head(&text));
    (text, checked)
}

/// A page, and whether it is shown; or the rule that it breaks.
pub(crate) fn page(random: &mut Random) -> (Vec<u8>, Result<bool, String>) {
    let mut fields: Vec<String> = (0..random.below(7)).map(|_| random.of(FIELDS).to_owned()).collect();
    fields.insert(random.below(fields.len() + 1), format!("\"id\":\"{QUERY}\""));
    let text = format!("{{{}}}", fields.join(","));
    let text = bent(random, text.into_bytes(), PAGE_PIECES);
    let cuts = cuts(random, text.len());
    let restricted = random.one_in(2);
    let checked = checked(|| probe::page(&text, &cuts, restricted));
    (text, checked)
}

/// Where what comes is cut, often at each byte.
fn cuts(random: &mut Random, length: usize) -> Vec<usize> {
    let mut cuts: Vec<usize> = if random.one_in(4) {
        (1..length).collect()
    } else {
        (0..random.below(6)).map(|_| random.below(length + 1)).collect()
    };
    cuts.sort_unstable();
    cuts
}

fn checked(check: impl FnOnce() -> Result<bool, String>) -> Result<bool, String> {
    let result = catch_unwind(AssertUnwindSafe(check));
    result.unwrap_or_else(|panic| Err(format!("it panics: {}", said(panic.as_ref()))))
}

fn bent(random: &mut Random, mut text: Vec<u8>, pieces: &[&[u8]]) -> Vec<u8> {
    for _ in 0..random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(5) {
            0 | 1 => {
                let piece = *random.of(&pieces.iter().collect::<Vec<_>>());
                text.splice(at..at, piece.iter().copied());
            }
            2 if at < text.len() => text[at] = random.byte(),
            3 if at < text.len() => text[at] ^= 1 << random.below(8),
            _ => {
                let end = (at + random.below(12)).min(text.len());
                text.drain(at..end);
            }
        }
    }
    text
}
