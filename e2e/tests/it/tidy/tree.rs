//! The tree as the tidy test reads it.

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Kinds of dependencies in a manifest.
const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// A member of the workspace.
pub struct Package {
    pub name: String,
    pub dir: PathBuf,
    manifest: Table,
    workspace: Table,
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    let e2e = Path::new(env!("CARGO_MANIFEST_DIR"));
    e2e.parent().expect("a member lies in the workspace").to_owned()
}

pub fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The path as a reader of the tree writes it.
pub fn relative(file: &Path) -> String {
    file.strip_prefix(root()).unwrap_or(file).display().to_string()
}

/// The files under `dir` with one of these extensions, sorted. Hidden
/// directories and build products are left out.
pub fn files(dir: &Path, extensions: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(dir, extensions, &mut found);
    found.sort();
    found
}

fn collect(dir: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    // A crate need not have each of the usual directories.
    let Ok(entries) = fs::read_dir(dir) else { return };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                collect(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|one| extensions.iter().any(|other| one == *other)) {
            found.push(path);
        }
    }
}

fn manifest(file: &Path) -> Table {
    text(file).parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The members that the workspace lists.
pub fn packages() -> Vec<Package> {
    let workspace = manifest(&root().join("Cargo.toml"));
    let members = workspace["workspace"]["members"].as_array().expect("a list of members");
    let dirs = members.iter().map(|member| root().join(member.as_str().expect("a directory")));
    dirs.map(|dir| {
        let manifest = manifest(&dir.join("Cargo.toml"));
        let name = manifest["package"]["name"].as_str().expect("a name").to_owned();
        Package { name, dir, manifest, workspace: workspace.clone() }
    })
    .collect()
}

impl Package {
    /// All that it depends on: the kind, and the name of the other package.
    pub fn dependencies(&self) -> Vec<(&'static str, String)> {
        let targets = self.manifest.get("target").and_then(Value::as_table);
        let targets = targets.into_iter().flat_map(Table::values).filter_map(Value::as_table);
        let sections = [&self.manifest].into_iter().chain(targets);
        let mut found = Vec::new();
        for section in sections {
            for kind in KINDS {
                let listed = section.get(kind).and_then(Value::as_table);
                for (key, value) in listed.into_iter().flatten() {
                    found.push((kind, self.package_name(key, value)));
                }
            }
        }
        found
    }

    /// A dependency may carry another name here than its package has.
    fn package_name(&self, key: &str, value: &Value) -> String {
        let inherited = value.get("workspace").is_some();
        let shared = || self.workspace["workspace"].get("dependencies")?.get(key);
        let source = if inherited { shared() } else { Some(value) };
        let renamed = source.and_then(|source| source.get("package")).and_then(Value::as_str);
        renamed.unwrap_or(key).to_owned()
    }

    /// The files that cargo hands to the compiler, where they exist. Of the
    /// files in `tests/` only the crate's one test binary counts.
    pub fn crate_roots(&self) -> Vec<PathBuf> {
        let fixed = ["src/lib.rs", "src/main.rs", "build.rs", "tests/it/main.rs"];
        let mut roots: Vec<PathBuf> = fixed.iter().map(|path| self.dir.join(path)).collect();
        for dir in ["src/bin", "benches", "examples"].map(|dir| self.dir.join(dir)) {
            for file in files(&dir, &["rs"]) {
                let alone = file.parent() == Some(&dir);
                let main =
                    file.ends_with("main.rs") && file.parent().and_then(Path::parent) == Some(&dir);
                if alone || main {
                    roots.push(file);
                }
            }
        }
        for kind in ["lib", "bin", "bench", "example", "test"] {
            let listed = match self.manifest.get(kind) {
                Some(Value::Array(targets)) => targets.iter().collect(),
                Some(target) => vec![target],
                None => Vec::new(),
            };
            let paths = listed.iter().filter_map(|target| target.get("path")?.as_str());
            roots.extend(paths.map(|path| self.dir.join(path)));
        }
        roots
    }
}

/// Fails with the rule and every place that breaks it.
#[track_caller]
pub fn report(rule: &str, problems: &[String]) {
    assert!(problems.is_empty(), "{rule}\n  {}\n", problems.join("\n  "));
}
