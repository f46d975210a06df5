//! Functions, procedures, schemas, catalogs and system information.

use super::*;
use crate::policy::Object;

fn list(random: &mut Random, kind: Kind, text: &mut String, name: &str, rule: impl Fn(&mut Random) -> String) {
    let count = random.below(5);
    if count == 4 {
        return;
    }
    let _ = write!(text, "\"{name}\": [");
    for index in 0..count {
        let comma = if index > 0 { ", " } else { "" };
        let about = subject(random, kind);
        let _ = write!(text, "{comma}{{{about}{}}}", rule(random));
    }
    text.push_str("], ");
}

fn rules(random: &mut Random, kind: Kind) -> String {
    let mut text = String::from("{");
    let place = |random: &mut Random| {
        let (catalogs, schemas) = (["lake", "tpch", ".*"], ["hr", "hr.*", ".*", "fin|hr"]);
        format!("\"catalog\": \"{}\", \"schema\": \"{}\", ", random.one(&catalogs), random.one(&schemas))
    };
    list(random, kind, &mut text, "catalogs", |random| {
        let allow = random.one(&["all", "read-only", "none", "owner", "all"]);
        format!("\"catalog\": \"{}\", \"allow\": \"{allow}\"", random.one(&["lake", "tpch", ".*", "lake|tpch"]))
    });
    list(random, kind, &mut text, "schemas", |random| {
        format!("{}\"owner\": {}", place(random), random.one(&["true", "false"]))
    });
    for (name, field, privileges) in [
        ("functions", "function", ["", "\"EXECUTE\"", "\"OWNERSHIP\"", "\"GRANT_EXECUTE\""]),
        ("procedures", "procedure", ["", "\"EXECUTE\"", "\"EXECUTE\"", "\"GRANT_EXECUTE\""]),
    ] {
        list(random, kind, &mut text, name, |random| {
            let (routine, privileges) = (random.one(&["f", "g.*", ".*"]), random.one(&privileges));
            format!("{}\"{field}\": \"{routine}\", \"privileges\": [{privileges}]", place(random))
        });
    }
    list(random, kind, &mut text, "queries", |random| {
        let owner = if random.chance(4) { "\"queryOwner\": \"alice\", " } else { "" };
        format!(
            "{owner}\"allow\": [{}]",
            random.one(&["\"execute\", \"view\"", "\"execute\"", "\"view\", \"kill\"", ""])
        )
    });
    text.push_str("\"system_information\": [");
    for index in 0..random.below(4) {
        let comma = if index > 0 { ", " } else { "" };
        let (user, allow) =
            (random.one(&["alice", "alice|bob", ".*"]), random.one(&["\"read\"", "\"read\", \"write\"", ""]));
        let _ = write!(text, "{comma}{{\"user\": \"{user}\", \"allow\": [{allow}]}}");
    }
    text.push_str("], \"tables\": []}");
    text
}

fn executes(rules: &Rules, user: &str) -> bool {
    let mine = |rule: &&super::super::rules::QueryRule| !rule.owner && about(&rule.about, user);
    rules.queries.as_ref().is_none_or(|list| list.iter().find(mine).is_some_and(|rule| rule.allow.contains("EXECUTE")))
}

/// Whether a user may see the queries of everyone, and what goes on in Trino.
fn sees_all(rules: &Rules, user: &str) -> bool {
    let reads = rules.system_information.iter().flatten().find(|rule| about(&rule.about, user));
    let views = |owner: &str| {
        rules.queries.as_ref().is_none_or(|list| {
            let mut of_it = list.iter().filter(|rule| about(&rule.about, user) && (!rule.owner || owner == "alice"));
            of_it.next().is_some_and(|rule| rule.allow.contains("VIEW"))
        })
    };
    reads.is_some_and(|rule| rule.allow.contains("READ")) && views("alice") && views("bob")
}

