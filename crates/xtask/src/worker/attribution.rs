//! Which crate the code of a WebAssembly module comes from, by the names of its functions.
//!
//! A function belongs to the crate at the beginning of its name, or of the type whose method it is: what a generic
//! function of one crate became for the types of another counts for the former, and what was inlined counts for the
//! function it went into. Source: WebAssembly core specification, 2.0, code section and custom section "name".

use std::collections::BTreeMap;

use anyhow::ensure;
use wasmparser::{BinaryReader, Name, NameSectionReader, Parser, Payload, TypeRef};

/// The bytes of a module by what they are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Attribution {
    /// Code by crate, heaviest first.
    pub(crate) crates: Vec<(String, usize)>,
    /// All code.
    pub(crate) code_bytes: usize,
    /// Constants and tables.
    pub(crate) data_bytes: usize,
}

/// Functions without a crate in their name: the runtime of C, glue of `wasm-bindgen`.
const NO_CRATE: &str = "(no crate)";

impl Attribution {
    /// Reads a module that has its names.
    pub(crate) fn of(module: &[u8]) -> anyhow::Result<Self> {
        let mut imported = 0_u32;
        let mut sizes = Vec::new();
        let mut names = BTreeMap::new();
        let mut data_bytes = 0;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                    }
                }
                Payload::CodeSectionEntry(body) => sizes.push(body.range().len()),
                Payload::DataSection(section) => data_bytes = section.range().len(),
                Payload::CustomSection(section) if section.name() == "name" => {
                    let reader = BinaryReader::new(section.data(), section.data_offset());
                    names = function_names(NameSectionReader::new(reader))?;
                }
                _ => {}
            }
        }
        ensure!(!names.is_empty(), "the module has lost the names of its functions");
        let mut by_crate = BTreeMap::<String, usize>::new();
        for (index, size) in (imported..).zip(&sizes) {
            let name = names.get(&index).and_then(|name| crate_of(name)).unwrap_or(NO_CRATE);
            *by_crate.entry(name.to_owned()).or_default() += size;
        }
        let mut crates: Vec<_> = by_crate.into_iter().collect();
        crates.sort_by_key(|(_, size)| std::cmp::Reverse(*size));
        Ok(Self { crates, code_bytes: sizes.iter().sum(), data_bytes })
    }
}

fn function_names(sections: NameSectionReader<'_>) -> anyhow::Result<BTreeMap<u32, String>> {
    let mut names = BTreeMap::new();
    for section in sections {
        if let Name::Function(map) = section? {
            for naming in map {
                let naming = naming?;
                names.insert(naming.index, naming.name.to_owned());
            }
        }
    }
    Ok(names)
}

/// The crate at the beginning of a demangled name: `a::b`, `<a::B as c::D>::e`, `<&T as c::D>::e`, `core[1f]::a`.
fn crate_of(name: &str) -> Option<&str> {
    let path = name.trim_start_matches(['<', '&', '(', '[', '*']);
    let path = ["mut ", "const ", "dyn "].iter().fold(path, |path, word| path.trim_start_matches(word));
    let end = path.find(|character: char| !character.is_alphanumeric() && character != '_')?;
    let (first, rest) = path.split_at(end);
    if !first.is_empty() && (rest.starts_with("::") || rest.starts_with('[')) {
        return Some(first);
    }
    // A primitive type or a parameter: the trait says whose code it is.
    crate_of(name.split_once(" as ")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crate_of_a_function_is_where_its_name_begins() {
        assert_eq!(crate_of("m365_app::front::answer::h0123456789abcdef"), Some("m365_app"));
        assert_eq!(crate_of("<worker::delay::Delay as core::future::Future>::poll"), Some("worker"));
        assert_eq!(crate_of("core[c5930c85a12de822]::result::unwrap_failed"), Some("core"));
        assert_eq!(crate_of("<dyn a::B as c::D>::e"), Some("a"));
    }

    #[test]
    fn a_method_of_a_primitive_type_belongs_to_the_crate_of_its_trait() {
        assert_eq!(crate_of("<&T as serde_core::ser::Serialize>::serialize"), Some("serde_core"));
        assert_eq!(crate_of("<u8 as core::fmt::Display>::fmt"), Some("core"));
    }

    #[test]
    fn a_name_without_a_path_has_no_crate() {
        assert_eq!(crate_of("__wbindgen_malloc"), None);
        assert_eq!(crate_of("memcpy externref shim"), None);
    }

    #[test]
    fn a_module_is_counted_by_crate_and_without_names_is_refused() {
        // One function `a::b` of two bytes: no locals, end.
        let head = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b";
        let names = b"\0\x0e\x04name\x01\x07\x01\0\x04a::b";
        let found = Attribution::of(&[head.as_slice(), names].concat()).unwrap();
        assert_eq!(found, Attribution { crates: vec![("a".to_owned(), 2)], code_bytes: 2, data_bytes: 0 });
        assert!(Attribution::of(head).is_err());
    }
}
