//! The port to the host's groups.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{PoisonError, RwLock},
};

use async_trait::async_trait;
use conversation_settings_core::GroupId;

/// Knows the host's groups.
#[async_trait]
pub trait GroupDirectory: Debug + Send + Sync + 'static {
    /// How the group stands, asked on behalf of the call traced as `operation_id`.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] when it cannot be told now: nothing is written then.
    async fn status(&self, operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError>;
}

/// How a group stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupStatus {
    /// It exists.
    Active,
    /// It existed, and was dismissed.
    Dismissed,
    /// There is no such group.
    Unknown,
}

/// The directory of groups could not be asked.
#[derive(Debug, thiserror::Error)]
#[error("the directory of groups cannot be asked")]
pub struct DirectoryError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// A directory that the host fills in itself: groups in memory, each with how it stands. One that was never
/// [set](Self::set) is unknown.
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
    /// From now on `group` stands like this.
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
