//! `cargo xtask docs`: the documents that the program's own tables generate.
//!
//! The generator is an example of the composing crate, so that the tables it prints are the tables that run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::Args;

use crate::run;
use crate::workspace::Workspace;

/// Where generated documents live.
const FOLDER: &str = "docs/generated";

/// Options of `cargo xtask docs`.
#[derive(Args)]
pub(crate) struct Options {
    /// Change nothing; name the files that differ and fail if there are any.
    #[arg(long)]
    check: bool,
}

/// Generates the documents, or tells whether they are up to date.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    if options.check {
        let differences = differences(workspace)?;
        for difference in &differences {
            run::say(difference);
        }
        return Ok(differences.is_empty());
    }
    let generated = generate(workspace)?;
    let folder = workspace.root.join(FOLDER);
    std::fs::create_dir_all(&folder).with_context(|| format!("{FOLDER} cannot be created"))?;
    for stale in documents(&folder)?.keys().filter(|name| !generated.contains_key(*name)) {
        std::fs::remove_file(folder.join(stale))?;
    }
    for (name, text) in &generated {
        std::fs::write(folder.join(name), text)
            .with_context(|| format!("{FOLDER}/{name} cannot be written"))?;
        run::say(&format!("wrote {FOLDER}/{name}"));
    }
    Ok(true)
}

/// One sentence for each document that is missing, stale or surplus.
pub(crate) fn differences(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let committed = documents(&workspace.root.join(FOLDER))?;
    Ok(compare(&committed, &generate(workspace)?))
}

fn compare(committed: &BTreeMap<String, String>, generated: &BTreeMap<String, String>) -> Vec<String> {
    let advice = "run `cargo xtask docs` and commit the result.";
    let mut sentences = Vec::new();
    for (name, text) in generated {
        match committed.get(name) {
            None => sentences.push(format!("{FOLDER}/{name} is missing; {advice}")),
            Some(old) if old != text => sentences
                .push(format!("{FOLDER}/{name} differs from line {}; {advice}", first_difference(old, text))),
            Some(_) => {}
        }
    }
    let surplus = committed.keys().filter(|name| !generated.contains_key(*name));
    sentences.extend(surplus.map(|name| format!("{FOLDER}/{name} is no longer generated; {advice}")));
    sentences
}

fn first_difference(old: &str, new: &str) -> usize {
    old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count() + 1
}

/// Builds and runs the generator into a folder of its own and reads what it wrote.
fn generate(workspace: &Workspace) -> anyhow::Result<BTreeMap<String, String>> {
    // The whole workspace is named so that its features, and so its built dependencies, are those of the tests.
    let arguments = ["build", "--quiet", "--locked", "--workspace", "--example", "docs"];
    let built = run::capture(&mut workspace.cargo(&arguments))?;
    anyhow::ensure!(
        built.success,
        "the generator (example `docs` of crate app) does not build:\n{}",
        built.text
    );
    let folder = fresh_folder(&workspace.target.join("xtask-docs"))?;
    let program = workspace.target.join("debug").join("examples").join("docs");
    run::stdout_of(Command::new(program).arg(&folder).current_dir(&workspace.root))?;
    let generated = documents(&folder)?;
    anyhow::ensure!(!generated.is_empty(), "the generator wrote no document");
    Ok(generated)
}

fn fresh_folder(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| format!("{} cannot be emptied", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    Ok(folder.to_path_buf())
}

/// The documents of a folder by name; an absent folder has none.
fn documents(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if !folder.exists() {
        return Ok(found);
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| path.extension().is_some_and(|end| end == "md")) {
            found.insert(name.to_string_lossy().into_owned(), std::fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn equal_folders_have_no_difference() {
        let files = folder(&[("a.md", "1\n")]);
        assert!(compare(&files, &files).is_empty());
    }

    #[test]
    fn missing_stale_and_surplus_documents_are_each_named() {
        let committed = folder(&[("a.md", "1\n2\n"), ("old.md", "")]);
        let found = compare(&committed, &folder(&[("a.md", "1\n3\n"), ("new.md", "")]));
        assert_eq!(found.len(), 3);
        assert!(found[0].contains("a.md differs from line 2"));
        assert!(found[1].contains("new.md is missing"));
        assert!(found[2].contains("old.md is no longer generated"));
    }
}
