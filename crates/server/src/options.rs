//! The types that options parse to.

mod file_path;
mod forms;
mod lifetime;
mod listen_address;
mod users;

pub(crate) use file_path::{FilePath, PathError};
pub(crate) use forms::choose_forms;
pub(crate) use lifetime::Lifetime;
pub(crate) use listen_address::ListenAddress;
pub(crate) use users::{Users, user};
