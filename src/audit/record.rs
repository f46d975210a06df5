//! What is in a line of the decision log.

use crate::enforce::{Applied, ObjectUse, Stage};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;
use uuid::Uuid;

/// One line. Its first field, `kind`, says which of these it is.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// What was decided about a statement, written before it is forwarded or refused.
    Decision(Box<DecisionRecord>),
    /// What came of a forwarded statement.
    Completion(CompletionRecord),
}

/// What was decided about a statement, and why.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionRecord {
    /// Names the decision, in the client's error text too. UUIDv7, so that ids sort by time.
    pub id: Uuid,
    /// When it was decided.
    pub time: Timestamp,
    /// Who logged in.
    pub principal: String,
    /// How that was proved.
    pub proofs: Vec<ProofRecord>,
    /// As whom the statement runs: the principal, or whom it acts as.
    pub user: String,
    /// The user's groups.
    pub groups: BTreeSet<String>,
    /// What the client says it is (`X-Trino-Source`).
    pub source: Option<String>,
    /// Where the connection came from.
    pub client_address: Option<IpAddr>,
    /// What the client says of itself (`X-Trino-Client-Tags`).
    pub client_tags: Vec<String>,
    /// The session's catalog.
    pub catalog: Option<String>,
    /// The session's schema.
    pub schema: Option<String>,
    /// The cluster that it is decided for and sent to, where there are several.
    pub cluster: Option<String>,
    /// The statement as the client sent it.
    pub sql: String,
    /// [`fingerprint`] of `sql`.
    pub fingerprint: String,
    /// Trino's class name of the statement; null if it could not be read.
    pub statement: Option<&'static str>,
    /// What it touches.
    pub objects: Vec<ObjectUse>,
    /// What happens with it.
    pub outcome: Outcome,
    /// What the client is told if it is refused.
    pub error: Option<ErrorRecord>,
    /// The masks that were put in.
    pub masks: Vec<Applied>,
    /// The filters that were put in.
    pub filters: Vec<Applied>,
    /// The policies that took part, as `domain/name`.
    pub policies: BTreeSet<String>,
    /// The revision of the snapshot that it was decided from.
    pub snapshot: String,
    /// The commit of each Git repository that the snapshot's files are of, by the names of the sources.
    pub commits: BTreeMap<String, String>,
    /// The text that is sent to Trino, if it differs from `sql`.
    pub rewritten: Option<String>,
    /// How long each stage took, in microseconds, without waiting for Trino's answers about tables.
    pub stages_us: BTreeMap<Stage, u64>,
    /// How long the whole decision took, in microseconds, with all waiting.
    pub total_us: u64,
}

/// How somebody proved to be who.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProofRecord {
    /// `password`, `ldap`, `service_token`, `trusted_header`, `token` or `certificate`.
    pub by: &'static str,
    /// Who issued the token or the certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The certificate's number at its issuer, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The certificate's SHA-256, in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// What happens with a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is forwarded as it is.
    Allow,
    /// It is forwarded with masks, filters or fewer columns.
    Rewrite,
    /// It is refused.
    Deny,
}

impl Outcome {
    /// The word in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Allow => "allow",
            Outcome::Rewrite => "rewrite",
            Outcome::Deny => "deny",
        }
    }
}

/// What the client is told of a refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorRecord {
    /// Trino's name of the error, such as `PERMISSION_DENIED`.
    pub name: String,
    /// The text.
    pub message: String,
}

/// What came of a forwarded statement.
#[derive(Clone, Debug, Serialize)]
pub struct CompletionRecord {
    /// The decision's id.
    pub decision: Uuid,
    /// When this was known.
    pub time: Timestamp,
    /// Trino's id of the query; null if Trino did not answer.
    pub query_id: Option<String>,
    /// How it ended, as far as it was seen.
    pub state: QueryState,
    /// Trino's name of the error of a failed query.
    pub error: Option<String>,
    /// Why Sluice withheld the answer, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The rows that went to the client.
    pub rows: u64,
    /// The bytes of pages that went to the client.
    pub bytes: u64,
    /// From the arrival of the statement to the end of the last page, in microseconds.
    pub elapsed_us: u64,
}

/// How a query ended, as far as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryState {
    /// The last page was sent.
    Finished,
    /// Trino reported an error.
    Failed,
    /// The client cancelled it or went away.
    Canceled,
    /// The end was not seen.
    Unknown,
}

