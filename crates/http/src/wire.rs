//! OpenIM's JSON: the requests that clients send and the responses that they read.
//!
//! This module alone knows OpenIM's names, its pages by number, and which arguments are required. A request's `check`
//! turns it into the typed values of the service; a response is made `From` what the service returns. The one exception
//! is the main request, `set_conversations`: the core crate checks it.

mod arguments;
mod auth;
mod conversation;
mod pagination;
mod reads;
pub(crate) mod schema;
mod set_conversations;
mod sorted_list;
mod sync;
mod writes;

use std::sync::LazyLock;

use crate::decode::{Arguments, Names};

pub(crate) use auth::{GetAdminTokenRequest, GetUserTokenRequest, Token};
pub(crate) use reads::{
    ConversationIds, Conversations, GetAllConversationsRequest, GetConversationRequest, GetConversationsRequest,
    GetOwnerConversationRequest, OneConversation, OwnerConversations, UserRequest,
};
pub(crate) use set_conversations::{Reported, SetConversationsRequest};
pub(crate) use sorted_list::{GetSortedConversationListRequest, SortedConversations};
pub(crate) use sync::{
    FullConversationIds, GetFullConversationIdsRequest, GetIncrementalConversationsRequest, IncrementalConversations,
};
pub(crate) use writes::{DeleteConversationsRequest, Removal, UpdateConversationsByUserRequest};

/// The names of each request come from its schema, once it is needed.
macro_rules! requests {
    ($( $request:ty $( { $take_ignored:item } )? ),* $(,)?) => {
        $(
            impl Arguments for $request {
                fn names() -> &'static Names {
                    static NAMES: LazyLock<Names> = LazyLock::new(Names::of::<$request>);
                    &NAMES
                }

                $( $take_ignored )?
            }
        )*
    };
}

requests! {
    SetConversationsRequest {
        fn take_ignored(&mut self, paths: Vec<String>) {
            self.ignored = paths;
        }
    },
    DeleteConversationsRequest,
    UpdateConversationsByUserRequest,
    GetConversationRequest,
    GetConversationsRequest,
    GetAllConversationsRequest,
    GetOwnerConversationRequest,
    UserRequest,
    GetSortedConversationListRequest,
    GetFullConversationIdsRequest,
    GetIncrementalConversationsRequest,
    GetAdminTokenRequest,
    GetUserTokenRequest,
}
