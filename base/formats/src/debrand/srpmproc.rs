//! srpmproc's `.cfg` files, which Rocky Linux keeps in `ROCKY/CFG` of its patch repositories.
//!
//! The tool applies directives in the order replace, delete, add, patch, lookaside, spec_change, whatever their order
//! in the file. Of a spec_change, its rules come in the order in which the tool looks at a line: search_and_replace
//! with `any`, `starts_with` and `ends_with`, then with `field`; append; new_field; file; changelog.

mod unified;

use super::convert::{Content, ConvertError, Converted, LARGEST, Output, ReadContent, Value, base};
use super::textproto::{self, Field, Value as Proto};

/// Converts a file of the branch `branch` (`r9`; `main` is for all) for a package. `file` is its name, for messages.
///
/// # Errors
/// The file is no text form of the tool's configuration; the error has the line.
pub fn convert(
    text: &str,
    file: &str,
    package: &str,
    branch: Option<&str>,
    read: &ReadContent<'_>,
) -> Result<Converted, ConvertError> {
    let error = |(line, message)| ConvertError { file: file.to_owned(), line, message };
    if text.len() > LARGEST {
        return Err(error((1, format!("the file has more than {LARGEST} bytes"))));
    }
    let fields = textproto::parse(text).map_err(error)?;
    let output = Output {
        file,
        directory: package,
        branch: branch.filter(|branch| *branch != "main").map(upstream_branch),
        result: Converted::default(),
    };
    let mut converter = Converter { output, read };
    for field in &fields {
        const KNOWN: [&str; 6] = ["replace", "delete", "add", "patch", "lookaside", "spec_change"];
        if !KNOWN.contains(&field.name.as_str()) {
            return Err(error((field.line, format!("unknown directive `{}`", field.name))));
        }
    }
    let all = |name: &'static str| fields.iter().filter(move |field| field.name == name);
    for field in all("replace") {
        converter.replace(&Directive::of(field)).map_err(error)?;
    }
    for field in all("delete") {
        let directive = Directive::of(field);
        directive.only(&["file"]).map_err(error)?;
        let name = directive.need("file").map_err(error)?;
        converter.output.rule(field.line, "delete_file", &[("name", Value::Text(base(name)))]);
    }
    for field in all("add") {
        converter.add(&Directive::of(field)).map_err(error)?;
    }
    for field in all("patch") {
        let directive = Directive::of(field);
        directive.only(&["file", "strict"]).map_err(error)?;
        let path = directive.need("file").map_err(error)?;
        match read(Content::Tree(path)) {
            Some(bytes) => unified::convert(&bytes, field.line, path, &mut converter.output),
            None => converter.output.lost(field.line, format!("patch: there is no {path}")),
        }
    }
    for field in all("lookaside") {
        converter.lookaside(&Directive::of(field)).map_err(error)?;
    }
    for field in all("spec_change") {
        converter.spec_change(&Directive::of(field)).map_err(error)?;
    }
    Ok(converter.output.finish())
}

/// `r9` is made from `c9`.
fn upstream_branch(branch: &str) -> String {
    match branch.strip_prefix('r') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => format!("c{rest}"),
        _ => branch.to_owned(),
    }
}

/// Line and message.
type Fault = (usize, String);

/// A message with its fields.
struct Directive<'a> {
    line: usize,
    name: &'a str,
    fields: &'a [Field],
}

impl<'a> Directive<'a> {
    fn of(field: &'a Field) -> Self {
        let fields = match &field.value {
            Proto::Message(fields) => &fields[..],
            _ => &[],
        };
        Self { line: field.line, name: &field.name, fields }
    }

    fn only(&self, known: &[&str]) -> Result<(), Fault> {
        match self.fields.iter().find(|field| !known.contains(&field.name.as_str())) {
            Some(field) => Err((field.line, format!("{} has no field `{}`", self.name, field.name))),
            None => Ok(()),
        }
    }

    /// The last value counts, as everywhere in protocol buffers.
    fn text(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().rev().filter(|field| field.name == name).find_map(|field| match &field.value {
            Proto::Text(text) | Proto::Word(text) => Some(text.as_str()),
            Proto::Message(_) => None,
        })
    }

    fn texts(&self, name: &str) -> Vec<String> {
        let all = self.fields.iter().filter(|field| field.name == name);
        all.filter_map(|field| match &field.value {
            Proto::Text(text) => Some(text.clone()),
            _ => None,
        })
        .collect()
    }

