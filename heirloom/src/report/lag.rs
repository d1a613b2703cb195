//! The lag of advisories as a chart: median and nine of ten by month, one bar each. Needs nothing but a browser.

use std::fmt::Write as _;

use heirloom_errata::{Group, Lag};

use super::escape;

const LEFT: f64 = 90.0;
const WIDE: f64 = 520.0;
const ROW: f64 = 26.0;
const TOP: f64 = 56.0;

/// A row for each month and minor release, and for kernels.
pub(crate) fn svg(lag: &Lag) -> String {
    let mut rows: Vec<(String, &Group)> = Vec::new();
    rows.extend(lag.all.as_ref().map(|group| ("all".to_owned(), group)));
    rows.extend(lag.kernel.as_ref().map(|group| ("kernels".to_owned(), group)));
    rows.extend(lag.by_severity.iter().map(|(name, group)| (name.clone(), group)));
    rows.extend(lag.by_release.iter().map(|(name, group)| (name.clone(), group)));
    rows.extend(lag.by_month.iter().map(|(name, group)| (name.clone(), group)));
    let longest = rows.iter().map(|(_, group)| group.p90).fold(1.0, f64::max);
    #[expect(clippy::cast_precision_loss, reason = "rows of a chart")]
    let height = TOP + ROW * rows.len() as f64 + 16.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{height}\" viewBox=\"0 0 {0} {height}\" \
         font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>Days from upstream's advisory to ours</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n<text x=\"12\" y=\"22\" font-weight=\"bold\">Days from upstream's \
         advisory to ours</text>\n<rect x=\"{LEFT}\" y=\"32\" width=\"12\" height=\"12\" fill=\"#2b6cb0\"/><text x=\"{1}\" \
         y=\"43\">half are out</text>\n<rect x=\"{2}\" y=\"32\" width=\"12\" height=\"12\" fill=\"#a3c4e8\"/><text x=\"{3}\" \
         y=\"43\">nine of ten are out</text>\n",
        LEFT + WIDE + 130.0,
        LEFT + 18.0,
        LEFT + 140.0,
        LEFT + 158.0,
    );
    let mut y = TOP;
    for (name, group) in rows {
        let (median, most) = (group.median / longest * WIDE, group.p90 / longest * WIDE);
        let _ = writeln!(
            svg,
            "<g><title>{0}: {1} advisories, median {2:.1}, 90 % {3:.1}, longest {4:.1} days</title><text x=\"{5}\" y=\"{6}\" \
             text-anchor=\"end\">{0}</text><rect x=\"{LEFT}\" y=\"{7}\" width=\"{most:.1}\" height=\"18\" \
             fill=\"#a3c4e8\"/><rect x=\"{LEFT}\" y=\"{8}\" width=\"{median:.1}\" height=\"10\" fill=\"#2b6cb0\"/><text \
             x=\"{9:.1}\" y=\"{6}\">{2:.1} / {3:.1} ({1})</text></g>",
            escape(&name),
            group.count,
            group.median,
            group.p90,
            group.longest,
            LEFT - 8.0,
            y + 14.0,
            y,
            y + 4.0,
            LEFT + most + 6.0,
        );
        y += ROW;
    }
    svg.push_str("</svg>\n");
    svg
}
