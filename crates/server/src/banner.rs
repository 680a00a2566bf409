//! What the program says on start.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

/// What this is, where it listens and stores, and what to paste next.
pub(crate) struct Banner<'a> {
    /// The bound address.
    pub(crate) address: SocketAddr,
    /// The store, fit to be read by anybody.
    pub(crate) store: &'a str,
    /// An admin's token.
    pub(crate) token: &'a str,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "listens on http://{}", self.address)?;
        writeln!(f, "stores in {}", self.store)?;
        writeln!(f, "shows every call, to read about and to try, at http://{}/docs", callable(self.address))?;
        writeln!(f, "\nSet a conversation for two users:\n")?;
        self.command(
            f,
            "set_conversations",
            r#"{"userIDs":["alice","bob"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true,"recvMsgOpt":2}}"#,
        )?;
        writeln!(f, "\nSee how bob has it now:\n")?;
        self.command(f, "get_conversation", r#"{"ownerUserID":"bob","conversationID":"sg_team"}"#)?;
        writeln!(f, "\nThe token is an admin's, for an hour. `conversation-server token USER` prints others.")
    }
}

impl Banner<'_> {
    /// A command for any POSIX shell.
    fn command(&self, f: &mut fmt::Formatter<'_>, call: &str, body: &str) -> fmt::Result {
        writeln!(f, "curl -sS -w '\\n' http://{}/conversation/{call} \\", callable(self.address))?;
        writeln!(f, "  -H 'operationID: {call}-1' \\")?;
        writeln!(f, "  -H 'token: {}' \\", self.token)?;
        writeln!(f, "  -d '{body}'")
    }
}

/// An address to connect to: one that stands for all of the machine's becomes its own.
fn callable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
