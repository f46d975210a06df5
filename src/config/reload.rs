//! A configuration that is changed while Sluice runs: what is in force then, and what has to wait for a restart.
//!
//! In: the configuration in force and a newer file. Out: the two as one, which is checked like any other: a newer part
//! may be right beside what else is new, and wrong beside what can't change yet.

use super::check;
use super::load::ConfigError;
use super::types::{Config, Limits, Log};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::Path;

/// What can change while Sluice runs, with all that is below it.
const LIVE: &[&str] =
    &["catalog", "clusters", "health_checks", "identity", "limits", "log.filter", "routing", "upstream"];
/// What of these can't.
const FIXED: &[&str] = &["limits.connections", "limits.decision_cache_bytes", "limits.remembered_bytes"];

/// The configuration in force, with what stood in the files.
#[derive(Debug)]
pub struct InForce {
    /// What is in force.
    pub config: Config,
    /// What stood in the file at the start.
    start: Value,
    /// What stood in the file that was taken last.
    last: Value,
}

/// What a newer file comes to.
#[derive(Debug)]
pub struct Newer {
    /// What is in force with it.
    pub in_force: InForce,
    /// The names of what changes.
    pub changes: BTreeSet<String>,
    /// The names of what stands in the file and needs a restart.
    pub restart: BTreeSet<String>,
}

impl InForce {
    /// The configuration of a file, to start with.
    ///
    /// # Errors
    /// [`ConfigError`], as of [`Config::load`].
    pub fn load(path: &Path) -> Result<InForce, ConfigError> {
        let (config, values) = read(path)?;
        Ok(InForce { config, start: values.clone(), last: values })
    }

    /// What is in force once the file, as it is now, is taken.
    ///
    /// # Errors
    /// [`ConfigError`]; then all stays as it is.
    pub fn newer(&self, path: &Path) -> Result<Newer, ConfigError> {
        let (config, values) = read(path)?;
        let restart: BTreeSet<String> =
            differing(&self.start, &values).into_iter().filter(|name| !live(name)).collect();
        let changes = differing(&self.last, &values).into_iter().filter(|name| live(name)).collect();
        let config = mixed(&self.config, config);
        let problems = check::problems(&config);
        if !problems.is_empty() {
            let names = restart.into_iter().collect::<Vec<_>>().join(", ");
            return Err(ConfigError::Restart { path: path.to_owned(), names, problems });
        }
        Ok(Newer { in_force: InForce { config, start: self.start.clone(), last: values }, changes, restart })
    }
}

fn read(path: &Path) -> Result<(Config, Value), ConfigError> {
    let text = Config::text(path)?;
    let config = Config::of_text(&text, path)?;
    let values = serde_saphyr::from_str(&text).map_err(|error| ConfigError::Parse(error.to_string()))?;
    Ok((config, values))
}

/// The newer one, but for what can't change.
fn mixed(in_force: &Config, newer: Config) -> Config {
    let Config { catalog, clusters, health_checks, identity, limits, log, routing, upstream, .. } = newer;
    let Limits { connections, decision_cache_bytes, remembered_bytes, .. } = in_force.limits;
    Config {
        catalog,
        clusters,
        health_checks,
        identity,
        limits: Limits { connections, decision_cache_bytes, remembered_bytes, ..limits },
        log: Log { filter: log.filter, ..in_force.log.clone() },
        routing,
        upstream,
        ..in_force.clone()
    }
}

fn live(name: &str) -> bool {
    let within = |part: &str| name.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    LIVE.iter().any(|part| within(part)) && !FIXED.contains(&name)
}

/// The names of what stands differently in two files.
fn differing(one: &Value, other: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    compare("", one, other, &mut names);
    names
}

