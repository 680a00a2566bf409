//! The port to the host's groups.

use std::fmt::Debug;

use async_trait::async_trait;
use conversation_core::GroupId;

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
