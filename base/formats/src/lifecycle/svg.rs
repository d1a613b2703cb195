//! SVG: a timeline. Needs nothing but a browser.
//!
//! ```text
//!                 2022    2024    2026    2028    2030
//! 9               [ full          ][ maintenance      ]
//!                  |.0  |.2  |.4         : upstream ends
//!   nodejs:20        [====]
//! what the colours mean
//! ```

use heirloom_model::allowance::Date;
use heirloom_model::lifecycle::{Lifecycle, Major, Minor, Phase, PhaseKind, Stream, Upstream};

use crate::xml::Writer;

const WIDTH: u64 = 1080;
const LEFT: u64 = 190;
const RIGHT: u64 = 30;
const HEADING: u64 = 78;
const BAR: u64 = 24;
const ROW: u64 = 20;
const GAP: u64 = 26;
const LETTER: u64 = 8;
/// Room below the bars of the phases for the names of minors.
const TICKS: u64 = 30;
const STREAM: &str = "#e6dcf7";
const UPSTREAM: &str = "#a40000";

const STYLE: &str = "svg{font:13px sans-serif}text{fill:#222}text.head{font-weight:bold;font-size:15px}\
    text.year,text.minor{fill:#666;font-size:11px}line.year{stroke:#ddd}line.minor{stroke:#333}\
    line.upstream{stroke:#a40000;stroke-width:2;stroke-dasharray:5 3}rect.bar{stroke:#556}g:hover rect.bar{stroke:#c30;stroke-width:2}";

/// Draws phases as bars, minors as ticks below them, streams as thinner bars, and the end of upstream as a line.
#[must_use]
pub fn to_svg(lifecycle: &Lifecycle) -> String {
    let scale = Scale::of(lifecycle);
    let height_of = |major: &Major| BAR + TICKS + GAP + ROW * u64::try_from(major.streams.len()).unwrap_or(0);
    let below = HEADING + lifecycle.majors.iter().map(height_of).sum::<u64>();
    let height = below + 60;
    let mut svg = Drawing(Writer::default());
    svg.raw(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title about\">\n"
    ));
    let name = &lifecycle.name;
    svg.0.element("title", &[("id", "title")], &format!("Life of {name}"));
    let about: Vec<_> = lifecycle.majors.iter().map(described).collect();
    svg.0.element("desc", &[("id", "about")], &about.join(" "));
    svg.raw(&format!(
        "\n<style>{STYLE}</style>\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n"
    ));
    svg.words(20, 28, "head", &format!("{name}, as of {}", lifecycle.updated));
    svg.years(&scale, below);
    let mut top = HEADING;
    for major in &lifecycle.majors {
        svg.major(&scale, major, top);
        top += height_of(major);
    }
    svg.legend(below + 24);
    svg.raw("</svg>\n");
    svg.0.0
}

/// Days to places.
struct Scale {
    first: Date,
    days: u64,
    years: std::ops::RangeInclusive<u16>,
}

impl Scale {
    /// From the first day of the year of what is first, to the last of what is last.
    fn of(lifecycle: &Lifecycle) -> Self {
        let phases = lifecycle.majors.iter().flat_map(|major| &major.phases);
        let days = phases.flat_map(|phase| [phase.begins, phase.ends]);
        let events = lifecycle.events();
        let years = days.chain(events.iter().map(|event| event.date)).map(|day| day.parts().0);
        let (mut least, mut most) = (u16::MAX, 0);
        for year in years {
            (least, most) = (least.min(year), most.max(year));
        }
        let least = least.min(most);
        let (first, last) = (new_year(least), new_year(most + 1));
        Self { first, days: u64::try_from(first.days_to(last)).unwrap_or(1).max(1), years: least..=most }
    }

    fn at(&self, day: Date) -> u64 {
        let days = u64::try_from(self.first.days_to(day)).unwrap_or(0).min(self.days);
        LEFT + days * (WIDTH - LEFT - RIGHT) / self.days
    }

    /// Where a bar begins and how wide it is; its last day is in it.
    fn bar(&self, begins: Date, ends: Date) -> (u64, u64) {
        let (left, right) = (self.at(begins), self.at(ends.next()));
        (left, right.saturating_sub(left).max(1))
    }
}

fn new_year(year: u16) -> Date {
    format!("{year:04}-01-01").parse().unwrap_or_default()
}

fn colour(kind: PhaseKind) -> &'static str {
    match kind {
        PhaseKind::Full => "#bfe6c2",
        PhaseKind::Maintenance => "#ffe3b3",
        PhaseKind::Extended => "#cfe8ff",
    }
}

/// A major version for those who can't see the drawing.
fn described(major: &Major) -> String {
    let phases = major.phases.iter();
    let phases: Vec<_> =
        phases.map(|it| format!("{} from {} to {}", it.kind.words(), it.begins, it.ends)).collect();
    format!("{}: {}.", major.version, phases.join(", "))
}

