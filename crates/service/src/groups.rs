//! The port to the host's groups.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use conversation_settings_core::GroupId;

/// Knows which groups exist.
#[async_trait]
pub trait GroupDirectory: Debug + Send + Sync + 'static {
    /// The status of `group`. `operation_id` traces the call that asks.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when the status cannot be read now. The call then fails and writes nothing.
    async fn status(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError>;
}

/// The status of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a group exists, was dismissed, or is unknown")]
pub enum GroupStatus {
    /// The group exists.
    Active,
    /// The group was dismissed.
    Dismissed,
    /// No group has this ID.
    Unknown,
}

/// The group directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the group directory cannot be read")]
#[expect(clippy::exhaustive_structs, reason = "it carries the directory's error and nothing else")]
pub struct DirectoryError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A directory in memory, which the host fills. A group that was never [set](Self::set) is unknown.
///
/// ```
/// use std::sync::Arc;
///
/// use conversation_settings_core::GroupId;
/// use conversation_settings_service::{Service, GroupStatus, MemoryGroups};
/// use conversation_settings_store_memory::MemoryStore;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let groups = Arc::new(MemoryGroups::default());
/// let service = Service::builder(MemoryStore::new()).groups(groups.clone()).build();
/// groups.set(GroupId::new("team")?, GroupStatus::Active);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct MemoryGroups(RwLock<HashMap<GroupId, GroupStatus>>);

impl MemoryGroups {
    /// Sets the status of `group`.
    pub fn set(&self, group: GroupId, status: GroupStatus) {
        let mut groups = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match status {
            GroupStatus::Unknown => groups.remove(&group),
            GroupStatus::Active | GroupStatus::Dismissed => groups.insert(group, status),
        };
    }
}

impl FromIterator<(GroupId, GroupStatus)> for MemoryGroups {
    fn from_iter<I: IntoIterator<Item = (GroupId, GroupStatus)>>(groups: I) -> Self {
        let all = Self::default();
        for (group, status) in groups {
            all.set(group, status);
        }
        all
    }
}

#[async_trait]
impl GroupDirectory for MemoryGroups {
    async fn status(&self, _operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError> {
        let groups = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Ok(groups.get(group).copied().unwrap_or(GroupStatus::Unknown))
    }
}