    fn need(&self, name: &str) -> Result<&'a str, Fault> {
        let text = self.text(name).filter(|text| !text.is_empty());
        text.ok_or_else(|| (self.line, format!("{} needs `{name}`", self.name)))
    }

    fn is(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "True" | "t" | "1"))
    }

    fn number(&self, name: &str) -> i64 {
        self.text(name).and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    fn all(&self, name: &'static str) -> impl Iterator<Item = Directive<'a>> {
        self.fields.iter().filter(move |field| field.name == name).map(Directive::of)
    }
}

struct Converter<'a> {
    output: Output<'a>,
    read: &'a ReadContent<'a>,
}

impl Converter<'_> {
    /// Keeps a content that a directive names and gives its path.
    fn content(&mut self, line: usize, what: &str, content: Content<'_>, name: &str) -> Option<String> {
        match (self.read)(content) {
            Some(bytes) => Some(self.output.keep(name, bytes)),
            None => {
                let place = match content {
                    Content::Tree(path) => format!("there is no {path}"),
                    Content::Lookaside(digest) => format!("the lookaside does not have {digest}"),
                };
                self.output.lost(line, format!("{what}: {place}"));
                None
            }
        }
    }

    fn replace(&mut self, directive: &Directive<'_>) -> Result<(), Fault> {
        directive.only(&["file", "with_file", "with_inline", "with_lookaside"])?;
        let (line, name) = (directive.line, base(directive.need("file")?));
        let content = match (directive.text("with_file"), directive.text("with_lookaside")) {
            (Some(path), _) => Content::Tree(path),
            (_, Some(digest)) => Content::Lookaside(digest),
            _ => {
                let text = directive.text("with_inline").unwrap_or_default();
                let keys = [("name", Value::Text(name)), ("text", Value::Text(text))];
                self.output.rule(line, "replace_file", &keys);
                return Ok(());
            }
        };
        if let Some(path) = self.content(line, "replace", content, name) {
            let keys = [("name", Value::Text(name)), ("content", Value::Text(&path))];
            self.output.rule(line, "replace_file", &keys);
        }
        Ok(())
    }

    fn add(&mut self, directive: &Directive<'_>) -> Result<(), Fault> {
        directive.only(&["file", "lookaside", "name"])?;
        let content = match (directive.text("file"), directive.text("lookaside")) {
            (_, Some(digest)) => Content::Lookaside(digest),
            (path, None) => Content::Tree(path.map_or_else(|| directive.need("file"), Ok)?),
        };
        let (Content::Tree(from) | Content::Lookaside(from)) = content;
        let name = base(directive.text("name").filter(|name| !name.is_empty()).unwrap_or(from));
        if let Some(path) = self.content(directive.line, "add", content, name) {
            let keys = [("name", Value::Text(name)), ("content", Value::Text(&path))];
            self.output.rule(directive.line, "add_file", &keys);
        }
        Ok(())
    }

    /// Where files are kept is not our matter; what comes into the package is.
    fn lookaside(&mut self, directive: &Directive<'_>) -> Result<(), Fault> {
        directive.only(&["file", "tar", "archive_name", "from_patch_tree"])?;
        let line = directive.line;
        let files = directive.texts("file");
        if directive.is("tar") {
            let name = format!("{}.tar.gz", directive.need("archive_name")?);
            if !directive.is("from_patch_tree") {
                let what =
                    format!("lookaside: {name} is packed from files of the package; pack it by a script");
                self.output.lost(line, what);
                return Ok(());
            }
            let mut members = Vec::new();
            for file in files {
                match (self.read)(Content::Tree(&file)) {
                    Some(bytes) => members.push((file, bytes)),
                    None => {
                        self.output.lost(line, format!("lookaside: there is no {file}"));
                        return Ok(());
                    }
                }
            }
            match packed(&members) {
                Ok(bytes) => {
                    let path = self.output.keep(&name, bytes);
                    let keys = [("name", Value::Text(&name)), ("content", Value::Text(&path))];
                    self.output.rule(line, "add_file", &keys);
                }
                Err(error) => self.output.lost(line, format!("lookaside: {name} can't be packed: {error}")),
            }
        } else if directive.is("from_patch_tree") {
            for file in files {
                let name = base(&file);
                if let Some(path) = self.content(line, "lookaside", Content::Tree(&file), name) {
                    let keys = [("name", Value::Text(name)), ("content", Value::Text(&path))];
                    self.output.rule(line, "add_file", &keys);
                }
            }
        }
        Ok(())
    }

    fn spec_change(&mut self, change: &Directive<'_>) -> Result<(), Fault> {
        let known = ["file", "changelog", "search_and_replace", "append", "new_field", "disable_auto_align"];
        change.only(&known)?;
        let searches: Vec<_> = change.all("search_and_replace").collect();
        for by_field in [false, true] {
            for search in searches.iter().filter(|search| search.text("field").is_some() == by_field) {
                self.search(search)?;
            }
        }
        for append in change.all("append") {
            append.only(&["field", "value"])?;
            let (field, value) = (append.need("field")?, append.text("value").unwrap_or_default());
            match field.strip_prefix('%') {
                None => {
                    let keys = [("tag", Value::Text(field)), ("text", Value::Text(value))];
                    self.output.rule(append.line, "append_to_tag", &keys);
                }
                Some(section) => {
                    let mut words = section.split_ascii_whitespace().filter(|word| *word != "-n");
                    let mut keys = vec![("section", Value::Text(words.next().unwrap_or_default()))];
                    keys.extend(words.next().map(|package| ("subpackage", Value::Text(package))));
                    keys.extend([("at", Value::Text("end")), ("text", Value::Text(value))]);
                    self.output.rule(append.line, "add_lines", &keys);
                }
            }
        }
        for field in change.all("new_field") {
            field.only(&["key", "value"])?;
            let keys = [
                ("tag", Value::Text(field.need("key")?)),
                ("value", Value::Text(field.text("value").unwrap_or_default())),
            ];
            self.output.rule(field.line, "add_tag", &keys);
        }
        for file in change.all("file") {
            self.file(&file)?;
        }
        // Each of ours goes to the top.
        for entry in change.all("changelog").collect::<Vec<_>>().into_iter().rev() {
            entry.only(&["author_name", "author_email", "message"])?;
            let author = format!("{} <{}>", entry.need("author_name")?, entry.need("author_email")?);
            let keys = [("author", Value::Text(&author)), ("text", Value::Texts(&entry.texts("message")))];
            self.output.rule(entry.line, "changelog", &keys);
        }
        Ok(())
    }

    fn search(&mut self, search: &Directive<'_>) -> Result<(), Fault> {
        search.only(&["field", "any", "starts_with", "ends_with", "find", "replace", "n"])?;
        let find = search.need("find")?;
        let n = search.number("n");
        if n == 0 {
            let what = format!("search_and_replace of `{find}`: `n` is 0, so that the tool replaces nothing");
            self.output.lost(search.line, what);
            return Ok(());
        }
        let escaped = regex::escape(find);
        let lines = match (search.is("starts_with"), search.is("ends_with")) {
            (true, _) => Some(format!(r"^\s*{escaped}")),
            (_, true) => Some(format!(r"{escaped}\s*$")),
            _ => None,
        };
        let mut keys = vec![
            ("text", Value::Text(find)),
            ("with", Value::Text(search.text("replace").unwrap_or_default())),
        ];
        match search.text("field") {
            Some(field) => keys.push(("tag", Value::Text(field))),
            None if lines.is_none() && !search.is("any") => {
                self.output
                    .lost(search.line, format!("search_and_replace of `{find}`: it does not say where"));
                return Ok(());
            }
            // The tool changes the changelog too.
            None => keys.push(("changelog", Value::Yes(true))),
        }
        keys.extend(lines.as_deref().map(|lines| ("lines", Value::Text(lines))));
        keys.extend((n > 0).then_some(("each_line", Value::Number(n))));
        self.output.rule(search.line, "replace", &keys);
        Ok(())
    }

    fn file(&mut self, file: &Directive<'_>) -> Result<(), Fault> {
        file.only(&["name", "type", "add", "delete", "add_to_prep", "n_path"])?;
        let name = file.need("name")?;
        let patch = match file.text("type") {
            Some("Patch" | "2") => true,
            Some("Source" | "1") => false,
            _ => return Err((file.line, "file needs the type `Source` or `Patch`".to_owned())),
        };
        let mut keys = vec![("name", Value::Text(name))];
        match (file.text("add").is_some(), file.text("delete").is_some()) {
            (true, _) => {
                let prep = file.is("add_to_prep");
                if patch {
                    keys.push(("prep", Value::Yes(prep)));
                    keys.extend(prep.then(|| ("strip", Value::Number(file.number("n_path")))));
                }
                self.output.rule(file.line, if patch { "add_patch" } else { "add_source" }, &keys);
            }
            (_, true) => {
                // The tool leaves %prep and the file to other directives.
                keys.push(("keep_file", Value::Yes(true)));
                keys.extend(patch.then_some(("prep", Value::Yes(false))));
                self.output.rule(file.line, if patch { "remove_patch" } else { "remove_source" }, &keys);
            }
            _ => self.output.lost(file.line, format!("file {name}: it is neither added nor deleted")),
        }
        Ok(())
    }
}

/// A tar.gz whose bytes depend on nothing but the files.
fn packed(members: &[(String, Vec<u8>)]) -> std::io::Result<Vec<u8>> {
    let mut archive =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default()));
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, &bytes[..])?;
    }
    archive.into_inner()?.finish()
}
