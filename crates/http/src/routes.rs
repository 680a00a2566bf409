//! The tables of routes. A new route is a handler, a description and a line here.

mod auth;
mod health;
mod metrics;
mod reads;
mod sync;
mod writes;

use std::future::ready;

use crate::{Api, access::Public, endpoint::Endpoint};

/// The calls of `api`.
pub(crate) fn calls(api: &Api) -> Vec<Endpoint> {
    let mut routes = vec![
        Endpoint::post(&writes::SET_CONVERSATIONS, writes::set_conversations),
        Endpoint::post(&writes::DELETE_CONVERSATIONS, writes::delete_conversations),
        Endpoint::post(&writes::UPDATE_CONVERSATIONS_BY_USER, writes::update_conversations_by_user),
        Endpoint::post(&reads::GET_CONVERSATION, reads::get_conversation),
        Endpoint::post(&reads::GET_CONVERSATIONS, reads::get_conversations),
        Endpoint::post(&reads::GET_ALL_CONVERSATIONS, reads::get_all_conversations),
        Endpoint::post(&reads::GET_OWNER_CONVERSATION, reads::get_owner_conversation),
        Endpoint::post(&reads::GET_SORTED_CONVERSATION_LIST, reads::get_sorted_conversation_list),
        Endpoint::post(&reads::GET_NOT_NOTIFY_CONVERSATION_IDS, reads::get_not_notify_conversation_ids),
        Endpoint::post(&reads::GET_PINNED_CONVERSATION_IDS, reads::get_pinned_conversation_ids),
        Endpoint::post(&sync::GET_FULL_CONVERSATION_IDS, sync::get_full_conversation_ids),
        Endpoint::post(&sync::GET_INCREMENTAL_CONVERSATIONS, sync::get_incremental_conversations),
    ];
    if let Some(tokens) = &api.tokens {
        let (admins, users) = (tokens.clone(), tokens.clone());
        routes.extend([
            Endpoint::post(&auth::GET_ADMIN_TOKEN, move |_, Public, r| auth::get_admin_token(admins.clone(), r)),
            Endpoint::post(&auth::GET_USER_TOKEN, move |_, context, r| {
                ready(auth::get_user_token(&users, &context, r))
            }),
        ]);
    }
    routes
}

/// The operators' routes of `api`.
pub(crate) fn operations(api: &Api) -> Vec<Endpoint> {
    let mut routes =
        vec![Endpoint::get(&health::HEALTHZ, health::healthz), Endpoint::get(&health::READYZ, health::readyz)];
    if let Some(text) = api.metrics.clone() {
        routes.push(Endpoint::get(&metrics::METRICS, move |_, headers| ready(metrics::metrics(&text, &headers))));
    }
    routes
}

/// The pages about the routes, except for the document that they show.
pub(crate) fn pages() -> Vec<Endpoint> {
    #[cfg(feature = "docs-page")]
    {
        let page = crate::docs_page::page();
        vec![Endpoint::get(&crate::docs_page::DOCS, move |_, headers| ready(page.response(&headers)))]
    }
    #[cfg(not(feature = "docs-page"))]
    Vec::new()
}
