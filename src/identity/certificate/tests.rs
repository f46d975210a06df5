use super::*;
use http::HeaderMap;
use rcgen::string::{BmpString, Ia5String, TeletexString};
use rcgen::{CertificateParams, DnType, DnValue, KeyPair, SanType};
use std::net::IpAddr;

/// A certificate with a subject and names.
#[derive(Clone, Default)]
struct Made {
    subject: Vec<(DnType, DnValue)>,
    names: Vec<SanType>,
}

impl Made {
    fn cn(self, name: &str) -> Made {
        self.subject(DnType::CommonName, DnValue::Utf8String(name.to_owned()))
    }

    fn ou(self, name: &str) -> Made {
        self.subject(DnType::OrganizationalUnitName, DnValue::Utf8String(name.to_owned()))
    }

    fn subject(mut self, kind: DnType, value: DnValue) -> Made {
        self.subject.push((kind, value));
        self
    }

    fn uri(self, uri: &str) -> Made {
        self.name(SanType::URI(Ia5String::try_from(uri).unwrap()))
    }

    fn dns(self, name: &str) -> Made {
        self.name(SanType::DnsName(Ia5String::try_from(name).unwrap()))
    }

    fn email(self, name: &str) -> Made {
        self.name(SanType::Rfc822Name(Ia5String::try_from(name).unwrap()))
    }

    fn name(mut self, name: SanType) -> Made {
        self.names.push(name);
        self
    }

    fn der(&self) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        for (kind, value) in &self.subject {
            params.distinguished_name.push(kind.clone(), value.clone());
        }
        params.subject_alt_names = self.names.clone();
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }
}

fn rules(yaml: &str) -> Result<ClientCertificates, String> {
    let text = format!(
        "listen: {{address: '127.0.0.1:1', tls: {{certificate: c, key: k, client_ca: a}}}}\n\
         upstream: {{url: 'http://trino:8080'}}\nidentity: {{client_certificates: {yaml}}}\n\
         policies: {{folder: p}}\naudit: {{folder: l}}\n"
    );
    let config = config::Config::parse(&text, "test").map_err(|error| error.to_string())?;
    ClientCertificates::new(&config.identity.client_certificates).map_err(|error| error.to_string())
}

const RULES: &str = "[
  {spiffe: 'spiffe://acme/ns/{ns}/sa/{name}', user: 'svc-{ns}-{name}', speaks_for: {users: ['svc-etl-*', svc-bi-x]}},
  {common_name: '{user}', organizational_unit: people, user: '{user}'},
  {dns: '{host}.etl.acme', user: 'host-{host}'},
  {email: '{user}@acme', user: '{user}'},
  {uri: 'urn:svc:{name}', user: '{name}'}]";

fn proved(rules: &ClientCertificates, made: &Made) -> Result<Option<Principal>, Unidentified> {
    let certificate = Certificate::read(&made.der()).unwrap();
    let asking =
        Asking { headers: &HeaderMap::new(), peer: IpAddr::from([127, 0, 0, 1]), certificate: Some(&certificate) };
    let found = rules.read(asking);
    assert_eq!(rules.read(asking), found, "what is remembered of a certificate is what was found");
    found
}

