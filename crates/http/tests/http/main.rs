//! The router from outside: requests and responses.

mod arguments;
mod bad_input;
mod browsers;
mod callers;
mod calls;
mod compression;
mod cookies;
mod custom;
mod differences;
mod grants;
mod guest;
mod harness;
mod headers;
mod limits;
mod long_lists;
mod measured;
mod names;
mod openapi;
mod overload;
#[cfg(feature = "docs-page")]
mod page;
mod sessions;
mod shapes;
mod shares;
mod strangers;
mod wire;
