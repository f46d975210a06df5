//! Policies as people have them: in files. Each wrong one is told as a snapshot beside it says; the sample mesh and the
//! policies of other tests are right and mean what their README says.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that can't read its files has to fail"
)]

use sluice::names::TableName;
use sluice::policy::{self, Answer, Diagnostics, Object, Privilege, Snapshot, SourceFile, Subject, TableAccess};
use std::fs;
use std::path::{Path, PathBuf};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// A case is one file, or several with a line `# file: NAME` before each but the first.
fn files(text: &str) -> Vec<SourceFile> {
    let mut files = vec![SourceFile { path: "a.yaml".into(), text: String::new() }];
    for line in text.split_inclusive('\n') {
        match line.strip_prefix("# file: ") {
            Some(name) => files.push(SourceFile { path: name.trim().into(), text: String::new() }),
            None => files.last_mut().expect("a file").text.push_str(line),
        }
    }
    files
}

#[test]
fn each_wrong_policy_is_told_as_its_snapshot_says() {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder("tests/policies/wrong"))
        .expect("cases")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    let mut accepted = Vec::new();
    insta::with_settings!({snapshot_path => "policies/wrong", prepend_module_to_snapshot => false, omit_expression => true}, {
        for case in cases {
            let name = case.file_stem().expect("name").to_str().expect("UTF-8").to_owned();
            match policy::compile(files(&fs::read_to_string(&case).expect("case"))) {
                Ok(_) => accepted.push(name),
                Err(problems) => insta::assert_snapshot!(name, problems.to_string()),
            }
        }
    });
    assert!(accepted.is_empty(), "taken for right: {accepted:?}");
}

#[test]
fn each_policy_that_is_hardly_meant_is_warned_of_as_its_snapshot_says() {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder("tests/policies/hardly-meant"))
        .expect("cases")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    insta::with_settings!({snapshot_path => "policies/hardly-meant", prepend_module_to_snapshot => false, omit_expression => true}, {
        for case in cases {
            let name = case.file_stem().expect("name").to_str().expect("UTF-8").to_owned();
            let files = files(&fs::read_to_string(&case).expect("case"));
            let snapshot = policy::compile(files.clone()).unwrap_or_else(|problems| panic!("{name}: {problems}"));
            insta::assert_snapshot!(name, policy::lint(files, &snapshot).to_string());
        }
    });
}

#[test]
fn the_tests_of_the_sample_mesh_pass_and_cover_each_rule() {
    let files = sluice::store::read_folder(&folder("policies")).expect("files");
    let suite = policy::tests_of(files).unwrap_or_else(|problems| panic!("{problems}"));
    let results = sluice::effects::trial::run(&mesh("policies"), &suite, jiff::Timestamp::UNIX_EPOCH, &mut |_, _| ());
    for test in &results.tests {
        assert!(test.differences.is_empty(), "{}:{}: {:?}", test.file, test.line, test.differences);
    }
    assert_eq!(results.coverage.missed, []);
}

#[test]
fn the_sample_mesh_is_not_warned_of() {
    let files = sluice::store::read_folder(&folder("policies")).expect("files");
    let warnings = policy::lint(files, &mesh("policies"));
    assert_eq!(warnings.to_string(), "");
}

/// A fenced block of the documentation: what stands behind the fence's word, and the text.
struct Block {
    language: String,
    file: Option<String>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(head) = line.strip_prefix("```") else { continue };
        let (language, rest) = head.split_once(' ').unwrap_or((head, ""));
        let text = lines.by_ref().take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect();
        let file = rest.strip_prefix("file=").map(str::to_owned);
        blocks.push(Block { language: language.to_owned(), file, text });
    }
    blocks
}

fn page() -> String {
    fs::read_to_string(folder("docs/policies.md")).expect("the page")
}

/// Compares with `…` in the expected text for anything within a line.
fn fits(expected: &str, found: &str) -> bool {
    let lines = |text: &str| text.trim_end().lines().map(str::to_owned).collect::<Vec<_>>();
    let (expected, found) = (lines(expected), lines(found));
    let fits = |(expected, found): (&String, &String)| match expected.split_once('…') {
        Some((start, end)) => found.starts_with(start) && found.ends_with(end),
        None => expected == found,
    };
    expected.len() == found.len() && expected.iter().zip(&found).all(fits)
}

