//! AlmaLinux's autopatch: `config.yaml` with `files/` and `scripts/` beside it, on a branch for each release.

mod config;

use heirloom_model::Digest;
use serde_saphyr::Spanned;

use super::convert::{Content, ConvertError, Converted, LARGEST, Output, ReadContent, Value, base};
use config::{
    AddFiles, AddLine, Block, ChangelogEntry, Config, DeleteLine, ModifyRelease, Number, Replace, RunScript,
};

/// Where the tool breaks lines of the changelog.
const WIDTH: usize = 80;

/// Converts a configuration of the branch `branch` (`a9`) for a package. `file` is its name, for messages.
///
/// # Errors
/// The file is no configuration of the tool; the error has the line.
pub fn convert(
    text: &str,
    file: &str,
    package: &str,
    branch: Option<&str>,
    read: &ReadContent<'_>,
) -> Result<Converted, ConvertError> {
    let error = |line, message| ConvertError { file: file.to_owned(), line, message };
    if text.len() > LARGEST {
        return Err(error(1, format!("the file has more than {LARGEST} bytes")));
    }
    let config: Config = serde_saphyr::from_str(text).map_err(|fault| {
        let line = fault.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
        let message = fault.without_snippet().to_string();
        error(line, message.lines().next().unwrap_or_default().to_owned())
    })?;
    let output = Output {
        file,
        directory: package,
        branch: branch.map(upstream_branch),
        result: Converted::default(),
    };
    let mut converter = Converter { output, read };
    converter.parameters(&config.parameters);
    for block in &config.actions {
        let line = line_of(block);
        if block.value.len() != 1 {
            return Err(error(line, "expected one kind of action in each block".to_owned()));
        }
        converter.block(&block.value);
    }
    if config.inserts_lines() {
        let what = "insert_almalinux_line: the comments `# AlmaLinux Patch` and the like are not written";
        converter.output.lost(config.parameters.as_ref().map_or(1, line_of), what);
    }
    Ok(converter.output.finish())
}

/// `a9` is made from `c9`, `a10s` from `c10s`, `a9-beta` from `c9-beta`.
fn upstream_branch(branch: &str) -> String {
    branch.replacen('a', "c", 1)
}

fn line_of<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line()).unwrap_or(1)
}

struct Converter<'a> {
    output: Output<'a>,
    read: &'a ReadContent<'a>,
}

