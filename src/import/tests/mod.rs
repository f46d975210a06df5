//! Rules made at random: what the imported policies say beside what the rules say, read rule by rule.

mod others;

use super::rules::{CatalogMode, Re};
use super::*;
use crate::names::TableName;
use crate::policy::{Answer, Privilege, Snapshot, SourceFile, compile};
use std::fmt::Write as _;

const USERS: [&str; 5] = ["alice", "bob", "carol", "dave", "zed"];
const CATALOGS: [&str; 2] = ["lake", "tpch"];
const SCHEMAS: [&str; 3] = ["hr", "hr_eu", "fin"];
const TABLES: [&str; 4] = ["emp", "salary", "salary_2020", "orders"];
const COLUMNS: [&str; 3] = ["a", "b", "c"];

fn members() -> BTreeMap<String, BTreeSet<String>> {
    let of = |users: &[&str]| users.iter().map(|user| (*user).to_owned()).collect();
    [("dev", of(&["alice", "bob"])), ("ops", of(&["alice", "carol"])), ("hr", of(&["dave"]))]
        .map(|(group, users)| (group.to_owned(), users))
        .into()
}

fn groups_of(user: &str) -> Vec<String> {
    members().into_iter().filter(|(_, users)| users.contains(user)).map(|(group, _)| group).collect()
}

/// A small generator of numbers: the same rules on each machine.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// In one case of `of`.
    fn chance(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }
}

/// What rules may hold.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// What policies can say exactly where the members of groups are known.
    Exact,
    /// Expressions that can't be told, and users and groups at once where nothing is known of groups.
    Anything,
}

fn subject(random: &mut Random, kind: Kind) -> String {
    let mut parts = Vec::new();
    let users = ["alice", "bob", "alice|bob", "carol", "(bob|dave)", ".*"];
    let any_users = ["alice", "[a-c].*", ".*e", "(?!x)bob", "d.ve", "alice|b.*", ".+"];
    let groups = ["dev", "ops", "dev|hr", "hr"];
    if !random.chance(3) {
        let user = if kind == Kind::Exact { random.one(&users) } else { random.one(&any_users) };
        parts.push(format!("\"user\": \"{user}\""));
    }
    if random.chance(3) {
        parts.push(format!(
            "\"group\": \"{}\"",
            if kind == Kind::Exact { random.one(&groups) } else { random.one(&["dev", ".*", "d.*", "hr"]) }
        ));
    }
    if kind == Kind::Anything && random.chance(8) {
        parts.push(format!("\"role\": \"{}\"", random.one(&["admin", "a.*"])));
    }
    parts.into_iter().fold(String::new(), |text, part| text + &part + ", ")
}

