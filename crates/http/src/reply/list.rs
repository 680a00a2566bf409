//! A list that may be too long to be in memory.

use std::mem;

use conversation_settings_core::Conversation;
use conversation_settings_service::{ConversationPages, ServiceError};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Rendered, Reply, chunks::Chunks};
use crate::{ApiError, envelope::envelope};

/// Data that ends with a list of conversations, or of a part of each.
pub(crate) trait LongList: Serialize + ToSchema + Send {
    /// What the list contains of a conversation.
    type Entry: Serialize;

    /// What the list contains of `conversation`.
    fn entry(conversation: Conversation) -> Self::Entry;

    /// The list. No other list comes after it in the data's JSON.
    fn entries(&mut self) -> &mut Vec<Self::Entry>;
}

/// Data with a list. Beyond the first page, the list is read while it is written.
pub(crate) struct List<D> {
    data: D,
    rest: Option<ConversationPages>,
}

impl<D: LongList> List<D> {
    /// A list that `data` contains whole.
    pub(crate) const fn whole(data: D) -> Self {
        Self { data, rest: None }
    }

    /// `data` with the conversations of `pages` at the end of its list.
    ///
    /// The first page is read now: if the store cannot read it, the response is an error. So is the second if the first
    /// was full, because most lists end there.
    pub(crate) async fn begin(mut data: D, mut pages: ConversationPages) -> Result<Self, ServiceError> {
        for _ in 0..2 {
            let page = pages.next().await?.unwrap_or_default();
            let is_full = page.len() == ConversationPages::FIRST_ROWS;
            data.entries().extend(page.into_iter().map(D::entry));
            if !is_full {
                break;
            }
        }
        Ok(Self { data, rest: Some(pages).filter(|pages| !pages.is_done()) })
    }
}

impl<D: LongList> Reply for List<D> {
    type Schema = D;

    fn render(mut self) -> serde_json::Result<Rendered> {
        let Some(pages) = self.rest else { return self.data.render() };
        let entries = mem::take(self.data.entries());
        let mut begin = serde_json::to_vec(&envelope(self.data))?;
        // The list is written between its brackets.
        let brackets = begin.windows(2).rposition(|window| window == b"[]").unwrap_or_default();
        let end = begin.split_off(brackets + 1);
        let list = serde_json::to_vec(&entries)?;
        begin.extend_from_slice(&list[1..list.len() - 1]);
        let rest = Rest { pages, render: render::<D>, is_empty: entries.is_empty(), end: Some(end) };
        Ok(Rendered { chunks: Chunks::one(begin), rest: Some(rest) })
    }
}

/// A page as a list in JSON.
fn render<D: LongList>(page: Vec<Conversation>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&page.into_iter().map(D::entry).collect::<Vec<_>>())
}

/// The rest of a list, and what comes after the list.
pub(crate) struct Rest {
    pages: ConversationPages,
    render: fn(Vec<Conversation>) -> serde_json::Result<Vec<u8>>,
    is_empty: bool,
    end: Option<Vec<u8>>,
}

impl Rest {
    /// The next part of the body; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, ApiError> {
        while let Some(page) = self.pages.next().await? {
            if page.is_empty() {
                continue;
            }
            let mut part = (self.render)(page).map_err(ApiError::internal)?;
            // The list goes on: a comma instead of the opening bracket, nothing instead of the closing one.
            part.pop();
            if self.is_empty {
                part.remove(0);
            } else {
                part[0] = b',';
            }
            self.is_empty = false;
            return Ok(Some(part));
        }
        Ok(self.end.take())
    }
}
