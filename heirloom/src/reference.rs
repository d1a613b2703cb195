//! The published references, made from the grammar and from the definition's own comments. A test fails
//! when they are stale; `UPDATE_DOCS=1 cargo test -p heirloom reference` writes them anew.

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use heirloom_compare::Weight;
use heirloom_formats::definition::Definition;
use serde_json::Value;

use crate::cli::Cli;
use crate::flow::rollup;

#[test]
fn definition_reference() {
    let schema = schemars::schema_for!(Definition).to_value();
    let mut text =
        "# heirloom.toml\n\nMade from the program's own comments. Relative paths are meant from the \
                    directory of the file; unknown keys are errors.\n"
            .to_owned();
    section(&mut text, &schema, &schema, "");
    fresh("definition.md", &text);
}

#[test]
fn command_reference() {
    let mut text = "# Commands\n\nMade from the program's own grammar.\n".to_owned();
    let mut command = Cli::command().term_width(100);
    command.build();
    describe(&mut text, &mut command, "");
    fresh("commands.md", &text);
}

#[test]
fn rules_reference() {
    let mut text = "# Rules\n\nMade from the program's own registry. What a rule's difference means is in the first \
                    column:\n\n\
                    - *breaking*: a user of the package breaks; the verdict is `incompatible`\n\
                    - *different*: nobody breaks, but it is no 1:1 rebuild; `abi-compatible`. Some of these find \
                    breaking differences too, where it matters which of the two packages has less\n\
                    - *allowed*: reported, and accepted\n\
                    - *expected*: there in every pair of honest builds\n\n\
                    ## Differences between two packages\n\n| weight | rule | what it demands |\n|---|---|---|\n"
        .to_owned();
    for check in heirloom_compare::checks() {
        let weight = match check.weight() {
            Weight::Breaking => "breaking",
            Weight::Compatible => "different",
            Weight::Allowed => "allowed",
            Weight::Expected => "expected",
        };
        let _ = writeln!(text, "| {weight} | `{}` | {} |", check.name(), check.doc());
    }
    text.push_str("\n## Differences between two sets of packages\n\n| rule | what it demands |\n|---|---|\n");
    for (name, doc) in rollup::RULES {
        let _ = writeln!(text, "| `{name}` | {doc} |");
    }
    text.push_str(
        "\n## Normalisations\n\nWhat is taken away before contents are compared, because it means nothing. Each \
         application is recorded in the result.\n\n| rule | what it takes away |\n|---|---|\n",
    );
    for normaliser in heirloom_compare::normalisers() {
        let _ = writeln!(text, "| `{}` | {} |", normaliser.name, normaliser.doc);
    }
    fresh("rules.md", &text);
}

/// The page is written by hand, but for its tables.
#[test]
fn stability_reference() {
    use heirloom_compare::stability::{DEFAULT_LEVELS, rules};
    let mut levels = "| packages | level |\n|---|---|\n".to_owned();
    for (name, level) in DEFAULT_LEVELS {
        let _ = writeln!(levels, "| `{name}` | {} |", u8::from(*level));
    }
    let mut table =
        "| rule | promise | what it says | 1 | 2 | 3 | 4 |\n|---|---|---|---|---|---|---|\n".to_owned();
    for rule in rules() {
        let [one, two, three, four] = rule.at.map(heirloom_compare::stability::Effect::name);
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {one} | {two} | {three} | {four} |",
            rule.kind, rule.class, rule.says
        );
    }
    with_tables("stability.md", &[("levels", levels), ("rules", table)]);
}

#[test]
fn gate_reference() {
    let mut table = "| rule | what it says | what mends it |\n|---|---|---|\n".to_owned();
    for rule in heirloom_compose::gate::rules() {
        let _ = writeln!(table, "| `{}` | {} | {} |", rule.name, rule.says, rule.fix);
    }
    with_tables("composing.md", &[("rules", table)]);
}

/// A page whose tables are made.
#[track_caller]
fn with_tables(file: &str, tables: &[(&str, String)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (name, table) in tables {
        let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
        let start = text.find(&begin).unwrap() + begin.len();
        let stop = text.find(&end).unwrap();
        text.replace_range(start..stop, table);
    }
    fresh(file, &text);
}

/// One table of the file: its keys, then the tables below it.
fn section(text: &mut String, all: &Value, schema: &Value, name: &str) {
    let required: Vec<_> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut below = Vec::new();
    if !name.is_empty() {
        let _ = write!(text, "\n## [{name}]\n\n{}\n\n", prose(schema));
    }
    for (key, value) in schema["properties"].as_object().into_iter().flatten() {
        let inner = resolve(all, value);
        let path = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
        if inner["properties"].is_object() {
            below.push((path, inner.clone()));
        } else if inner["additionalProperties"].is_object()
            && resolve(all, &inner["additionalProperties"])["properties"].is_object()
        {
            below.push((format!("{path}.NAME"), resolve(all, &inner["additionalProperties"]).clone()));
        } else {
            let need = match (value.get("default"), required.contains(&key.as_str())) {
                (_, true) => "required".to_owned(),
                (Some(default), _) if !default.is_null() => format!("default `{default}`"),
                _ => "optional".to_owned(),
            };
            let said = if value["description"].is_string() { prose(value) } else { prose(inner) };
            let _ = writeln!(text, "- `{key}` ({}, {need}): {said}{}", kind(all, inner), entries(all, inner));
        }
    }
    for (path, inner) in below {
        section(text, all, &inner, &path);
    }
}

/// The keys of tables in an array.
fn entries(all: &Value, schema: &Value) -> String {
    let inner = resolve(all, &schema["items"]);
    let keys = inner["properties"].as_object().into_iter().flatten();
    keys.map(|(key, value)| format!("\n  - `{key}`: {}", prose(value))).collect()
}

fn resolve<'a>(all: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => all.pointer(reference.trim_start_matches('#')).unwrap_or(schema),
        None => schema,
    }
}

fn prose(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('\n', " ")
}

fn kind(all: &Value, schema: &Value) -> String {
    match (&schema["type"], schema["oneOf"].as_array()) {
        (_, Some(words)) => {
            words.iter().filter_map(|word| word["const"].as_str()).collect::<Vec<_>>().join(" or ")
        }
        (Value::String(kind), _) if kind == "array" => format!("list of {}", kind_of_items(all, schema)),
        (Value::String(kind), _) => kind.clone(),
        (Value::Array(kinds), _) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or_default().to_owned()
        }
        _ => "table".to_owned(),
    }
}

fn kind_of_items(all: &Value, schema: &Value) -> String {
    let inner = resolve(all, &schema["items"]);
    if inner["properties"].is_object() { "tables".to_owned() } else { kind(all, inner) }
}

fn describe(text: &mut String, command: &mut clap::Command, above: &str) {
    let name = format!("{above}{}", command.get_name());
    let help = command.render_long_help().to_string();
    let help: String = help.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    let _ = write!(text, "\n## {name}\n\n```text\n{}\n```\n", help.trim_end());
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        describe(text, verb, &format!("{name} "));
    }
}

#[track_caller]
fn fresh(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "docs/{file} is stale: UPDATE_DOCS=1 cargo test -p heirloom reference");
}
