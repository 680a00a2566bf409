//! Keyset pages.

use conversation_settings_core::Conversation;

/// Which part of an ordered answer to read: at most `limit` entries after the key `after`.
///
/// A key that is gone is as good as any other: pages are complete and without repeats for all entries that are there
/// throughout, whatever comes and goes in between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest<K> {
    /// The last key of the page before; `None` for the first page.
    pub after: Option<K>,
    /// The most entries to answer with; 0 answers with none.
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

/// One page of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<K> {
    /// The entries, in order.
    pub conversations: Vec<Conversation>,
    /// The key to go on after; `None` where this was the last page.
    pub next: Option<K>,
}

impl<K> Page<K> {
    /// A page of `limit` entries made of `conversations`, of which an adapter reads one more than asked for
    /// (`limit.saturating_add(1)`) to learn whether there is more.
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
        let paged = Page::from_overfetch(read.iter().map(conversation).collect(), limit, id);
        (paged.conversations.iter().map(id).collect(), paged.next)
    }

    #[test]
    fn a_page_goes_on_after_its_last_entry_if_one_more_was_read() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(read_page(&["x", "y", "z"], 2), (ids(&["x", "y"]), Some("y".to_owned())));
        assert_eq!(read_page(&["x", "y"], 2), (ids(&["x", "y"]), None));
        assert_eq!(read_page(&["x"], 2), (ids(&["x"]), None));
        assert_eq!(read_page(&[], 2), (Vec::new(), None));
        assert_eq!(read_page(&["x"], 0), (Vec::new(), None), "there is no entry to go on after");
    }
}
