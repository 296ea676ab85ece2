//! The tidy test: rules of the tree that no compiler checks.
//!
//! It reads manifests and sources as text, so its parsing is simple on purpose:
//! rustfmt has put one declaration on each line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

mod migrations;
pub mod tree;
use tree::{Package, files, packages, relative, report, root, text};

/// In [`EDGES`]: may depend on every crate of the workspace.
const EVERY: &[&str] = &["*"];

/// Which crates of the workspace each crate may depend on. `api`, `jobs` and
/// `admin-tui` never meet but in the crates that join everything.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("wire", &["domain"]),
    ("entities", &["domain"]),
    ("store", &["domain", "entities"]),
    ("migration", &[]),
    ("api", &["domain", "store", "wire"]),
    ("jobs", &["domain", "store"]),
    ("admin-tui", &["wire"]),
    ("embedded", &["migration"]),
    ("dev", EVERY),
    ("bench", EVERY),
    ("e2e", EVERY),
];

/// Crates whose tests may besides use [`MAKES_A_DATABASE`], to run on a database of their own.
const TESTED_ON_A_DATABASE: &[&str] = &["api", "entities", "jobs", "store"];

/// The server, and what migrates it up and down.
const MAKES_A_DATABASE: &[&str] = &["embedded", "migration"];

/// All that `domain` may use from outside: the rules know no framework.
const DOMAIN_USES: &[&str] = &["chrono", "chrono-tz", "serde", "thiserror", "uuid"];

/// Packages, by the start of their names, that only the listed crates may use:
/// one crate speaks to AWS, and the job queue is no part of the ledger.
const RESERVED: &[(&str, &[&str])] = &[("aws-sdk-", &["jobs"]), ("apalis", &["jobs", "migration"])];

/// Crates that count money, where a float would round it.
const COUNTS_MONEY: &[&str] = &["domain", "entities", "store", "wire"];

/// Files of those crates that may name a float type, each with its reason.
const FLOAT_ALLOWED: &[(&str, &str)] = &[];

