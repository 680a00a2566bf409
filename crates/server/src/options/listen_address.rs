//! The address of `--listen`.

use std::{
    fmt, io,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
};

use tokio::net::TcpListener;

/// The port in hints.
const PORT: u16 = 10002;

/// An address to listen on: `HOST:PORT`, or `:PORT` and `*:PORT` for every address of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// Every address of this machine, of IPv4 and IPv6.
    All,
    Name(String),
    /// In brackets.
    V6(SocketAddr),
}

/// What is wrong, and the right form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ListenAddressError {
    #[error("must be HOST:PORT, for example 127.0.0.1:{PORT}")]
    Form,
    #[error("the host is missing: write 127.0.0.1:{0}, or :{0} for every address of this machine")]
    Host(u16),
    #[error("the port is missing: write {0}:{PORT}")]
    Port(String),
    #[error("the port must be a number from 0 to 65535")]
    PortRange,
    #[error("an IPv6 address must be in brackets: write [::1]:{PORT}")]
    Brackets,
    #[error("this server speaks no TLS: write HOST:PORT, and let a proxy speak https")]
    Tls,
    #[error("Unix sockets are not supported: write HOST:PORT")]
    Unix,
    #[error("must be HOST:PORT alone, without {0}")]
    More(&'static str),
}

impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        let address = without_scheme(text.trim())?;
        if let Ok(address) = address.parse::<SocketAddr>() {
            let host = if address.is_ipv6() { Host::V6(address) } else { Host::Name(address.ip().to_string()) };
            return Ok(Self { host, port: address.port() });
        }
        if let Ok(port) = address.parse() {
            return Err(ListenAddressError::Host(port));
        }
        let (host, port) = split(address)?;
        let port = port.parse().map_err(|_| ListenAddressError::PortRange)?;
        match host {
            "" | "*" => Ok(Self { host: Host::All, port }),
            host if is_name(host) => Ok(Self { host: Host::Name(host.to_owned()), port }),
            _ => Err(ListenAddressError::Form),
        }
    }
}

/// The address without `http://`, in which people also write an address to listen on.
fn without_scheme(text: &str) -> Result<&str, ListenAddressError> {
    if text.starts_with("unix:") || text.starts_with(['/', '.', '@']) {
        return Err(ListenAddressError::Unix);
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(text) };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "tcp" if rest.contains(['/', '?', '#']) => Err(ListenAddressError::More("a path")),
        "http" | "tcp" => Ok(rest),
        "https" | "tls" => Err(ListenAddressError::Tls),
        _ => Err(ListenAddressError::More("a scheme")),
    }
}

fn split(address: &str) -> Result<(&str, &str), ListenAddressError> {
    if address.is_empty() {
        return Err(ListenAddressError::Form);
    }
    if let Some(rest) = address.strip_prefix('[') {
        let host = rest.strip_suffix(']').ok_or(ListenAddressError::Form)?;
        let is_address = host.parse::<Ipv6Addr>().is_ok();
        return Err(if is_address { ListenAddressError::Port(address.into()) } else { ListenAddressError::Form });
    }
    match address.split_once(':') {
        Some((_, port)) if port.contains(':') => Err(ListenAddressError::Brackets),
        Some((host, "")) if is_name(host) => Err(ListenAddressError::Port(host.into())),
        Some(parts) => Ok(parts),
        None if is_name(address) || address == "*" => Err(ListenAddressError::Port(address.into())),
        None => Err(ListenAddressError::Form),
    }
}

fn is_name(host: &str) -> bool {
    !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

impl ListenAddress {
    /// Listens on the address.
    pub(crate) async fn bind(&self) -> io::Result<TcpListener> {
        match &self.host {
            Host::Name(name) => TcpListener::bind((name.as_str(), self.port)).await,
            Host::V6(address) => TcpListener::bind(address).await,
            // A socket for every IPv6 address also accepts IPv4.
            Host::All => match TcpListener::bind((Ipv6Addr::UNSPECIFIED, self.port)).await {
                Err(error) if !matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied) => {
                    // A machine without IPv6.
                    TcpListener::bind((Ipv4Addr::UNSPECIFIED, self.port)).await
                }
                bound => bound,
            },
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::All => write!(f, ":{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::V6(address) => address.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        text.parse::<ListenAddress>().map(|address| address.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn accepts_addresses_as_meant() {
        for (given, meant) in [
            ("127.0.0.1:10002", "127.0.0.1:10002"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("localhost:80", "localhost:80"),
            ("my_host.example:65535", "my_host.example:65535"),
            ("[::1]:10002", "[::1]:10002"),
            ("[::]:10002", "[::]:10002"),
            (":10002", ":10002"),
            ("*:10002", ":10002"),
            (" 127.0.0.1:10002\r\n", "127.0.0.1:10002"),
            ("http://127.0.0.1:10002", "127.0.0.1:10002"),
            ("HTTP://localhost:10002/", "localhost:10002"),
            ("http://:10002", ":10002"),
            ("http://[::1]:10002/", "[::1]:10002"),
            ("tcp://*:10002", ":10002"),
        ] {
            assert_eq!(parse(given).as_deref(), Ok(meant), "{given}");
        }
    }

    #[test]
    fn refuses_other_addresses_with_the_right_form() {
        for (given, hint) in [
            ("", "must be HOST:PORT, for example 127.0.0.1:10002"),
            ("10002", "the host is missing: write 127.0.0.1:10002, or :10002 for every address of this machine"),
            ("localhost", "the port is missing: write localhost:10002"),
            ("127.0.0.1", "the port is missing: write 127.0.0.1:10002"),
            ("127.0.0.1:", "the port is missing: write 127.0.0.1:10002"),
            ("*", "the port is missing: write *:10002"),
            ("[::1]", "the port is missing: write [::1]:10002"),
            ("http://localhost", "the port is missing: write localhost:10002"),
            ("::1", "an IPv6 address must be in brackets: write [::1]:10002"),
            ("::1:10002", "an IPv6 address must be in brackets: write [::1]:10002"),
            (":::10002", "an IPv6 address must be in brackets: write [::1]:10002"),
            ("localhost:http", "the port must be a number from 0 to 65535"),
            ("localhost:65536", "the port must be a number from 0 to 65535"),
            ("localhost:-1", "the port must be a number from 0 to 65535"),
            (":10002x", "the port must be a number from 0 to 65535"),
            ("https://localhost:10002", "this server speaks no TLS: write HOST:PORT, and let a proxy speak https"),
            ("http://localhost:10002/api", "must be HOST:PORT alone, without a path"),
            ("ws://localhost:10002", "must be HOST:PORT alone, without a scheme"),
            ("unix:/run/server.sock", "Unix sockets are not supported: write HOST:PORT"),
            ("/run/server.sock", "Unix sockets are not supported: write HOST:PORT"),
            ("me@localhost:10002", "must be HOST:PORT, for example 127.0.0.1:10002"),
            ("[::1", "must be HOST:PORT, for example 127.0.0.1:10002"),
            ("[nowhere]:1", "must be HOST:PORT, for example 127.0.0.1:10002"),
            ("local host:1", "must be HOST:PORT, for example 127.0.0.1:10002"),
        ] {
            assert_eq!(parse(given), Err(hint.to_owned()), "{given}");
        }
    }

    #[tokio::test]
    async fn listens_on_every_address_without_a_host() {
        let listener = ":0".parse::<ListenAddress>().unwrap().bind().await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(address.ip().is_unspecified());
        tokio::net::TcpStream::connect((Ipv4Addr::LOCALHOST, address.port())).await.unwrap();
    }
}
