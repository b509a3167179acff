//! Owns the rule that modules in the same folder do not use each other in a circle, directly or through others, because
//! none of the modules in a circle can be understood alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Source, begins_a_word, identifier, sources};

type Path = Vec<String>;

/// Dependencies between siblings that are forbidden. Each entry holds the parent module, a module in it, and the
/// siblings that the latter must not use, either directly or through others.
const NEVER: [(&str, &str, &[&str]); 5] = [
    ("sound", "dsp", &["beds", "score", "engine", "tracks", "output", "offline"]),
    ("sound", "engine", &["tracks", "output", "offline"]),
    ("sound", "score", &["engine", "tracks", "output", "offline"]),
    ("sound", "tracks", &["output", "offline"]),
    ("sound", "output", &["tracks", "offline"]),
];

/// Adds to `found` the path of modules that consists of `beginning` and `rest`. If `rest` has a group in braces, adds
/// one path for each item of the group.
fn paths_after(beginning: &[String], rest: &str, found: &mut Vec<Path>) {
    let rest = rest.trim_start();
    if let Some(group) = rest.strip_prefix('{') {
        let (mut depth, mut item) = (0, String::new());
        for char in group.chars() {
            match char {
                '}' if depth == 0 => break,
                ',' if depth == 0 => paths_after(beginning, &std::mem::take(&mut item), found),
                _ => {
                    depth += i32::from(char == '{') - i32::from(char == '}');
                    item.push(char);
                }
            }
        }
        if !item.trim().is_empty() {
            paths_after(beginning, &item, found);
        }
        return;
    }
    let name = identifier(rest);
    let mut path = beginning.to_vec();
    match name {
        "super" => drop(path.pop()),
        "" | "self" => {}
        _ => path.push(name.to_owned()),
    }
    match rest[name.len()..].strip_prefix("::") {
        Some(more) if !name.is_empty() => paths_after(&path, more, found),
        _ => found.push(path),
    }
}

fn modules_used_in(source: &Source, modules: &BTreeSet<Path>) -> BTreeSet<Path> {
    let own = source.module();
    let code = source.code_in_use();
    let mut found = Vec::new();
    for word in ["crate", "super", "self"] {
        for (at, _) in code.match_indices(&format!("{word}::")).filter(|(at, _)| begins_a_word(&code, *at)) {
            let beginning = match word {
                "crate" => Path::new(),
                "super" => own[..own.len() - 1].to_vec(),
                _ => own.clone(),
            };
            paths_after(&beginning, &code[at + word.len() + 2..], &mut found);
        }
    }
    let nearest = found.into_iter().filter_map(|mut path| {
        while !path.is_empty() && !modules.contains(&path) {
            path.pop();
        }
        (!path.is_empty()).then_some(path)
    });
    nearest.collect()
}

/// For each folder, the modules in it, each with the siblings that it uses.
type Graph = BTreeMap<Path, BTreeMap<String, BTreeSet<String>>>;

fn graph() -> Graph {
    let sources: Vec<Source> =
        sources().into_iter().filter(|source| !source.is_test() && !source.module().is_empty()).collect();
    let modules: BTreeSet<Path> = sources.iter().map(Source::module).collect();
    let mut graph = Graph::new();
    for source in &sources {
        let own = source.module();
        for other in modules_used_in(source, &modules) {
            let common = own.iter().zip(&other).take_while(|(one, two)| one == two).count();
            if let (Some(one), Some(two)) = (own.get(common), other.get(common)) {
                let siblings = graph.entry(own[..common].to_vec()).or_default();
                siblings.entry(one.clone()).or_default().insert(two.clone());
            }
        }
    }
    graph
}

fn reaches(names: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(name) = next.pop() {
        for other in names.get(&name).into_iter().flatten() {
            if reached.insert(other.clone()) {
                next.push(other.clone());
            }
        }
    }
    reached
}

#[test]
fn siblings_do_not_use_each_other_in_a_circle() {
    let mut found = BTreeSet::new();
    for (folder, names) in graph() {
        let reached: BTreeMap<&String, BTreeSet<String>> =
            names.keys().map(|name| (name, reaches(&names, name))).collect();
        for (name, others) in reached.iter().filter(|(name, others)| others.contains(**name)) {
            let circle = others.iter().filter(|other| reached.get(other).is_some_and(|back| back.contains(*name)));
            found.insert((folder.join("::"), circle.cloned().collect::<Vec<_>>()));
        }
    }
    assert!(found.is_empty(), "these use each other in a circle: {found:#?}");
}

#[test]
fn siblings_with_a_direction_keep_it() {
    let graph = graph();
    for (folder, who, never) in NEVER {
        let names = &graph[&folder.split("::").map(str::to_owned).collect::<Path>()];
        let wrong: Vec<_> = reaches(names, who).into_iter().filter(|name| never.contains(&name.as_str())).collect();
        assert!(wrong.is_empty(), "{folder}::{who} uses {wrong:?}");
    }
}

#[test]
fn paths_are_found_in_every_form() {
    let source = |text: &str| Source { path: "src/a/b.rs".into(), top: "a".into(), depth: 2, text: text.into() };
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Path>();
    let modules: BTreeSet<Path> = ["a", "a::b", "a::c", "a::d", "e", "e::f"].map(path).into();
    let named = |text: &str| {
        let named = modules_used_in(&source(text), &modules);
        named.iter().map(|path| path.join("::")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(named("use super::{c::{X, Y}, d};"), "a::c a::d");
    assert_eq!(named("fn f(x: crate::e::f::Z) { super::super::e::g() }"), "e e::f");
    assert_eq!(named("use crate::{a::c, e::{self, f}};"), "a::c e e::f");
    assert_eq!(named("// super::d is another matter\nlet x = xsuper::c;"), "");
}
