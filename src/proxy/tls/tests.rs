use super::*;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
};
use rustls::client::Resumption;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use rustls_pki_types::ServerName;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;

/// An authority, with what it has signed.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A client's certificate.
struct Client {
    chain: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { issuer: Issuer::new(params, key), pem }
}

impl Authority {
    fn sign(&self, serial: u64, change: impl FnOnce(&mut CertificateParams)) -> Client {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.serial_number = Some(SerialNumber::from(serial));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Client { chain: vec![certificate.der().clone()], key: key.serialize_der() }
    }

    /// The list of those that were taken back, that is current until some days from now.
    fn crl(&self, serials: &[u64], days: i64) -> String {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: days_from_now(-1).into(),
            reason_code: None,
            invalidity_date: None,
        };
        CertificateRevocationListParams {
            this_update: days_from_now(-9).into(),
            next_update: days_from_now(days).into(),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(&self.issuer)
        .unwrap()
        .pem()
        .unwrap()
    }
}

/// A listener with its files.
struct Listening {
    folder: tempfile::TempDir,
    acceptor: Arc<Acceptor>,
    server_ca: String,
}

fn listening(change: impl FnOnce(&mut Tls, &Path)) -> Listening {
    let folder = tempfile::tempdir().unwrap();
    let server_ca = write_server(folder.path());
    let path = |name: &str| folder.path().join(name);
    let mut settings = Tls {
        certificate: path("server.pem"),
        key: path("server.key"),
        client_ca: None,
        client_crls: Vec::new(),
        client_certificate_required: false,
        http2: true,
    };
    change(&mut settings, folder.path());
    let acceptor = Arc::new(Acceptor::open(&settings).unwrap());
    Listening { folder, acceptor, server_ca }
}

/// A new certificate of the server, which is its own authority.
fn write_server(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("server.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("server.key"), made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

impl Listening {
    fn with_clients(ca: &Authority, crl: Option<String>, required: bool) -> Listening {
        listening(|settings, folder| {
            std::fs::write(folder.join("clients.pem"), &ca.pem).unwrap();
            settings.client_ca = Some(folder.join("clients.pem"));
            settings.client_certificate_required = required;
            if let Some(crl) = crl {
                std::fs::write(folder.join("crl.pem"), crl).unwrap();
                settings.client_crls = vec![folder.join("crl.pem")];
            }
        })
    }

    fn client(&self, client: Option<&Client>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.server_ca.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let Some(Client { chain, key }) = client else {
            return config.with_no_client_auth();
        };
        let key = PrivateKeyDer::try_from(key.clone()).unwrap();
        config.with_client_auth_cert(chain.clone(), key).unwrap()
    }

    /// Connects and sends a byte each way: what the server knows of the client, and whether the session was resumed.
    async fn connect(&self, client: &Arc<ClientConfig>) -> std::io::Result<(Option<Presented>, Connection)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stream = tokio::net::TcpStream::connect(listener.local_addr()?).await?;
        let (taken, _) = listener.accept().await?;
        let name = ServerName::try_from("localhost").unwrap();
        let client = TlsConnector::from(Arc::clone(client)).connect(name, stream);
        let (served, connected) = tokio::join!(self.acceptor.accept(taken), client);
        let ((mut served, presented), mut connected) = (served?, connected?);
        served.write_all(b"x").await?;
        connected.read_u8().await?;
        Ok((presented, Connection { served, connected }))
    }

    async fn shown(&self, client: Option<&Client>) -> std::io::Result<Option<Presented>> {
        Ok(self.connect(&Arc::new(self.client(client))).await?.0)
    }
}

/// Both ends of an open connection.
struct Connection {
    served: TlsStream<TcpStream>,
    connected: tokio_rustls::client::TlsStream<TcpStream>,
}

impl Connection {
    fn session(&self) -> &ClientConnection {
        self.connected.get_ref().1
    }

    async fn goes_on(&mut self) -> bool {
        self.served.write_all(b"y").await.is_ok() && self.connected.read_u8().await.is_ok_and(|byte| byte == b'y')
    }
}

const DAY: i64 = 24 * 3600;

fn days_from_now(days: i64) -> SystemTime {
    let seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.checked_add_signed(days * DAY).unwrap())
}

fn now() -> i64 {
    Timestamp::now().as_second()
}

#[tokio::test]
async fn only_certificates_of_the_authority_that_are_valid_are_taken() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let listening = Listening::with_clients(&ours, None, false);
    let days = |from: i64, until: i64| {
        move |params: &mut CertificateParams| {
            params.not_before = days_from_now(from).into();
            params.not_after = days_from_now(until).into();
        }
    };
    let usage = |params: &mut CertificateParams| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (what, client, said) in [
        ("another authority", theirs.sign(1, |_| {}), "UnknownCA"),
        ("expired", ours.sign(1, days(-9, -1)), "CertificateExpired"),
        ("not valid yet", ours.sign(1, days(1, 9)), "CertificateExpired"),
        ("for servers", ours.sign(1, usage), "BadCertificate"),
    ] {
        assert!(listening.shown(Some(&client)).await.is_err(), "{what} {said}");
    }
    let client = ours.sign(1, days(-1, 1));
    assert!(listening.shown(Some(&client)).await.unwrap().unwrap().holds(now()));
    assert!(listening.shown(None).await.unwrap().is_none());
    let required = Listening::with_clients(&ours, None, true);
    assert!(required.shown(None).await.is_err());
    assert!(required.shown(Some(&client)).await.unwrap().is_some());
}