/// What marks unfinished work. Put together here, so that this file is no finding.
const UNFINISHED: &[&str] = &[
    concat!("to", "do!"),
    concat!("unimplemented", "!"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
];

#[test]
fn crates_depend_only_on_the_crates_that_they_may() {
    let packages = packages();
    let names: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut problems = Vec::new();
    for Package { name, .. } in &packages {
        if !EDGES.iter().any(|(crate_name, _)| crate_name == name) {
            problems.push(format!("{name} is new: give it a row in EDGES"));
        }
    }
    for package in &packages {
        let name = package.name.as_str();
        let row = EDGES.iter().find(|(crate_name, _)| *crate_name == name);
        let allowed = row.map_or(&[][..], |(_, allowed)| allowed);
        for (kind, dependency) in package.dependencies() {
            let dependency = dependency.as_str();
            let tested = kind == "dev-dependencies"
                && MAKES_A_DATABASE.contains(&dependency)
                && TESTED_ON_A_DATABASE.contains(&name);
            let fine = allowed == EVERY || allowed.contains(&dependency) || tested;
            if names.contains(dependency) && !fine {
                problems.push(format!("{name} must not depend on {dependency} ([{kind}])"));
            }
        }
    }
    report("A crate may depend only on the crates that EDGES gives it.", &problems);
}

#[test]
fn outside_crates_are_used_where_they_belong() {
    let mut problems = Vec::new();
    for package in packages() {
        let name = package.name.as_str();
        for (kind, dependency) in package.dependencies() {
            let shipped = kind != "dev-dependencies";
            if name == "domain" && shipped && !DOMAIN_USES.contains(&dependency.as_str()) {
                problems.push(format!("domain must not use {dependency}"));
            }
            let reserved = RESERVED.iter().find(|(start, _)| dependency.starts_with(start));
            if reserved.is_some_and(|(_, owners)| !owners.contains(&name)) {
                problems.push(format!("{name} must not use {dependency} ([{kind}])"));
            }
        }
    }
    report("RESERVED and DOMAIN_USES say which crate may use what.", &problems);
}

#[test]
fn every_source_file_is_part_of_a_crate() {
    let mut problems = Vec::new();
    for package in packages() {
        let mut reached = BTreeSet::new();
        for root in package.crate_roots() {
            reach(&root, true, &mut reached);
        }
        let sources = ["src", "tests", "benches", "examples"].map(|dir| package.dir.join(dir));
        for file in sources.iter().flat_map(|dir| files(dir, &["rs"])) {
            if !reached.contains(&file) {
                problems.push(relative(&file));
            }
        }
    }
    report(
        "No `mod` leads to these files from lib.rs, main.rs, bin/, benches/ or tests/it/main.rs, \
         so nothing compiles them. Declare or delete them; tests belong into the crate's one test \
         binary under tests/it/.",
        &problems,
    );
}

/// Notes `file` and all files that its `mod` lines lead to.
fn reach(file: &Path, is_crate_root: bool, reached: &mut BTreeSet<PathBuf>) {
    if !file.is_file() || !reached.insert(file.to_owned()) {
        return;
    }
    let here = file.parent().expect("a file has a directory");
    let below = if is_crate_root || file.ends_with("mod.rs") {
        here.to_owned()
    } else {
        file.with_extension("")
    };
    let source = text(file);
    let mut attribute_path = None;
    for line in source.lines().map(str::trim) {
        if let Some(path) = line.strip_prefix("#[path = \"") {
            attribute_path = path.split('"').next();
        } else if let Some(name) = declared_module(line) {
            if let Some(path) = attribute_path.take() {
                reach(&normal(&here.join(path)), false, reached);
            } else {
                reach(&below.join(format!("{name}.rs")), false, reached);
                reach(&below.join(name).join("mod.rs"), false, reached);
            }
        }
    }
}

/// The name in `mod name;`, whatever its visibility.
fn declared_module(line: &str) -> Option<&str> {
    let (before, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
    let visible = before.is_empty() || before.starts_with("pub");
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (visible && is_name).then_some(name)
}

/// The path without `.` and `..`, by its text.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => _ = normal.pop(),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[test]
fn every_sql_file_is_included_exactly_once() {
    let mut uses: BTreeMap<PathBuf, Vec<String>> = BTreeMap::new();
    for package in packages() {
        for sql in files(&package.dir, &["sql"]) {
            uses.entry(sql).or_default();
        }
    }
    for source in packages().iter().flat_map(|package| files(&package.dir, &["rs"])) {
        let here = source.parent().expect("a file has a directory");
        for literal in sql_literals(&text(&source)) {
            if let Some(users) = uses.get_mut(&normal(&here.join(literal))) {
                users.push(relative(&source));
            }
        }
    }
    let wrong = uses.iter().filter(|(_, users)| users.len() != 1);
    let problems: Vec<_> = wrong
        .map(|(sql, users)| {
            format!("{} is included {} times {users:?}", relative(sql), users.len())
        })
        .collect();
    report(
        "A statement has one file and one place that includes it, by its path from there.",
        &problems,
    );
}

/// The string literals of the code that end like the name of an SQL file.
fn sql_literals(source: &str) -> Vec<&str> {
    let code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let literals = code.flat_map(|line| line.split('"').skip(1).step_by(2));
    literals.filter(|literal| Path::new(literal).extension() == Some("sql".as_ref())).collect()
}

#[test]
fn nothing_is_left_unfinished() {
    let kinds = ["rs", "sql", "toml", "md", "yaml", "yml", "sh", "json"];
    let problems = findings(&files(&root(), &kinds), |line| {
        UNFINISHED.iter().find(|mark| has_word(line, mark)).map(ToString::to_string)
    });
    report("Finish it, or write down where it is planned.", &problems);
}

/// Whether `word` stands in `line` and is no part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        !before.ends_with(in_word) && !after.starts_with(in_word)
    })
}

/// `file:line: what`, for every line of which `check` has something to say.
fn findings(files: &[PathBuf], check: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        for (number, line) in (1..).zip(text(file).lines()) {
            if let Some(what) = check(line) {
                problems.push(format!("{}:{number}: {what}", relative(file)));
            }
        }
    }
    problems
}

