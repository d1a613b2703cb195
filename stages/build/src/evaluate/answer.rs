//! Reads what rpmspec prints. Its formats are ours: one fact a line, the first letter says which.

use heirloom_model::record::EvaluatedBinary;
use heirloom_model::{Dependency, Evr, Nevra};

/// Query format for the source package.
pub(super) const SOURCE: &str = "N %{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n\
                                 [R %{REQUIRENEVRS}\\n][O %{EXCLUSIVEARCH}\\n][X %{EXCLUDEARCH}\\n]";

/// Query format for each binary package.
pub(super) const BINARIES: &str =
    "N %{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\n[P %{PROVIDENEVRS}\\n]";

/// What is said about the source package.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) nevra: Nevra,
    pub(super) requires: Vec<Dependency>,
    arch: String,
    only: Vec<String>,
    except: Vec<String>,
}

/// Whether the unparsed text of a spec file declares a conditional named `bootstrap`.
pub(super) fn mentions_bootstrap(text: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let declares = words.any(|word| matches!(word, "bcond" | "bcond_with" | "bcond_without"));
        (declares && words.any(|word| word == "bootstrap")) || line.contains("_with_bootstrap")
    })
}

impl Source {
    /// Why it does not build on this architecture, by rpm's own rule.
    pub(super) fn excluded(&self, arch: &str) -> Option<String> {
        // A noarch package is checked as such: Java's say `ExclusiveArch: ... noarch`.
        let arch = if self.arch == "noarch" { "noarch" } else { arch };
        if self.except.iter().any(|it| it == arch) {
            return Some(format!("ExcludeArch lists {arch}"));
        }
        (!self.only.is_empty() && !self.only.iter().any(|it| it == arch))
            .then(|| format!("ExclusiveArch lists {}, not {arch}", self.only.join(" ")))
    }
}

/// Reads the answer in the format [`SOURCE`].
pub(super) fn source(text: &str) -> Result<Source, String> {
    let mut source = None;
    for (kind, value) in facts(text) {
        match (kind, &mut source) {
            ("N", None) => {
                let (nevra, arch) = nevra(value, Some("src"))?;
                let (requires, only, except) = (Vec::new(), Vec::new(), Vec::new());
                source = Some(Source { nevra, requires, arch, only, except });
            }
            ("R", Some(source)) => source.requires.extend(dependency(value)?),
            ("O", Some(source)) => source.only.push(value.to_owned()),
            ("X", Some(source)) => source.except.push(value.to_owned()),
            _ => return Err(unexpected(text)),
        }
    }
    let mut source = source.ok_or_else(|| unexpected(text))?;
    source.requires.sort();
    source.requires.dedup();
    Ok(source)
}

/// Reads the answer in the format [`BINARIES`].
pub(super) fn binaries(text: &str) -> Result<Vec<EvaluatedBinary>, String> {
    let mut binaries: Vec<EvaluatedBinary> = Vec::new();
    for (kind, value) in facts(text) {
        match (kind, binaries.last_mut()) {
            ("N", _) => binaries.push(EvaluatedBinary { nevra: nevra(value, None)?.0, provides: Vec::new() }),
            ("P", Some(binary)) => binary.provides.extend(dependency(value)?),
            _ => return Err(unexpected(text)),
        }
    }
    Ok(binaries)
}

/// rpm's errors without its warnings; all of it if there is none.
pub(super) fn error_lines(text: &str) -> String {
    let errors: Vec<_> = text.lines().filter(|line| line.starts_with("error:")).take(10).collect();
    match errors.is_empty() {
        true => crate::message::last_lines(text, 10),
        false => errors.join("\n"),
    }
}

fn facts(text: &str) -> impl Iterator<Item = (&str, &str)> {
    // An array tag that is not there prints `(none)`.
    text.lines().filter_map(|line| line.split_once(' ')).filter(|(_, value)| *value != "(none)")
}

fn unexpected(text: &str) -> String {
    let start: String = text.chars().take(200).collect();
    format!("rpmspec's answer is not understood; it starts `{start}`")
}

fn nevra(value: &str, arch: Option<&str>) -> Result<(Nevra, String), String> {
    let fields: Vec<_> = value.split('\t').collect();
    let [name, epoch, version, release, found] = fields[..] else { return Err(unexpected(value)) };
    let epoch = epoch.parse().map_err(|_| format!("the epoch `{epoch}` is not a number"))?;
    let evr = Evr::new(epoch, version, release).map_err(|error| error.to_string())?;
    let nevra = Nevra::new(name, evr, arch.unwrap_or(found)).map_err(|error| error.to_string())?;
    Ok((nevra, found.to_owned()))
}

/// None for what rpm demands of itself.
fn dependency(value: &str) -> Result<Option<Dependency>, String> {
    if value.starts_with("rpmlib(") {
        return Ok(None);
    }
    value.parse().map(Some).map_err(|error: heirloom_model::dependency::InvalidDependency| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "N a\t1\t2\t3.el9\tx86_64\n";

    #[test]
    fn reads_a_source() {
        let text = format!("{HEAD}R gcc\nR rpmlib(X) <= 1\nR b >= 2\nR (c or d)\nO (none)\n");
        let source = source(&text).unwrap();
        assert_eq!(source.nevra.to_string(), "a-1:2-3.el9.src");
        let requires: Vec<_> = source.requires.iter().map(ToString::to_string).collect();
        assert_eq!(requires, ["(c or d)", "b >= 2", "gcc"]);
        assert_eq!(source.excluded("x86_64"), None);
    }

    #[test]
    fn decides_architectures_as_rpm_does() {
        let noarch = HEAD.replace("x86_64", "noarch");
        for (head, tags, excluded) in [
            (HEAD, "O x86_64\nO noarch\n", false),
            (HEAD, "O aarch64\n", true),
            (HEAD, "X x86_64\n", true),
            (HEAD, "X i686\n", false),
            (&noarch, "O x86_64\n", true),
            (&noarch, "O x86_64\nO noarch\n", false),
        ] {
            assert_eq!(
                source(&format!("{head}{tags}")).unwrap().excluded("x86_64").is_some(),
                excluded,
                "{tags}"
            );
        }
    }

    #[test]
    fn reads_binaries_and_refuses_noise() {
        let text = format!("{HEAD}P a = 1:2-3.el9\n{}", HEAD.replace("N a", "N a-libs"));
        assert_eq!(binaries(&text).unwrap().len(), 2);
        for text in ["P a\n", "hello world\n", "N a\tb\n"] {
            assert!(binaries(text).is_err(), "{text}");
        }
        assert!(source("").is_err());
    }

    #[test]
    fn sees_conditionals() {
        for (text, bootstrap) in [
            ("%bcond_with bootstrap\n", true),
            ("%bcond bootstrap 0\n", true),
            ("%if 0%{?_with_bootstrap:1}\n", true),
            ("# no bootstrap here\n%bcond_with tests", false),
            ("%bcond_with bootstrapping", false),
        ] {
            assert_eq!(mentions_bootstrap(text), bootstrap, "{text}");
        }
    }
}
