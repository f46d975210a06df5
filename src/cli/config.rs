//! `sluice config`: is `sluice.yaml` right, and what can stand in it.

use super::Failure;
use crate::config::Config;
use crate::identity::{ClientCertificates, GroupFeed, Ldap, Login, Oidc, Passwords, ServiceTokens};
use crate::proxy::connect::http_client;
use crate::proxy::{Acceptor, page_key};
use crate::store::Store;
use clap::{Args, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Check the configuration, or print its JSON Schema.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sluice config check --config deploy/sluice.yaml
  sluice config schema > sluice.schema.json   # for an editor: # yaml-language-server: $schema=sluice.schema.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the configuration as `serve` does, and the files that it names, and say what is wrong.
    #[command(after_help = "\
Example:
  sluice config check --config deploy/sluice.yaml")]
    Check {
        /// The configuration.
        #[arg(long, value_name = "FILE", default_value = "sluice.yaml")]
        config: PathBuf,
    },
    /// Print the JSON Schema of the configuration.
    #[command(after_help = "\
Example:
  sluice config schema > sluice.schema.json")]
    Schema,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Check { config } => {
                named_files(&Config::load(config)?)?;
                writeln!(anstream::stdout(), "{}: right", config.display())?;
            }
            Command::Schema => {
                let schema = serde_json::to_string_pretty(&Config::schema())?;
                writeln!(anstream::stdout(), "{schema}")?;
            }
        }
        Ok(())
    }
}

/// Reads each file that `serve` would read at its start.
fn named_files(config: &Config) -> Result<(), Failure> {
    config.listen.tls.as_ref().map(Acceptor::open).transpose()?;
    ClientCertificates::new(&config.identity.client_certificates)?;
    let secret = page_key(config.listen.page_key_file.as_deref())?;
    for (_, upstream) in config.clusters() {
        http_client(upstream)?;
    }
    config.identity.password_file.as_deref().map(|path| Passwords::open(path, Duration::ZERO)).transpose()?;
    config.identity.group_feed.as_ref().map(GroupFeed::open).transpose()?;
    config.identity.ldap.as_ref().map(|ldap| Ldap::open(ldap, Duration::ZERO, None)).transpose()?;
    config.identity.token_file.as_deref().map(ServiceTokens::open).transpose()?;
    let oidc = Arc::new(Oidc::open(&config.identity.oidc, Duration::ZERO)?);
    Login::open(&oidc, &config.identity.oidc, &config.listen, &secret)?;
    Store::open(&config.policies)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(password_file: &str) -> Result<(), Failure> {
        let folder = tempfile::tempdir().unwrap();
        let policies = concat!(env!("CARGO_MANIFEST_DIR"), "/policies");
        let path = folder.path().join("sluice.yaml");
        std::fs::write(folder.path().join("passwords"), password_file).unwrap();
        let text = format!(
            "listen: {{address: '127.0.0.1:0'}}\nupstream: {{url: 'http://trino:8080'}}\n\
             identity: {{password_file: passwords, passwords_without_tls: true}}\n\
             policies: {{folder: '{policies}'}}\naudit: {{folder: log}}\n"
        );
        std::fs::write(&path, text).unwrap();
        Arguments { command: Command::Check { config: path } }.run()
    }

    #[test]
    fn the_files_that_are_named_are_read_too() {
        assert!(check(&format!("anna:{}\n", bcrypt::hash("secret", 8).unwrap())).is_ok());
        assert!(check("anna:plain\n").unwrap_err().text().contains("passwords:1: a hash that is neither"));
    }
}