#[test]
fn a_certificate_is_of_the_user_that_all_rules_take_it_for() {
    let rules = rules(RULES).unwrap();
    let new = Made::default;
    let text = |kind| new().ou("people").subject(DnType::CommonName, kind);
    let second_cn = DnType::CustomDnType(vec![2, 5, 4, 3]);
    let wrong = Err(Unidentified::Wrong);
    let two = Err(Unidentified::Conflicting);
    for (what, made, expected) in [
        ("spiffe", new().uri("spiffe://acme/ns/etl/sa/loader"), Ok(Some("svc-etl-loader"))),
        ("another domain", new().uri("spiffe://evil/ns/etl/sa/loader"), Ok(None)),
        ("another spelling", new().uri("spiffe://acme/ns/etl/sa/lo%61der"), Ok(None)),
        ("a relative part", new().uri("spiffe://acme/ns/../sa/loader"), Ok(None)),
        ("a port", new().uri("spiffe://acme:1/ns/etl/sa/loader"), Ok(None)),
        ("for whom the rule may not speak", new().uri("spiffe://acme/ns/hr/sa/loader"), wrong),
        ("two ids", new().uri("spiffe://acme/ns/etl/sa/a").uri("spiffe://acme/ns/etl/sa/b"), wrong),
        ("an id and a URI", new().uri("spiffe://acme/ns/etl/sa/a").uri("urn:x"), wrong),
        ("subject", new().cn("anna").ou("people"), Ok(Some("anna"))),
        ("another unit", new().cn("anna").ou("robots"), Ok(None)),
        ("no unit", new().cn("anna"), Ok(None)),
        (
            "two common names",
            new().cn("anna").subject(second_cn, DnValue::Utf8String("bob".into())).ou("people"),
            wrong,
        ),
        ("NUL", new().cn("anna\0x").ou("people"), wrong),
        ("a line's end", new().cn("anna\n").ou("people"), wrong),
        ("a space", new().cn("anna ").ou("people"), wrong),
        ("no text", text(DnValue::TeletexString(TeletexString::try_from("anna").unwrap())), wrong),
        ("two bytes", text(DnValue::BmpString(BmpString::try_from("anna").unwrap())), wrong),
        ("too long", new().cn(&"a".repeat(3000)).ou("people"), wrong),
        ("dns", new().dns("A.ETL.acme"), Ok(Some("host-a"))),
        ("a host further below", new().dns("a.b.etl.acme"), Ok(None)),
        ("all hosts", new().dns("*.etl.acme"), Ok(None)),
        ("two hosts", new().dns("a.etl.acme").dns("b.etl.acme"), two),
        ("a host twice", new().dns("a.etl.acme").dns("A.etl.acme").dns("other"), Ok(Some("host-a"))),
        ("email", new().email("anna@acme"), Ok(Some("anna"))),
        ("two addresses", new().email("anna@acme").email("bob@acme"), two),
        ("NUL in an address", new().email("anna@acme\0.evil").email("anna@acme"), wrong),
        ("a uri", new().uri("urn:svc:loader"), Ok(Some("loader"))),
        ("names of one user", new().email("anna@acme").uri("urn:svc:anna").cn("anna").ou("people"), Ok(Some("anna"))),
        ("names of two users", new().email("anna@acme").uri("urn:svc:bob"), two),
        ("subject and name of two users", new().email("bob@acme").cn("anna").ou("people"), two),
        ("nothing", new(), Ok(None)),
    ] {
        let found = proved(&rules, &made).map(|found| found.map(|principal| principal.name));
        assert_eq!(found, expected.map(|user: Option<&str>| user.map(str::to_owned)), "{what}");
    }
}

#[test]
fn the_proof_says_which_certificate_it_was() {
    let strange = Certificate::read(&Made::default().cn("issuer\n2").der()).unwrap();
    assert_eq!(strange.shown().issuer, "CN=issuer\u{fffd}2");
    let certificate = Certificate::read(&Made::default().email("anna@acme").der()).unwrap();
    let Shown { serial, fingerprint, .. } = certificate.shown();
    assert_eq!((serial.len() % 2, fingerprint.len()), (0, 64));
    let rules = rules(RULES).unwrap();
    let asking =
        Asking { headers: &HeaderMap::new(), peer: IpAddr::from([127, 0, 0, 1]), certificate: Some(&certificate) };
    let principal = rules.read(asking).unwrap().unwrap();
    assert_eq!(principal.proofs, [Proof::Certificate(Arc::new(certificate.shown().clone()))]);
    assert!(principal.direct && principal.groups.is_empty());
    assert_eq!(rules.read(Asking { certificate: None, ..asking }), Ok(None));
}

#[test]
fn bytes_that_are_no_certificate_are_none() {
    let der = Made::default().cn("anna").der();
    assert!(Certificate::read(&der).is_ok());
    for bytes in [&[][..], b"anna", der.get(..der.len() - 1).unwrap(), &[&der[..], &[0]].concat()] {
        assert!(Certificate::read(bytes).is_err());
    }
}

#[test]
fn rules_that_say_nothing_are_told() {
    let told = |yaml: &str| rules(yaml).unwrap_err();
    insta::assert_snapshot!(
        [
            "[{user: anna}]",
            "[{common_name: '{user}', user: '{name}'}]",
            "[{common_name: '{a}{b}', user: '{a}'}]",
            "[{spiffe: 'acme/{a}', user: '{a}'}]",
            "[{dns: '', user: x}]",
        ]
        .map(told)
        .join("\n")
    );
}
