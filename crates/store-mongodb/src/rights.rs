//! What the user in the address may do. A user that may only read is enough for a start, and not for writes.

use mongodb::{
    Database,
    bson::{Bson, Document, doc},
};

use crate::collections::{CONVERSATIONS, VERSIONS};

/// The rights for a start and for reading.
pub(crate) const TO_READ: [&str; 2] = ["find", "listIndexes"];
/// The rights for writing.
pub(crate) const TO_WRITE: [&str; 3] = ["insert", "update", "remove"];

/// Which of the `needed` rights the user of this connection lacks, in words; `None` if it has all of them, or if the server
/// has no users.
pub(crate) async fn missing(database: &Database, needed: &[&str]) -> Option<String> {
    // Every user may ask this about itself. A server that does not know it checks each call anyway.
    let command = doc! { "connectionStatus": 1, "showPrivileges": true };
    let status = database.run_command(command).await.ok()?;
    let of_connection = status.get_document("authInfo").ok()?;
    let list = |name| of_connection.get_array(name).map(Vec::as_slice).unwrap_or_default();
    let privileges = list("authenticatedUserPrivileges");
    if list("authenticatedUsers").is_empty() || privileges.is_empty() {
        return None;
    }
    let missing = missing_of(privileges, database.name(), needed);
    (!missing.is_empty()).then(|| missing.join("; "))
}

/// The rights that the `privileges` lack, for each collection of `database`.
fn missing_of(privileges: &[Bson], database: &str, needed: &[&str]) -> Vec<String> {
    let of_collection = |collection: &&str| {
        let of_it = privileges.iter().filter_map(Bson::as_document).filter(|one| covers(one, database, collection));
        let granted: Vec<_> = of_it.filter_map(|one| one.get_array("actions").ok()).flatten().collect();
        let is_granted = |action: &&str| granted.iter().any(|one| matches!(one.as_str(), Some(one) if one == *action));
        let missing: Vec<_> = needed.iter().copied().filter(|action| !is_granted(action)).collect();
        (!missing.is_empty()).then(|| format!("{} on {collection} is missing", missing.join(", ")))
    };
    [CONVERSATIONS, VERSIONS].iter().filter_map(of_collection).collect()
}

/// Whether a privilege is one on this collection. An empty name means all.
fn covers(privilege: &Document, database: &str, collection: &str) -> bool {
    let Ok(resource) = privilege.get_document("resource") else { return false };
    let is = |name, expected: &str| resource.get_str(name).is_ok_and(|found| found.is_empty() || found == expected);
    resource.get_bool("anyResource").unwrap_or_default() || is("db", database) && is("collection", collection)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn privilege(resource: Document, actions: &[&str]) -> Bson {
        doc! { "resource": resource, "actions": actions.iter().copied().map(Bson::from).collect::<Vec<_>>() }.into()
    }

    #[test]
    fn adds_up_the_rights_of_all_privileges_on_a_collection() {
        let all = |resource: Document| missing_of(&[privilege(resource, &TO_WRITE)], "im", &TO_WRITE);
        for resource in
            [doc! { "anyResource": true }, doc! { "db": "", "collection": "" }, doc! { "db": "im", "collection": "" }]
        {
            assert_eq!(all(resource.clone()), Vec::<String>::new(), "{resource}");
        }
        assert_eq!(all(doc! { "db": "im", "collection": "conversation" }).len(), 1);
        assert_eq!(all(doc! { "db": "other", "collection": "" }).len(), 2);
        let both = [
            privilege(doc! { "db": "im", "collection": "" }, &["find", "listIndexes"]),
            privilege(doc! { "db": "", "collection": "conversation" }, &["insert", "update"]),
        ];
        assert_eq!(
            missing_of(&both, "im", &TO_WRITE),
            ["remove on conversation is missing", "insert, update, remove on conversation_version is missing"]
        );
    }
}
