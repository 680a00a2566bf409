//! The types that options parse to.

mod byte_size;
mod count;
mod environment;
mod file_path;
mod foreign;
mod forms;
mod listen_address;
mod time_span;
mod users;

pub(crate) use byte_size::ByteSize;
pub(crate) use count::Count;
pub(crate) use environment::warn_of_unknown;
pub(crate) use file_path::{FilePath, PathError};
pub(crate) use foreign::flag_meant_by;
pub(crate) use forms::choose_forms;
pub(crate) use listen_address::ListenAddress;
pub(crate) use time_span::TimeSpan;
pub(crate) use users::{Users, user};
