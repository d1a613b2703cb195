//! Lines of a page.

use std::fmt::Write as _;

/// Columns of a line.
const WIDTH: usize = 88;

/// A page that grows.
#[derive(Default)]
pub(super) struct Page {
    pub(super) text: String,
}

impl Page {
    pub(super) fn title(&mut self, title: &str) {
        let title = plain(title);
        self.wrapped(&title, "", "");
        let width = title.chars().count().min(WIDTH);
        let _ = writeln!(self.text, "{}\n", "=".repeat(width));
    }

    pub(super) fn heading(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{title}\n{}", "-".repeat(title.chars().count()));
    }

    pub(super) fn paragraph(&mut self, text: &str) {
        self.wrapped(text, "", "");
        self.text.push('\n');
    }

    pub(super) fn fact(&mut self, name: &str, value: &str) {
        self.wrapped(value, &format!("{name:<10} "), "           ");
    }

    pub(super) fn item(&mut self, text: &str) {
        self.wrapped(text, "  * ", "    ");
    }

    pub(super) fn inside(&mut self, text: &str) {
        self.wrapped(text, "    -> ", "       ");
    }

    /// A text in lines, the first of which begins with the one, all others with the other.
    pub(super) fn wrapped(&mut self, text: &str, first: &str, others: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for word in plain(text).split_whitespace() {
            let fits = line.chars().count() + 1 + word.chars().count() <= WIDTH;
            if !is_empty && !fits {
                let _ = writeln!(self.text, "{}", line.trim_end());
                others.clone_into(&mut line);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        let _ = writeln!(self.text, "{}", line.trim_end());
    }
}

/// Texts of others may have control characters, which a terminal would obey.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `1.4 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < units.len() {
        value /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{bytes} bytes"),
        _ => format!("{value:.1} {}", units.get(unit).copied().unwrap_or_default()),
    }
}

/// `12 min`.
pub(super) fn duration(seconds: u64) -> String {
    match seconds {
        0..90 => format!("{seconds} s"),
        90..7200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}