fn rules(random: &mut Random, kind: Kind) -> String {
    let mut text = String::from("{");
    let name = |random: &mut Random, exact: &[&'static str], any: &[&'static str]| {
        if kind == Kind::Exact || random.chance(2) { random.one(exact) } else { random.one(any) }
    };
    if random.chance(2) {
        text.push_str("\"catalogs\": [");
        for index in 0..1 + random.below(3) {
            let about = subject(random, kind);
            let catalog = name(random, &["lake", "tpch", ".*", "lake|tpch", "t.*"], &["l.k.", ".*e", "[kl]ake"]);
            let allow = random.one(&["all", "read-only", "none", "all"]);
            let comma = if index > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{{{about}\"catalog\": \"{catalog}\", \"allow\": \"{allow}\"}}");
        }
        text.push_str("], ");
    }
    if random.chance(5) {
        let about = subject(random, kind);
        let _ = write!(
            text,
            "\"queries\": [{{{about}\"allow\": [\"{}\"]}}, {{\"allow\": [\"execute\"]}}], ",
            random.one(&["execute", "view"])
        );
    }
    text.push_str("\"tables\": [");
    for index in 0..1 + random.below(5) {
        let comma = if index > 0 { ", " } else { "" };
        let about = subject(random, kind);
        let _ = write!(text, "{comma}{{{about}");
        for (field, exact, any) in [
            ("catalog", ["lake", "tpch", ".*"].as_slice(), ["[kl]ake", "t..h"].as_slice()),
            ("schema", &["hr", "hr.*", ".*", "fin|hr"], &["h.", "[f-h].*", "(?=h).*"]),
            (
                "table",
                &["emp", "salary.*", "emp|orders", ".*", "salary", ".*s.*", "salary_.*"],
                &["salary(_\\\\d+)?", "e.p", "[eo].*"],
            ),
        ] {
            if random.chance(2) {
                let _ = write!(text, "\"{field}\": \"{}\", ", name(random, exact, any));
            }
        }
        if random.chance(3) {
            let columns = [
                "{\"name\": \"a\", \"allow\": false}",
                "{\"name\": \"b\", \"mask\": \"'x'\"}",
                "{\"name\": \"b\", \"mask\": \"a || c\"}",
                "{\"name\": \"c\", \"allow\": false}, {\"name\": \"b\", \"mask\": \"NULL\"}",
            ];
            let _ = write!(text, "\"columns\": [{}], ", random.one(&columns));
        }
        if random.chance(4) {
            let _ = write!(text, "\"filter\": \"{}\", ", random.one(&["a = 1", "b > 'k'", "c IS NOT NULL"]));
        }
        let privileges = [
            "",
            "\"SELECT\"",
            "\"SELECT\", \"INSERT\"",
            "\"SELECT\", \"INSERT\", \"DELETE\", \"UPDATE\", \"OWNERSHIP\"",
            "\"OWNERSHIP\"",
            "\"GRANT_SELECT\"",
        ];
        let _ = write!(text, "\"privileges\": [{}]}}", random.one(&privileges));
    }
    text.push_str("], \"impersonation\": [");
    for index in 0..random.below(4) {
        let comma = if index > 0 { ", " } else { "" };
        let who = name(random, &["alice", "bob|carol", ".*"], &["[ab].*", "(.*)l"]);
        let whom = name(random, &["bob", "test_.*", ".*", "carol|dave"], &["c.*l", "$1", "d.ve"]);
        let allow = if random.chance(3) { "false" } else { "true" };
        let _ = write!(text, "{comma}{{\"original_user\": \"{who}\", \"new_user\": \"{whom}\", \"allow\": {allow}}}");
    }
    for (list, catalogs) in [("system_session_properties", false), ("catalog_session_properties", true)] {
        let _ = write!(text, "], \"{list}\": [");
        for index in 0..random.below(4) {
            let comma = if index > 0 { ", " } else { "" };
            let about = subject(random, kind);
            let property = name(random, &["x", "y.*", ".*"], &["[xy].*", "y.?"]);
            let _ = write!(text, "{comma}{{{about}\"property\": \"{property}\", ");
            if catalogs && random.chance(2) {
                let _ = write!(text, "\"catalog\": \"{}\", ", random.one(&["lake", "tpch", ".*"]));
            }
            let _ = write!(text, "\"allow\": {}}}", if random.chance(3) { "false" } else { "true" });
        }
    }
    text.push_str("]}");
    text
}

/// Whether an expression takes a name in. Looks ahead as the generator has it.
fn takes(re: Option<&Re>, name: &str) -> bool {
    let Some(re) = re else { return true };
    match &re.regex {
        Ok(regex) => regex.matches(name),
        Err(_) if re.text == "(?!x)bob" => name == "bob",
        Err(_) if re.text == "(?=h).*" => name.starts_with('h'),
        Err(_) => panic!("an expression that the test does not know: {}", re.text),
    }
}

fn about(about: &About, user: &str) -> bool {
    // Nobody has a role: nothing gives one.
    takes(about.user.as_ref(), user)
        && about.role.is_none()
        && about.group.as_ref().is_none_or(|re| groups_of(user).iter().any(|group| takes(Some(re), group)))
}

/// What the rules say of a table: Sluice's privileges, and for each column that may be read its mask; the filter.
fn said(
    rules: &Rules,
    user: &str,
    table: &TableName,
) -> (BTreeSet<Privilege>, BTreeMap<String, String>, Option<String>) {
    let executes = rules.queries.as_ref().is_none_or(|list| {
        list.iter()
            .find(|rule| !rule.owner && about(&rule.about, user))
            .is_some_and(|rule| rule.allow.contains("EXECUTE"))
    });
    let mode = catalog_mode(rules, user, &table.catalog);
    let first = rules.tables.iter().flatten().find(|rule| {
        about(&rule.about, user)
            && takes(rule.catalog.as_ref(), &table.catalog)
            && takes(rule.schema.as_ref(), &table.schema)
            && takes(rule.table.as_ref(), &table.table)
    });
    let Some(rule) = first.filter(|_| executes) else { return Default::default() };
    let has = |word: &str| rule.privileges.contains(word);
    let hidden: BTreeSet<&str> =
        rule.columns.iter().filter(|column| !column.allow).map(|column| column.name.as_str()).collect();
    let reads_hidden = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| hidden.contains(word));
    let refused = rule.filter.iter().any(|filter| reads_hidden(&filter.text))
        || rule.columns.iter().any(|column| column.allow && column.mask.iter().any(|mask| reads_hidden(&mask.text)));
    let mut privileges = BTreeSet::new();
    if (has("SELECT") || has("GRANT_SELECT")) && mode >= CatalogMode::ReadOnly && !refused {
        privileges.insert(Privilege::Select);
    }
    if mode >= CatalogMode::All {
        for (word, gives) in [
            ("INSERT", [Privilege::Insert].as_slice()),
            ("DELETE", &[Privilege::Delete]),
            ("UPDATE", &[Privilege::Update]),
            ("OWNERSHIP", &[Privilege::Create, Privilege::Drop, Privilege::Alter, Privilege::Show]),
        ] {
            privileges.extend(gives.iter().filter(|_| has(word)));
        }
    }
    let mut columns = BTreeMap::new();
    if privileges.contains(&Privilege::Select) {
        for name in COLUMNS.iter().filter(|name| !hidden.contains(*name)) {
            let mask = rule.columns.iter().find(|column| column.name == **name).and_then(|column| column.mask.as_ref());
            columns.insert((*name).to_owned(), mask.map(|mask| mask.text.clone()).unwrap_or_default());
        }
    }
    (privileges, columns, rule.filter.as_ref().map(|filter| filter.text.clone()))
}