struct Drawing(Writer);

impl Drawing {
    fn raw(&mut self, text: &str) {
        self.0.raw(text);
    }

    fn words(&mut self, x: u64, y: u64, class: &str, words: &str) {
        self.0.element("text", &[("class", class), ("x", &x.to_string()), ("y", &y.to_string())], words);
        self.raw("\n");
    }

    /// A bar with what is said of it, and its name where there is room.
    fn bar(
        &mut self,
        (left, width): (u64, u64),
        (top, height): (u64, u64),
        fill: &str,
        title: &str,
        name: &str,
    ) {
        self.raw("<g>");
        self.0.element("title", &[], title);
        self.raw(&format!(
            "<rect class=\"bar\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>"
        ));
        let room = width / LETTER;
        if u64::try_from(name.chars().count()).is_ok_and(|letters| letters > 0 && letters < room) {
            let (x, y) = ((left + 6).to_string(), (top + height - 7).to_string());
            self.0.element("text", &[("x", &x), ("y", &y)], name);
        }
        self.raw("</g>\n");
    }

    /// A line from above to below with what it means.
    fn line(&mut self, x: u64, top: u64, bottom: u64, class: &str, title: &str) {
        self.raw("<g>");
        self.0.element("title", &[], title);
        self.raw(&format!(
            "<line class=\"{class}\" x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\"/></g>\n"
        ));
    }

    fn years(&mut self, scale: &Scale, below: u64) {
        let mut free = 0;
        for year in scale.years.clone() {
            let x = scale.at(new_year(year));
            self.raw(&format!(
                "<line class=\"year\" x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{below}\"/>\n",
                HEADING - 22
            ));
            if x >= free {
                self.words(x + 3, HEADING - 14, "year", &year.to_string());
                free = x + 40;
            }
        }
    }

    fn major(&mut self, scale: &Scale, major: &Major, top: u64) {
        self.words(20, top + BAR - 7, "head", &major.version.to_string());
        for Phase { kind, begins, ends, promises, maintainer } in &major.phases {
            let by =
                if maintainer.is_empty() { String::new() } else { format!("; maintained by {maintainer}") };
            let title = format!(
                "{}: {} from {begins} to {ends}: {}{by}",
                major.version,
                kind.words(),
                promises.words()
            );
            self.bar(scale.bar(*begins, *ends), (top, BAR), colour(*kind), &title, kind.name());
        }
        let mut free = 0;
        for Minor { version, released, .. } in &major.minors {
            let x = scale.at(*released);
            let name = format!("{}.{version}", major.version);
            let ends = major.minor_ends(*version).map(|day| format!(", ends on {day}")).unwrap_or_default();
            self.line(x, top + BAR, top + BAR + 8, "minor", &format!("{name}, released on {released}{ends}"));
            if x >= free {
                self.words(x, top + BAR + 20, "minor", &name);
                free = x + LETTER * u64::try_from(name.len()).unwrap_or(0);
            }
        }
        let mut row = top + BAR + TICKS;
        for stream in &major.streams {
            self.stream(scale, major, stream, row);
            row += ROW;
        }
        if let Some(Upstream { name, ends, then }) = &major.upstream {
            let then = if then.is_empty() { String::new() } else { format!("; then: {then}") };
            let title = format!("{}: sources come from {name} until {ends}{then}", major.version);
            self.line(scale.at(ends.next()), top.saturating_sub(6), row, "upstream", &title);
        }
    }

    fn stream(&mut self, scale: &Scale, major: &Major, stream: &Stream, top: u64) {
        let begins = stream.released.or_else(|| major.begins()).unwrap_or_default();
        let ends = major.stream_ends(stream).unwrap_or_default();
        // A long name would run into its bar; the title has all of it.
        let name: String = match stream.name.chars().count() {
            0..=20 => stream.name.clone(),
            _ => stream.name.chars().take(19).chain(['…']).collect(),
        };
        self.words(36, top + ROW - 8, "stream", &name);
        let title = format!("{}: stream {} from {begins} to {ends}", major.version, stream.name);
        self.bar(scale.bar(begins, ends), (top + 2, ROW - 8), STREAM, &title, "");
    }

    fn legend(&mut self, top: u64) {
        let phases = PhaseKind::ALL.map(|kind| (colour(kind), kind.words()));
        let all = phases.into_iter().chain([(STREAM, "stream"), (UPSTREAM, "upstream ends")]);
        let mut x = 20;
        for (fill, words) in all {
            self.raw(&format!(
                "<rect x=\"{x}\" y=\"{top}\" width=\"14\" height=\"14\" fill=\"{fill}\" stroke=\"#556\"/>"
            ));
            self.words(x + 20, top + 12, "legend", words);
            x += 40 + LETTER * u64::try_from(words.len()).unwrap_or(0);
        }
    }
}
