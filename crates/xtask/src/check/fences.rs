//! The dependency fences: which room may import which, and what may not be in a core room's tree at all.
//!
//! Direct edges come from `cargo metadata`; the tree of a core room comes from `cargo tree` of that room alone,
//! because only there are the features those that the room itself asks for.

use std::collections::{BTreeMap, BTreeSet};

use super::Verdict;
use super::room_table::{FORBIDDEN_IN_CORE, Forbidden, RESERVED, ROOMS, Room};
use crate::run;
use crate::workspace::{Kind, PREFIX, Package, Workspace};

/// Checks rooms, reserved packages and the trees of core rooms.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let mut findings: Vec<String> = workspace.packages.iter().flat_map(edges).collect();
    findings.extend(workspace.packages.iter().flat_map(reserved));
    for package in &workspace.packages {
        findings.extend(lint_table(package, &workspace.read(&package.manifest())?));
        if room(package).is_some_and(|room| room.core) {
            let arguments = ["tree", "--locked", "--edges", "normal", "--target", "all", "--prefix", "depth"];
            let mut command = workspace.cargo(&arguments);
            let tree = Tree::parse(&run::stdout_of(command.args(["--package", &package.name]))?);
            findings.extend(FORBIDDEN_IN_CORE.iter().filter_map(|rule| forbidden(package, &tree, rule)));
        }
    }
    Ok(Verdict { remark: format!("{} rooms", workspace.packages.len()), findings })
}

fn room(package: &Package) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == package.room())
}

/// Edges to other rooms that the table does not list.
fn edges(package: &Package) -> Vec<String> {
    let Some(room) = room(package) else {
        return vec![format!(
            "{} is not in the table of rooms; add a row to crates/xtask/src/check/room_table.rs with what it may import.",
            package.name
        )];
    };
    let allowed = |name: &str, kind| {
        room.imports.contains(&name) || (kind == Kind::Dev && room.tests_import.contains(&name))
    };
    package
        .dependencies
        .iter()
        .filter_map(|dependency| Some((dependency.name.strip_prefix(PREFIX)?, dependency.kind)))
        .filter(|(name, kind)| !allowed(name, *kind))
        .map(|(name, _)| {
            format!(
                "{} may not import {name}; it may import: {}. Let the composition in `app` or a port join the two.",
                room.name,
                if room.imports.is_empty() { "no room".to_owned() } else { room.imports.join(", ") }
            )
        })
        .collect()
}

fn reserved(package: &Package) -> Vec<String> {
    let lines = package.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev);
    lines
        .filter_map(|line| RESERVED.iter().find(|rule| rule.package == line.name))
        .filter(|rule| !rule.rooms.contains(&package.room()))
        .map(|rule| {
            format!(
                "{} depends on {}, which only {} may; call that room instead.",
                package.name,
                rule.package,
                rule.rooms.join(" and ")
            )
        })
        .collect()
}

fn lint_table(package: &Package, manifest: &str) -> Option<String> {
    let mut lines = manifest.lines().map(str::trim).skip_while(|line| *line != "[lints]").skip(1);
    let inherits = lines.find(|line| !line.is_empty()) == Some("workspace = true");
    (!inherits).then(|| {
        format!("{} does not inherit the lints; add `[lints]` with `workspace = true`.", package.manifest())
    })
}

fn forbidden(package: &Package, tree: &Tree, rule: &Forbidden) -> Option<String> {
    let cut: Vec<&str> = rule.below.iter().map(|(name, _)| *name).collect();
    let path = tree.path_to(rule.package, &cut)?;
    let only = |(name, reason): &(&str, &str)| format!(" (It is tolerated only below {name}: {reason}.)");
    let tolerated: String = rule.below.iter().map(only).collect();
    Some(format!(
        "{} is a core room and brings {}: {}. Turn the feature off or move the code to a host.{tolerated}",
        package.name,
        rule.package,
        path.join(" -> ")
    ))
}

/// A dependency tree, read from `cargo tree --prefix depth`.
struct Tree {
    root: Option<String>,
    children: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// Lines look like `2rand_core v0.6.4 (*)`: depth, name, version.
    fn parse(text: &str) -> Self {
        let mut tree = Self { root: None, children: BTreeMap::new() };
        let mut ancestors: Vec<String> = Vec::new();
        for line in text.lines() {
            let digits = line.bytes().take_while(u8::is_ascii_digit).count();
            let (depth, rest) = line.split_at(digits);
            let Ok(depth) = depth.parse::<usize>() else { continue };
            let node = rest.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
            ancestors.truncate(depth);
            match ancestors.last() {
                Some(parent) => {
                    tree.children.entry(parent.clone()).or_default().insert(node.clone());
                }
                None => tree.root = Some(node.clone()),
            }
            ancestors.push(node);
        }
        tree
    }