fn compare(name: &str, one: &Value, other: &Value, names: &mut BTreeSet<String>) {
    let nothing = Map::new();
    let (one, other) = match (one, other) {
        (one, other) if one == other => return,
        (Value::Object(one), Value::Object(other)) => (one, other),
        (Value::Object(one), Value::Null) => (one, &nothing),
        (Value::Null, Value::Object(other)) => (&nothing, other),
        _ => {
            names.insert(name.to_owned());
            return;
        }
    };
    for field in one.keys().chain(other.keys()) {
        let name = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
        let value = |part: &Map<String, Value>| part.get(field).cloned().unwrap_or_default();
        compare(&name, &value(one), &value(other), names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    const SMALL: &str = "\
listen: {address: '127.0.0.1:8443', public_url: 'https://t.example'}
upstream: {url: 'http://127.0.0.1:8080'}
identity:
  trusted_header: {name: X-User, peers: [127.0.0.1/32]}
policies: {folder: policies}
audit: {folder: log}
";

    struct File(tempfile::TempDir);

    impl File {
        fn new(text: &str) -> (File, InForce) {
            let file = File(tempfile::tempdir().unwrap());
            file.write(text);
            let in_force = InForce::load(&file.path()).unwrap();
            (file, in_force)
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("sluice.yaml")
        }

        fn write(&self, text: &str) {
            std::fs::write(self.path(), text).unwrap();
        }

        fn then(&self, in_force: &InForce, text: &str) -> Result<Newer, ConfigError> {
            self.write(text);
            in_force.newer(&self.path())
        }
    }

    fn names(names: &BTreeSet<String>) -> Vec<&str> {
        names.iter().map(String::as_str).collect()
    }

    #[test]
    fn what_can_change_is_in_force_and_what_can_not_is_named() {
        let (file, first) = File::new(SMALL);
        let more = "limits: {statements: 7, connections: 9}\nlog: {filter: debug, format: json}\nconsole: {address: '127.0.0.1:1'}\n";
        let newer = file.then(&first, &format!("{}{more}", SMALL.replace("8080", "8081"))).unwrap();
        assert_eq!(names(&newer.changes), ["limits.statements", "log.filter", "upstream.url"]);
        assert_eq!(names(&newer.restart), ["console.address", "limits.connections", "log.format"]);
        let Config { limits, log, upstream, console, .. } = &newer.in_force.config;
        assert_eq!(
            (limits.statements, log.filter.as_str(), upstream.as_ref().unwrap().url.as_str()),
            (7, "debug", "http://127.0.0.1:8081")
        );
        let old = Config::parse(SMALL, "").unwrap();
        assert_eq!((limits.connections, console.address), (old.limits.connections, old.console.address));
        assert_eq!(log.format, old.log.format);
        // What needs a restart is said until there is one, and what changed only once.
        let again = newer.in_force.newer(&file.path()).unwrap();
        assert_eq!(
            (again.changes.len(), names(&again.restart)),
            (0, vec!["console.address", "limits.connections", "log.format"])
        );
        let back = file.then(&again.in_force, SMALL).unwrap();
        assert_eq!((back.changes.len(), back.restart.len()), (3, 0));
        assert_eq!(format!("{:?}", back.in_force.config), format!("{:?}", first.config));
    }

    #[test]
    fn each_part_is_in_force_if_and_only_if_it_counts_as_one_that_can_change() {
        let (file, first) = File::new(SMALL);
        for (part, text) in [
            ("audit", SMALL.replace("folder: log", "folder: log, sync: disk")),
            ("catalog", format!("{SMALL}catalog: {{entries: 7}}\n")),
            (
                "clusters",
                SMALL.replace("upstream: {", "routing: [{to: [a]}]\nclusters: {a: {").replace("8080'}", "8080'}}"),
            ),
            ("health_checks", format!("{SMALL}health_checks: {{every: 7s}}\n")),
            ("console", format!("{SMALL}console: {{address: '127.0.0.1:1'}}\n")),
            ("identity", SMALL.replace("X-User", "X-Other")),
            ("limits", format!("{SMALL}limits: {{statements: 7}}\n")),
            ("limits", format!("{SMALL}limits: {{drain: 7s}}\n")),
            ("limits.connections", format!("{SMALL}limits: {{connections: 7}}\n")),
            ("limits.decision_cache_bytes", format!("{SMALL}limits: {{decision_cache_bytes: 7}}\n")),
            ("limits.remembered_bytes", format!("{SMALL}limits: {{remembered_bytes: 7000000}}\n")),
            ("listen", SMALL.replace("t.example", "u.example")),
            ("log.filter", format!("{SMALL}log: {{filter: debug}}\n")),
            ("log.format", format!("{SMALL}log: {{format: json}}\n")),
            ("policies", SMALL.replace("folder: policies", "folder: others")),
            ("second_opinion", format!("{SMALL}second_opinion: false\n")),
            ("upstream", SMALL.replace("8080'", "8080', user: other")),
            ("views", format!("{SMALL}views: definer\n")),
        ] {
            let newer = file.then(&first, &text).unwrap();
            let changed = format!("{:?}", newer.in_force.config) != format!("{:?}", first.config);
            assert_eq!(changed, live(part), "{part}");
            assert_eq!((newer.changes.is_empty(), newer.restart.is_empty()), (!changed, changed), "{part}");
        }
    }

    #[test]
    fn what_is_wrong_beside_what_can_not_change_is_refused() {
        let (file, first) = File::new(SMALL);
        // Passwords are right with TLS, which there is only after a restart.
        let tls = SMALL.replace("public_url", "tls: {certificate: c, key: k}, public_url");
        let passwords = tls.replace("identity:\n", "identity:\n  password_file: passwords\n");
        let error = file.then(&first, &passwords).unwrap_err().to_string();
        assert!(error.contains("listen.tls") && error.contains("passwords need listen.tls"), "{error}");
        assert!(file.then(&first, "listen: [").unwrap_err().to_string().contains("sluice.yaml"));
        std::fs::remove_file(file.path()).unwrap();
        assert!(matches!(first.newer(&file.path()), Err(ConfigError::Read { .. })));
    }
}