#[test]
fn no_doc_comment_is_empty() {
    let mut problems = Vec::new();
    for file in files(&root(), &["rs"]) {
        for number in empty_docs(&text(&file)) {
            problems.push(format!("{}:{number}", relative(&file)));
        }
    }
    report("A doc comment that says nothing only silences a lint.", &problems);
}

/// First lines of the doc comments without a word.
fn empty_docs(source: &str) -> Vec<usize> {
    let mut empty = Vec::new();
    // First line and marker of the comment that the walk is in, and whether it has words.
    let mut comment: Option<(usize, &str, bool)> = None;
    for (number, line) in (1..).zip(source.lines().chain([""])) {
        let line = line.trim();
        let marker = ["///", "//!"].into_iter().find(|marker| line.starts_with(marker));
        let words = marker.is_some_and(|marker| line.len() > marker.len());
        comment = match (comment, marker) {
            (Some((first, old, any)), Some(new)) if old == new => Some((first, old, any || words)),
            (ended, marker) => {
                empty.extend(ended.filter(|(.., any)| !any).map(|(first, ..)| first));
                marker.map(|marker| (number, marker, words))
            }
        };
    }
    empty
}

#[test]
fn no_float_counts_money() {
    let mut problems = Vec::new();
    for package in packages() {
        if !COUNTS_MONEY.contains(&package.name.as_str()) {
            continue;
        }
        // Benches are left out: they count seconds.
        let dirs = ["src", "tests"].map(|dir| package.dir.join(dir));
        let mut sources: Vec<_> = dirs.iter().flat_map(|dir| files(dir, &["rs"])).collect();
        sources.retain(|file| !FLOAT_ALLOWED.iter().any(|(allowed, _)| relative(file) == *allowed));
        problems.extend(findings(&sources, |line| {
            let code = line.split("//").next()?;
            let float = ["f32", "f64"].into_iter().find(|float| has_word(code, float))?;
            Some(float.to_owned())
        }));
    }
    report(
        "Money is whole minor units; a float loses some. FLOAT_ALLOWED lists exceptions.",
        &problems,
    );
}

#[test]
fn documents_name_no_path_of_one_machine() {
    // Where this checkout lies, and somebody's home.
    let checkout = root().canonicalize().expect("the root of the tree").display().to_string();
    let paths = [checkout.as_str(), "/home/", concat!("/ro", "ot/")];
    let problems = findings(&files(&root(), &["md"]), |line| {
        let found = paths.iter().find(|path| {
            // After a letter it is the middle of another path or of an address.
            line.match_indices(*path)
                .any(|(start, _)| !line[..start].ends_with(char::is_alphanumeric))
        });
        found.map(|path| format!("`{path}`"))
    });
    report("A reader has another machine: write paths from the root of the tree.", &problems);
}

#[test]
fn the_parsers_of_this_test_see_what_they_should() {
    let modules = [
        ("mod a;", Some("a")),
        ("pub mod a_b;", Some("a_b")),
        ("pub(crate) mod a;", Some("a")),
        ("// mod a;", None),
        ("mod a {", None),
        ("let mod_a = b;", None),
    ];
    for (line, expected) in modules {
        assert_eq!(declared_module(line), expected, "{line}");
    }
    let words = [("f64", true), ("x: f64,", true), ("as_secs_f64()", false), ("f640", false)];
    for (line, expected) in words {
        assert_eq!(has_word(line, "f64"), expected, "{line}");
    }
    let docs = [
        ("/// A word.\n///\n/// More.\nfn a() {}", vec![]),
        ("/// A word.\n///\nfn a() {}\n///\nfn b() {}", vec![4]),
        ("//!\n//!\n/// A word.", vec![1]),
        ("fn a() {}\n    ///", vec![2]),
    ];
    for (source, expected) in docs {
        assert_eq!(empty_docs(source), expected, "{source}");
    }
    let sql = "include_str!(\"a/b.sql\")\n// \"c.sql\"\n    \"../d.sql\",\n";
    assert_eq!(sql_literals(sql), ["a/b.sql", "../d.sql"]);
    assert_eq!(normal(Path::new("/a/b/../c/./d")), Path::new("/a/c/d"));
}
