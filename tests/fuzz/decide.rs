//! Decisions about statements that were bent: analysis, rewriting and verification by the mesh of the tests of `enforce`.

use crate::grammar::{mutated, statement};
use crate::random::Random;
use sluice::analysis::session::Session;
use sluice::catalog::table::{Column, Known, Need, Resolved, Table, TableKind, Tables};
use sluice::enforce::{Aids, Decision, Enforced, Objects, Options, Outcome, Request, Trees, Views, enforce};
use sluice::names::TableName;
use sluice::policy::{Snapshot, SourceFile, Subject, compile};
use sluice::rewrite::{Guarded, PositionMap, Proposal, verify};
use sluice::sql::GrammarVersion;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

const INVOKER: Options = Options { second_opinion: true, grammar: GrammarVersion::NEWEST, views: Views::Invoker };
const DEFINER: Options = Options { views: Views::Definer { more_groups: false }, ..INVOKER };
/// Who may read all of `hr`, and has made the views.
const OWNER: &str = "apiVersion: sluice/v1
kind: Principals
metadata: {name: owners}
spec:
  users: {owner: {groups: [hr]}}
";
/// For what tables were, in bytes.
const ROOM: u64 = 16 * 1024 * 1024;
/// How often a decision may ask for what it needs to know.
const QUESTIONS: usize = 20;
/// What a decision may take; some hundred times what it takes.
const AT_LEAST: Duration = Duration::from_millis(500);
const EACH_BYTE: Duration = Duration::from_millis(1);

const TABLES: &[(&str, &str)] = &[
    (
        "lake.hr.employees",
        "id bigint, name varchar, email varchar, ssn varchar, salary bigint, region varchar, manager_id bigint",
    ),
    ("lake.hr.reviews", "id bigint, employee_id bigint, score bigint, note varchar"),
    ("lake.sales.customers", "customer_id bigint, company varchar, region varchar"),
    ("lake.sales.orders", "order_id bigint, customer_id bigint, amount decimal(4;2), card_number varchar"),
    ("lake.finance.payments", "payment_id bigint, iban varchar"),
    ("lake.scratch.own", "id bigint, v varchar"),
    ("tpch.tiny.nation", "nationkey bigint, name varchar(25), regionkey bigint, comment varchar(152)"),
];
const VIEWS: &[(&str, &str, &str)] = &[
    ("lake.hr.directory", "id bigint, name varchar, email varchar", "SELECT id, name, email FROM lake.hr.employees"),
    ("lake.sales.companies", "company varchar", "SELECT company FROM lake.sales.customers"),
    ("lake.sales.secrets", "iban varchar", "SELECT iban FROM lake.finance.payments"),
];