fn catalog_mode(rules: &Rules, user: &str, catalog: &str) -> CatalogMode {
    match &rules.catalogs {
        None => CatalogMode::All,
        Some(list) => list
            .iter()
            .find(|rule| about(&rule.about, user) && takes(rule.catalog.as_ref(), catalog))
            .map_or(CatalogMode::None, |rule| rule.mode),
    }
}

fn may_act(rules: &Rules, user: &str, target: &str) -> bool {
    for rule in rules.impersonation.iter().flatten().filter(|rule| about(&rule.about, user)) {
        let of_it = match rule.new_user.text.as_str() {
            "$1" if rule.about.user.as_ref().is_some_and(|re| re.text == "(.*)l") => {
                user.strip_suffix('l') == Some(target)
            }
            // There is no such group: an error.
            "$1" => return false,
            _ => takes(Some(&rule.new_user), target),
        };
        if of_it {
            return rule.allow;
        }
    }
    false
}

fn may_set(rules: &Rules, user: &str, catalog: Option<&str>, property: &str) -> bool {
    let list = if catalog.is_some() { &rules.catalog_properties } else { &rules.system_properties };
    let executes = rules.queries.as_ref().is_none_or(|list| {
        list.iter()
            .find(|rule| !rule.owner && about(&rule.about, user))
            .is_some_and(|rule| rule.allow.contains("EXECUTE"))
    });
    executes
        && catalog.is_none_or(|catalog| catalog_mode(rules, user, catalog) >= CatalogMode::ReadOnly)
        && list.as_ref().is_none_or(|list| {
            let first = list.iter().find(|rule| {
                about(&rule.about, user)
                    && catalog.is_none_or(|catalog| takes(rule.catalog.as_ref(), catalog))
                    && takes(rule.property.as_ref(), property)
            });
            first.is_some_and(|rule| rule.allow)
        })
}

fn granted(answer: &Answer) -> bool {
    matches!(answer, Answer::Granted(_))
}

