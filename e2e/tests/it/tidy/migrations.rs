//! Migrations come before the programs that need them, and a rollback leaves them in place. So the programs of
//! the release before run on every new schema, and a migration may only add to what they know.

use super::tree::{files, report, root, text};

/// What breaks a program that does not know of it: what it reads is gone, or what it writes is refused.
const BREAKS: &[&str] = &[
    "DROP TABLE",
    "DROP COLUMN",
    "DROP TYPE",
    "DROP DOMAIN",
    "DROP SCHEMA",
    "DROP DEFAULT",
    "RENAME",
    "SET NOT NULL",
    "SET SCHEMA",
];

/// Files that may, each with its reason. The second half of a change, which takes away what no running program
/// uses any more, is named here in the release after the one that stopped using it.
const CONTRACTS: &[(&str, &str)] = &[
    (
        "create_archive_up.sql",
        "it moves and drops in functions that the archive command calls later",
    ),
    ("tune_hot_path_up.sql", "before the first release: columns became domains"),
    ("vacuum_by_number_up.sql", "another function takes the name, and calls the one that had it"),
];

#[test]
fn migrations_only_add_to_what_the_release_before_knows() {
    let mut problems = Vec::new();
    for file in files(&root().join("migration/sql"), &["sql"]) {
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if !name.ends_with("_up.sql") || CONTRACTS.iter().any(|(file, _)| *file == name) {
            continue;
        }
        problems.extend(breaks(&text(&file)).into_iter().map(|what| format!("{name}: {what}")));
    }
    let rule = "Expand first, contract a release later: docs/runbooks/schema-change.md. CONTRACTS lists what may.";
    report(rule, &problems);
}

/// The statements of a migration that a program of the release before would trip over.
fn breaks(sql: &str) -> Vec<String> {
    let code: Vec<&str> =
        sql.lines().map(|line| line.split("--").next().unwrap_or_default()).collect();
    let code = code.join(" ").to_uppercase();
    let mut found = Vec::new();
    for statement in code.split(';') {
        let words: Vec<&str> = statement.split_whitespace().collect();
        let statement = words.join(" ");
        // Whatever a statement does to a table that it makes itself, nobody knew that table before.
        if statement.starts_with("CREATE") {
            continue;
        }
        found.extend(
            BREAKS.iter().filter(|what| statement.contains(*what)).map(ToString::to_string),
        );
        if statement.contains("ALTER COLUMN") && statement.contains(" TYPE ") {
            found.push("ALTER COLUMN ... TYPE".to_owned());
        }
        // A column ends where the next part of the statement begins.
        let ends = [", ADD ", ", DROP ", ", ALTER ", ", VALIDATE "];
        let columns = statement.split("ADD COLUMN").skip(1).map(|rest| {
            ends.iter().filter_map(|end| rest.find(end)).min().map_or(rest, |end| &rest[..end])
        });
        found.extend(
            columns
                .filter(|column| column.contains("NOT NULL") && !column.contains("DEFAULT"))
                .map(|column| format!("ADD COLUMN{column} without a default")),
        );
    }
    found
}

#[test]
fn the_rule_sees_what_breaks_an_older_program() {
    for (sql, expected) in [
        ("ALTER TABLE a ADD COLUMN b text;", 0),
        ("ALTER TABLE a ADD COLUMN b text NOT NULL DEFAULT '';", 0),
        ("ALTER TABLE a ADD COLUMN b text NOT NULL;", 1),
        ("ALTER TABLE a\n  DROP COLUMN b; -- gone", 1),
        ("-- We rename nothing.\nCREATE TABLE a (b text NOT NULL);", 0),
        ("ALTER TABLE a ADD COLUMN b text, ADD CHECK (b IS NOT NULL OR c);", 0),
        ("ALTER TABLE a RENAME b TO c;\nDROP TABLE d;", 2),
        ("ALTER TABLE a ALTER COLUMN b TYPE bigint;", 1),
        ("ALTER TABLE a ALTER COLUMN b SET NOT NULL;", 1),
        ("DROP INDEX a; ALTER TABLE a DROP CONSTRAINT b;", 0),
    ] {
        assert_eq!(breaks(sql).len(), expected, "{sql}: {:?}", breaks(sql));
    }
}