/// What is decided about.
pub(crate) struct Decided {
    snapshot: Snapshot,
    /// What tables were, so that a decision made with it is one that is proved too.
    objects: Objects,
    /// User, session, statement.
    seeds: Vec<(&'static str, &'static str, &'static str)>,
    texts: Vec<&'static str>,
    /// Rewritten statements that the verifier refused, and the first of them.
    pub(crate) alarms: u64,
    pub(crate) alarm: Option<String>,
    /// Statements whose rows or columns are restricted.
    pub(crate) restricted: u64,
}

impl Decided {
    pub(crate) fn new() -> Decided {
        let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), text: text.to_owned() };
        let policies = include_str!("../../src/enforce/tests/policies.yaml");
        let snapshot = compile(vec![file("policies.yaml", policies), file("owner.yaml", OWNER)]).expect("policies");
        let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
        let reads = lines(include_str!("../../src/enforce/tests/statements.txt"))
            .filter_map(|line| line.split_once(" | ").map(|(at, sql)| ("analyst", at, sql)));
        let changes = lines(include_str!("../../src/enforce/tests/changes.txt")).filter_map(|line| {
            let (user, rest) = line.split_once(" | ")?;
            rest.split_once(" | ").map(|(at, sql)| (user, at, sql))
        });
        let attacks = lines(include_str!("../../src/enforce/tests/attacks.txt")).filter_map(|line| {
            let parts: Vec<&str> = line.splitn(5, " | ").collect();
            Some((*parts.get(1)?, *parts.get(2)?, *parts.get(4)?))
        });
        let seeds: Vec<_> = reads.chain(changes).chain(attacks).collect();
        let texts = seeds.iter().map(|(_, _, sql)| *sql).collect();
        Decided { snapshot, objects: Objects::new(ROOM), seeds, texts, alarms: 0, alarm: None, restricted: 0 }
    }

    /// A statement, and whether it was forwarded; or the rule that is broken.
    pub(crate) fn one(&mut self, random: &mut Random) -> (Vec<u8>, Result<bool, String>) {
        let (user, at, _) = self.seeds[random.below(self.seeds.len())];
        let sql = match random.below(4) {
            0 => statement(random).replace("table1", "hr.employees").replace("a.b", "lake.sales.orders"),
            _ => mutated(random, &self.texts),
        };
        let mut parts = at.split('.').filter(|part| *part != "-").map(str::to_owned);
        let session = Session { catalog: parts.next(), schema: parts.next(), ..Session::default() };
        let subject = self.snapshot.subject(user, &[]);
        let options = if random.below(3) == 0 { &DEFINER } else { &INVOKER };
        let checked = catch_unwind(AssertUnwindSafe(|| self.check(&sql, &session, &subject, options)));
        let result = checked.unwrap_or_else(|panic| Err(format!("it panics: {}", crate::check::said(panic.as_ref()))));
        (sql.into_bytes(), result.map_err(|why| format!("{user} at {at}, {:?}: {why}", options.views)))
    }

    fn check(&mut self, sql: &str, session: &Session, subject: &Subject, options: &Options) -> Result<bool, String> {
        let most = AT_LEAST + EACH_BYTE * sql.len() as u32;
        let began = Instant::now();
        let (decision, tables) = self.decide(sql, session, subject, options)?;
        if began.elapsed() > most {
            return Err(format!("it takes {:?}", began.elapsed()));
        }
        if let Some(alarm) = &decision.alarm {
            self.alarms += 1;
            self.alarm.get_or_insert_with(|| format!("{sql:?}: {alarm:?}"));
        }
        let Outcome::Forward(guarded) = &decision.outcome else { return Ok(false) };
        if decision.masks.is_empty() && decision.filters.is_empty() && !reads_for_owner(guarded) {
            return Ok(true);
        }
        self.restricted += 1;
        // What the rewriter may have forgotten is the verifier's to see: the user's own text proves nothing.
        let request = Request {
            sql,
            session,
            subject,
            snapshot: &self.snapshot,
            tables: &tables,
            options,
            aids: Aids::default(),
        };
        let positions = PositionMap::apply(sql, Vec::new());
        let forged = Proposal { text: sql.to_owned(), prepared: None, positions };
        if guarded.text() != sql && verify(forged, &request).is_ok() {
            return Err("the verifier lets it pass as it is, though it is restricted".to_owned());
        }
        Ok(true)
    }

    fn decide(
        &self,
        sql: &str,
        session: &Session,
        subject: &Subject,
        options: &Options,
    ) -> Result<(Arc<Decision>, Tables), String> {
        let (mut tables, trees) = (Tables::default(), Trees::default());
        let aids = Aids { objects: Some(&self.objects), trees: Some(&trees), ..Aids::default() };
        for _ in 0..QUESTIONS {
            let request = Request { sql, session, subject, snapshot: &self.snapshot, tables: &tables, options, aids };
            match enforce(&request, &mut |_| ()) {
                Enforced::Decided(decision) => return Ok((decision, tables)),
                Enforced::Needs(needs) => needs.into_iter().for_each(|need| {
                    let known = answer(&need);
                    tables.insert(need, known);
                }),
            }
        }
        Err("it asks and asks".to_owned())
    }
}

/// Whether a view stands in it that is read with its owner's rights.
fn reads_for_owner(guarded: &Guarded) -> bool {
    let relations = guarded.relations();
    relations.names().any(|name| relations.owner(name).is_some())
}

fn answer(need: &Need) -> Known {
    let name = match need {
        Need::Table(name) => name,
        Need::Schema { .. } | Need::Catalog(_) => return Known::Exists,
        Need::View(name) => {
            let view = VIEWS.iter().find(|(known, ..)| TableName::parse(known).is_some_and(|known| known == *name));
            let resolved = |(_, _, text): &(&str, &str, &str)| Resolved {
                text: (*text).into(),
                reads: BTreeSet::new(),
                owner: Some("owner".into()),
            };
            return view.map_or(Known::Missing, |view| Known::View(Arc::new(resolved(view))));
        }
        Need::Query(_) | Need::SessionProperties => return Known::Missing,
    };
    let is = |text: &str| TableName::parse(text).is_some_and(|known| known == *name);
    let columns = |of: &str| {
        let column = |text: &str| {
            let (name, data_type) = text.trim().split_once(' ').expect("a type");
            Column { name: name.into(), data_type: data_type.replace(';', ",").into() }
        };
        of.split(',').map(column).collect()
    };
    let table = TABLES.iter().find(|(known, _)| is(known)).map(|(_, of)| (columns(of), TableKind::Table));
    let view = || VIEWS.iter().find(|(known, ..)| is(known));
    let found = table.or_else(|| view().map(|(_, of, text)| (columns(of), TableKind::View { text: (*text).into() })));
    found.map_or(Known::Missing, |(columns, kind)| Known::Table(Arc::new(Table { columns, kind })))
}
