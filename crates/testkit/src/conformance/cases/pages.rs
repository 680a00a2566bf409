//! Rule 6: keyset pages.

use std::{collections::BTreeSet, fmt};

use conversation_settings_core::{Conversation, ConversationId, Field, Patch, UserId};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest};

use super::decisions::{values_of, with};
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{conversation, key, remove, set, set_single, user},
};

/// In no order, neither of bytes nor of a language.
const IDS: [&str; 13] = ["b", "a", "B", "é", "aa", "z", "A", "_", "10", "9", "🦀", "a b", "\u{ffff}"];
const LIMITS: [usize; 6] = [1, 2, 3, 12, 13, 14];

fn in_byte_order() -> Vec<&'static str> {
    let mut ids = IDS.to_vec();
    ids.sort_unstable_by_key(|id| id.as_bytes().to_vec());
    ids
}

/// The request for the page after `page`.
fn following<K: Ord + fmt::Debug>(page: &PageRequest<K>, next: K) -> PageRequest<K> {
    assert!(
        page.after.as_ref() < Some(&next),
        "{page:?} ends with {next:?}, which does not come later: pages never end"
    );
    PageRequest::after(next, page.limit)
}

/// All pages of the owner's conversations.
async fn listed(
    fixture: &Fixture<'_, impl Harness>,
    owner: &UserId,
    filter: &Filter,
    limit: usize,
) -> Vec<Conversation> {
    let (mut all, mut page) = (Vec::new(), PageRequest::first(limit));
    loop {
        let read = fixture.store().list(owner, filter, &page).await.expect("can be read");
        assert!(read.conversations.len() <= limit, "a page of {limit} has {} entries", read.conversations.len());
        assert!(
            read.next.is_none() || read.conversations.len() == limit,
            "a page of {limit} has only {} entries, and is not the last",
            read.conversations.len()
        );
        all.extend(read.conversations);
        match read.next {
            Some(next) => page = following(&page, next),
            None => return all,
        }
    }
}

/// All pages of the views of one conversation.
async fn listed_by_conversation(
    fixture: &Fixture<'_, impl Harness>,
    id: &ConversationId,
    filter: &Filter,
    limit: usize,
) -> Vec<Conversation> {
    let (mut all, mut page) = (Vec::new(), PageRequest::first(limit));
    loop {
        let read = fixture.store().list_by_conversation(id, filter, &page).await.expect("can be read");
        assert!(read.conversations.len() <= limit, "a page of {limit} has {} entries", read.conversations.len());
        assert!(
            read.next.is_none() || read.conversations.len() == limit,
            "a page of {limit} has only {} entries, and is not the last",
            read.conversations.len()
        );
        all.extend(read.conversations);
        match read.next {
            Some(next) => page = following(&page, next),
            None => return all,
        }
    }
}

pub(super) async fn pages_through_a_list_in_byte_order_without_gaps_or_repeats(fixture: Fixture<'_, impl Harness>) {
    fixture.apply(IDS.map(|id| set(key("a", id), Patch::KEEP.ex(id)))).await;
    fixture.apply(["b", "x"].map(|id| set(key("b", id), Patch::KEEP.ex(id)))).await;
    fixture.apply([set(key("a", "gone"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "gone"))]).await;
    for limit in LIMITS {
        let listed = listed(&fixture, &user("a"), &Filter::ALL, limit).await;
        let ids: Vec<_> = listed.iter().map(|found| found.key.conversation_id.as_str()).collect();
        assert_eq!(ids, in_byte_order(), "pages of {limit}");
        assert!(listed.iter().all(|found| &*found.settings.ex == found.key.conversation_id.as_str()));
    }
}

