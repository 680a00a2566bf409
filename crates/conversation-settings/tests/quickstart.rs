//! The quick start is one program, shown in three places.

const EXAMPLE: &str = include_str!("../examples/quickstart.rs");

/// The example without the lines that only this workspace needs.
fn program() -> &'static str {
    &EXAMPLE[EXAMPLE.find("use conversation_settings").expect("the example uses the crate")..]
}

#[test]
fn finds_example_in_readme() {
    assert!(include_str!("../../../README.md").contains(program()));
}

#[test]
fn finds_example_in_crate_docs() {
    let line = |line: &'static str| line.strip_prefix("//! ").or(line.strip_prefix("//!"));
    let docs: Vec<_> = include_str!("../src/lib.rs").lines().map_while(line).collect();
    assert!(docs.join("\n").contains(program()));
}
