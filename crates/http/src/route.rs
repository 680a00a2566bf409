//! Plain data of a route: where it is, and what its description says.

use conversation_settings_openim::Code;

/// A call: POST with JSON, answered with the envelope.
pub(crate) struct PostRoute {
    pub(crate) path: &'static str,
    /// A few words.
    pub(crate) summary: &'static str,
    /// The rules, in Markdown.
    pub(crate) description: &'static str,
    /// The codes that only this route responds with.
    pub(crate) fails: &'static [Code],
    /// An example request, in JSON.
    pub(crate) example: &'static str,
}

impl PostRoute {
    /// The first segment of the path.
    pub(crate) fn tag(&self) -> &'static str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    /// The last segment of the path.
    pub(crate) fn name(&self) -> &'static str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// A page about the server itself: GET without arguments.
pub(crate) struct GetRoute {
    pub(crate) path: &'static str,
    /// A few words.
    pub(crate) summary: &'static str,
    /// More, in Markdown.
    pub(crate) description: &'static str,
    pub(crate) content_type: &'static str,
    /// Statuses other than 200, and their meanings.
    pub(crate) statuses: &'static [(&'static str, &'static str)],
}

impl GetRoute {
    /// The path without its slash and extension.
    pub(crate) fn name(&self) -> &'static str {
        self.path.split(['/', '.']).nth(1).unwrap_or_default()
    }
}