/// Does what a page says, in a folder of its own: how many commands it shows, and where its files are.
fn follow(page: &str) -> (usize, tempfile::TempDir) {
    let shell = tempfile::tempdir().expect("folder");
    let mut checks = 0;
    let mut passing: Vec<String> = Vec::new();
    for Block { language, file, text } in blocks(page) {
        match (language.as_str(), file) {
            ("yaml" | "json" | "sql", Some(file)) => {
                let path = shell.path().join(&file);
                fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
                fs::write(path, text).expect("file");
                passing.push(file);
            }
            // A block by itself: right as it stands, though it may hold nothing but a comment.
            ("yaml", None) => {
                let files = vec![SourceFile { path: "block.yaml".into(), text: text.clone() }];
                policy::compile(files).unwrap_or_else(|problems| panic!("{text}\n{problems}"));
            }
            ("console", None) => {
                let (command, expected) = text.split_once('\n').expect("a command and its output");
                let mut words = command.strip_prefix("$ sluice ").expect("a command of sluice").split(' ');
                // Both outputs into one, in the order in which a reader sees them.
                let output = std::process::Command::new("sh")
                    .args(["-c", "exec \"$0\" \"$@\" 2>&1", env!("CARGO_BIN_EXE_sluice")])
                    .args(words.by_ref())
                    .current_dir(shell.path())
                    .output()
                    .expect("sluice");
                let found = String::from_utf8(output.stdout).expect("UTF-8");
                assert!(fits(expected, &found), "{command}\nexpected:\n{expected}\nfound:\n{found}");
                checks += 1;
                // What was shown to be wrong is taken back; a test that fails is of policies that are right.
                if !output.status.success() && !command.contains(" test ") {
                    fs::remove_file(shell.path().join(passing.last().expect("a file"))).expect("file");
                }
            }
            (other, _) => panic!("a block of {other} can't be run"),
        }
    }
    (checks, shell)
}

#[test]
fn the_page_about_policies_says_what_happens() {
    let (checks, shell) = follow(&page());
    assert_eq!(checks, 5);
    for folder in ["policies", "truth"] {
        let files = sluice::store::read_folder(&shell.path().join(folder)).expect("files");
        policy::compile(files).unwrap_or_else(|problems| panic!("{problems}"));
    }
}

#[test]
fn the_page_about_tools_says_what_happens() {
    let page = fs::read_to_string(folder("docs/policy-tools.md")).expect("the page");
    assert_eq!(follow(&page).0, 10);
}

#[test]
fn the_policy_of_the_readme_says_what_the_readme_says() {
    let readme = fs::read_to_string(folder("README.md")).expect("the README");
    let policy = blocks(&readme).into_iter().find(|block| block.language == "yaml").expect("a policy").text;
    let files = vec![SourceFile { path: "README.md".into(), text: policy }];
    let snapshot = policy::compile(files).unwrap_or_else(|problems| panic!("{problems}"));
    let employees = TableName::new("lake", "hr", "employees");
    let access = |groups: &[&str]| {
        let groups: Vec<String> = groups.iter().map(|group| (*group).to_owned()).collect();
        snapshot.table_access(&snapshot.subject("u", &groups), &employees)
    };
    let analyst = access(&["analysts"]);
    assert!(analyst.grants(Privilege::Select) && analyst.allow("email") && !analyst.allow("ssn"));
    let masked = |access: &TableAccess| access.mask("email", "varchar").expect("a mask").is_some();
    let filters = |access: &TableAccess| access.filters().expect("filters").len();
    assert!(masked(&analyst) && filters(&analyst) == 1);
    let both = access(&["analysts", "hr"]);
    assert!(!masked(&both) && filters(&both) == 0);
    assert!(!access(&["hr"]).grants(Privilege::Select));
}

