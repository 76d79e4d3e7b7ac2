//! Which files hold tests only: by their place, or because a `#[cfg(test)] mod name;` declares them.

use crate::source::Source;
use crate::workspace::File;

/// The test files of a crate.
pub(super) struct TestFiles {
    declared: Vec<String>,
}

impl TestFiles {
    /// Reads the declarations of all files.
    pub(super) fn among(files: &[File]) -> Self {
        Self { declared: files.iter().flat_map(declared_by).collect() }
    }

    /// Whether this file holds tests only.
    pub(super) fn contain(&self, path: &str) -> bool {
        let inside = |module: &str| path.strip_prefix(module).is_some_and(|rest| rest.starts_with('/'));
        let declared = |known: &String| known == path || inside(known.trim_end_matches(".rs"));
        by_place(path) || self.declared.iter().any(declared)
    }
}

/// Integration tests and benches, and the usual names of test modules, below `crates/NAME/`.
fn by_place(path: &str) -> bool {
    path.split('/').skip(2).any(|part| matches!(part, "tests" | "tests.rs" | "benches"))
}

/// The files a file declares as test modules.
fn declared_by(file: &File) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let stem = name.trim_end_matches(".rs");
    let inner =
        if matches!(stem, "lib" | "main" | "mod") { folder.to_owned() } else { format!("{folder}/{stem}") };
    let modules = Source::new(&file.text).outside_test_modules().into_iter();
    modules
        .map(|(module, path)| match path {
            Some(path) => format!("{folder}/{path}"),
            None => format!("{inner}/{module}.rs"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_files_and_what_lies_below_them_are_test_files() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let tests = TestFiles::among(&[
            file("crates/a/src/lib.rs", "#[cfg(test)]\nmod fakes;\nmod real;\n"),
            file("crates/a/src/grant.rs", "#[cfg(test)]\n#[path = \"grant_cases.rs\"]\nmod tests;\n"),
        ]);
        assert!(tests.contain("crates/a/src/fakes.rs"));
        assert!(tests.contain("crates/a/src/fakes/mod.rs"));
        assert!(tests.contain("crates/a/src/grant_cases.rs"));
        assert!(!tests.contain("crates/a/src/real.rs"));
        assert!(!tests.contain("crates/a/src/fakes_of_value.rs"));
    }

    #[test]
    fn places_of_tests_are_known_and_similar_names_are_not() {
        assert!(by_place("crates/a/tests/flow.rs"));
        assert!(by_place("crates/a/src/grant/tests.rs"));
        assert!(!by_place("crates/a/src/latest.rs"));
        assert!(!by_place("crates/tests/src/lib.rs"));
    }
}
