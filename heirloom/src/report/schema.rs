//! The published schemas of results, made from the types' own comments. A test fails when one is stale;
//! `UPDATE_DOCS=1 cargo test -p heirloom schema` writes them anew.

use std::path::Path;

use heirloom_model::record::Compared;
use heirloom_model::statement::Statement;

use super::Document;
use crate::flow::pairing::Comparison;

#[test]
fn comparison_schema() {
    fresh("comparison.schema.json", &schemars::schema_for!(Document<'static, Compared>));
}

#[test]
fn comparison_of_sets_schema() {
    fresh("comparison-of-sets.schema.json", &schemars::schema_for!(Document<'static, Comparison>));
}

#[test]
fn changes_schema() {
    fresh("changes.schema.json", &schemars::schema_for!(crate::verbs::changes::Document<'static>));
}

#[test]
fn lifecycle_schema() {
    fresh("lifecycle.schema.json", &schemars::schema_for!(heirloom_formats::lifecycle::Published));
}

#[test]
fn certificate_schema() {
    fresh("certificate.schema.json", &schemars::schema_for!(Statement));
}

#[track_caller]
fn fresh(file: &str, schema: &schemars::Schema) {
    // Links between types mean nothing there.
    let text = format!("{:#}\n", schema.as_value()).replace("[`", "`").replace("`]", "`");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == text, "docs/{file} is stale: UPDATE_DOCS=1 cargo test -p heirloom schema");
}
