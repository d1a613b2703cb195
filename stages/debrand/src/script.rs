//! Scripts of rules, which the caller runs in the sandbox.

use heirloom_formats::debrand::RunScript as Rule;
use heirloom_formats::spec::{Lines, Splice};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::tree::{Tree, Writer};
use crate::{Problem, RunScript, Script, Source};

/// Most lines of a file whose changes are told line by line.
const MOST: usize = 20_000;

/// Runs a script and takes over what it changed, under the same conditions as what other rules change.
pub(crate) fn run(
    source: &Source<'_>,
    tree: &mut Tree<'_>,
    sandbox: &RunScript<'_>,
    rule: &Rule,
    writer: Writer<'_>,
) -> Result<Vec<(String, String)>, Problem> {
    let name = rule.script.as_str();
    let script = Script {
        package: source.name,
        name,
        content: &writer.rule.content,
        arguments: &rule.arguments,
        changes: &tree.changes(),
    };
    let changes = sandbox(&script).map_err(|message| Problem::Script { name: name.to_owned(), message })?;
    let mut done = Vec::new();
    for (file, bytes) in changes.written {
        let good = !file.is_empty() && file != "." && file != ".." && file.len() <= 255;
        if !good || file.contains(['/', '\\', '\0']) {
            return Err(Problem::ScriptFile { name: name.to_owned(), file });
        }
        let there = tree.has(&file);
        if write(tree, &file, &bytes, writer)? {
            done.push((file, if there { "changed by the script" } else { "added by the script" }.to_owned()));
        }
    }
    for file in changes.removed {
        tree.remove(&file, writer)?;
        done.push((file, "deleted by the script".to_owned()));
    }
    match done.is_empty() {
        true => Err(Problem::Nothing(format!("the script {name} left all files as they were"))),
        false => Ok(done),
    }
}

/// Writes a file as few lines of it as can be, so that lines that stay belong to whom they did.
fn write(tree: &mut Tree<'_>, file: &str, bytes: &[u8], writer: Writer<'_>) -> Result<bool, Problem> {
    if !tree.has(file) {
        return tree.write(file, bytes, writer);
    }
    let old = tree.lines(file)?;
    let new = Lines::read(bytes);
    if old.len() > MOST || new.len() > MOST || bytes.contains(&0) {
        return tree.write(file, bytes, writer);
    }
    let before: Vec<&[u8]> = (0..old.len()).map(|line| old.whole(line)).collect();
    let after: Vec<&[u8]> = (0..new.len()).map(|line| new.whole(line)).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let splices: Vec<Splice> = ops
        .into_iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Splice {
            at: op.old_range(),
            with: op.new_range().map(|line| new.text(line).to_vec()).collect(),
        })
        .collect();
    let mut result = Lines::clone(&old);
    result.apply(&splices);
    match result == new {
        true => tree.splice(file, &splices, writer),
        // Line ends changed, which splices leave alone.
        false => tree.write(file, bytes, writer),
    }
}
