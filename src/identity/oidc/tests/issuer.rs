//! An issuer on a loopback address, with keys that are made here, and all that can go wrong with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::traits::PublicKeyParts;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A key pair that signs tokens, by the name of its algorithm.
pub(in crate::identity::oidc) struct Signer {
    pub(in crate::identity::oidc) algorithm: &'static str,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(&'static RsaKeyPair),
}

static RSA: LazyLock<(RsaKeyPair, Value)> = LazyLock::new(|| {
    let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
    let public = json!({"n": base64(&key.n().to_bytes_be()), "e": base64(&key.e().to_bytes_be())});
    (RsaKeyPair::from_der(key.to_pkcs1_der().unwrap().as_bytes()).unwrap(), public)
});

impl Signer {
    pub(in crate::identity::oidc) fn new(algorithm: &'static str) -> Signer {
        let random = SystemRandom::new();
        let ec = |curve: &'static EcdsaSigningAlgorithm| {
            let pkcs8 = EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap();
            Pair::Ec(EcdsaKeyPair::from_pkcs8(curve, pkcs8.as_ref(), &random).unwrap())
        };
        let pair = match algorithm {
            "ES256" => ec(&ECDSA_P256_SHA256_FIXED_SIGNING),
            "ES384" => ec(&ECDSA_P384_SHA384_FIXED_SIGNING),
            "EdDSA" => {
                let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
                Pair::Ed(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
            }
            "RS256" | "PS256" => Pair::Rsa(&RSA.0),
            other => panic!("{other}"),
        };
        Signer { algorithm, pair }
    }

    /// The public part.
    pub(in crate::identity::oidc) fn jwk(&self, id: &str) -> Value {
        let mut jwk = match &self.pair {
            Pair::Ec(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(pair.public_key().as_ref().len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": base64(x), "y": base64(y)})
            }
            Pair::Ed(pair) => json!({"kty": "OKP", "crv": "Ed25519", "x": base64(pair.public_key().as_ref())}),
            Pair::Rsa(_) => {
                let mut jwk = RSA.1.clone();
                jwk["kty"] = json!("RSA");
                jwk
            }
        };
        jwk["kid"] = json!(id);
        jwk["use"] = json!("sig");
        jwk
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let padding: &'static dyn ring::signature::RsaEncoding =
                    if self.algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(padding, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A token with this header and these claims.
    pub(in crate::identity::oidc) fn token(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        format!("{message}.{}", base64(&self.sign(message.as_bytes())))
    }
}

/// How the issuer answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::identity::oidc) enum Mood {
    Right,
    Gone,
    Silent,
    Endless,
    Slow,
    Redirects,
    Html,
    Garbage,
    Failing,
    NoKeys,
    Secrets,
    AnotherIssuer,
    KeysInClear,
}

pub(in crate::identity::oidc) struct FakeIssuer {
    pub(in crate::identity::oidc) url: String,
    state: Arc<State>,
}

struct State {
    url: String,
    mood: Mutex<Mood>,
    keys: Mutex<Vec<Value>>,
    asked: AtomicUsize,
    /// What its token endpoint answers, and what it says of a token.
    tokens: Mutex<(&'static str, Value)>,
    /// What was asked there: the form and the credentials.
    exchanged: Mutex<Vec<(String, String)>>,
}

impl FakeIssuer {
    /// An issuer with these keys.
    pub(in crate::identity::oidc) async fn with(keys: Vec<Value>) -> FakeIssuer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mood, asked) = (Mutex::new(Mood::Right), AtomicUsize::new(0));
        let tokens = Mutex::new(("400 Bad Request", json!({"error": "invalid_grant"})));
        let state = Arc::new(State {
            url: url.clone(),
            mood,
            keys: Mutex::new(keys),
            asked,
            tokens,
            exchanged: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).answer(stream));
            }
        });
        FakeIssuer { url, state }
    }

    pub(in crate::identity::oidc) fn is(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    pub(in crate::identity::oidc) fn has(&self, keys: Vec<Value>) {
        *self.state.keys.lock().unwrap() = keys;
    }

    /// What its token endpoint answers from now on, and what it says of a token.
    pub(in crate::identity::oidc) fn gives(&self, status: &'static str, tokens: Value) {
        *self.state.tokens.lock().unwrap() = (status, tokens);
    }

    /// What was asked there since the last look: forms and credentials.
    pub(in crate::identity::oidc) fn exchanged(&self) -> Vec<(String, String)> {
        std::mem::take(&mut self.state.exchanged.lock().unwrap())
    }

    /// How often its keys were asked for.
    pub(in crate::identity::oidc) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }
}

impl State {
    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => return,
            }
        }
        let text = String::from_utf8_lossy(&head).to_lowercase();
        let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned();
        let mut form = vec![0; of("content-length: ").parse().unwrap_or(0)];
        if stream.read_exact(&mut form).await.is_err() {
            return;
        }
        let tokens_asked = head.starts_with(b"POST /token ") || head.starts_with(b"POST /introspect ");
        if tokens_asked {
            let credentials = String::from_utf8_lossy(&head);
            let credentials = credentials.lines().find(|line| line.to_lowercase().starts_with("authorization"));
            let asked = (String::from_utf8(form).unwrap(), credentials.unwrap_or_default().to_owned());
            self.exchanged.lock().unwrap().push(asked);
        }
        let keys_asked = head.starts_with(b"GET /keys ");
        if keys_asked {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let mood = *self.mood.lock().unwrap();
        let keys = json!({"keys": *self.keys.lock().unwrap()});
        let body = match mood {
            Mood::NoKeys if keys_asked => json!({"keys": []}),
            Mood::Secrets if keys_asked => json!({"keys": [{"kty": "oct", "kid": "k", "k": "c2VjcmV0"}]}),
            _ if keys_asked => keys,
            _ if tokens_asked => self.tokens.lock().unwrap().1.clone(),
            _ => json!({
                "issuer": if mood == Mood::AnotherIssuer { "https://another.example.com" } else { &self.url },
                "authorization_endpoint": format!("{}/authorize", self.url),
                "token_endpoint": format!("{}/token", self.url),
                "introspection_endpoint": format!("{}/introspect", self.url),
                "authorization_response_iss_parameter_supported": true,
                "jwks_uri":
                    if mood == Mood::KeysInClear { "http://keys.example.com/".to_owned() } else { format!("{}/keys", self.url) },
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }),
        };
        let whole = |status: &str, kind: &str, body: &str| {
            format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            )
        };
        let answer = match mood {
            Mood::Gone => return,
            Mood::Silent => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return;
            }
            Mood::Endless => {
                let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"keys\": [";
                let _ = stream.write_all(head.as_bytes()).await;
                while stream.write_all(&b"{\"kty\": \"x\"}, ".repeat(1000)).await.is_ok() {}
                return;
            }
            Mood::Redirects => {
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .to_owned()
            }
            Mood::Html => whole("200 OK", "text/html", "<html>log in</html>"),
            Mood::Garbage => whole("200 OK", "application/json", "{\"keys\": [{\u{1b}"),
            Mood::Failing => whole("500 Internal Server Error", "application/json", "{}"),
            _ if tokens_asked => whole(self.tokens.lock().unwrap().0, "application/json", &body.to_string()),
            _ => whole("200 OK", "application/json", &body.to_string()),
        };
        if mood == Mood::Slow {
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}
