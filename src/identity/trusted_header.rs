//! A header that a trusted peer sets, such as an ingress that has logged the user in.

use super::{Asking, Identify, Identifying, Principal, Proof, Unidentified, is_user};
use http::HeaderName;
use ipnet::IpNet;
use std::net::IpAddr;

/// The header, and the peers that may set it.
#[derive(Debug)]
pub struct TrustedPeers {
    header: HeaderName,
    peers: Vec<IpNet>,
}

impl TrustedPeers {
    /// A header that is believed from `peers` alone.
    pub fn new(header: HeaderName, peers: Vec<IpNet>) -> TrustedPeers {
        TrustedPeers { header, peers }
    }

    fn trusted(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.peers.iter().any(|net| net.contains(&peer))
    }

    fn read(&self, asking: Asking<'_>) -> Result<Option<Principal>, Unidentified> {
        let mut values = asking.headers.get_all(&self.header).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() || !self.trusted(asking.peer) {
            return Err(Unidentified::Wrong);
        }
        let name = value.to_str().map_err(|_| Unidentified::Wrong)?;
        if name.trim() != name || !is_user(name) {
            return Err(Unidentified::Wrong);
        }
        Ok(Some(Principal { direct: false, ..Principal::new(name.to_owned(), Proof::TrustedHeader) }))
    }
}

impl Identify for TrustedPeers {
    fn identify<'a>(&'a self, asking: Asking<'a>) -> Identifying<'a> {
        Box::pin(async move { self.read(asking) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn asked(values: &[&str], peer: &str) -> Result<Option<String>, Unidentified> {
        let way = TrustedPeers::new(HeaderName::from_static("x-user"), vec!["10.1.0.0/16".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("x-user", value.parse().unwrap());
        }
        way.read(Asking { headers: &headers, peer: peer.parse().unwrap(), certificate: None })
            .map(|p| p.map(|p| p.name))
    }

    #[test]
    fn the_header_is_believed_from_named_peers_alone() {
        assert_eq!(asked(&["anna"], "10.1.2.3"), Ok(Some("anna".to_owned())));
        assert_eq!(asked(&["anna"], "::ffff:10.1.2.3"), Ok(Some("anna".to_owned())));
        assert_eq!(asked(&["anna"], "10.2.2.3"), Err(Unidentified::Wrong));
        assert_eq!(asked(&[], "10.2.2.3"), Ok(None));
    }

    #[test]
    fn two_names_or_none_prove_nothing() {
        assert_eq!(asked(&["anna", "bob"], "10.1.2.3"), Err(Unidentified::Wrong));
        assert_eq!(asked(&[""], "10.1.2.3"), Err(Unidentified::Wrong));
    }
}
