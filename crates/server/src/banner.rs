//! What the program prints when it is ready.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// The program's name, address and store, and two commands to paste.
pub(crate) struct Banner<'a> {
    /// The bound address.
    pub(crate) address: SocketAddr,
    /// The bound address of `--listen-operations`.
    pub(crate) operations: Option<SocketAddr>,
    /// The store's location, without secrets.
    pub(crate) store: &'a str,
    /// An admin's token.
    pub(crate) token: &'a str,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "listening on http://{}", self.address)?;
        if let Some(address) = self.operations {
            writeln!(f, "metrics and health checks on http://{address}")?;
        }
        writeln!(f, "storing in {}", self.store)?;
        writeln!(f, "every route, to read and to try: http://{}/docs", connectable(self.address))?;
        writeln!(f, "\nSet a conversation for two users:\n")?;
        self.write_command(
            f,
            "set_conversations",
            r#"{"userIDs":["alice","bob"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true,"recvMsgOpt":2}}"#,
        )?;
        writeln!(f, "\nRead bob's conversation:\n")?;
        self.write_command(f, "get_conversation", r#"{"ownerUserID":"bob","conversationID":"sg_team"}"#)?;
        writeln!(f, "\nThis admin token is valid for an hour. `conversation-server token USER` prints others.")
    }
}

impl Banner<'_> {
    /// Writes a command for any POSIX shell.
    fn write_command(&self, f: &mut fmt::Formatter<'_>, route: &str, body: &str) -> fmt::Result {
        writeln!(f, "curl -sS -w '\\n' http://{}/conversation/{route} \\", connectable(self.address))?;
        writeln!(f, "  -H 'operationID: {route}-1' \\")?;
        writeln!(f, "  -H 'token: {}' \\", self.token)?;
        writeln!(f, "  -d '{body}'")
    }
}

/// The address for clients on this machine: `0.0.0.0` and `::` become loopback.
fn connectable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