    /// A shortest path from the root to `package` that does not pass through `cut`.
    fn path_to(&self, package: &str, cut: &[&str]) -> Option<Vec<String>> {
        let named = |node: &str, name: &str| node.split_once(' ').map_or(node, |(first, _)| first) == name;
        let mut seen = BTreeSet::new();
        let mut layer = vec![vec![self.root.clone()?]];
        while !layer.is_empty() {
            let mut next = Vec::new();
            for path in layer {
                let Some(node) = path.last() else { continue };
                if named(node, package) {
                    return Some(path);
                }
                if cut.iter().any(|cut| named(node, cut)) || !seen.insert(node.clone()) {
                    continue;
                }
                for child in self.children.get(node).into_iter().flatten() {
                    let mut longer = path.clone();
                    longer.push(child.clone());
                    next.push(longer);
                }
            }
            layer = next;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, dependencies: &[(&str, Kind)]) -> Package {
        Package {
            name: name.to_owned(),
            folder: PathBuf::from("crates").join(name),
            dependencies: dependencies
                .iter()
                .map(|(name, kind)| Dependency {
                    name: (*name).to_owned(),
                    key: (*name).to_owned(),
                    kind: *kind,
                })
                .collect(),
        }
    }

    #[test]
    fn every_import_of_the_table_names_a_room_and_none_looks_back() {
        for room in &ROOMS {
            for import in room.imports {
                let imported = ROOMS.iter().find(|other| other.name == *import).expect("a room");
                assert!(
                    !imported.imports.contains(&room.name),
                    "{} and {import} import each other",
                    room.name
                );
                assert!(!room.core || imported.core, "core room {} imports {import}", room.name);
            }
        }
    }

    #[test]
    fn a_listed_edge_passes_and_an_unlisted_one_is_named() {
        assert!(
            edges(&package("m365-auth", &[("m365-seal", Kind::Normal), ("serde", Kind::Normal)])).is_empty()
        );
        let found = edges(&package("m365-mcp", &[("m365-ports", Kind::Normal)]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("mcp may not import ports"));
    }

    #[test]
    fn an_unlisted_edge_is_found_in_dev_dependencies_too() {
        assert_eq!(edges(&package("m365-graph", &[("m365-contract", Kind::Dev)])).len(), 1);
    }

    #[test]
    fn a_crate_without_a_row_is_a_finding() {
        assert_eq!(edges(&package("m365-extra", &[])).len(), 1);
    }

    #[test]
    fn reserved_packages_have_one_home_and_tests_are_free() {
        assert!(reserved(&package("m365-seal", &[("hkdf", Kind::Normal)])).is_empty());
        assert!(reserved(&package("m365-app", &[("jsonwebtoken", Kind::Dev)])).is_empty());
        assert_eq!(reserved(&package("m365-app", &[("hkdf", Kind::Normal)])).len(), 1);
    }

    #[test]
    fn the_lint_table_must_inherit() {
        let package = package("m365-app", &[]);
        assert!(lint_table(&package, "[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n").is_none());
        assert!(lint_table(&package, "[package]\nedition.workspace = true\n").is_some());
        assert!(lint_table(&package, "[lints]\nworkspace = false\n").is_some());
    }

    const TREE: &str = "0m365-auth v0.1.0 (/w)\n1jsonwebtoken v11.1.0\n2getrandom v0.2.17\n1rand v0.8.8\n2rand_core v0.6.4\n3serde v1.0.0\n1uuid v1.0.0\n2rand v0.8.8 (*)\n";

    #[test]
    fn a_forbidden_package_is_found_with_its_path() {
        let path = Tree::parse(TREE).path_to("rand_core", &[]).unwrap();
        assert_eq!(path, ["m365-auth v0.1.0", "rand v0.8.8", "rand_core v0.6.4"]);
    }

    #[test]
    fn a_tolerated_path_is_cut_but_another_path_is_not() {
        let rule = &FORBIDDEN_IN_CORE[0];
        let package = package("m365-auth", &[]);
        assert!(forbidden(&package, &Tree::parse(TREE), rule).is_none());
        let direct = format!("{TREE}1getrandom v0.4.3\n");
        assert!(forbidden(&package, &Tree::parse(&direct), rule).unwrap().contains("getrandom v0.4.3"));
    }

    #[test]
    fn a_package_whose_name_only_begins_alike_is_not_found() {
        assert!(Tree::parse("0a v1\n1hyper-util v1\n").path_to("hyper", &[]).is_none());
    }
}