pub(super) async fn pages_through_a_conversation_in_byte_order_without_gaps_or_repeats(
    fixture: Fixture<'_, impl Harness>,
) {
    fixture.apply(IDS.map(|owner| set(key(owner, "sg_1"), Patch::KEEP.ex(owner)))).await;
    fixture.apply(IDS.map(|owner| set(key(owner, "sg_2"), Patch::KEEP.ex("x")))).await;
    fixture.apply([set(key("gone", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("gone", "sg_1"))]).await;
    for limit in LIMITS {
        let views = listed_by_conversation(&fixture, &conversation("sg_1"), &Filter::ALL, limit).await;
        let owners: Vec<_> = views.iter().map(|found| found.key.owner.as_str()).collect();
        assert_eq!(owners, in_byte_order(), "pages of {limit}");
        assert!(views.iter().all(|found| &*found.settings.ex == found.key.owner.as_str()));
    }
}

pub(super) async fn misses_no_entry_when_others_change_between_pages(fixture: Fixture<'_, impl Harness>) {
    // Even numbers stay. Odd ones are created and removed after each page, before and after its end.
    const COUNT: usize = 40;
    let id = |n: usize| format!("sg_{n:02}");
    for (owner, limit) in [("a", 1), ("b", 2), ("c", 3), ("d", 7)] {
        fixture.apply((0..COUNT).step_by(2).map(|n| set(key(owner, id(n)), Patch::KEEP.ex("x")))).await;
        let (mut seen, mut page, mut round) = (Vec::new(), PageRequest::first(limit), 0);
        loop {
            let read = fixture.store().list(&user(owner), &Filter::ALL, &page).await.expect("can be read");
            seen.extend(read.conversations.into_iter().map(|found| found.key.conversation_id));
            let odd = (2 * (round * 7 + 3) + 1) % COUNT;
            let writes = [odd, COUNT - odd].map(|n| {
                let key = key(owner, id(n));
                if round % 3 == 2 { remove(key) } else { set(key, Patch::KEEP.ex(round.to_string())) }
            });
            let [first, second] = writes;
            let is_one = first.key == second.key;
            fixture.apply([first].into_iter().chain((!is_one).then_some(second))).await;
            round += 1;
            match read.next {
                Some(next) => page = following(&page, next),
                None => break,
            }
        }
        assert!(seen.is_sorted_by(|one, other| one.as_str() < other.as_str()), "pages of {limit}: {seen:?}");
        let missing = (0..COUNT).step_by(2).map(id).find(|id| seen.iter().all(|seen| seen.as_str() != id));
        assert_eq!(missing, None, "pages of {limit} miss a conversation that existed all the time");
    }
}

pub(super) async fn continues_a_page_after_a_missing_key(fixture: Fixture<'_, impl Harness>) {
    let ids = ["sg_1", "sg_2", "sg_3", "sg_4"];
    fixture.apply(ids.map(|id| set(key("a", id), Patch::KEEP.ex("x")))).await;
    fixture.apply(ids.map(|id| set(key(id, "sg_1"), Patch::KEEP.ex("x")))).await;
    let first = fixture.store().list(&user("a"), &Filter::ALL, &PageRequest::first(2)).await.expect("can be read");
    assert_eq!(first.next, Some(conversation("sg_2")));
    fixture.apply([remove(key("a", "sg_2")), remove(key("sg_2", "sg_1"))]).await;
    // One key was removed, the others never existed.
    for (after, expected) in
        [("sg_2", &["sg_3", "sg_4"][..]), ("sg_20", &["sg_3", "sg_4"]), ("sg_9", &[]), ("s", &["sg_1", "sg_3"])]
    {
        let page = PageRequest::after(conversation(after), 2);
        let read = fixture.store().list(&user("a"), &Filter::ALL, &page).await.expect("can be read");
        let ids: Vec<_> = read.conversations.iter().map(|found| found.key.conversation_id.as_str()).collect();
        assert_eq!(ids, expected, "after {after}");
    }
    for (after, expected) in [("sg_2", &["sg_3", "sg_4"][..]), ("sg_20", &["sg_3", "sg_4"]), ("sg_9", &[])] {
        let page = PageRequest::after(user(after), 2);
        let read = fixture
            .store()
            .list_by_conversation(&conversation("sg_1"), &Filter::ALL, &page)
            .await
            .expect("can be read");
        let owners: Vec<_> = read.conversations.iter().map(|found| found.key.owner.as_str()).collect();
        assert_eq!(owners, expected, "after {after}");
    }
}

pub(super) async fn accepts_page_limits_from_zero_to_the_maximum(fixture: Fixture<'_, impl Harness>) {
    let ids = ["sg_1", "sg_2", "sg_3"];
    fixture.apply(ids.map(|id| set(key("a", id), Patch::KEEP.ex("x")))).await;
    fixture.apply(["b", "c"].map(|owner| set(key(owner, "sg_1"), Patch::KEEP.ex("x")))).await;
    for (limit, count) in [(0, 0), (3, 3), (usize::MAX, 3), (usize::MAX / 2, 3), (usize::MAX - 1, 3)] {
        let page = PageRequest::first(limit);
        let read = fixture.store().list(&user("a"), &Filter::ALL, &page).await.expect("can be read");
        assert_eq!((read.conversations.len(), read.next), (count, None), "a page of {limit}: length and next");
        let page = PageRequest::first(limit);
        let read = fixture
            .store()
            .list_by_conversation(&conversation("sg_1"), &Filter::ALL, &page)
            .await
            .expect("can be read");
        assert_eq!((read.conversations.len(), read.next), (count, None), "a page of {limit}: length and next");
    }
    for owner in ["nobody", "aa"] {
        let read =
            fixture.store().list(&user(owner), &Filter::ALL, &PageRequest::first(10)).await.expect("can be read");
        assert_eq!((read.conversations.len(), read.next), (0, None), "{owner}");
    }
}

pub(super) async fn filters_as_the_core_does(fixture: Fixture<'_, impl Harness>) {
    let owner = user("a");
    // One conversation for each value of each field, and the same settings for one owner each in another conversation.
    let patches = Field::ALL.iter().flat_map(|field| {
        values_of(*field).into_iter().map(|value| with(Patch::KEEP, *field, value)).collect::<Vec<_>>()
    });
    let patches: Vec<_> = patches.collect();
    let id = |n: usize| format!("si_{n:03}");
    let in_one = patches.iter().enumerate().map(|(n, patch)| set_single(key("a", id(n)), patch.clone()));
    let in_many = patches.iter().enumerate().map(|(n, patch)| set_single(key(id(n), "si_all"), patch.clone()));
    fixture.apply(in_one.chain(in_many)).await;
    let all = fixture.store().list_all(&owner, &Filter::ALL).await.expect("can be read");
    let views = listed_by_conversation(&fixture, &conversation("si_all"), &Filter::ALL, 7).await;
    assert_eq!((all.len(), views.len()), (patches.len(), patches.len()));

    let others = patches.iter().rev().cycle().skip(3);
    let both = patches.iter().zip(others).map(|(is, is_not)| Filter { is: is.clone(), is_not: is_not.clone() });
    let of_two = patches.windows(2).map(|pair| Filter::is(pair[0].clone().then(pair[1].clone())));
    let not_of_two = patches.windows(2).map(|pair| Filter::is_not(pair[0].clone().then(pair[1].clone())));
    let one = patches.iter().flat_map(|patch| [Filter::is(patch.clone()), Filter::is_not(patch.clone())]);
    let mut answers = BTreeSet::new();
    for filter in one.chain(both).chain(of_two).chain(not_of_two) {
        let matching = |all: &[Conversation]| {
            all.iter().filter(|found| filter.matches(&found.settings)).cloned().collect::<Vec<_>>()
        };
        let (listed, views_found) = (
            listed(&fixture, &owner, &filter, 25).await,
            listed_by_conversation(&fixture, &conversation("si_all"), &filter, 25).await,
        );
        assert_eq!(listed, matching(&all), "{filter:?}: found on the left, expected on the right");
        assert_eq!(views_found, matching(&views), "{filter:?}");
        answers.insert(listed.len());
    }
    assert!(answers.len() > 4, "filters find different numbers: {answers:?}");
}
