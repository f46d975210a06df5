//! `sluice codeowners`: who has to look at a change of which policy.

use super::Failure;
use super::asking::{Message, snapshot};
use super::failure::slashed;
use crate::policy::{self, Owners};
use crate::store;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

/// Print a CODEOWNERS file (GitHub's and GitLab's form) from the domains and their owners.
///
/// A folder that holds one domain's policies is its owners'. What is central stays with the owners of central domains: the
/// domains themselves, guardrails, principals, files of several domains, and all that no other line is about. An owner that
/// holds no `@` becomes a team of the organisation.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  sluice codeowners policies --organisation acme > .github/CODEOWNERS")]
pub(super) struct Arguments {
    /// The folder of policies, as it is called in the repository.
    #[arg(default_value = "policies")]
    folder: PathBuf,
    /// The organisation or group whose teams the owners are.
    #[arg(long, value_name = "NAME")]
    organisation: Option<String>,
}

impl Arguments {
    pub(super) fn run(&self) -> Result<(), Failure> {
        snapshot(&self.folder)?;
        let owners = policy::owners(store::read_folder(&self.folder)?);
        write!(anstream::stdout(), "{}", self.text(&owners)?)?;
        Ok(())
    }

    fn text(&self, owners: &Owners) -> Result<String, Failure> {
        if owners.central.is_empty() {
            // A line without an owner would let anybody change what is central.
            return Err(Message("no central domain names its owners, so what is central has none".to_owned()).into());
        }
        let central = self.handles(owners.central.iter())?;
        let mut of_domain = BTreeMap::new();
        for (domain, list) in &owners.domains {
            let handles = self.handles(list.iter())?;
            of_domain.insert(domain.as_str(), if handles.is_empty() { central.clone() } else { handles });
        }
        let mut folders = BTreeMap::<&str, BTreeSet<&str>>::new();
        for file in &owners.files {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            folders.entry(folder).or_default().extend(file.domain.as_deref());
        }
        let mut text = "# Written by `sluice codeowners`; the last line that fits a path counts.\n".to_owned();
        let root = slashed(&self.folder);
        let mut line = |path: &str, is_folder: bool, handles: &str| {
            let path = [root.as_str(), path].join("/").replace(' ', "\\ ");
            let path = path.trim_matches('/');
            // Writing to a string does not fail.
            let _ = writeln!(text, "/{path}{} {handles}", if is_folder { "/" } else { "" });
        };
        line("", true, &central);
        let only = |domains: &BTreeSet<&str>| match domains.iter().collect::<Vec<_>>().as_slice() {
            [domain] => of_domain.get(**domain).cloned(),
            _ => None,
        };
        for (folder, domains) in &folders {
            if let Some(handles) = only(domains) {
                line(folder, true, &handles);
            }
        }
        for file in &owners.files {
            let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let given = folders.get(folder).and_then(only).unwrap_or_else(|| central.clone());
            let wanted = file.domain.as_deref().and_then(|domain| of_domain.get(domain)).unwrap_or(&central);
            if given != *wanted {
                line(&file.path, false, wanted);
            }
        }
        Ok(text)
    }

    fn handles<'o>(&self, owners: impl Iterator<Item = &'o String>) -> Result<String, Failure> {
        let mut handles = Vec::new();
        for owner in owners {
            handles.push(match &self.organisation {
                _ if owner.contains('@') => owner.clone(),
                Some(organisation) => format!("@{organisation}/{owner}"),
                None => {
                    let message = format!("`{owner}` is no handle: say whose team it is by --organisation");
                    return Err(Message(message).into());
                }
            });
        }
        Ok(handles.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::SourceFile;

    #[test]
    fn folders_are_their_domains_and_what_is_central_is_not() {
        let domain = |name: &str, rest: &str| {
            format!("apiVersion: sluice/v1\nkind: Domain\nmetadata: {{name: {name}}}\nspec: {{{rest}}}\n")
        };
        let policy = |domain: &str| format!("kind: AccessPolicy\nmetadata: {{name: p, domain: {domain}}}\n");
        let files = [
            ("platform/domain.yaml", domain("platform", "central: true, owners: [platform]")),
            ("hr/domain.yaml", domain("hr", "owns: [{catalog: hr}], owners: [hr-owners, lead@example.com]")),
            ("hr/access.yaml", policy("hr")),
            ("hr/more rules/access.yaml", policy("hr")),
            ("sales/domain.yaml", domain("sales", "owns: [{catalog: sales}]")),
            ("sales/access.yaml", policy("sales")),
            ("mixed.yaml", format!("{}---\n{}", policy("hr"), policy("sales"))),
        ];
        let files = files.into_iter().map(|(path, text)| SourceFile { path: path.to_owned(), text }).collect();
        let owners = policy::owners(files);
        let arguments = |organisation: Option<&str>| Arguments {
            folder: PathBuf::from("policies/"),
            organisation: organisation.map(str::to_owned),
        };
        insta::assert_snapshot!(arguments(Some("acme")).text(&owners).unwrap());
        let message = arguments(None).text(&owners).unwrap_err();
        assert_eq!(
            arguments(None).text(&Owners::default()).unwrap_err().text().split(',').next(),
            Some("no central domain names its owners")
        );
        assert_eq!(message.text(), "`platform` is no handle: say whose team it is by --organisation");
    }
}
