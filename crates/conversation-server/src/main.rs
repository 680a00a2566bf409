//! t
mod banner;
mod config;
mod error;
mod logs;
mod secret;
mod serve;
fn main() {
    match config::Config::of_process() {
        Ok(c) => println!("{c:?}"),
        Err(e) => eprintln!("conversation-server: {e}"),
    }
}