#[test]
fn each_row_of_the_truth_table_holds() {
    let page = page();
    let rules = blocks(&page).into_iter().find(|block| block.file.as_deref() == Some("truth/rules.yaml"));
    let files = vec![SourceFile { path: "rules.yaml".into(), text: rules.expect("the rules").text }];
    let snapshot = policy::compile(files).unwrap_or_else(|problems| panic!("{problems}"));
    let table = page.split_once("| groups | privileges |").expect("the table").1;
    let rows: Vec<&str> = table.lines().skip(2).take_while(|line| line.starts_with('|')).collect();
    assert!(rows.len() >= 39);
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let groups: Vec<String> = cells[0].split_whitespace().map(|group| group.trim_matches('`').to_owned()).collect();
        let now = "2026-06-01T12:00:00Z".parse().expect("a time");
        let subject = Subject { moment: Some(snapshot.moment(now)), ..snapshot.subject("u", &groups) };
        let access = snapshot.table_access(&subject, &TableName::new("lake", "s", "t"));
        let privileges: Vec<&str> = [(Privilege::Select, "select"), (Privilege::Show, "show")]
            .into_iter()
            .filter(|(privilege, _)| access.grants(*privilege))
            .map(|(_, name)| name)
            .collect();
        let columns: Vec<&str> =
            ["id", "name", "email", "ssn"].into_iter().filter(|column| access.allow(column)).collect();
        let email = match (access.allow("email"), access.mask("email", "varchar").expect("a mask")) {
            (false, _) => String::new(),
            (true, None) => "as it is".to_owned(),
            (true, Some(mask)) => mask.text.to_string(),
        };
        let filters: Vec<String> =
            access.filters().expect("filters").iter().map(|filter| filter.text.to_string()).collect();
        let rows = match (access.grants(Privilege::Select), filters.is_empty()) {
            (false, _) => String::new(),
            (true, true) => "all".to_owned(),
            (true, false) => filters.join(" AND "),
        };
        assert_eq!(cells, [cells[0], &privileges.join(" "), &columns.join(" "), &email, &rows], "{row}");
    }
}

fn mesh(name: &str) -> Snapshot {
    let files = sluice::store::read_folder(&folder(name)).expect("files");
    policy::compile(files).unwrap_or_else(|problems: Diagnostics| panic!("{name}: {problems}"))
}

#[test]
fn the_policies_of_all_tests_are_right() {
    let mut folders = vec![];
    for entry in fs::read_dir(folder("tests")).expect("tests") {
        let path = entry.expect("entry").path().join("policies");
        if path.is_dir() {
            folders.push(format!("tests/{}/policies", path.parent().unwrap().file_name().unwrap().to_str().unwrap()));
        }
    }
    assert!(folders.len() >= 3, "{folders:?}");
    folders.iter().for_each(|name| _ = mesh(name));
}

/// What a user sees of a table: its columns, those that are masked marked by `*`, and the number of filters.
fn seen(mesh: &Snapshot, user: &str, table: &str, columns: &[&str]) -> String {
    let parts: Vec<&str> = table.split('.').collect();
    let access = mesh.table_access(&mesh.subject(user, &[]), &TableName::new(parts[0], parts[1], parts[2]));
    if !access.grants(Privilege::Select) {
        return "denied".to_owned();
    }
    let columns: Vec<String> = columns
        .iter()
        .filter(|column| access.allow(column))
        .map(|column| {
            format!("{column}{}", if access.mask(column, "varchar").expect("a mask").is_some() { "*" } else { "" })
        })
        .collect();
    format!("{} | {}", columns.join(" "), access.filters().expect("filters").len())
}

#[test]
fn the_sample_mesh_shows_each_user_what_its_readme_says() {
    let mesh = mesh("policies");
    let employees = ["id", "name", "email", "ssn", "salary", "region", "manager_id", "hired"];
    let reviews = ["id", "employee_id", "score", "note", "reviewed"];
    let orders = ["order_id", "customer_id", "amount", "card_number", "ordered"];
    let payments = ["payment_id", "order_id", "iban", "amount", "paid"];
    for (user, table, columns, expected) in [
        ("anna", "lake.hr.employees", &employees[..], "id name email* salary* region manager_id hired | 1"),
        ("anna", "lake.hr.reviews", &reviews, "id employee_id score | 1"),
        ("anna", "lake.hr.directory", &["id", "name", "email", "region"], "id name email region | 0"),
        ("anna", "lake.sales.orders", &orders, "order_id customer_id amount card_number* ordered | 0"),
        ("anna", "lake.sales.customers", &["company", "contact_email"], "company contact_email* | 0"),
        ("anna", "lake.finance.payments", &payments, "denied"),
        ("anna", "tpch.tiny.nation", &["name"], "name | 0"),
        ("hugo", "lake.hr.employees", &employees, "id name email ssn salary region manager_id hired | 0"),
        ("hugo", "lake.hr.reviews", &reviews, "id employee_id score note reviewed | 0"),
        ("hugo", "lake.sales.orders", &orders, "denied"),
        ("felix", "lake.finance.payments", &payments, "payment_id order_id iban amount paid | 0"),
        ("felix", "lake.finance.budgets", &["amount"], "amount | 0"),
        ("felix", "lake.sales.orders", &orders, "order_id customer_id amount ordered | 0"),
        ("felix", "lake.hr.employees", &employees, "denied"),
        ("olga", "lake.hr.employees", &employees, "denied"),
        ("olga", "tpch.tiny.nation", &["name"], "denied"),
        ("superset", "tpch.tiny.nation", &["name"], "denied"),
        ("ada", "lake.hr.employees", &employees, "id name email ssn salary region manager_id hired | 0"),
        ("ada", "lake.sales.orders", &orders, "order_id customer_id amount card_number ordered | 0"),
        ("ada", "lake.finance.payments", &payments, "payment_id order_id iban amount paid | 0"),
    ] {
        assert_eq!(seen(&mesh, user, table, columns), expected, "{user} on {table}");
    }
}

