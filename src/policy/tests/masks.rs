//! Masks by name: which one a rule means, and what it shows by the column's type.

use super::*;

const BASE: &str = "
apiVersion: sluice/v1
kind: Domain
metadata: {name: hr}
spec: {owns: [{catalog: lake, schema: hr}], owners: [hr-owners]}
---
apiVersion: sluice/v1
kind: Domain
metadata: {name: sales}
spec: {owns: [{catalog: lake, schema: sales}]}
---
apiVersion: sluice/v1
kind: Domain
metadata: {name: platform}
spec: {central: true}
---
apiVersion: sluice/v1
kind: Masks
metadata: {name: personal, domain: platform}
spec:
  keys: {catalog: security, schema: masks, table: keys}
  masks:
    card: last(4)
    nothing: null
    pseudonym: hash(customers)
    born:
      date: year
      timestamp: year
      otherwise: null
    pay:
      number: bucket(1000)
      text: {expression: \"concat('~', substr({column}, 1, 1), ${user.attributes.region})\"}
---
apiVersion: sluice/v1
kind: Masks
metadata: {name: hr, domain: hr}
spec:
  masks:
    own: {text: {expression: \"'hr'\"}}
---
apiVersion: sluice/v1
kind: AccessPolicy
metadata: {name: all, domain: platform}
spec:
  tables: [{catalog: '*', schema: '*', table: '*'}]
  grants: [{to: {everyone: true}, privileges: [all]}]
";

/// The base with masks of `hr.employees`, and with whole documents.
fn with(masks: &[&str], documents: &[&str]) -> Result<Snapshot, String> {
    let mut text = BASE.to_owned();
    if !masks.is_empty() {
        let rules: Vec<String> = masks.iter().map(|rule| format!("    - {{{rule}}}\n")).collect();
        text.push_str(&format!(
            "---\napiVersion: sluice/v1\nkind: AccessPolicy\nmetadata: {{name: p, domain: hr}}\nspec:\n  tables: [{{table: \
             employees}}]\n  masks:\n{}",
            rules.concat()
        ));
    }
    documents.iter().for_each(|document| text.push_str(&format!("---\napiVersion: sluice/v1\n{document}\n")));
    compile(vec![file("a.yaml", &text)]).map_err(|problems| problems.to_string())
}

fn access(snapshot: &Snapshot, subject: &Subject) -> TableAccess {
    snapshot.table_access(subject, &TableName::new("lake", "hr", "employees"))
}

/// What a column shows, or why it can't be read.
fn shown(masks: &[&str], data_type: &str) -> String {
    let snapshot = with(masks, &[]).unwrap();
    match access(&snapshot, &snapshot.subject("anna", &[])).mask("c", data_type) {
        Ok(None) => "as it is".to_owned(),
        Ok(Some(mask)) => mask.text.to_string(),
        Err(why) => why,
    }
}

#[test]
fn a_mask_is_chosen_by_the_type_of_the_column() {
    for (rule, data_type, expected) in [
        ("column: c, mask: null", "interval day to second", "NULL"),
        ("column: c, mask: nothing", "HyperLogLog", "NULL"),
        ("column: c, mask: redact", "bigint", "IF(\"c\" IS NULL, NULL, 0)"),
        ("column: 'c*', mask: redact", "boolean", "IF(\"c\" IS NULL, NULL, false)"),
        ("column: c, mask: born", "bigint", "NULL"),
        (
            "column: c, mask: born",
            "date",
            "IF(\"c\" BETWEEN DATE '-9999-01-01' AND DATE '9999-12-31', date_trunc('year', \"c\"))",
        ),
        ("column: c, mask: pay", "varchar(10)", "NULL"),
        ("column: c, mask: own", "char(3)", "'hr'"),
        (
            "column: c, mask: card",
            "bigint",
            "policy hr/p can't be applied to column c: the mask `card: last(4)` can't hold for the type bigint: it is for texts",
        ),
        (
            "column: c, mask: pay",
            "date",
            "policy hr/p can't be applied to column c: the mask `pay` can't hold for the type date: it says nothing of such a \
             type; add `date` or `otherwise` to it",
        ),
        (
            "column: c, mask: own",
            "interval day to second",
            "policy hr/p can't be applied to column c: the mask `own` can't hold for the type interval day to second: it says \
             nothing of such a type; add `otherwise` to it",
        ),
        (
            "column: c, mask: redact",
            "row(a bigint)",
            "policy hr/p can't be applied to column c: the mask `redact` can't hold for the type row(a bigint): name the \
             fields to mask, or take `null`",
        ),
    ] {
        assert_eq!(shown(&[rule], data_type), expected, "{rule} of {data_type}");
    }
}

#[test]
fn values_of_the_user_stand_in_masks_with_names() {
    let snapshot = with(&["column: c, mask: pay"], &[]).unwrap();
    let mut anna = snapshot.subject("anna", &[]);
    anna.attributes.insert("region".to_owned(), ["o'neil {column}".to_owned()].into());
    let mask = access(&snapshot, &anna).mask("c", "varchar").unwrap().unwrap();
    assert_eq!(&*mask.text, "concat('~', substr(\"c\", 1, 1), 'o''neil {column}')");
    assert_eq!((mask.policies[0].policy.as_str(), &*mask.masks[0]), ("hr/p", "pay"));
}

#[test]
fn a_path_masks_what_stands_inside() {
    let of = "row(street varchar, phones array(varchar))";
    for (rules, expected) in [
        (
            vec!["column: c, path: street, mask: redact"],
            "IF(\"c\" IS NULL, NULL, CAST(ROW(CAST(IF(\"c\"[1] IS NULL, NULL, '****') AS varchar), \"c\"[2]) AS \
             row(street varchar, phones array(varchar))))",
        ),
        (
            vec!["column: c, path: 'phones[]', expression: \"'+' || substr({column}, 1, 2)\""],
            "IF(\"c\" IS NULL, NULL, CAST(ROW(\"c\"[1], transform(\"c\"[2], element_1 -> CAST('+' || substr(element_1, 1, 2) AS \
             varchar))) AS row(street varchar, phones array(varchar))))",
        ),
        // Of masks of one place the first wins, and what stands in a masked place is masked with it.
        (
            vec!["column: c, path: street, expression: \"'1'\"", "column: c, path: .STREET, expression: \"'2'\""],
            "IF(\"c\" IS NULL, NULL, CAST(ROW(CAST('1' AS varchar), \"c\"[2]) AS row(street varchar, phones array(varchar))))",
        ),
        (vec!["column: c, mask: null", "column: c, path: street, expression: \"'2'\""], "NULL"),
        // What comes first inside is a mask of what the later one shows around it.
        (
            vec!["column: c, path: street, expression: \"'1'\"", "column: c, expression: 'f({column})'"],
            "IF(CAST(f(\"c\") AS row(street varchar, phones array(varchar))) IS NULL, NULL, CAST(ROW(CAST('1' AS varchar), \
             CAST(f(\"c\") AS row(street varchar, phones array(varchar)))[2]) AS row(street varchar, phones array(varchar))))",
        ),
        (
            vec!["column: c, path: city, mask: redact"],
            "policy hr/p can't be applied to column c.city: the mask `.city` can't hold for the type row(street varchar, phones \
             array(varchar)): it has no field `city`",
        ),
        (
            vec!["column: c, path: 'phones[]', mask: pseudonym"],
            "policy hr/p can't be applied to column c.phones[]: the mask `.phones[]` can't hold for the type row(street varchar, \
             phones array(varchar)): a mask with a sub-query can't stand inside an array or a map",
        ),
    ] {
        assert_eq!(shown(&rules, of), expected, "{rules:?}");
    }
}

#[test]
fn the_policy_that_cannot_hold_is_named() {
    let guardrail = "kind: Guardrail\nmetadata: {name: g}\nspec: {tables: [{catalog: lake, schema: hr, table: '*'}], masks: \
                     [{column: c, path: a, mask: year}, {column: c, path: b, mask: redact}]}";
    let snapshot = with(&["column: c, path: d, mask: year"], &[guardrail]).unwrap();
    let anna = access(&snapshot, &snapshot.subject("anna", &[]));
    let why = |data_type| anna.mask("c", data_type).unwrap_err();
    assert!(why("row(a varchar, b varchar, d date)").starts_with("policy guardrail/g can't be applied to column c.a:"));
    assert!(why("row(a date, b varchar, d varchar)").starts_with("policy hr/p can't be applied to column c.d:"));
}

#[test]
fn masks_of_a_domain_serve_it_alone_and_those_of_a_central_one_all() {
    let sales = |mask: &str| {
        let document = format!(
            "kind: AccessPolicy\nmetadata: {{name: s, domain: sales}}\nspec: {{tables: [{{table: t}}], masks: [{{column: c, mask: \
             {mask}}}]}}"
        );
        with(&[], &[&document]).map(|_| ())
    };
    let guardrail = |mask: &str| {
        let tables = "[{catalog: lake, schema: hr, table: '*'}]";
        let document = format!(
            "kind: Guardrail\nmetadata: {{name: g}}\nspec: {{tables: {tables}, masks: [{{column: c, mask: {mask}}}]}}"
        );
        with(&[], &[&document]).map(|_| ())
    };
    assert_eq!((sales("card"), guardrail("card")), (Ok(()), Ok(())));
    assert!(with(&["column: c, mask: own"], &[]).is_ok());
    for refused in [sales("own"), guardrail("own")] {
        let text = refused.unwrap_err();
        assert!(text.contains("there is no mask `own`") && text.contains("the domain `hr` has one"), "{text}");
    }
}

#[test]
fn a_table_of_keys_is_denied_to_everyone() {
    let lift = "kind: Exception\nmetadata: {name: e, domain: platform}\nspec: {reason: r, ticket: t, approvers: [a], from: \
                '2026-01-01T00:00:00Z', until: '2026-01-02T00:00:00Z', to: {everyone: true}, tables: [{catalog: security, \
                schema: masks, table: '*'}], privileges: [all]}";
    let owners = "kind: Domain\nmetadata: {name: security}\nspec: {central: true, owners: [a]}";
    let lift = lift.replace("domain: platform", "domain: security");
    let snapshot = with(&[], &[owners, &lift]).unwrap();
    let now = "2026-01-01T12:00:00Z".parse().unwrap();
    let subject = Subject { moment: Some(snapshot.moment(now)), ..snapshot.subject("anna", &[]) };
    let keys = TableName::new("security", "masks", "keys");
    let access = snapshot.table_access(&subject, &keys);
    assert!(access.privileges().is_empty() && !access.allow("key"), "{access:?}");
    assert_eq!(access.denied_by[0].policy, "platform/personal");
    let visible = snapshot.visible(&subject);
    assert!(!visible.table(&keys) && visible.table(&TableName::new("security", "masks", "other")));
}

#[test]
fn what_a_mask_does_is_told_by_its_name() {
    let snapshot = with(
        &[
            "column: c, mask: born",
            "column: d, mask: last(4)",
            "column: e, path: a, mask: pay",
            "column: f, expression: \"'x'\"",
        ],
        &[],
    )
    .unwrap();
    let subject = snapshot.subject("anna", &[]);
    let says: Vec<String> = snapshot
        .reasons(&subject, &TableName::new("lake", "hr", "employees"))
        .into_iter()
        .filter(|reason| reason.sort == Sort::Mask)
        .map(|reason| reason.says)
        .collect();
    assert_eq!(
        says,
        [
            "c shows mask born (date year, timestamp year, otherwise null)",
            "d shows mask last(4)",
            "e.a shows mask pay (text concat('~', substr({column}, 1, 1), '${user.attributes.region}'), number bucket(1000))",
            "f shows 'x'",
        ]
    );
    let access = access(&snapshot, &subject);
    let short = |column: &str| access.told(column).unwrap().map(|told| told.short);
    assert_eq!(
        ["c", "d", "e", "f", "g"].map(short),
        [Some("mask born"), Some("mask last(4)"), Some(".a: mask pay"), Some("'x'"), None]
            .map(|text| text.map(str::to_owned))
    );
}

#[test]
fn a_domain_does_not_show_in_one_column_what_a_guardrail_hides_in_another() {
    let guardrail = "kind: Guardrail\nmetadata: {name: numbers}\nspec:\n  tables: [{catalog: '*', schema: '*', table: '*'}]\n  \
                     masks:\n    - {column: 'ssn*', mask: null, except: {groups: [tax]}}\n    - {column: other, expression: \
                     ssn}\n  denies:\n    - {privileges: [select], columns: {only: [iban]}}\n  approvers: [a]";
    let refused = |name: &str| {
        format!(
            "policy hr/p can't be applied to column c: its mask reads column {name}, which a guardrail hides from you"
        )
    };
    for (expression, expected) in [
        ("ssn", Err("ssn")),
        ("SSN_2", Err("ssn_2")),
        ("concat({column}, substr(employees.ssn, 1, 1))", Err("ssn")),
        ("(SELECT max(e.iban) FROM lake.hr.employees e WHERE e.id = id)", Err("iban")),
        ("IF(iban IS NULL, 'x', 'y')", Err("iban")),
        ("concat({column}, name)", Ok("concat(\"c\", name)")),
    ] {
        let rule = format!("column: c, expression: \"{expression}\"");
        let snapshot = with(&[&rule], &[guardrail]).unwrap();
        let shown = |groups: &[String]| {
            let access = access(&snapshot, &snapshot.subject("anna", groups));
            access.mask("c", "varchar").map(|mask| mask.unwrap().text.to_string())
        };
        assert_eq!(shown(&[]), expected.map(str::to_owned).map_err(refused), "{expression}");
        // For whom the guardrail does not hold, nothing is hidden.
        assert_eq!(
            shown(&["tax".to_owned()]).is_ok(),
            expected.is_ok() || expected.err() != Some("iban"),
            "{expression}"
        );
    }
    // Governance may do so itself.
    let snapshot = with(&["column: c, mask: redact"], &[guardrail]).unwrap();
    let access = access(&snapshot, &snapshot.subject("anna", &[]));
    assert_eq!(access.mask("other", "varchar").unwrap().unwrap().text.as_ref(), "ssn");
}
