//! A setting is one line: adds settings to a copy of the workspace, by a line each, and runs the tests of the copy.
//!
//! ```text
//! cargo test -p conversation-settings-core --test one_line -- --ignored
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// Settings that no code outside the table can name, one of each kind that adapters treat differently.
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

/// What the copy runs: packages, and filters of their tests.
///
/// Left out are tests that write OpenIM's fields down on purpose, and those that no setting can change.
const RUNS: &[(&[&str], &[&str])] = &[
    (&["core", "store", "store-memory", "example-store-redb", "store-sqlite"], &[]),
    (&["http"], &["schema", "openapi", "bad_input", "differences", "arguments", "names"]),
    (&["store-postgres", "store-mongodb"], &["conformance", "--skip", "through_the_writer"]),
];

#[test]
#[ignore = "compiles a copy of the workspace"]
fn adds_a_setting_by_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("one-line");
    if copy.exists() {
        fs::remove_dir_all(&copy).unwrap();
    }
    copy_all(&root, &copy).unwrap();
    add_settings(&copy.join("crates/core/src/settings.rs"));
    for (packages, filters) in RUNS {
        let packages = packages.iter().flat_map(|name| ["-p".to_owned(), format!("conversation-settings-{name}")]);
        let status = Command::new(env!("CARGO"))
            .args(["test", "--no-fail-fast", "--locked", "--tests"])
            .args(packages)
            .arg("--")
            .args(*filters)
            .env("CARGO_TARGET_DIR", target(&root))
            .current_dir(&copy)
            .status()
            .unwrap();
        assert!(status.success(), "in {}", copy.display());
    }
}

fn add_settings(table: &Path) {
    let text = fs::read_to_string(table).unwrap();
    let more = text.replacen("    client {", &format!("    client {{{CLIENT}"), 1);
    let more = more.replacen("    internal {", &format!("    internal {{{INTERNAL}"), 1);
    assert_eq!(more.len(), text.len() + CLIENT.len() + INTERNAL.len(), "the table has both sections");
    fs::write(table, more).unwrap();
}

/// The target directory of the workspace, which has the dependencies already.
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