impl Converter<'_> {
    /// Most parameters are about git, or about what rpm must be told to read a spec file.
    fn parameters(&mut self, parameters: &Option<Spanned<config::Parameters>>) {
        let Some(parameters) = parameters else { return };
        let line = line_of(parameters);
        let parameters = &parameters.value;
        if let Some(branch) = parameters.custom_target_branch.as_deref().filter(|branch| !branch.is_empty()) {
            let what = format!("custom_target_branch: results do not go to a branch `{branch}`");
            self.output.lost(line, what);
        }
        if let Some(prefix) = parameters.tag_prefix.as_deref().filter(|prefix| !prefix.is_empty()) {
            self.output.lost(line, format!("tag_prefix: no tag begins with `{prefix}`"));
        }
        if parameters.ignore_release_macros == Some(true) {
            let what = "ignore_release_macros: the changelog names the release without %{?dist}";
            self.output.lost(line, what);
        }
        // pre_clean: a tree is always made anew. ignore_version_macros: rpm expands macros in changelogs, so that what
        // is built says the same.
    }

    fn block(&mut self, block: &Block) {
        for entry in block.replace.iter().flatten() {
            self.replace(line_of(entry), &entry.value);
        }
        for entry in block.delete_line.iter().flatten() {
            self.delete_line(line_of(entry), &entry.value);
        }
        for entry in block.modify_release.iter().flatten() {
            if !self.modify_release(line_of(entry), &entry.value) {
                break;
            }
        }
        // The first is on top in the end.
        for entry in block.changelog_entry.iter().flatten().rev() {
            self.changelog(line_of(entry), &entry.value);
        }
        for entry in block.add_files.iter().flatten() {
            self.add_files(line_of(entry), &entry.value);
        }
        for entry in block.delete_files.iter().flatten() {
            let name = base(&entry.value.file_name);
            self.output.rule(line_of(entry), "delete_file", &[("name", Value::Text(name))]);
        }
        for entry in block.run_script.iter().flatten() {
            self.run_script(line_of(entry), &entry.value);
        }
        for entry in block.add_line.iter().flatten() {
            self.add_line(line_of(entry), &entry.value);
        }
    }

    fn replace(&mut self, line: usize, entry: &Replace) {
        let (find, is_regex) = match (&entry.find, &entry.rfind) {
            (Some(find), None) => (find, false),
            (None, Some(find)) => (find, true),
            _ => return self.output.lost(line, "replace: expected either `find` or `rfind`"),
        };
        let count = entry.count.unwrap_or(-1);
        if count == 0 {
            return self
                .output
                .lost(line, format!("replace of `{find}`: `count` is 0, which replaces nothing"));
        }
        let several = find.trim_end_matches('\n').contains('\n');
        // Several lines are compared literally by the tool, even if they are given as an expression.
        let pattern = is_regex && !several;
        let find_line = find.strip_suffix('\n').unwrap_or(find);
        let with = match entry.replace.contains('\n') {
            true => entry.replace.strip_suffix('\n').unwrap_or(&entry.replace),
            false => &entry.replace,
        };
        let expanded;
        let mut keys = match pattern {
            true => {
                if let Err(fault) = regex::Regex::new(find_line) {
                    let fault = fault.to_string();
                    let fault =
                        fault.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                    return self.output.lost(line, format!("replace of `{find_line}`: {fault}"));
                }
                expanded = groups(with);
                vec![("regex", Value::Text(find_line)), ("with", Value::Text(&expanded))]
            }
            false => vec![("text", Value::Text(find_line)), ("with", Value::Text(with))],
        };
        match entry.target.as_str() {
            "spec" if !several && !find.starts_with('#') => keys.push(("skip_comments", Value::Yes(true))),
            "spec" => {}
            target => keys.push(("file", Value::Text(base(target)))),
        }
        // For an expression, the tool counts in each line.
        let limit = if pattern { ("each_line", 1) } else { ("first", count) };
        keys.extend((count > 0).then_some((limit.0, Value::Number(limit.1))));
        self.output.rule(line, "replace", &keys);
    }

    fn delete_line(&mut self, line: usize, entry: &DeleteLine) {
        for text in &entry.lines {
            let mut keys = vec![("text", Value::Text(text.strip_suffix('\n').unwrap_or(text)))];
            if entry.target != "spec" {
                keys.push(("file", Value::Text(base(&entry.target))));
            }
            self.output.rule(line, "delete_lines", &keys);
        }
    }

    /// Whether the tool goes on with the next entry.
    fn modify_release(&mut self, line: usize, entry: &ModifyRelease) -> bool {
        if entry.enabled == Some(false) {
            self.output.lost(
                line,
                "modify_release: it is disabled, and the tool leaves out what follows in its block",
            );
            return false;
        }
        if entry.auto_increment == Some(true) {
            let what =
                "modify_release: the number does not follow the tags of a repository; it is the one given";
            self.output.lost(line, what);
        }
        let numbered = entry.suffix.rsplit_once('.').and_then(|(suffix, number)| {
            let number: u32 = number.parse().ok()?;
            let good = suffix.len() > 1
                && suffix.starts_with('.')
                && suffix.ends_with(|c: char| c.is_ascii_alphabetic());
            good.then_some((suffix, number))
        });
        match numbered {
            Some((suffix, number)) => {
                let keys = [("suffix", Value::Text(suffix)), ("number", Value::Number(number.into()))];
                self.output.rule(line, "release", &keys);
            }
            None => {
                let keys = [("tag", Value::Text("Release")), ("text", Value::Text(&entry.suffix))];
                self.output.rule(line, "append_to_tag", &keys);
            }
        }
        true
    }

    fn changelog(&mut self, line: usize, entry: &ChangelogEntry) {
        let author = format!("{} <{}>", entry.name, entry.email);
        let points: Vec<String> = entry.line.iter().map(|text| wrapped(text)).collect();
        self.output.rule(
            line,
            "changelog",
            &[("author", Value::Text(&author)), ("text", Value::Texts(&points))],
        );
    }

    fn add_files(&mut self, line: usize, entry: &AddFiles) {
        let name = base(&entry.name);
        let Some(bytes) = (self.read)(Content::Tree(&format!("files/{}", entry.name))) else {
            return self.output.lost(line, format!("add_files: there is no files/{}", entry.name));
        };
        let path = self.output.keep(name, bytes);
        let mut keys = vec![("name", Value::Text(name)), ("content", Value::Text(&path))];
        let action = match (entry.modify_spec, entry.kind.as_str()) {
            (Some(false), _) => "add_file",
            (_, "patch") => "add_patch",
            (_, "source") => "add_source",
            (_, kind) => {
                return self.output.lost(line, format!("add_files: `{kind}` is neither patch nor source"));
            }
        };
        match (&entry.number, action) {
            (_, "add_file") => {}
            (Some(Number::Number(number)), _) => keys.push(("number", Value::Number((*number).into()))),
            (Some(Number::Word(word)), _) if word != "Latest" => {
                return self.output.lost(line, format!("add_files: `{word}` is no number"));
            }
            _ => {}
        }
        self.output.rule(line, action, &keys);
    }

    fn run_script(&mut self, line: usize, entry: &RunScript) {
        let name = &entry.script;
        if entry.cwd.as_deref() == Some("autopatch") {
            let what = format!(
                "run_script {name}: it runs among the rules, where a script of ours sees the package only"
            );
            return self.output.lost(line, what);
        }
        let Some(bytes) = (self.read)(Content::Tree(&format!("scripts/{name}"))) else {
            return self.output.lost(line, format!("run_script: there is no scripts/{name}"));
        };
        let text = String::from_utf8_lossy(&bytes);
        if text.contains("SOURCES") || text.contains("SPECS") {
            let what =
                format!("run_script {name}: it names SPECS or SOURCES; ours has all files in one directory");
            self.output.lost(line, what);
        }
        let digest = Digest::of(&bytes).to_string();
        let path = self.output.keep(base(name), bytes);
        self.output.rule(line, "run", &[("script", Value::Text(&path)), ("sha256", Value::Text(&digest))]);
    }

    fn add_line(&mut self, line: usize, entry: &AddLine) {
        let at = match (entry.target.as_str(), entry.location.to_ascii_lowercase().as_str()) {
            ("spec", "top") => "start",
            ("spec", "bottom") => "end",
            (target, location) => {
                let what = format!("add_line: the tool does not know the place `{location}` of `{target}`");
                return self.output.lost(line, what);
            }
        };
        let section = if entry.section == "global" { "preamble" } else { &entry.section };
        let mut keys = vec![("section", Value::Text(section))];
        keys.extend(entry.subpackage.as_deref().map(|package| ("subpackage", Value::Text(package))));
        keys.extend([("at", Value::Text(at)), ("text", Value::Text(&entry.content))]);
        self.output.rule(line, "add_lines", &keys);
    }
}

