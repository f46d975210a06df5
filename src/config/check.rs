//! What the types of the configuration can't say.

use super::types::{Config, Identity, Listen, Upstream};
use http::{HeaderName, Uri};
use jiff::SignedDuration;

/// All that does not go together. Empty: the configuration is right.
pub(super) fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    listen(&config.listen, &mut problems);
    upstream(&config.upstream, &mut problems);
    identity(&config.identity, &config.listen, &mut problems);
    config.policies.check(&mut problems);
    positive(config, &mut problems);
    problems
}

fn listen(listen: &Listen, problems: &mut Vec<String>) {
    if let Some(url) = &listen.public_url {
        origin("listen.public_url", url, problems);
    }
}

fn upstream(upstream: &Upstream, problems: &mut Vec<String>) {
    origin("upstream.url", &upstream.url, problems);
    if upstream.user.is_empty() {
        problems.push("upstream.user: a name is needed".to_owned());
    }
    if upstream.password_file.is_some() && !upstream.url.starts_with("https://") {
        problems.push("upstream.password_file: a password is only sent to an https upstream.url".to_owned());
    }
}

/// Whether a text is scheme, host and port, and no more.
fn origin(field: &str, text: &str, problems: &mut Vec<String>) {
    let right = text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.path() == "/"
            && uri.query().is_none()
    });
    if !right {
        problems.push(format!("{field}: `{text}` is not http:// or https://, host and port, and no more"));
    }
}

fn identity(identity: &Identity, listen: &Listen, problems: &mut Vec<String>) {
    if identity.password_file.is_none() && identity.trusted_header.is_none() {
        problems.push("identity: give at least one way: password_file or trusted_header".to_owned());
    }
    let loopback = listen.address.ip().is_loopback();
    if identity.passwords_without_tls && !loopback {
        problems.push(format!(
            "identity.passwords_without_tls: only for a listener on a loopback address, not on {}",
            listen.address
        ));
    }
    if identity.password_file.is_some() && listen.tls.is_none() && !identity.passwords_without_tls {
        problems.push(
            "identity.password_file: passwords need listen.tls (or, on a loopback address alone, \
             identity.passwords_without_tls: true)"
                .to_owned(),
        );
    }
    if let Some(header) = &identity.trusted_header {
        match header.name.parse::<HeaderName>() {
            Err(_) => problems.push(format!("identity.trusted_header.name: `{}` is no header name", header.name)),
            Ok(name) if forbidden(name.as_str()) => problems.push(format!(
                "identity.trusted_header.name: `{name}` is set by each client; take a name that only the peer sets"
            )),
            Ok(_) => {}
        }
        if header.peers.is_empty() {
            problems.push("identity.trusted_header.peers: name the networks that may set the header".to_owned());
        }
    }
}

/// Headers that have a meaning of their own, so none of them can carry a trusted name.
fn forbidden(name: &str) -> bool {
    name.starts_with("x-trino-")
        || name.starts_with("x-presto-")
        || matches!(name, "authorization" | "host" | "cookie" | "user-agent" | "content-length" | "connection")
}

fn positive(config: &Config, problems: &mut Vec<String>) {
    let limits = &config.limits;
    for (field, duration) in [
        ("upstream.connect_timeout", config.upstream.connect_timeout),
        ("upstream.answer_timeout", config.upstream.answer_timeout),
        ("limits.header_timeout", limits.header_timeout),
        ("limits.body_timeout", limits.body_timeout),
        ("limits.send_timeout", limits.send_timeout),
        ("limits.idle_timeout", limits.idle_timeout),
        ("limits.identify_timeout", limits.identify_timeout),
    ] {
        if duration <= SignedDuration::ZERO {
            problems.push(format!("{field}: must be more than nothing"));
        }
    }
    if limits.drain.is_negative() {
        problems.push("limits.drain: can't be negative".to_owned());
    }
    for (field, number, least) in [
        ("limits.statement_bytes", limits.statement_bytes, 1),
        ("limits.header_bytes", limits.header_bytes, 8 * 1024),
        ("limits.connections", limits.connections, 1),
        ("limits.envelope_bytes", limits.envelope_bytes, 4 * 1024),
        ("limits.remembered_bytes", limits.remembered_bytes, 1024 * 1024),
    ] {
        if number < least {
            problems.push(format!("{field}: at least {least}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(change: fn(&mut Config)) -> String {
        let mut config = Config::parse(
            "listen: {address: '127.0.0.1:8443'}\nupstream: {url: 'http://trino:8080'}\n\
             identity: {trusted_header: {name: X-User, peers: [127.0.0.1/32]}}\n\
             policies: {folder: p}\naudit: {folder: l}\n",
            "test",
        )
        .unwrap();
        assert!(problems(&config).is_empty());
        change(&mut config);
        problems(&config).join("\n")
    }

    #[test]
    fn passwords_need_tls_or_a_loopback_address_and_a_word() {
        let passwords = |config: &mut Config| config.identity.password_file = Some("passwords".into());
        assert!(found(passwords).contains("passwords need listen.tls"));
        assert!(
            found(|config| {
                config.identity.password_file = Some("passwords".into());
                config.identity.passwords_without_tls = true;
            })
            .is_empty()
        );
        assert!(
            found(|config| {
                config.identity.passwords_without_tls = true;
                config.listen.address = "0.0.0.0:80".parse().unwrap();
            })
            .contains("only for a listener on a loopback address")
        );
    }

    #[test]
    fn at_least_one_way_to_prove_who_one_is() {
        assert!(found(|config| config.identity.trusted_header = None).contains("at least one way"));
    }

    #[test]
    fn a_trusted_header_is_none_that_clients_set() {
        let text = found(|config| config.identity.trusted_header.as_mut().unwrap().name = "X-Trino-User".to_owned());
        assert!(text.contains("is set by each client"), "{text}");
    }

    #[test]
    fn urls_are_origins() {
        for url in ["trino:8080", "http://trino/path", "ftp://trino", "http://a@trino", "http://trino/?x"] {
            let mut problems = Vec::new();
            origin("upstream.url", url, &mut problems);
            assert_eq!(problems.len(), 1, "{url}");
        }
    }
}
