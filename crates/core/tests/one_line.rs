//! A setting is one line: settings are added to a copy of the workspace, by a line each, and its tests run there.
//!
//! ```text
//! cargo test -p conversation-settings-core --test one_line -- --ignored
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Settings that no code outside the table can name, of the kinds that adapters treat differently.
const CLIENT: &str = r#"
        /// A text that only a copy of the workspace has.
        one_more_text: Text = Text::default(), OneMoreText "oneMoreText";
        /// A number that only a copy of the workspace has.
        one_more_number: Seconds = Seconds::ZERO, OneMoreNumber "oneMoreNumber";
        /// A switch that only a copy of the workspace has.
        one_more_switch: bool = false, OneMoreSwitch "oneMoreSwitch";"#;
const INTERNAL: &str = r#"
        /// A moment that only a copy of the workspace has.
        one_more_moment: Timestamp = Timestamp(0), OneMoreMoment "oneMoreMoment";"#;

/// The packages whose tests name no setting that they do not mean. `CONVERSATION_STORES` skips none of them.
const PACKAGES: &[&str] = &["core", "store", "store-memory", "example-store-redb", "store-sqlite", "http"];

#[test]
#[ignore = "compiles a copy of the workspace"]
fn adds_a_setting_by_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-line");
    let _nothing_there = fs::remove_dir_all(&copy);
    copy_all(&root, &copy).unwrap();
    let table = copy.join("crates/core/src/settings.rs");
    let text = fs::read_to_string(&table).unwrap();
    let with_lines = text.replace("    client {", &format!("    client {{{CLIENT}"));
    let with_lines = with_lines.replace("    internal {", &format!("    internal {{{INTERNAL}"));
    assert_eq!(with_lines.len(), text.len() + CLIENT.len() + INTERNAL.len(), "the table has a place for the lines");
    fs::write(&table, with_lines).unwrap();

    let packages = PACKAGES.iter().flat_map(|package| ["-p".to_owned(), format!("conversation-settings-{package}")]);
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--no-fail-fast", "--tests"])
        .args(packages)
        .env("CARGO_TARGET_DIR", target(&root))
        .current_dir(&copy)
        .status()
        .unwrap();
    assert!(tested.success(), "in {}", copy.display());
}

/// The target directory of the workspace, where the dependencies are built already.
fn target(root: &Path) -> PathBuf {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tmp.parent().map_or_else(|| root.join("target"), Path::to_owned)
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let (entry, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        if name == "target" || name == ".git" {
            continue;
        }
        if entry.is_dir() {
            copy_all(&entry, &to.join(name))?;
        } else {
            fs::copy(&entry, to.join(name))?;
        }
    }
    Ok(())
}
