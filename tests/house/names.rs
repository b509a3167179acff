//! Owns the rule that each type name is declared only once in the whole source, so that readers always know which type
//! is meant.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Source, identifier, sources};

/// Names that any screen, widget or state machine may declare, as is usual with iced.
const MAY_REPEAT: [&str; 3] = ["Message", "Action", "State"];

/// Names that are allowed to have more than one meaning for now. Remove a name once it has only one meaning; the test
/// rejects needless entries.
const NOT_YET: [&str; 0] = [];

/// Returns the types that a file declares outside its tests, either at the start of a line or with the macro `named!`.
/// Associated types and types inside functions are indented, so they do not count.
fn types_in(source: &Source) -> BTreeSet<String> {
    let code = source.code_in_use();
    let mut types = BTreeSet::new();
    let mut is_named_macro = false;
    for line in code.lines() {
        if line.starts_with("named! {") {
            is_named_macro = true;
        } else if is_named_macro && line.starts_with("    ") && !line.starts_with("     ") && line.ends_with('{') {
            types.insert(identifier(line.trim()).to_owned());
            is_named_macro = false;
        }
        let rest = line.strip_prefix("pub").map_or(line, |rest| match rest.strip_prefix('(') {
            Some(rest) => rest.split_once(')').map_or(rest, |(_, rest)| rest).trim_start(),
            None => rest.trim_start(),
        });
        for keyword in ["struct ", "enum ", "trait ", "type ", "union "] {
            types.extend(rest.strip_prefix(keyword).map(|rest| identifier(rest).to_owned()));
        }
    }
    types
}

#[test]
fn a_type_name_means_one_thing() {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| !source.is_test()) {
        for name in types_in(source) {
            declared.entry(name).or_default().push(source.path.clone());
        }
    }
    assert!(declared.len() > 300, "only {} types are found", declared.len());
    declared.retain(|name, files| files.len() > 1 && !MAY_REPEAT.contains(&name.as_str()));
    let stale: Vec<&str> = NOT_YET.into_iter().filter(|name| !declared.contains_key(*name)).collect();
    declared.retain(|name, _| !NOT_YET.contains(&name.as_str()));
    assert!(declared.is_empty(), "these names have more than one meaning; make each of them specific: {declared:#?}");
    assert!(stale.is_empty(), "these have one meaning now; remove them from NOT_YET: {stale:?}");
}

#[test]
fn types_are_found_in_every_form_of_a_declaration() {
    let types = |text: &str| {
        let source = Source { path: "src/a/b.rs".into(), top: "a".into(), depth: 2, text: text.into() };
        types_in(&source).into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(types("pub struct A<T>(T);\nenum B {\n}\npub(super) trait C: Send {\n    type D;\n}"), "A B C");
    assert_eq!(types("pub type E = u8;\nimpl F for G {\n    type H = u8;\n}\n// struct I;"), "E");
    assert_eq!(types("named! {\n    /// A place.\n    Place {\n        Beach = \"beach\",\n    }\n}"), "Place");
    assert_eq!(types("struct A;\n#[cfg(test)]\nmod tests {\nstruct B;\n}"), "A");
}
