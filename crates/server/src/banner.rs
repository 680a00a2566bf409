//! What the program prints when it is ready.

use std::{fmt, net::SocketAddr};

use crate::{secret::SigningSecret, token_command::TokenCommand};

/// The program's name, address and store, and two commands to paste.
pub(crate) struct Banner<'a> {
    /// The bound address.
    pub(crate) address: SocketAddr,
    /// The bound address of `--listen-operations`.
    pub(crate) operations: Option<SocketAddr>,
    /// The store's location, without secrets.
    pub(crate) store: &'a str,
    pub(crate) secret: &'a SigningSecret,
    pub(crate) token: BannerToken,
}

/// How the commands get an admin's token.
pub(crate) enum BannerToken {
    /// The token itself, for a terminal.
    Printed(String),
    /// A command that prints one. What is not printed to a terminal ends in journals and container logs, which more people
    /// read than may be admins.
    Command(TokenCommand),
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", env!("CARGO_BIN_NAME"), env!("CARGO_PKG_VERSION"))?;
        writeln!(f, "listening on http://{}", self.address)?;
        if let Some(address) = self.operations {
            writeln!(f, "metrics and health checks on http://{address}")?;
        }
        writeln!(f, "storing in {}", self.store)?;
        let new = if self.secret.is_new { " (new: no token is valid yet)" } else { "" };
        writeln!(f, "signing tokens with the secret in {}{new}", self.secret.origin)?;
        writeln!(f, "every route, to read and to try: http://{}/docs", connectable(self.address))?;
        writeln!(f, "\nSet a conversation for two users:\n")?;
        self.write_command(
            f,
            "set_conversations",
            r#"{"userIDs":["alice","bob"],"conversation":{"conversationID":"sg_team","conversationType":3,"groupID":"team","isPinned":true,"recvMsgOpt":2}}"#,
        )?;
        writeln!(f, "\nRead bob's conversation:\n")?;
        self.write_command(f, "get_conversation", r#"{"ownerUserID":"bob","conversationID":"sg_team"}"#)?;
        match &self.token {
            BannerToken::Printed(_) => writeln!(
                f,
                "\nThis admin token is valid for an hour at most. `conversation-server token USER` prints others."
            ),
            BannerToken::Command(TokenCommand { variable: Some(variable), .. }) => {
                writeln!(f, "\nRun these commands where {variable} is set as for this server.")
            }
            BannerToken::Command(_) => Ok(()),
        }
    }
}

impl Banner<'_> {
    /// Writes a command for any POSIX shell.
    fn write_command(&self, f: &mut fmt::Formatter<'_>, route: &str, body: &str) -> fmt::Result {
        writeln!(f, "curl -sS -w '\\n' http://{}/conversation/{route} \\", connectable(self.address))?;
        writeln!(f, "  -H 'operationID: {route}-1' \\")?;
        match &self.token {
            BannerToken::Printed(token) => writeln!(f, "  -H 'token: {token}' \\")?,
            BannerToken::Command(command) => writeln!(f, "  -H \"token: $({command})\" \\")?,
        }
        writeln!(f, "  -d '{body}'")
    }
}

/// The address for clients on this machine: `0.0.0.0` and `::` become loopback.
fn connectable(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("127.0.0.1:{}", v4.port()),
        // A machine may have no ::1. curl tries every address of localhost.
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("localhost:{}", v6.port()),
        address => address.to_string(),
    }
}
