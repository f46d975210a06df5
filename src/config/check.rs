//! What the types of the configuration can't say.

use super::certificates;
use super::types::{Config, Listen, Upstream};
use http::Uri;
use jiff::SignedDuration;

/// All that does not go together. Empty: the configuration is right.
pub(super) fn problems(config: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    listen(&config.listen, &mut problems);
    for (name, cluster) in config.clusters() {
        let field = if config.clusters.is_some() { format!("clusters.{name}") } else { name.to_owned() };
        upstream(&field, cluster, &mut problems);
    }
    config.identity.check(&config.listen, &mut problems);
    config.policies.check(&mut problems);
    positive(config, &mut problems);
    problems
}

fn listen(listen: &Listen, problems: &mut Vec<String>) {
    if let Some(url) = &listen.public_url {
        origin("listen.public_url", url, problems);
    }
    certificates::check_listener(listen, problems);
    let word = |name: &str| {
        (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if listen.replica.as_deref().is_some_and(|name| !word(name)) {
        problems.push("listen.replica: 1 to 32 letters, digits and `-`".to_owned());
    }
}

fn upstream(field: &str, upstream: &Upstream, problems: &mut Vec<String>) {
    origin(&format!("{field}.url"), &upstream.url, problems);
    for spooled in upstream.spooling.iter().flat_map(|spooling| &spooling.origins) {
        origin(&format!("{field}.spooling.origins"), &spooled.url, problems);
    }
    if upstream.spooling.as_ref().is_some_and(|spooling| spooling.encodings.is_empty()) {
        problems.push(format!("{field}.spooling.encodings: at least one; leave {field}.spooling out for none"));
    }
    if upstream.user.is_empty() {
        problems.push(format!("{field}.user: a name is needed"));
    }
    let Upstream { password_file, token_file, certificate, key, .. } = upstream;
    let proofs = [("password_file", password_file), ("token_file", token_file), ("certificate", certificate)];
    let given: Vec<&str> = proofs.iter().filter(|(_, file)| file.is_some()).map(|(field, _)| *field).collect();
    if given.len() > 1 {
        problems.push(format!("{field}: Sluice proves itself in one way: {}", given.join(" or ")));
    }
    if let (Some(proof), false) = (given.first(), upstream.url.starts_with("https://")) {
        problems.push(format!("{field}.{proof}: Sluice only proves itself to an https {field}.url"));
    }
    if upstream.http2 && !upstream.url.starts_with("https://") {
        problems.push(format!(
            "{field}.http2: needs an https {field}.url: HTTP/2 is chosen in TLS, and over http:// HTTP/1.1 is spoken"
        ));
    }
    if certificate.is_some() != key.is_some() {
        problems.push(format!("{field}: certificate and key go together"));
    }
    for (time, duration) in [("connect_timeout", upstream.connect_timeout), ("answer_timeout", upstream.answer_timeout)]
    {
        if duration <= SignedDuration::ZERO {
            problems.push(format!("{field}.{time}: must be more than nothing"));
        }
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

fn positive(config: &Config, problems: &mut Vec<String>) {
    let limits = &config.limits;
    for (field, duration) in [
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
        ("limits.connections_per_peer", limits.connections_per_peer.unwrap_or(1), 1),
        ("limits.statements", limits.statements, 1),
        ("limits.statements_per_principal", limits.statements_per_principal, 1),
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
    fn browsers_are_sent_back_over_tls_to_a_replica_of_a_plain_name() {
        let browser = "{issuer: 'https://a', audience: [s], user: '{sub}', browser: {client_id: c}}";
        for (listen, said) in [
            ("", "needs listen.public_url"),
            (", public_url: 'http://t'", "needs listen.public_url"),
            (", public_url: 'https://t', replica: a.b", "listen.replica: 1 to 32"),
            (", public_url: 'https://t', replica: ''", "listen.replica: 1 to 32"),
        ] {
            let text = format!(
                "listen: {{address: '127.0.0.1:1'{listen}}}\nupstream: {{url: 'http://trino:8080'}}\n\
                 identity: {{passwords_without_tls: true, oidc: [{browser}]}}\npolicies: {{folder: p}}\naudit: {{folder: l}}\n"
            );
            let found = problems(&Config::parse(&text, "test").unwrap());
            assert!(matches!(&found[..], [one] if one.contains(said)), "{listen}: {found:?}");
        }
    }

    #[test]
    fn urls_are_origins() {
        for url in ["trino:8080", "http://trino/path", "ftp://trino", "http://a@trino", "http://trino/?x"] {
            let mut problems = Vec::new();
            origin("upstream.url", url, &mut problems);
            assert_eq!(problems.len(), 1, "{url}");
        }
    }

    #[test]
    fn sluice_proves_itself_in_one_way_over_tls() {
        for (change, said) in [
            (
                (|upstream| upstream.password_file = Some("p".into())) as fn(&mut Upstream),
                "upstream.password_file: Sluice only",
            ),
            (|upstream| upstream.token_file = Some("p".into()), "upstream.token_file: Sluice only"),
            (|upstream| upstream.certificate = Some("p".into()), "certificate and key go together"),
            (|upstream| upstream.key = Some("p".into()), "certificate and key go together"),
            (
                |upstream| {
                    upstream.token_file = Some("p".into());
                    upstream.password_file = Some("p".into());
                },
                "in one way: password_file or token_file",
            ),
        ] {
            let mut upstream = Upstream::at("http://trino:8080".to_owned());
            change(&mut upstream);
            let mut found = Vec::new();
            super::upstream("upstream", &upstream, &mut found);
            assert!(found.join("\n").contains(said), "{said}: {found:?}");
        }
    }

    #[test]
    fn http2_is_chosen_in_tls() {
        for (url, said) in [
            ("https://trino:8443", ""),
            (
                "http://trino:8080",
                "clusters.a.http2: needs an https clusters.a.url: HTTP/2 is chosen in TLS, and over http:// HTTP/1.1 is spoken",
            ),
        ] {
            let mut found = Vec::new();
            super::upstream("clusters.a", &Upstream { http2: true, ..Upstream::at(url.to_owned()) }, &mut found);
            assert_eq!(found.join("\n"), said);
        }
    }

    #[test]
    fn a_feed_is_trusted_by_tls_and_for_a_time() {
        let feed = |more: &str| {
            let mut found = Vec::new();
            let feed: crate::config::GroupFeed = serde_saphyr::from_str(&format!("{{{more}}}")).unwrap();
            feed.check(&mut found);
            found.join("\n")
        };
        for (more, said) in [
            ("url: 'https://a/Users'", ""),
            ("url: 'http://127.0.0.1:1/Users'", ""),
            ("url: 'http://a/Users'", "url: must be an https URL"),
            ("url: 'https://a/Users?x=1'", "url: must be an https URL"),
            ("url: 'http://127.0.0.1:1/Users', token_file: t", "only sent to an https URL"),
            ("url: 'https://a', page_size: 0", "page_size: from 1"),
            ("url: 'https://a', speaks_for: {users: []}", "speaks_for.users: names at least one"),
            ("url: 'https://a', timeout: 0s", "timeout: must be more"),
            ("url: 'https://a', refresh: 2h", "maximum_age: at least refresh"),
        ] {
            let told = feed(more);
            assert!(if said.is_empty() { told.is_empty() } else { told.contains(said) }, "{more}: {told}");
        }
    }

    #[test]
    fn a_directory_is_asked_over_tls_and_in_one_way() {
        let ldap = |more: &str| {
            let text = format!(
                "listen: {{address: '127.0.0.1:1', tls: {{certificate: c, key: k}}}}\n\
                 upstream: {{url: 'http://trino:8080'}}\nidentity: {{ldap: {{{more}}}}}\n\
                 policies: {{folder: p}}\naudit: {{folder: l}}\n",
            );
            Config::parse(&text, "test").map_or_else(|error| error.to_string(), |config| problems(&config).join("\n"))
        };
        let pattern = "bind_patterns: ['uid={user},dc=a']";
        let search = "bind_dn: cn=s, bind_password_file: p, user_base: dc=a, user_filter: '(uid={user})'";
        for (more, said) in [
            (format!("url: 'ldaps://a:1', {pattern}"), ""),
            (format!("url: 'ldap://a', start_tls: true, {search}"), ""),
            (format!("url: 'ldap://a', {pattern}"), "passwords need ldaps:// or start_tls"),
            (format!("url: 'ldap://127.0.0.1', {pattern}"), "passwords need ldaps:// or start_tls"),
            (format!("url: 'ldaps://a', start_tls: true, {pattern}"), "url: must be ldaps://"),
            (format!("url: 'ldaps://a/dc=a', {pattern}"), "url: must be ldaps://"),
            (format!("url: 'ldaps://u:p@a', {pattern}"), "url: must be ldaps://"),
            (format!("url: 'https://a', {pattern}"), "url: must be ldaps://"),
            ("url: 'ldaps://a'".to_owned(), "give either bind_patterns or all of"),
            (format!("url: 'ldaps://a', {pattern}, {search}"), "give either bind_patterns or all of"),
            (format!("url: 'ldaps://a', {}", search.replace("user_base: dc=a, ", "")), "give either bind_patterns"),
            ("url: 'ldaps://a', bind_patterns: ['{user}@acme']".to_owned(), "each is a DN"),
            (format!("url: 'ldaps://a', {}", search.replace("{user}", "x")), "user_filter: must have {user}"),
            (format!("url: 'ldaps://a', {pattern}, groups: {{base: dc=a}}"), "either filter or member_of"),
            (
                format!("url: 'ldaps://a', {pattern}, groups: {{base: dc=a, filter: '(a=b)'}}"),
                "must have {dn} or {user}",
            ),
            (format!("url: 'ldaps://a', {pattern}, speaks_for: {{groups: [a]}}"), "speaks_for.groups: needs groups"),
            (format!("url: 'ldaps://a', {pattern}, maximum_age: 0s"), "maximum_age: must be more"),
            (format!("url: 'ldaps://a', {pattern}, connections: 0"), "connections: at least 1"),
        ] {
            let told = ldap(&more);
            assert!(if said.is_empty() { told.is_empty() } else { told.contains(said) }, "{more}: {told}");
        }
        let no_tls = found(|config| {
            let text = "{url: 'ldap://127.0.0.1', bind_patterns: ['uid={user},dc=a']}";
            config.identity.ldap = Some(serde_saphyr::from_str(text).unwrap());
        });
        assert!(no_tls.contains("identity.ldap: passwords need listen.tls"), "{no_tls}");
    }

    #[test]
    fn certificates_of_clients_need_an_authority() {
        let text = found(|config| {
            config.identity.client_certificates = vec![crate::config::ClientCertificate::default()];
            config.listen.tls = Some(crate::config::Tls {
                certificate: "c".into(),
                key: "k".into(),
                client_ca: None,
                client_crls: vec!["crl".into()],
                client_certificate_required: true,
                http2: true,
            });
        });
        for said in
            ["client_certificates: needs listen.tls", "client_crls: needs listen.tls", "required: needs listen.tls"]
        {
            assert!(text.contains(said), "{text}");
        }
    }

    /// What is said against a list of issuers.
    fn issuers(list: &str) -> String {
        let text = format!(
            "listen: {{address: '127.0.0.1:8443', public_url: 'https://t'}}\nupstream: {{url: 'http://trino:8080'}}\n\
             identity: {{passwords_without_tls: true, oidc: {list}}}\npolicies: {{folder: p}}\naudit: {{folder: l}}\n",
        );
        Config::parse(&text, "test").map_or_else(|error| error.to_string(), |config| problems(&config).join("\n"))
    }

    #[test]
    fn an_issuer_is_trusted_by_tls_and_for_what_is_named() {
        let one =
            |more: &str| issuers(&format!("[{{issuer: 'https://a/realm', audience: [s], user: '{{sub}}'{more}}}]"));
        assert_eq!(one(""), "");
        assert_eq!(one(", jwks_url: 'http://127.0.0.1:8080/keys', speaks_for: {users: ['*@a']}"), "");
        for (more, said) in [
            (", jwks_url: 'http://a/keys'", "jwks_url: must be an https URL"),
            (", jwks_url: 'https://u:p@a/keys'", "jwks_url: must be an https URL"),
            (", jwks_token_file: t", "jwks_token_file: needs an https jwks_url"),
            (", jwks_token_file: t, jwks_url: 'http://127.0.0.1/keys'", "jwks_token_file: needs an https jwks_url"),
            (", algorithms: []", "algorithms: name at least one"),
            (", algorithms: [HS256]", "unknown variant"),
            (", algorithms: [none]", "unknown variant"),
            (", clock_skew: 1h", "clock_skew: from nothing to 5m"),
            (", refresh: 0s", "refresh: must be more"),
            (", speaks_for: {users: []}", "speaks_for.users: names at least one"),
            (", speaks_for: {groups: [a]}", "speaks_for.groups: needs groups_claim"),
            (", introspection: {client_id: '', client_secret_file: s}", "introspection.client_id: give"),
            (", introspection: {client_id: c, client_secret_file: s, url: 'http://a/i'}", "introspection.url: must be"),
            (", introspection: {client_id: c, client_secret_file: s, keep: 0s}", "introspection.keep: must be more"),
            (", introspection: {client_id: c}", "client_secret_file"),
            (", browser: {client_id: ''}", "browser.client_id: give"),
            (", browser: {client_id: a, scopes: ['a b']}", "browser.scopes: each is one word"),
            (", browser: {client_id: a, session: 0s}", "browser.session: must be more"),
        ] {
            assert!(one(more).contains(said), "{more}: {}", one(more));
        }
        assert!(
            issuers("[{issuer: 'http://a', audience: [s], user: '{sub}'}]").contains("issuer: must be an https URL")
        );
        assert!(issuers("[{issuer: 'https://a', audience: [], user: '{sub}'}]").contains("audience: name for whom"));
        let browser = |name: &str| {
            format!(
                "{{issuer: 'https://{name}', audience: [s], user: '{{sub}}', speaks_for: {{users: [{name}]}}, \
                 browser: {{client_id: c}}}}"
            )
        };
        assert_eq!(issuers(&format!("[{}]", browser("a"))), "");
        assert!(
            issuers(&format!("[{}, {}]", browser("a"), browser("b"))).contains("only one issuer can have `browser`")
        );
        let asked = [browser("a"), browser("b")].join(", ");
        let asked = asked.replace("browser: {client_id: c}", "introspection: {client_id: c, client_secret_file: s}");
        assert!(issuers(&format!("[{asked}]")).contains("only one issuer can have `introspection`"));
        let a = "issuer: 'https://a', audience: [s], user: '{sub}'";
        assert!(issuers(&format!("[{{{a}}}, {{{a}}}]")).contains("is there twice"));
        let b = a.replace("//a", "//b");
        assert!(issuers(&format!("[{{{a}}}, {{{b}}}]")).contains("each must name its users"));
    }
}