fn said(rules: &Rules, user: &str, of: Object, name: &TableName) -> BTreeSet<Privilege> {
    use Privilege::{Alter, Create, Drop, Execute, Show};
    let mode = catalog_mode(rules, user, &name.catalog);
    let here = |of: &About, catalog: &Option<Re>, schema: &Option<Re>| {
        about(of, user) && takes(catalog.as_ref(), &name.catalog) && takes(schema.as_ref(), &name.schema)
    };
    let mut given = BTreeSet::new();
    match of {
        Object::Catalog if mode == CatalogMode::Owner && rules.catalogs.is_some() => given.extend([Create, Drop]),
        Object::Schema if mode >= CatalogMode::All => {
            let owns = rules.schemas.as_ref().is_none_or(|list| {
                let first = list.iter().find(|rule| here(&rule.about, &rule.catalog, &rule.schema));
                first.is_some_and(|rule| rule.owner)
            });
            given.extend([Create, Drop, Alter, Show].into_iter().filter(|_| owns));
        }
        Object::Function | Object::Procedure => {
            let list = if of == Object::Function { &rules.functions } else { &rules.procedures };
            let first = list.iter().flatten().find(|rule| {
                here(&rule.about, &rule.catalog, &rule.schema) && takes(rule.routine.as_ref(), &name.table)
            });
            if let Some(rule) = first {
                let executes = rule.privileges.contains("EXECUTE") || rule.privileges.contains("GRANT_EXECUTE");
                given.extend([Execute].into_iter().filter(|_| executes && mode >= CatalogMode::ReadOnly));
                let owns = rule.privileges.contains("OWNERSHIP") && mode >= CatalogMode::All;
                given.extend([Create, Drop].into_iter().filter(|_| owns));
            }
        }
        _ => {}
    }
    // Who may run no query does nothing with it.
    if executes(rules, user) { given } else { BTreeSet::new() }
}

fn look(seed: u64, kind: Kind, known_members: bool, exact: bool) {
    let mut random = Random(seed);
    for round in 0..400 {
        let text = rules(&mut random, kind);
        let options = Options {
            domain: "trino".to_owned(),
            users: USERS.iter().take(4).map(|user| (*user).to_owned()).collect(),
            groups: known_members.then(members),
        };
        let read =
            super::super::rules::read(&json::read(&text).unwrap()).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        let imported = import("rules.json", &text, &options).unwrap();
        let files = vec![SourceFile { path: "a.yaml".into(), text: imported.text.clone() }];
        let snapshot = compile(files).unwrap_or_else(|problems| panic!("{text}\n{}\n{problems}", imported.text));
        let all = || format!("round {round}\n{text}\n{}", imported.text);
        for user in USERS {
            let subject = snapshot.subject(user, &groups_of(user));
            for (of, schema, name) in [
                (Object::Catalog, "", ""),
                (Object::Schema, "hr", ""),
                (Object::Schema, "hr_eu", ""),
                (Object::Schema, "fin", ""),
                (Object::Function, "hr", "f"),
                (Object::Function, "fin", "gg"),
                (Object::Procedure, "hr_eu", "f"),
                (Object::Procedure, "fin", "g"),
            ] {
                for catalog in CATALOGS {
                    let name = TableName { catalog: catalog.into(), schema: schema.into(), table: name.into() };
                    let said = said(&read, user, of, &name);
                    for privilege in
                        [Privilege::Create, Privilege::Drop, Privilege::Alter, Privilege::Show, Privilege::Execute]
                    {
                        let (may, said) =
                            (snapshot.may(&subject, of, &name, privilege).granted(), said.contains(&privilege));
                        assert!(said || !may, "{user} gets {privilege:?} on {name}: {}", all());
                        assert!(
                            !exact || user == "zed" || may == said,
                            "{user} lacks {privilege:?} on {name}: {}",
                            all()
                        );
                    }
                }
            }
            let (may, said) = (snapshot.may_read_system_information(&subject).granted(), sees_all(&read, user));
            assert!(said || !may, "{user} sees system information: {}", all());
            let whole = read.queries.iter().flatten().all(|rule| !rule.owner);
            assert!(!exact || !whole || user == "zed" || may == said, "{user} sees no system information: {}", all());
        }
    }
}

#[test]
fn policies_say_what_rules_say_where_groups_are_known() {
    look(0x5eed_0011, Kind::Exact, true, true);
}

#[test]
fn policies_never_say_more_than_rules() {
    look(0x5eed_0012, Kind::Anything, true, false);
    look(0x5eed_0013, Kind::Anything, false, false);
}
