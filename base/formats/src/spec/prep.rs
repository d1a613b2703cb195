//! How `%prep` applies patches.

use std::ops::RangeInclusive;

use super::{EntryKind, Spec, SpecError, Splice};

/// What `%prep` does with patches.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prep {
    /// Everything that applies patches, in order.
    pub applied: Vec<Apply>,
    /// The line of the last `%setup` or `%autosetup`.
    pub setup: Option<usize>,
}

/// Something in `%prep` that applies patches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apply {
    /// Its line.
    pub line: usize,
    /// Its form.
    pub form: Form,
    /// The patches; `None` for all that there are.
    pub numbers: Option<Vec<RangeInclusive<u32>>>,
    /// How many directories are stripped from paths, if it says so.
    pub strip: Option<u32>,
}

/// The form in which a patch is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `%patch3 -p1`
    Numbered,
    /// `%patch -P 3 -p1`, `%patch -P3 -p1`
    Option,
    /// `%patch 3 -p1`
    Argument,
    /// `%autosetup`, `%autopatch`, `git am %{patches}`
    Automatic,
    /// `patch -p1 < %{PATCH3}`, `git am %{PATCH3}`
    Shell,
    /// `ApplyPatch name`, a shell function of kernel packages.
    Function,
}

impl Apply {
    /// Whether it applies this patch.
    #[must_use]
    pub fn has(&self, number: u32) -> bool {
        self.numbers.as_ref().is_none_or(|ranges| ranges.iter().any(|range| range.contains(&number)))
    }

    /// Whether it applies all patches.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.numbers.is_none()
    }
}

impl Spec<'_> {
    /// How `%prep` applies patches.
    #[must_use]
    pub fn prep(&self) -> Prep {
        let mut prep = Prep::default();
        let names: Vec<(Option<String>, u32)> = self
            .entries(EntryKind::Patch)
            .iter()
            .map(|entry| {
                let value = String::from_utf8_lossy(self.entry_value(entry)).into_owned();
                (value.rsplit('/').next().map(ToOwned::to_owned), entry.number)
            })
            .collect();
        for section in self.sections.iter().filter(|section| section.name == "prep") {
            for statement in self.statements_in(section.body()) {
                let text = String::from_utf8_lossy(self.lines.text(statement.start));
                let text = text.trim();
                if text.starts_with('#') {
                    continue;
                }
                if text.starts_with("%setup") || text.starts_with("%autosetup") {
                    prep.setup = Some(statement.start);
                }
                if let Some((form, numbers, strip)) = apply(text, &names) {
                    prep.applied.push(Apply { line: statement.start, form, numbers, strip });
                }
            }
        }
        prep
    }

    /// Has `%prep` apply a patch, in the way in which it applies others, behind them. Nothing where it applies all
    /// patches anyway.
    ///
    /// # Errors
    /// There is no `%prep` that unpacks something, or what applies all patches strips other directories.
    pub fn apply_patch(&self, number: u32, name: &str, strip: Option<u32>) -> Result<Vec<Splice>, SpecError> {
        let prep = self.prep();
        if let Some(auto) =
            prep.applied.iter().find(|apply| apply.form == Form::Automatic && apply.has(number))
        {
            let theirs = auto.strip.unwrap_or(0);
            return match strip {
                // `git am` decides for itself.
                Some(strip)
                    if strip != theirs
                        && self.lines.text(auto.line).trim_ascii_start().starts_with(b"%auto") =>
                {
                    Err(SpecError::Unclear(format!(
                        "line {} applies all patches with -p{theirs}, this one needs -p{strip}; make the patch anew",
                        auto.line + 1
                    )))
                }
                _ => Ok(Vec::new()),
            };
        }
        let strip = strip.unwrap_or(1);
        let last = prep.applied.last();
        let form = last.map_or(Form::Option, |apply| apply.form);
        let text = match form {
            Form::Numbered => format!("%patch{number} -p{strip}"),
            Form::Argument => format!("%patch {number} -p{strip}"),
            Form::Function => format!("ApplyPatch {name}"),
            // Every rpm knows this form.
            Form::Option | Form::Automatic | Form::Shell => format!("%patch -P {number} -p{strip}"),
        };
        let Some(line) = last.map(|apply| apply.line).or(prep.setup) else {
            let message = "%prep has neither %setup nor a patch, so there is no place to apply one; \
                           use `prep = false` and add a line";
            return Err(SpecError::Absent(message.to_owned()));
        };
        let above = self.lines.text(line);
        let indent = match self.behind(line) == line + 1 {
            true => &above[..above.len() - above.trim_ascii_start().len()],
            false => &[],
        };
        Ok(vec![Splice::insert(self.behind(line), vec![[indent, text.as_bytes()].concat()])])
    }

    /// Takes out of `%prep` what applies a patch. Nothing where all are applied.
    ///
    /// # Errors
    /// It is applied by something that applies others as well and does not name it alone.
    pub fn unapply_patch(&self, number: u32) -> Result<Vec<Splice>, SpecError> {
        let mut splices = Vec::new();
        for apply in self.prep().applied.iter().filter(|apply| !apply.is_all() && apply.has(number)) {
            let numbers = apply.numbers.as_deref().unwrap_or_default();
            let alone = numbers.iter().all(|range| *range.start() == number && *range.end() == number);
            if alone {
                splices.push(Splice::delete(apply.line..apply.line + 1));
                continue;
            }
            let text = String::from_utf8_lossy(self.lines.text(apply.line)).into_owned();
            match without(&text, number) {
                Some(text) => splices.push(Splice::line(apply.line, text.into_bytes())),
                // A range works without one of its numbers.
                None if apply.form == Form::Automatic => {}
                None => {
                    let message =
                        format!("line {} applies patch {number} together with others", apply.line + 1);
                    return Err(SpecError::Unclear(message));
                }
            }
        }
        Ok(splices)
    }
}