/// Compares the policies with the rules; what differs.
fn differences(text: &str, known_members: bool, exact: bool) -> Vec<String> {
    let options = Options {
        domain: "trino".to_owned(),
        users: USERS.iter().take(4).map(|user| (*user).to_owned()).collect(),
        groups: known_members.then(members),
    };
    let rules = rules::read(&json::read(text).unwrap()).unwrap();
    let imported = import("rules.json", text, &options).unwrap();
    let files = vec![SourceFile { path: "a.yaml".into(), text: imported.text.clone() }];
    let snapshot: Snapshot = compile(files).unwrap_or_else(|problems| panic!("{text}\n{}\n{problems}", imported.text));
    let mut found = Vec::new();
    for user in USERS {
        let subject = snapshot.subject(user, &groups_of(user));
        for catalog in CATALOGS {
            for schema in SCHEMAS {
                for table in TABLES {
                    let name = TableName { catalog: catalog.into(), schema: schema.into(), table: table.into() };
                    let access = snapshot.table_access(&subject, &name);
                    let (privileges, columns, filter) = said(&rules, user, &name);
                    let mut shown = BTreeMap::new();
                    if access.grants(Privilege::Select) {
                        for column in COLUMNS.iter().filter(|column| access.allow(column)) {
                            let mask = access.mask(column, "varchar").unwrap().map(|mask| mask.text.to_string());
                            shown.insert((*column).to_owned(), mask.unwrap_or_default());
                        }
                    }
                    let filters: Vec<String> =
                        access.filters().unwrap().iter().map(|filter| filter.text.to_string()).collect();
                    let filtered = |filter: &Option<String>| filter.iter().all(|filter| filters.contains(filter));
                    let fine = if exact {
                        *access.privileges() == privileges
                            && shown == columns
                            && (privileges.is_empty() || filters == filter.iter().cloned().collect::<Vec<_>>())
                    } else {
                        access.privileges().is_subset(&privileges)
                            && shown.iter().all(|(column, mask)| {
                                columns.get(column).is_some_and(|said| said == mask || said.is_empty())
                            })
                            && (access.privileges().is_empty() || filtered(&filter))
                    };
                    if !fine {
                        found.push(format!(
                            "{user} {name}: {:?} {shown:?} {filters:?}, said {privileges:?} {columns:?} {filter:?}",
                            access.privileges()
                        ));
                    }
                }
            }
        }
        for target in ["alice", "bob", "carol", "dave", "test_1", "zed", "caro"] {
            let (may, said) = (granted(&snapshot.may_impersonate(&subject, target)), may_act(&rules, user, target));
            if may && !said || exact && may != said && user != "zed" {
                found.push(format!("{user} as {target}: {may}, said {said}"));
            }
        }
        for (catalog, property) in
            [(None, "x"), (None, "y1"), (None, "z"), (Some("lake"), "x"), (Some("tpch"), "y1"), (Some("lake"), "z")]
        {
            let name = catalog.map_or_else(|| property.to_owned(), |catalog| format!("{catalog}.{property}"));
            let (may, said) =
                (granted(&snapshot.may_set_session(&subject, &name)), may_set(&rules, user, catalog, property));
            if may && !said || exact && may != said {
                found.push(format!("{user} sets {name}: {may}, said {said}"));
            }
        }
    }
    if !found.is_empty() {
        found.push(format!("{text}\n{}", imported.text));
    }
    found
}

fn look(seed: u64, kind: Kind, known_members: bool) {
    let mut random = Random(seed);
    for round in 0..400 {
        let text = rules(&mut random, kind);
        let found = differences(&text, known_members, false);
        assert!(found.is_empty(), "round {round}:\n{}", found.join("\n"));
    }
}

#[test]
fn policies_say_what_rules_say_where_groups_are_known() {
    let mut random = Random(0x5eed_0001);
    for _ in 0..400 {
        let text = rules(&mut random, Kind::Exact);
        let found = differences(&text, true, true);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

#[test]
fn policies_never_say_more_than_rules() {
    look(0x5eed_0002, Kind::Anything, true);
}

#[test]
fn policies_never_say_more_than_rules_where_groups_are_not_known() {
    look(0x5eed_0003, Kind::Anything, false);
    let mut random = Random(0x5eed_0004);
    for _ in 0..200 {
        let text = rules(&mut random, Kind::Exact);
        let found = differences(&text, false, false);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
