//! From a file to a checked [`Config`].

use super::types::{Config, Upstream};
use super::{check, clusters};
use serde_saphyr::RenderOptions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is no YAML, or something in it is unknown, missing or of a wrong type. The report has file, line and caret.
    #[error("{0}")]
    Parse(String),
    /// It is right, but not before what needs a restart has had one.
    #[error("{}: needs a restart for {names}, and is not right before: {}", path.display(), problems.join("\n  and: "))]
    Restart {
        /// The file.
        path: PathBuf,
        /// What needs a restart.
        names: String,
        /// All that was found.
        problems: Vec<String>,
    },
    /// Its parts don't go together.
    #[error("{}: {}", path.display(), problems.join("\n  and: "))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All that was found.
        problems: Vec<String>,
    },
}

impl Config {
    /// Reads, completes and checks a configuration. Paths in the result no longer depend on the file's place.
    ///
    /// # Errors
    /// [`ConfigError`]; nothing is guessed or left out.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        Config::of_text(&Config::text(path)?, path)
    }

    pub(super) fn text(path: &Path) -> Result<String, ConfigError> {
        std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })
    }

    /// The same from what stands in the file.
    pub(super) fn of_text(text: &str, path: &Path) -> Result<Config, ConfigError> {
        let mut config = Config::parse(text, &path.display().to_string())?;
        config.resolve_paths(path.parent().unwrap_or(Path::new("")));
        let name = path.display().to_string();
        let mut problems = check::problems(&config);
        problems.extend(clusters::check(&config).iter().map(|problem| clusters::shown(problem, text, &name)));
        if problems.is_empty() { Ok(config) } else { Err(ConfigError::Invalid { path: path.to_owned(), problems }) }
    }

    /// Reads a text; `name` stands in the report of an error.
    ///
    /// # Errors
    /// [`ConfigError::Parse`].
    pub fn parse(text: &str, name: &str) -> Result<Config, ConfigError> {
        serde_saphyr::from_str(text).map_err(|error: serde_saphyr::Error| {
            let mut options = RenderOptions::default();
            options.source_name = Some(name);
            ConfigError::Parse(error.render_with_options(options))
        })
    }

    /// The JSON Schema of the file.
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Config)
    }

    fn resolve_paths(&mut self, folder: &Path) {
        let Config { listen, upstream, clusters, identity, policies, audit, .. } = self;
        if let Some(tls) = &mut listen.tls {
            resolve(&mut tls.certificate, folder);
            resolve(&mut tls.key, folder);
            tls.client_ca.iter_mut().chain(&mut tls.client_crls).for_each(|path| resolve(path, folder));
        }
        listen.page_key_file.iter_mut().for_each(|path| resolve(path, folder));
        for upstream in upstream.iter_mut().chain(clusters.iter_mut().flat_map(BTreeMap::values_mut)) {
            let Upstream { ca, password_file, token_file, certificate, key, spooling, .. } = upstream;
            let files = [ca, password_file, token_file, certificate, key];
            let origins = spooling.iter_mut().flat_map(|spooling| &mut spooling.origins);
            let authorities = origins.filter_map(|origin| origin.ca.as_mut());
            files.into_iter().flatten().chain(authorities).for_each(|path| resolve(path, folder));
        }
        identity.paths().for_each(|path| resolve(path, folder));
        policies.paths().into_iter().for_each(|path| resolve(path, folder));
        resolve(&mut audit.folder, folder);
    }
}

fn resolve(path: &mut PathBuf, folder: &Path) {
    if path.is_relative() {
        *path = folder.join(&*path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "\
listen: {address: '127.0.0.1:8443'}
upstream: {url: 'http://127.0.0.1:8080'}
identity:
  trusted_header: {name: X-User, peers: [127.0.0.1/32]}
policies: {folder: policies}
audit: {folder: log}
";

    fn load(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sluice.yaml");
        std::fs::write(&path, text).unwrap();
        Config::load(&path)
    }

    #[test]
    fn a_small_configuration_is_completed_with_defaults() {
        let config = load(SMALL).unwrap();
        assert!(config.second_opinion);
        let policies = config.policies.folder.unwrap();
        assert!(policies.is_absolute() && policies.ends_with("policies"));
        assert_eq!(config.limits.statement_bytes, 1_000_000);
    }

    #[test]
    fn an_unknown_field_is_refused_with_file_line_and_caret() {
        let error = Config::parse(&SMALL.replace("folder: policies", "foldr: policies"), "a/sluice.yaml").unwrap_err();
        let text = error.to_string();
        assert!(text.contains("foldr") && text.contains("a/sluice.yaml:5") && text.contains('^'), "{text}");
    }

    #[test]
    fn the_example_in_deploy_is_right() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/sluice.yaml");
        let config = Config::parse(&std::fs::read_to_string(path).unwrap(), "deploy/sluice.yaml").unwrap();
        assert!(check::problems(&config).is_empty());
    }

    #[test]
    fn the_example_names_each_field_of_the_schema() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/sluice.yaml");
        let example = std::fs::read_to_string(path).unwrap();
        let schema = serde_json::to_value(Config::schema()).unwrap();
        let definitions = schema["$defs"].as_object().unwrap().values();
        for part in definitions.chain([&schema]) {
            for field in part["properties"].as_object().into_iter().flatten().map(|(name, _)| name) {
                assert!(example.contains(&format!("{field}:")), "deploy/sluice.yaml does not show {field}");
            }
        }
    }

    #[test]
    fn the_example_of_several_clusters_is_right() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operators.md");
        let page = std::fs::read_to_string(page).unwrap();
        let example = page.split("```yaml\n").find(|block| block.starts_with("clusters:")).unwrap();
        let example = example.split("```").next().unwrap();
        let config = load(&SMALL.replace("upstream: {url: 'http://127.0.0.1:8080'}\n", example)).unwrap();
        assert_eq!((config.clusters().count(), config.routing.len()), (3, 3));
    }

    #[test]
    fn the_examples_of_the_page_about_identity_are_right() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/identity.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut count = 0;
        for (block, _) in page.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("```")) {
            let rest = "listen: {address: '0.0.0.0:8443', tls: {certificate: c, key: k, client_ca: a}, public_url: 'https://t'}\n\
                        upstream: {url: 'http://127.0.0.1:8080'}\npolicies: {folder: p}\naudit: {folder: l}\n";
            let config = Config::parse(&format!("{rest}{block}"), "a block").unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(check::problems(&config), [""; 0], "{block}");
            count += 1;
        }
        assert!(count >= 9, "{count}");
    }
}