type Parsed = (Form, Option<Vec<RangeInclusive<u32>>>, Option<u32>);

fn apply(text: &str, names: &[(Option<String>, u32)]) -> Option<Parsed> {
    let first = text.split_ascii_whitespace().next()?;
    let options = Options::read(&text[first.len()..]);
    if let Some(digits) = first.strip_prefix("%patch").filter(|rest| rest.bytes().all(|c| c.is_ascii_digit()))
    {
        return match digits.parse() {
            Ok(number) => Some((Form::Numbered, Some(vec![number..=number]), options.strip)),
            Err(_) => {
                let form = match options.with_option.is_empty() {
                    true => Form::Argument,
                    false => Form::Option,
                };
                let numbers = options.with_option.iter().chain(&options.arguments).map(|n| *n..=*n);
                let numbers: Vec<_> = numbers.collect();
                // `%patch` alone is that of number 0.
                Some((form, Some(if numbers.is_empty() { vec![0..=0] } else { numbers }), options.strip))
            }
        };
    }
    match first {
        "%autosetup" => (!options.none).then_some((Form::Automatic, None, options.strip)),
        "%autopatch" => {
            let numbers = match (options.least, options.most) {
                (None, None) if options.arguments.is_empty() => None,
                (None, None) => Some(options.arguments.iter().map(|n| *n..=*n).collect()),
                (least, most) => Some(vec![least.unwrap_or(0)..=most.unwrap_or(u32::MAX)]),
            };
            Some((Form::Automatic, numbers, options.strip))
        }
        "ApplyPatch" | "ApplyOptionalPatch" => {
            let name = text.split_ascii_whitespace().nth(1)?;
            let (_, number) = names.iter().find(|(known, _)| known.as_deref() == Some(name))?;
            Some((Form::Function, Some(vec![*number..=*number]), None))
        }
        _ if text.contains("%{patches}") || text.contains("%patches") => {
            Some((Form::Automatic, None, options.strip))
        }
        _ => {
            let mut numbers = Vec::new();
            for word in ["%{PATCH", "%{P:", "%PATCH"] {
                for (at, _) in text.match_indices(word) {
                    let digits = &text[at + word.len()..];
                    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
                    numbers.extend(digits[..length].parse().ok().map(|n: u32| n..=n));
                }
            }
            (!numbers.is_empty()).then_some((Form::Shell, Some(numbers), options.strip))
        }
    }
}

/// Options of the macros that apply patches.
#[derive(Default)]
struct Options {
    strip: Option<u32>,
    least: Option<u32>,
    most: Option<u32>,
    with_option: Vec<u32>,
    arguments: Vec<u32>,
    /// `-N`
    none: bool,
}

impl Options {
    fn read(text: &str) -> Self {
        let mut options = Self::default();
        let mut words = text.split_ascii_whitespace();
        while let Some(word) = words.next() {
            let Some(letter) = word.strip_prefix('-').and_then(|rest| rest.chars().next()) else {
                options.arguments.extend(word.parse::<u32>());
                continue;
            };
            if word == "-N" {
                options.none = true;
                continue;
            }
            if !"pPmMbzFdonSaD".contains(letter) || "aD".contains(letter) && word.len() > 2 {
                continue;
            }
            let attached = word.get(2..).filter(|rest| !rest.is_empty());
            // `-D` and `-T` of `%autosetup` have no value.
            let Some(value) = (if letter == 'D' { None } else { attached.or_else(|| words.next()) }) else {
                continue;
            };
            let number = value.parse::<u32>().ok();
            match letter {
                'p' => options.strip = number,
                'P' => options.with_option.extend(number),
                'm' => options.least = number,
                'M' => options.most = number,
                _ => {}
            }
        }
        options
    }
}

/// A line without a number that it gives as `-P 3`, `-P3` or `3`; all else stays.
fn without(text: &str, number: u32) -> Option<String> {
    let number = number.to_string();
    let mut at = 0;
    // Where the word before starts with the blanks before it, if it is `-P`; whether that has a value here.
    let (mut option, mut value) = (None, false);
    while at < text.len() {
        let rest = &text[at..];
        let word = rest.trim_start();
        let end = word.find(char::is_whitespace).unwrap_or(word.len());
        let (word, stop) = (&word[..end], text.len() - word.len() + end);
        if !value && (word == number || word.strip_prefix("-P") == Some(number.as_str())) {
            return Some([&text[..option.unwrap_or(at)], &text[stop..]].concat());
        }
        option = (word == "-P").then_some(at);
        value = matches!(word, "-p" | "-F" | "-b" | "-z" | "-d" | "-o" | "-m" | "-M");
        at = stop;
    }
    None
}
