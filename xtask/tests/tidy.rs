//! House rules that no compiler checks.
#![expect(clippy::unwrap_used, reason = "sources that cannot be read fail the test, as they should")]

use std::fs;
use std::path::{Path, PathBuf};

/// Where Rust code of this repository lies.
const CRATES: [&str; 5] = ["domain", "app", "store", "server", "xtask"];
/// The one file that may write this element, because its text must be escaped by hand.
const TEXTAREA: &str = "app/src/components/textarea.rs";
const MAX_LINES: usize = 400;

struct Source {
    /// From the repository's root.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// What comes before the tests.
    fn code(&self) -> &str {
        self.text.split("\n#[cfg(test)]").next().unwrap_or_default()
    }

    /// The numbers of lines for which this holds, comments aside.
    fn lines_where(&self, holds: impl Fn(&str) -> bool) -> Vec<usize> {
        let lines = self.text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim_start().starts_with("//") && holds(line))
            .map(|(index, _)| index + 1)
            .collect()
    }
}

fn too_long(source: &Source) -> bool {
    source.code().lines().count() > MAX_LINES
}

fn allows(source: &Source) -> Vec<usize> {
    // In two pieces, so that this file passes its own test.
    source.lines_where(|line| {
        [concat!("#[", "allow("), concat!("#![", "allow(")].iter().any(|start| line.contains(start))
    })
}

fn is_named_for_nothing(source: &Source) -> bool {
    let names = ["utils", "util", "common", "helpers", "helper", "manager", "service"];
    source.path.split(['/', '.']).any(|part| names.contains(&part))
}

fn queries_outside_the_store(source: &Source) -> Vec<usize> {
    if source.path.starts_with("store/") {
        return Vec::new();
    }
    let macros = [concat!("query", "!("), concat!("query_as", "!("), concat!("query_scalar", "!(")];
    source.lines_where(|line| macros.iter().any(|name| line.contains(name)))
}

fn bare_textareas(source: &Source) -> Vec<usize> {
    if source.path == TEXTAREA {
        return Vec::new();
    }
    source.lines_where(|line| line.contains(concat!("<", "textarea")))
}

fn root() -> PathBuf {
    // Asked when run: compiled, it could be another checkout's that shares the target folder.
    Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).parent().unwrap().to_owned()
}

fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = CRATES.iter().map(|name| root().join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
                found.push(Source::new(name, &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > CRATES.len(), "the sources were not found");
    found
}

#[track_caller]
fn assert_no_source(offends: impl Fn(&Source) -> bool, rule: &str) {
    let found: Vec<String> = sources().into_iter().filter(offends).map(|source| source.path).collect();
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[track_caller]
fn assert_no_line(offending: impl Fn(&Source) -> Vec<usize>, rule: &str) {
    let at = |source: Source| {
        let lines = offending(&source);
        lines.into_iter().map(move |line| format!("{}:{line}", source.path))
    };
    let found: Vec<String> = sources().into_iter().flat_map(at).collect();
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

#[test]
fn files_are_short_enough_to_read() {
    assert_no_source(too_long, "split a file of more than 400 lines before its tests by what its parts do");
    let lines = |count| "x\n".repeat(count);
    assert!(too_long(&Source::new("a.rs", &lines(401))));
    assert!(!too_long(&Source::new("a.rs", &format!("{}\n#[cfg(test)]\n{}", lines(399), lines(399)))));
}

#[test]
fn lints_are_expected_with_a_reason_and_not_allowed() {
    assert_no_line(allows, "write #[expect(…, reason = …)] instead");
    let source = Source::new("a.rs", concat!("// #[", "allow(x)\n    #[", "allow(x)]"));
    assert_eq!(allows(&source), [2]);
}

#[test]
fn modules_are_named_for_what_they_do() {
    assert_no_source(is_named_for_nothing, "name the module for what it does");
    assert!(is_named_for_nothing(&Source::new("app/src/utils/text.rs", "")));
    assert!(!is_named_for_nothing(&Source::new("server/src/commonplace.rs", "")));
}

#[test]
fn only_the_store_asks_the_database() {
    assert_no_line(queries_outside_the_store, "move the query to the crate store");
    let text = concat!("sqlx::query_as", "!(Row, \"select\")");
    assert_eq!(queries_outside_the_store(&Source::new("server/src/a.rs", text)), [1]);
    assert!(queries_outside_the_store(&Source::new("store/src/a.rs", text)).is_empty());
}

#[test]
fn long_text_is_typed_into_the_one_component_that_escapes_it() {
    assert_no_line(bare_textareas, "use the component in app/src/components/textarea.rs");
    assert_eq!(bare_textareas(&Source::new("app/src/a.rs", concat!("<", "textarea name=x>"))), [1]);
}
