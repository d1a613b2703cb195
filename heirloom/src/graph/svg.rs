//! SVG: waves as columns, steps as boxes, cycles in colours. Needs nothing but a browser.
//!
//! ```text
//! wave 1        wave 2        wave 3
//! [ncurses] --> [readline] -> [bc]
//! [zlib]    ------------/
//! what the colours mean; what is not shown
//! ```

use std::fmt::Write as _;

use heirloom_model::record::Plan;

use super::{Graph, READABLE};
use crate::report::escape;

/// Fills of cycles, in turn.
const COLOURS: [&str; 6] = ["#ffe3b3", "#cfe8ff", "#d9f2d0", "#f6d5e5", "#e6dcf7", "#f2f0b8"];

const LETTER: usize = 8;
const BOX_HEIGHT: usize = 24;
const ROW: usize = 36;
const GAP: usize = 84;
const MARGIN: usize = 24;
const HEADING: usize = 48;

/// The steps, or waves and cycles where there are too many.
pub(crate) fn svg(plan: &Plan) -> String {
    let graph = match plan.steps.len() <= READABLE {
        true => Graph::of_steps(plan),
        false => Graph::of_waves(plan),
    };
    Layout::new(&graph).draw(&graph)
}

struct Layout {
    /// Boxes of each column, from above.
    columns: Vec<Vec<usize>>,
    /// Left edge and width of each column.
    across: Vec<(usize, usize)>,
    /// Column and row of each box.
    place: Vec<(usize, usize)>,
}

impl Layout {
    fn new(graph: &Graph) -> Self {
        let count = graph.boxes.iter().map(|part| part.wave).max().unwrap_or(0);
        let mut columns = vec![Vec::new(); count];
        for (number, part) in graph.boxes.iter().enumerate() {
            columns[part.wave - 1].push(number);
        }
        let mut layout = Self { columns, across: Vec::new(), place: vec![(0, 0); graph.boxes.len()] };
        layout.note_places();
        for _ in 0..4 {
            layout.untangle(graph);
        }
        let mut left = MARGIN;
        for column in &layout.columns {
            let longest = column.iter().map(|&number| graph.boxes[number].label.chars().count()).max();
            let width = longest.unwrap_or(0) * LETTER + 2 * LETTER;
            layout.across.push((left, width));
            left += width + GAP;
        }
        layout
    }

    fn note_places(&mut self) {
        for (column, boxes) in self.columns.iter().enumerate() {
            for (row, &number) in boxes.iter().enumerate() {
                self.place[number] = (column, row);
            }
        }
    }

    /// Moves each box to where its neighbours are on the average; those of a cycle stay together.
    fn untangle(&mut self, graph: &Graph) {
        let mut near: Vec<Vec<usize>> = vec![Vec::new(); graph.boxes.len()];
        for &(from, to) in &graph.arrows {
            near[to].push(from);
            near[from].push(to);
        }
        for column in 0..self.columns.len() {
            let mean = |number: usize| {
                let rows: Vec<usize> = near[number].iter().map(|&other| self.place[other].1).collect();
                match rows.len() {
                    0 => self.place[number].1 as f64,
                    count => rows.iter().sum::<usize>() as f64 / count as f64,
                }
            };
            let mut boxes: Vec<_> =
                self.columns[column].iter().map(|&number| (mean(number), number)).collect();
            boxes.sort_by(|a, b| {
                let cycle = |number: usize| (graph.boxes[number].cycle.is_none(), graph.boxes[number].cycle);
                cycle(a.1).cmp(&cycle(b.1)).then(a.0.total_cmp(&b.0)).then(a.1.cmp(&b.1))
            });
            self.columns[column] = boxes.into_iter().map(|(_, number)| number).collect();
            self.note_places();
        }
    }

    fn left_top(&self, number: usize) -> (usize, usize) {
        let (column, row) = self.place[number];
        (self.across[column].0, HEADING + MARGIN + row * ROW)
    }