/// What no test of policies can ask: rules that are not about tables.
#[test]
fn the_sample_mesh_lets_programs_do_what_its_readme_says() {
    let mesh = mesh("policies");
    let subject = |user: &str| mesh.subject(user, &[]);
    let granted = |answer: Answer| answer.granted();
    for (program, target, may) in [
        ("superset", "anna", true),
        ("superset", "olga", true),
        ("jupyter", "anna", true),
        ("superset", "ada", false),
        ("superset", "superset", false),
        ("jupyter", "airflow", false),
        ("dbt", "anna", false),
        ("airflow", "anna", false),
        ("anna", "hugo", false),
        ("ada", "anna", false),
    ] {
        assert_eq!(granted(mesh.may_impersonate(&subject(program), target)), may, "{program} as {target}");
    }
    for (user, property, may) in [
        ("anna", "query_max_run_time", true),
        ("superset", "query_max_run_time", true),
        ("olga", "query_max_run_time", false),
        ("anna", "query_max_memory", false),
        ("ada", "query_max_memory", true),
    ] {
        assert_eq!(granted(mesh.may_set_session(&subject(user), property)), may, "{user}: {property}");
    }
    for (user, may) in [("ada", true), ("anna", false), ("airflow", false)] {
        assert_eq!(granted(mesh.may_read_system_information(&subject(user))), may, "{user}");
    }
    let distance = TableName::new("lake", "functions", "geo_distance");
    for (user, may) in [("anna", true), ("dbt", true), ("hugo", false), ("superset", false)] {
        let answer = mesh.may(&subject(user), Object::Function, &distance, Privilege::Execute);
        assert_eq!(granted(answer), may, "{user}");
    }
}

#[test]
fn the_policies_of_the_attack_corpus_say_what_its_intent_says() {
    let mesh = mesh("tests/attacks/policies");
    let employees = ["id", "name", "email", "ssn", "salary", "region", "manager_id", "address", "phones", "notes"];
    for (user, table, columns, expected) in [
        ("analyst", "lake.hr.employees", &employees[..], "id name email* salary* region manager_id | 1"),
        ("analyst", "lake.hr.reviews", &["id", "note"], "id note | 1"),
        ("analyst", "lake.hr.directory", &["email"], "email | 0"),
        ("analyst", "lake.sales.customers", &["company"], "company | 0"),
        ("analyst", "lake.sales.orders", &["amount", "card_number"], "amount card_number* | 0"),
        ("analyst", "lake.sales.big_orders", &["card_number"], "card_number | 0"),
        ("analyst", "lake.finance.payments", &["iban"], "denied"),
        ("analyst", "lake.scratch.own", &["v"], "v | 0"),
        ("analyst", "tpch.tiny.nation", &["name"], "name | 0"),
        ("hr_partner", "lake.hr.employees", &["email", "ssn", "notes"], "email ssn notes | 0"),
        ("hr_partner", "lake.sales.orders", &["amount"], "denied"),
        ("outsider", "tpch.tiny.nation", &["name"], "denied"),
        ("superset", "lake.hr.employees", &["id"], "denied"),
        ("admin", "lake.finance.payments", &["iban"], "iban | 0"),
    ] {
        assert_eq!(seen(&mesh, user, table, columns), expected, "{user} on {table}");
    }
    let may = |principal: &str, target: &str| {
        mesh.may_impersonate(&mesh.subject(principal, &[]), target) != Answer::NotGranted
    };
    assert!(may("superset", "analyst") && !may("superset", "hr_partner") && !may("analyst", "hr_partner"));
    assert!(may("admin", "hr_partner"));
}