/// Identifies statements that differ in white space only: SHA-256, in hex, of the text with each run of white space as
/// one space and none at the ends.
pub fn fingerprint(sql: &str) -> String {
    let mut digest = Sha256::new();
    let words = sql.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty());
    for (place, word) in words.enumerate() {
        if place > 0 {
            digest.update(b" ");
        }
        digest.update(word.as_bytes());
    }
    let mut hex = String::with_capacity(64);
    for byte in digest.finalize() {
        // writing to a string does not fail
        let _written = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::audit) fn decision(sql: &str) -> Record {
        Record::Decision(Box::new(DecisionRecord {
            id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001),
            time: Timestamp::UNIX_EPOCH,
            principal: "superset".to_owned(),
            proofs: vec![ProofRecord {
                by: "token",
                issuer: Some("https://login.example.com".to_owned()),
                ..ProofRecord::default()
            }],
            user: "anna".to_owned(),
            groups: BTreeSet::from(["analysts".to_owned()]),
            source: Some("Apache Superset".to_owned()),
            client_address: Some(IpAddr::from([127, 0, 0, 1])),
            client_tags: vec!["dashboard".to_owned()],
            catalog: Some("lake".to_owned()),
            schema: None,
            cluster: Some("adhoc".to_owned()),
            sql: sql.to_owned(),
            fingerprint: fingerprint(sql),
            statement: Some("Query"),
            objects: vec![ObjectUse {
                object: "lake.hr.employees".to_owned(),
                privilege: "select",
                columns: vec!["email".to_owned()],
            }],
            outcome: Outcome::Rewrite,
            error: None,
            masks: vec![Applied {
                to: "lake.hr.employees.email".to_owned(),
                policy: "hr/mask-email".to_owned(),
                names: vec!["email".to_owned()],
            }],
            filters: vec![],
            policies: BTreeSet::from(["hr/mask-email".to_owned()]),
            snapshot: "r1".to_owned(),
            commits: BTreeMap::from([("centre".to_owned(), "0123456789abcdef0123456789abcdef01234567".to_owned())]),
            rewritten: Some("SELECT 1".to_owned()),
            stages_us: BTreeMap::from([(Stage::Parse, 12), (Stage::SecondOpinion, 30)]),
            total_us: 99,
        }))
    }

    #[test]
    fn a_decision_is_one_line_that_starts_with_its_kind() {
        let line = serde_json::to_string(&decision("SELECT email\nFROM t")).unwrap();
        insta::assert_snapshot!(line, @r#"{"kind":"decision","id":"01900000-0000-7000-8000-000000000001","time":"1970-01-01T00:00:00Z","principal":"superset","proofs":[{"by":"token","issuer":"https://login.example.com"}],"user":"anna","groups":["analysts"],"source":"Apache Superset","client_address":"127.0.0.1","client_tags":["dashboard"],"catalog":"lake","schema":null,"cluster":"adhoc","sql":"SELECT email\nFROM t","fingerprint":"2a4a05697dcf970600ae96cff705971f7d9e8238c25877a2d4906b14ade2245e","statement":"Query","objects":[{"object":"lake.hr.employees","privilege":"select","columns":["email"]}],"outcome":"rewrite","error":null,"masks":[{"to":"lake.hr.employees.email","policy":"hr/mask-email","names":["email"]}],"filters":[],"policies":["hr/mask-email"],"snapshot":"r1","commits":{"centre":"0123456789abcdef0123456789abcdef01234567"},"rewritten":"SELECT 1","stages_us":{"parse":12,"second_opinion":30},"total_us":99}"#);
    }

    #[test]
    fn a_completion_is_one_line_that_starts_with_its_kind() {
        let record = Record::Completion(CompletionRecord {
            decision: Uuid::from_u128(1),
            time: Timestamp::UNIX_EPOCH,
            query_id: Some("20260101_000000_00001_abcde".to_owned()),
            state: QueryState::Canceled,
            error: None,
            reason: None,
            rows: 1,
            bytes: 2,
            elapsed_us: 3,
        });
        insta::assert_snapshot!(serde_json::to_string(&record).unwrap(), @r#"{"kind":"completion","decision":"00000000-0000-0000-0000-000000000001","time":"1970-01-01T00:00:00Z","query_id":"20260101_000000_00001_abcde","state":"canceled","error":null,"rows":1,"bytes":2,"elapsed_us":3}"#);
    }

    #[test]
    fn statements_that_differ_in_white_space_only_have_one_fingerprint() {
        let one = fingerprint("SELECT 1 FROM t");
        assert_eq!(one, fingerprint("\n SELECT\t1\r\n  FROM t "));
        assert_ne!(one, fingerprint("SELECT 1 FROM u"));
        assert_ne!(fingerprint("a b"), fingerprint("ab"));
        assert_eq!(one.len(), 64);
    }
}
