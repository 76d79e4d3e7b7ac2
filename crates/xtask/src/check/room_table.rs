//! The rooms and their fences, as data. `docs/architecture` explains them; this table is what holds.

/// A crate of the workspace and what it may import.
pub(super) struct Room {
    /// Folder name, which is the package name without prefix.
    pub(super) name: &'static str,
    /// Rooms it may name in its dependencies.
    pub(super) imports: &'static [&'static str],
    /// Rooms it may name in its dev-dependencies besides.
    pub(super) tests_import: &'static [&'static str],
    /// Core rooms compile for every host: no runtime, socket, database or ambient randomness in their tree.
    pub(super) core: bool,
}

/// Every room. A crate that is not listed is a finding.
pub(super) const ROOMS: [Room; 21] = [
    core("types", &[]),
    core("ports", &["types"]),
    core("seal", &["types"]),
    core("text", &[]),
    core("documents", &["ports", "text"]),
    // The model of grants is held against the records that the journal really writes.
    Room { tests_import: &["journal"], ..core("auth", &["types", "ports", "seal"]) },
    core("mcp", &["types"]),
    host("mcp-fixture", &["mcp"]),
    core("graph", &["types", "ports", "text"]),
    core("egress", &["types", "ports", "seal"]),
    // The policies that ship are held against the rows there really are.
    Room { tests_import: &["graph"], ..core("policy", &["types", "text"]) },
    core("journal", &["types", "ports", "seal"]),
    core("app", &["types", "ports", "seal", "text", "auth", "mcp", "graph", "egress", "policy", "journal"]),
    host("sandbox", &["types"]),
    Room {
        tests_import: &["port-suite"],
        ..host("host-native", &["types", "ports", "seal", "journal", "documents", "app", "sandbox"])
    },
    host("host-worker", &["types", "ports", "app"]),
    host("host-worker-test", &["types", "ports", "app", "host-worker", "port-suite"]),
    host("documents-worker", &["documents"]),
    host("contract", &[]),
    core("port-suite", &["types", "ports"]),
    host("xtask", &["contract"]),
];

/// A package that core rooms may not have anywhere in their dependency tree.
pub(super) struct Forbidden {
    /// The package.
    pub(super) package: &'static str,
    /// Packages below which it is tolerated, each with the reason.
    pub(super) below: &'static [(&'static str, &'static str)],
}

/// What would tie a core room to one host.
pub(super) const FORBIDDEN_IN_CORE: [Forbidden; 6] = [
    Forbidden {
        package: "getrandom",
        below: &[
            (
                "jsonwebtoken",
                "it brings the random generator of its signers; verification, which is all the core calls, draws none",
            ),
            (
                "ed25519-dalek",
                "its traits come with a random generator where jsonwebtoken asks for one; a signature of Ed25519 draws none",
            ),
        ],
    },
    Forbidden { package: "hyper", below: &[] },
    Forbidden { package: "reqwest", below: &[] },
    Forbidden { package: "rusqlite", below: &[] },
    Forbidden { package: "tokio", below: &[] },
    Forbidden { package: "ureq", below: &[] },
];

/// A package that only some rooms may depend on directly (dev-dependencies are free).
pub(super) struct Reserved {
    /// The package.
    pub(super) package: &'static str,
    /// The rooms that may.
    pub(super) rooms: &'static [&'static str],
}

/// Cryptography and databases have one home each.
pub(super) const RESERVED: [Reserved; 10] = [
    Reserved { package: "cedar-policy", rooms: &["policy"] },
    Reserved { package: "chacha20poly1305", rooms: &["seal"] },
    Reserved { package: "ed25519-dalek", rooms: &["seal"] },
    Reserved { package: "getrandom", rooms: &["host-native", "host-worker"] },
    Reserved { package: "hkdf", rooms: &["seal"] },
    Reserved { package: "jsonwebtoken", rooms: &["auth", "sandbox"] },
    Reserved { package: "ring", rooms: &["host-native"] },
    Reserved { package: "rsa", rooms: &["sandbox"] },
    Reserved { package: "rusqlite", rooms: &["host-native"] },
    Reserved { package: "ureq", rooms: &["contract"] },
];

const fn core(name: &'static str, imports: &'static [&'static str]) -> Room {
    Room { name, imports, tests_import: &[], core: true }
}

const fn host(name: &'static str, imports: &'static [&'static str]) -> Room {
    Room { name, imports, tests_import: &[], core: false }
}
