//! The guides show code that stands in this crate, or in the crates they name, word for word.

use std::{fs, path::Path};

const GUIDES: [&str; 3] = ["docs/write-an-adapter.md", "docs/events.md", "docs/custom-settings.md"];

/// A guide's pieces of code, each under a comment that names the file it is from; `// …` stands for what was left out.
fn pieces(guide: &str) -> impl Iterator<Item = (&str, &str)> {
    let comments = guide.split("<!-- ").skip(1);
    // Other checks run the code under these comments.
    comments.filter(|rest| !rest.starts_with("test: ") && !rest.starts_with("not run: ")).map(|rest| {
        let (file, rest) = rest.split_once(" -->\n```rust\n").expect("code follows the file's name");
        (file, rest.split_once("```").expect("code ends").0)
    })
}

/// Without indentation, which is the file's business.
fn lines(code: &str) -> Vec<&str> {
    code.lines().map(str::trim).collect()
}

#[test]
fn shows_only_code_that_is_in_its_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in GUIDES {
        let guide = fs::read_to_string(root.join(name)).unwrap();
        let mut compared = 0;
        for (file, code) in pieces(&guide) {
            let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let (source, code) = (lines(&source), lines(code));
            for part in code.split(|line| *line == "// …") {
                let stands = source.windows(part.len()).any(|lines| lines == part);
                assert!(stands, "{name} shows what is not in {file}:\n{}", part.join("\n"));
            }
            compared += 1;
        }
        assert_eq!(compared, guide.matches("```rust").count(), "each piece in {name} names its file");
    }
}
