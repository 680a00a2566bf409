//! The links of the README and of `docs/`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut pages: Vec<_> = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.push(root.join("README.md"));
    pages
}

/// The lines outside of code blocks.
fn prose(page: &Path) -> String {
    let text = fs::read_to_string(page).unwrap();
    text.split("```").step_by(2).collect()
}

/// The targets of `[text](target)`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target)
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &Path) -> BTreeSet<String> {
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
    };
    prose(page).lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

#[test]
fn links_to_existing_files_and_headings() {
    let mut checked = 0;
    for page in pages() {
        for link in links(&prose(&page)).filter(|link| !link.starts_with("https://")) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            assert!(target.exists(), "{}: {link} does not exist", page.display());
            assert!(
                heading.is_empty() || anchors(&target).contains(heading),
                "{}: {link} is no heading",
                page.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} links");
}

/// An operator who knows the page of one engine finds everything on the page of another.
#[test]
fn uses_same_headings_on_page_of_each_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let headings = |page: &str| -> Vec<String> {
        prose(&root.join(page)).lines().filter(|line| line.starts_with("## ")).map(str::to_owned).collect()
    };
    let expected = headings("sqlite.md");
    assert_eq!(expected.len(), 10, "{expected:?}");
    for page in ["postgres.md", "mongodb.md"] {
        assert_eq!(headings(page), expected, "{page}");
    }
}
