//! Where a request really comes from.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Networks, such as those of load balancers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client behind the connection's other end. Only a trusted proxy may say that it is somebody
    /// else; then it is the last in `X-Forwarded-For` that is no trusted proxy itself, because whatever
    /// stands before that one could have been written by anybody.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let peer = peer.to_canonical();
        if !self.has(peer) {
            return peer;
        }
        let mut client = peer;
        for value in headers.get_all("x-forwarded-for").iter().rev() {
            for text in value.to_str().unwrap_or_default().rsplit(',') {
                let Ok(address) = text.trim().parse::<IpAddr>() else { return client };
                client = address.to_canonical();
                if !self.has(client) {
                    return client;
                }
            }
        }
        client
    }
}

impl FromStr for Networks {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let one = |text: &str| {
            let text = text.trim();
            text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| ())
        };
        text.split(',').map(one).collect::<Result<_, _>>().map(Self)
    }
}

/// What is counted as one address. A host has a whole /64 of IPv6 to itself.
pub(super) fn counted(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let trusted: Networks =
            if trusted.is_empty() { Networks::default() } else { trusted.parse().unwrap() };
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        trusted.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_may_say_who_the_client_is() {
        let lie = &["203.0.113.9"];
        assert_eq!(client("", "198.51.100.7", lie), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "198.51.100.7", lie), "198.51.100.7");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", lie), "203.0.113.9");
        // What the client itself wrote stands before what the proxies added.
        assert_eq!(
            client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1, 203.0.113.9, 10.9.9.9"]),
            "203.0.113.9"
        );
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["1.1.1.1", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &["nobody"]), "10.1.2.3");
        assert_eq!(client("10.0.0.0/8", "10.1.2.3", &[]), "10.1.2.3");
        assert_eq!(client("10.0.0.1", "::ffff:10.0.0.1", lie), "203.0.113.9");
    }

    #[test]
    fn a_host_cannot_count_as_many_by_its_addresses() {
        let one = counted("2001:db8:1:2:3::4".parse().unwrap());
        assert_eq!(one, counted("2001:db8:1:2:ffff::1".parse().unwrap()));
        assert_ne!(one, counted("2001:db8:1:3:3::4".parse().unwrap()));
    }
}
