//! Values of rules that can't be, though their type is right.

use heirloom_model::Digest;

use super::action::{Action, AddLines};
use crate::spec::Day;
use crate::xml::is_plain_relative;

/// What is wrong, and what to do.
type Fault = Option<(String, &'static str)>;

pub(super) fn fault(action: &Action) -> Fault {
    match action {
        Action::Replace(replace) => either(&replace.text, &replace.regex, "text", "regex")
            .or_else(|| replace.regex.as_deref().and_then(regex))
            .or_else(|| replace.lines.as_deref().and_then(regex))
            .or_else(|| number(replace.count))
            .or_else(|| number(replace.each_line))
            .or_else(|| number(replace.first))
            .or_else(|| replace.tag.as_deref().and_then(tag))
            .or_else(|| replace.text.as_deref().and_then(|text| filled(text, "text"))),
        Action::DeleteLines(delete) => either(&delete.text, &delete.regex, "text", "regex")
            .or_else(|| delete.regex.as_deref().and_then(regex))
            .or_else(|| number(delete.count))
            .or_else(|| delete.file.as_deref().and_then(name))
            .or_else(|| delete.text.as_deref().and_then(|text| filled(text, "text"))),
        Action::AddLines(add) => add_lines(add),
        Action::SetTag(set) => tag(&set.tag).or_else(|| line(&set.value, "value")),
        Action::AppendToTag(append) => tag(&append.tag).or_else(|| line(&append.text, "text")),
        Action::AddTag(add) => tag(&add.tag).or_else(|| line(&add.value, "value")),
        Action::AddSource(add) if !add.prep || add.strip.is_some() => {
            Some(("`strip` and `prep` belong to patches".to_owned(), "leave them out"))
        }
        Action::AddSource(add) | Action::AddPatch(add) => {
            name(&add.name).or_else(|| add.content.as_deref().and_then(beside))
        }
        Action::RemoveSource(remove) | Action::RemovePatch(remove) => match (&remove.name, remove.number) {
            (Some(_), None) | (None, Some(_)) => None,
            _ => {
                Some(("expected either `name` or `number`".to_owned(), "say which source or patch is meant"))
            }
        },
        Action::ReplaceSource(replace) | Action::ReplacePatch(replace) => {
            name(&replace.by).or_else(|| beside(&replace.content))
        }
        Action::AddFile(add) => name(&add.name)
            .or_else(|| either(&add.content, &add.text, "content", "text"))
            .or_else(|| add.content.as_deref().and_then(beside)),
        Action::ReplaceFile(replace) => name(&replace.name)
            .or_else(|| either(&replace.content, &replace.text, "content", "text"))
            .or_else(|| replace.content.as_deref().and_then(beside)),
        Action::DeleteFile(delete) => name(&delete.name),
        Action::Release(release) => {
            let good = release.suffix.len() > 1
                && release.suffix.starts_with('.')
                && release.suffix.ends_with(|c: char| c.is_ascii_alphabetic())
                && release.suffix.chars().all(|c| c.is_ascii_alphanumeric() || "._+~^".contains(c));
            let message = || format!("`{}` can't be the suffix of a release", release.suffix);
            (!good).then(|| (message(), "give it as `.kes`, without the number, which comes behind it"))
        }
        Action::Changelog(changelog) => {
            let author = &changelog.author;
            if !author.contains('<') || !author.ends_with('>') || author.contains('\n') {
                let message = format!("`{author}` is no author");
                return Some((message, "write it as `Name <address>`"));
            }
            if changelog.text.all().iter().all(|text| text.trim().is_empty()) {
                return Some(("the entry has no text".to_owned(), "say what was changed"));
            }
            let day = changelog.date.as_deref().and_then(|date| date.parse::<Day>().err());
            day.map(|error| (error.to_string(), "write it as `2024-05-02`, or leave it out"))
        }
        Action::SetMacro(set) => {
            let good = set.name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && set.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            let message = || format!("`{}` can't be the name of a macro", set.name);
            (!good)
                .then(|| (message(), "give it without `%`: letters, digits and `_`"))
                .or_else(|| line(&set.value, "value"))
        }
        Action::Run(run) => beside(&run.script).or_else(|| match run.sha256.parse::<Digest>() {
            Ok(_) => None,
            Err(error) => Some((error.to_string(), "give the script's SHA-256, as `sha256sum` prints it")),
        }),
    }
}

fn add_lines(add: &AddLines) -> Fault {
    let places =
        usize::from(add.at.is_some()) + usize::from(add.before.is_some()) + usize::from(add.after.is_some());
    if places != 1 {
        let message = "expected one of `at`, `before` and `after`".to_owned();
        return Some((message, "say where the lines belong"));
    }
    match (&add.section, &add.file) {
        (Some(_), Some(_)) => {
            Some(("only the spec file has sections".to_owned(), "leave `section` or `file` out"))
        }
        (None, None) if add.at.is_some() => {
            Some(("`at` needs a `section`".to_owned(), "name the section, or another file"))
        }
        (_, file) => file.as_deref().and_then(name),
    }
}

fn either(one: &Option<String>, other: &Option<String>, name: &str, other_name: &str) -> Fault {
    match (one, other) {
        (Some(_), None) | (None, Some(_)) => None,
        (None, None) => Some((format!("expected `{name}` or `{other_name}`"), "give one of them")),
        _ => Some((format!("`{name}` and `{other_name}` can't both be given"), "leave one out")),
    }
}

fn regex(pattern: &str) -> Fault {
    let error = regex::bytes::Regex::new(pattern).err()?;
    // The last line says what it is about; those before draw the place.
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
    Some((
        format!("`{pattern}` is no regular expression: {last}"),
        "escape what is meant literally with `\\`",
    ))
}

fn number(count: Option<usize>) -> Fault {
    (count == Some(0)).then(|| ("0 times is never".to_owned(), "give a count from 1, or leave it out"))
}

fn filled(text: &str, key: &str) -> Fault {
    text.trim().is_empty().then(|| (format!("`{key}` is empty"), "say what is looked for"))
}

fn line(text: &str, key: &str) -> Fault {
    text.contains(['\n', '\r'])
        .then(|| (format!("`{key}` has several lines"), "it is one line of the spec file"))
}

fn tag(name: &str) -> Fault {
    let (letters, qualifier) = name.split_once('(').unwrap_or((name, ")"));
    let good = letters.starts_with(|c: char| c.is_ascii_alphabetic())
        && letters.chars().all(|c| c.is_ascii_alphanumeric())
        && qualifier.ends_with(')');
    (!good).then(|| (format!("`{name}` is no tag"), "give it as in a spec file without the colon: `Summary`"))
}

fn name(name: &str) -> Fault {
    let good = is_plain_relative(name) && !name.contains('/') && name.len() <= 255;
    (!good).then(|| (format!("`{name}` is no file of a source package"), "give a name without directories"))
}

fn beside(path: &str) -> Fault {
    let message = || format!("`{path}` is no file beside the rules");
    (!is_plain_relative(path)).then(|| (message(), "give a path below the directory of rules, without `..`"))
}
