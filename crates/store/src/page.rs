//! Keyset pages.

use conversation_settings_core::Conversation;

/// A request for a page of an ordered list: at most `limit` entries after the key `after`.
///
/// The key `after` need not exist any more. An entry that exists throughout is in exactly one page, whatever is created
/// and removed between the pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter must honour every field")]
pub struct PageRequest<K> {
    /// The last key of the previous page; `None` for the first page.
    pub after: Option<K>,
    /// The most entries of the page; 0 makes an empty page, the last one.
    pub limit: usize,
}

impl<K> PageRequest<K> {
    /// The first `limit` entries.
    #[must_use]
    pub const fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// At most `limit` entries after the key `after`.
    #[must_use]
    pub const fn after(after: K, limit: usize) -> Self {
        Self { after: Some(after), limit }
    }
}

/// A page of an ordered list.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "a wrapper of a store builds it")]
pub struct Page<K> {
    /// The entries, in order.
    pub conversations: Vec<Conversation>,
    /// The key after which the next page begins; `None` in the last page.
    pub next: Option<K>,
}

impl<K> Page<K> {
    /// A page of at most `limit` entries from up to `limit.saturating_add(1)` of them: the adapter reads one entry more
    /// than requested, which shows whether there is a next page.
    #[must_use]
    pub fn from_overfetch(
        mut conversations: Vec<Conversation>,
        limit: usize,
        key: impl FnOnce(&Conversation) -> K,
    ) -> Self {
        let more = conversations.len() > limit;
        conversations.truncate(limit);
        let next = if more { conversations.last().map(key) } else { None };
        Self { conversations, next }
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{ConversationId, GroupId, Key, Settings, Target, Timestamp, UserId};

    use super::*;

    fn read_page(read: &[&str], limit: usize) -> (Vec<String>, Option<String>) {
        let conversation = |id: &&str| Conversation {
            key: Key::new(UserId::new("a").unwrap(), ConversationId::new(*id).unwrap()),
            target: Target::Group(GroupId::new("g").unwrap()),
            settings: Settings::default(),
            created_at: Timestamp(0),
        };
        let id = |conversation: &Conversation| conversation.key.conversation_id.to_string();
        let page = Page::from_overfetch(read.iter().map(conversation).collect(), limit, id);
        (page.conversations.iter().map(id).collect(), page.next)
    }

    #[test]
    fn continues_after_the_last_entry_if_one_more_was_read() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(read_page(&["x", "y", "z"], 2), (ids(&["x", "y"]), Some("y".to_owned())));
        assert_eq!(read_page(&["x", "y"], 2), (ids(&["x", "y"]), None));
        assert_eq!(read_page(&["x"], 2), (ids(&["x"]), None));
        assert_eq!(read_page(&[], 2), (Vec::new(), None));
        assert_eq!(read_page(&["x"], 0), (Vec::new(), None), "there is no entry to continue after");
    }
}