/// Python's `\1` and `\g<name>` in ours: `${1}`, `${name}`.
fn groups(with: &str) -> String {
    let mut result = String::new();
    let mut rest = with;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        if c == '$' {
            result.push_str("$$");
        } else if c != '\\' {
            result.push(c);
        } else if let Some((name, after)) = rest.strip_prefix("g<").and_then(|rest| rest.split_once('>')) {
            result.push_str(&format!("${{{name}}}"));
            rest = after;
        } else {
            let digits = rest.bytes().take(2).take_while(u8::is_ascii_digit).count();
            match rest.chars().next() {
                _ if digits > 0 => result.push_str(&format!("${{{}}}", &rest[..digits])),
                Some('n') => result.push('\n'),
                Some('t') => result.push('\t'),
                Some('\\') => result.push('\\'),
                Some(other) => result.extend(['\\', other]),
                None => result.push('\\'),
            }
            let taken = if digits > 0 { digits } else { rest.chars().next().map_or(0, char::len_utf8) };
            rest = &rest[taken..];
        }
    }
    result
}

/// A point of the changelog, broken as the tool does. Two characters come before each line.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last().map_or(0, |line| line.chars().count());
        if line > 0 && line + 1 + word.chars().count() > WIDTH - 2 {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.join("\n")
}