    fn draw(&self, graph: &Graph) -> String {
        let rows = self.columns.iter().map(Vec::len).max().unwrap_or(0);
        let notes = graph.cycles.len().min(COLOURS.len() * 4) + 2;
        let below = HEADING + MARGIN + rows * ROW;
        let height = below + notes * 22 + MARGIN;
        let longest =
            graph.cycles.iter().map(|cycle| cycle.chars().count()).chain([graph.note.chars().count()]).max();
        let right = self.across.last().map_or(0, |(left, width)| left + width);
        let width = right.max(longest.unwrap_or(0) * LETTER + 40) + MARGIN;
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<style>\
             rect.step{{fill:#fff;stroke:#555}}rect.crutch{{stroke-dasharray:4 3;stroke:#a40000;stroke-width:1.6}}\
             path{{fill:none;stroke:#889;stroke-opacity:.75}}g:hover>path,path:hover{{stroke:#c30;stroke-opacity:1;\
             stroke-width:2}}text{{fill:#222}}text.wave{{fill:#666;font-weight:bold}}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
        );
        for (wave, (left, _)) in (1..).zip(&self.across) {
            let _ = writeln!(svg, "<text class=\"wave\" x=\"{left}\" y=\"{HEADING}\">wave {wave}</text>");
        }
        for &(from, to) in &graph.arrows {
            self.arrow(&mut svg, graph, from, to);
        }
        for number in 0..graph.boxes.len() {
            self.part(&mut svg, graph, number);
        }
        self.notes(&mut svg, graph, below + 22);
        svg.push_str("</svg>\n");
        svg
    }

    fn arrow(&self, svg: &mut String, graph: &Graph, from: usize, to: usize) {
        let ((left, top), (right, bottom)) = (self.left_top(from), self.left_top(to));
        let start = left + self.across[self.place[from].0].1;
        let (y, z) = (top + BOX_HEIGHT / 2, bottom + BOX_HEIGHT / 2);
        let bend = GAP / 2;
        let _ = writeln!(
            svg,
            "<path d=\"M{start} {y} C{} {y} {} {z} {right} {z}\"><title>{} before {}</title></path>",
            start + bend,
            right.saturating_sub(bend),
            escape(&graph.boxes[from].label),
            escape(&graph.boxes[to].label)
        );
    }

    fn part(&self, svg: &mut String, graph: &Graph, number: usize) {
        let part = &graph.boxes[number];
        let (left, top) = self.left_top(number);
        let width = self.across[self.place[number].0].1;
        let class = if part.crutch { "step crutch" } else { "step" };
        let fill = part.cycle.map(|cycle| format!(" style=\"fill:{}\"", colour(cycle))).unwrap_or_default();
        let _ = writeln!(
            svg,
            "<g><title>{}</title><rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" \
             height=\"{BOX_HEIGHT}\" rx=\"4\"{fill}/><text x=\"{}\" y=\"{}\">{}</text></g>",
            escape(&part.title),
            left + LETTER,
            top + BOX_HEIGHT - 7,
            escape(&part.label)
        );
    }

    fn notes(&self, svg: &mut String, graph: &Graph, mut y: usize) {
        let mut line = |text: &str, fill: Option<&str>| {
            let fill = fill.unwrap_or("#fff");
            let _ = writeln!(
                svg,
                "<rect x=\"{MARGIN}\" y=\"{}\" width=\"14\" height=\"14\" fill=\"{fill}\"/>\
                 <text x=\"{}\" y=\"{y}\">{}</text>",
                y - 12,
                MARGIN + 22,
                escape(text)
            );
            y += 22;
        };
        line(&graph.note, None);
        if graph.boxes.iter().any(|part| part.crutch) {
            line("dashed: a first pass that stands on what it has not built", None);
        }
        for (number, cycle) in graph.cycles.iter().enumerate().take(COLOURS.len() * 4) {
            line(cycle, Some(colour(number)));
        }
    }
}

fn colour(cycle: usize) -> &'static str {
    COLOURS[cycle % COLOURS.len()]
}
