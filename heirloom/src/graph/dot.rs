//! DOT, the language of Graphviz.

use std::fmt::Write as _;

use heirloom_model::record::Plan;

use super::Graph;
use crate::report::visible;

/// Every step, cycles as clusters.
pub(crate) fn dot(plan: &Plan) -> String {
    let graph = Graph::of_steps(plan);
    let mut text = "digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n".to_owned();
    let _ = writeln!(text, "  label={};", quoted(&graph.note));
    for (number, cycle) in graph.cycles.iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{number} {{\n    label={};", quoted(cycle));
        for part in graph.boxes.iter().filter(|part| part.cycle == Some(number)) {
            let style = if part.crutch { ", style=dashed" } else { "" };
            let _ = writeln!(text, "    {} [tooltip={}{style}];", quoted(&part.id), quoted(&part.title));
        }
        text.push_str("  }\n");
    }
    for part in graph.boxes.iter().filter(|part| part.cycle.is_none()) {
        let _ = writeln!(text, "  {} [tooltip={}];", quoted(&part.id), quoted(&part.title));
    }
    for &(from, to) in &graph.arrows {
        let (from, to) = (&graph.boxes[from].id, &graph.boxes[to].id);
        let _ = writeln!(text, "  {} -> {};", quoted(from), quoted(to));
    }
    text.push_str("}\n");
    text
}

fn quoted(text: &str) -> String {
    let lines: Vec<_> =
        text.lines().map(|line| visible(line).replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
