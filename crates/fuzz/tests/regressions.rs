//! Replays every kept input: seeds, and inputs that once broke a promise.

use std::{collections::BTreeSet, fs, path::Path};

use conversation_settings_fuzz::{
    TARGETS,
    handler::{paths, replies},
};

#[test]
fn keeps_every_promise_for_every_kept_input() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(name);
        let mut replayed = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(path).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "{} is empty", folder.display());
    }
}

#[test]
fn has_a_target_for_every_folder_of_seeds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |folder: &str| {
        let entries = fs::read_dir(root.join(folder)).unwrap();
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        let mut names: Vec<_> = entries.map(|entry| name(&entry.unwrap().path())).collect();
        names.sort();
        names
    };
    let targets: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("seeds"), targets);
    assert_eq!(names("fuzz/fuzz_targets"), targets);
}

#[test]
fn has_an_accepted_and_a_rejected_seed_for_every_route() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/handler");
    let replies = fs::read_dir(folder).unwrap().flat_map(|entry| replies(&fs::read(entry.unwrap().path()).unwrap()));
    let (mut accepted, mut rejected) = (BTreeSet::new(), BTreeSet::new());
    for reply in replies {
        if reply.is_success() { &mut accepted } else { &mut rejected }.extend(reply.path);
    }
    assert_eq!(accepted, paths(), "routes with an accepted seed");
    assert_eq!(rejected, paths(), "routes with a rejected seed");
}
