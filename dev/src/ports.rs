use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Where clients look first.
pub(crate) const PUBLIC_PORT: u16 = 8080;
/// Where operators look first.
pub(crate) const ADMIN_PORT: u16 = 8081;
/// Ports looked at behind the usual one, before the operating system may choose.
const TRIES_MAX: u16 = 100;

/// The addresses for clients and for operators: those that were asked for, whether or not they are free, else the usual
/// ones or the next free ones behind them.
pub(crate) fn choose(
    public: Option<SocketAddr>,
    admin: Option<SocketAddr>,
) -> (SocketAddr, SocketAddr) {
    let public = public.unwrap_or_else(|| next_free(PUBLIC_PORT, admin));
    let admin = admin.unwrap_or_else(|| next_free(ADMIN_PORT, Some(public)));
    (public, admin)
}

/// Whoever takes the port between this look and the bind makes the start fail with a clear message.
fn next_free(first: u16, taken: Option<SocketAddr>) -> SocketAddr {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let free = |addr: &SocketAddr| {
        taken.is_none_or(|taken| taken.port() != addr.port()) && TcpListener::bind(addr).is_ok()
    };
    (first..first.saturating_add(TRIES_MAX)).map(local).find(free).unwrap_or_else(|| local(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_or_promised_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let found = next_free(port, None).port();
        assert_ne!(found, port);
        let promised = SocketAddr::from((Ipv4Addr::LOCALHOST, found));
        let other = next_free(port, Some(promised)).port();
        assert!(other != port && other != found, "{other}");
    }

    #[test]
    fn addresses_that_were_asked_for_stay() {
        let addr = |text: &str| text.parse::<SocketAddr>().unwrap();
        let (public, admin) = (addr("0.0.0.0:8081"), addr("127.0.0.1:0"));
        assert_eq!(choose(Some(public), Some(admin)), (public, admin));
        let (_, beside) = choose(Some(public), None);
        assert_ne!(beside.port(), 8081);
    }
}