#[tokio::test]
async fn a_certificate_that_ends_ends_on_an_open_connection_too() {
    let ours = authority("ours");
    let listening = Listening::with_clients(&ours, None, false);
    let client = ours.sign(1, |params| params.not_after = days_from_now(1).into());
    let shown = listening.shown(Some(&client)).await.unwrap().unwrap();
    let end = now() + DAY;
    assert!(shown.holds(now()) && shown.holds(end - 10));
    assert!(!shown.holds(end + 1));
}

#[tokio::test]
async fn what_no_current_list_says_to_be_good_is_refused() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let client = ours.sign(7, |_| {});
    for (crl, good) in [
        (ours.crl(&[8], 9), true),
        (ours.crl(&[7], 9), false),
        // Not known to be good: no list of its issuer, or one that has ended.
        (theirs.crl(&[], 9), false),
        (ours.crl(&[], -1), false),
        (theirs.crl(&[7], 9) + &ours.crl(&[], 9), true),
    ] {
        let listening = Listening::with_clients(&ours, Some(crl), false);
        assert_eq!(listening.shown(Some(&client)).await.is_ok(), good);
    }
}

#[tokio::test]
async fn a_certificate_that_is_taken_back_ends_on_open_connections_and_resumes_nothing() {
    let ours = authority("ours");
    let listening = Listening::with_clients(&ours, Some(ours.crl(&[], 9)), false);
    let client = ours.sign(7, |_| {});
    let config = Arc::new(listening.client(Some(&client)));
    let (shown, _open) = listening.connect(&config).await.unwrap();
    let shown = shown.unwrap();
    assert!(shown.holds(now()));
    let (again, second) = listening.connect(&config).await.unwrap();
    assert!(again.is_some());
    assert_eq!(second.session().handshake_kind(), Some(rustls::HandshakeKind::Full));
    std::fs::write(listening.folder.path().join("crl.pem"), ours.crl(&[7], 9)).unwrap();
    listening.acceptor.reload();
    assert!(!shown.holds(now()) && !again.unwrap().holds(now()));
    assert!(listening.connect(&config).await.is_err());
    let other = ours.sign(8, |_| {});
    assert!(listening.shown(Some(&other)).await.unwrap().unwrap().holds(now()));
}

#[tokio::test]
async fn a_list_that_ends_is_believed_a_minute_longer_at_most() {
    let ours = authority("ours");
    let listening = Listening::with_clients(&ours, Some(ours.crl(&[], 1)), false);
    let shown = listening.shown(Some(&ours.sign(7, |_| {}))).await.unwrap().unwrap();
    let end = now() + DAY;
    assert!(shown.holds(end - 30));
    assert!(shown.holds(end + 20));
    assert!(!shown.holds(end + 40));
}

#[tokio::test]
async fn without_certificates_of_clients_a_session_is_resumed() {
    let listening = listening(|_, _| {});
    let mut config = listening.client(None);
    config.resumption = Resumption::in_memory_sessions(8);
    let config = Arc::new(config);
    listening.connect(&config).await.unwrap();
    let (_, second) = listening.connect(&config).await.unwrap();
    assert_eq!(second.session().handshake_kind(), Some(rustls::HandshakeKind::Resumed));
}

#[tokio::test]
async fn new_files_are_for_new_connections_and_broken_ones_change_nothing() {
    let mut listening = listening(|_, _| {});
    let old = Arc::new(listening.client(None));
    let (_, mut open) = listening.connect(&old).await.unwrap();
    let folder = listening.folder.path().to_owned();
    // Half of a change: the certificate without its key.
    let key = std::fs::read(folder.join("server.key")).unwrap();
    let new_ca = write_server(&folder);
    let new_key = std::fs::read(folder.join("server.key")).unwrap();
    std::fs::write(folder.join("server.key"), key).unwrap();
    listening.acceptor.reload();
    assert!(listening.connect(&old).await.is_ok());
    std::fs::write(folder.join("server.key"), new_key).unwrap();
    listening.acceptor.reload();
    assert!(open.goes_on().await);
    assert!(listening.connect(&old).await.is_err());
    listening.server_ca = new_ca;
    let new = Arc::new(listening.client(None));
    assert!(listening.connect(&new).await.is_ok());
    for name in ["server.pem", "server.key"] {
        std::fs::write(folder.join(name), "broken").unwrap();
        listening.acceptor.reload();
        assert!(listening.connect(&new).await.is_ok());
    }
}

#[tokio::test]
async fn a_changed_file_is_seen() {
    let ours = authority("ours");
    let mut listening = Listening::with_clients(&ours, Some(ours.crl(&[], 9)), false);
    let cancel = CancellationToken::new();
    let watching = tokio::spawn(Arc::clone(&listening.acceptor).watch(cancel.clone()));
    tokio::time::sleep(Duration::from_millis(100)).await;
    listening.server_ca = write_server(listening.folder.path());
    let client = Arc::new(listening.client(None));
    let seen = async {
        while listening.connect(&client).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), seen).await.unwrap();
    cancel.cancel();
    watching.await.unwrap();
}

#[test]
fn files_that_say_nothing_are_told() {
    let told = |name: &str, text: &str| {
        let ours = authority("ours");
        let listening = Listening::with_clients(&ours, Some(ours.crl(&[], 9)), false);
        std::fs::write(listening.folder.path().join(name), text).unwrap();
        let error = Acceptor::open(&listening.acceptor.settings).unwrap_err().to_string();
        error.replace(&listening.folder.path().display().to_string(), "tls")
    };
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().signing_key.serialize_pem();
    insta::assert_snapshot!(
        [
            told("server.pem", ""),
            told("server.key", "x"),
            told("server.key", &other),
            told("clients.pem", ""),
            told("crl.pem", ""),
            told("crl.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
        ]
        .join("\n")
    );
}
