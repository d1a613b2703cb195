//! What files say about themselves: the names that rpm's generators would provide for
//! pkg-config files, CMake configurations, Perl modules and Python distributions.
//! (ELF files are left to rpm's own generator.)

use std::collections::BTreeSet;
use std::path::Path;

use testkit::place;

use super::error::Result;
use super::tree::Tree;

/// All generated names of a package.
pub(crate) fn of(tree: &Tree) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in tree.entries()?.iter().filter(|e| !e.is_dir) {
        let path = entry.path.as_str();
        let read = || text(&tree.root.join(path.trim_start_matches('/')));
        if let Some(name) = pkgconfig_name(path) {
            found.extend(pkgconfig(name, &read()?));
        } else if let Some(name) = cmake_name(path) {
            found.insert(format!("cmake({name})"));
            found.insert(format!("cmake({})", name.to_lowercase()));
        } else if is_perl_module(path) {
            found.extend(perl(&read()?));
        } else if is_python_metadata(path) {
            found.extend(python(&read()?));
        }
    }
    Ok(found)
}

/// Links may point into other packages: those say nothing.
fn text(path: &Path) -> Result<String> {
    if !path.is_file() || path.is_symlink() {
        return Ok(String::new());
    }
    Ok(String::from_utf8_lossy(&place::read(path)?).into_owned())
}

fn pkgconfig_name(path: &str) -> Option<&str> {
    let (dir, file) = path.rsplit_once('/')?;
    dir.ends_with("/pkgconfig").then(|| file.strip_suffix(".pc"))?
}

fn pkgconfig(name: &str, text: &str) -> Option<String> {
    let value = text.lines().find_map(|l| l.strip_prefix("Version:"))?.trim();
    let version = match value.strip_prefix("${").and_then(|v| v.strip_suffix('}')) {
        Some(variable) => {
            text.lines().find_map(|line| line.strip_prefix(variable)?.trim_start().strip_prefix('='))?.trim()
        }
        None => value,
    };
    Some(match version {
        "" => format!("pkgconfig({name})"),
        version => format!("pkgconfig({name}) = {}", version.replace(['-', ' '], "_")),
    })
}

fn cmake_name(path: &str) -> Option<&str> {
    let (dir, file) = path.rsplit_once('/')?;
    if !dir.contains("/cmake") {
        return None;
    }
    file.strip_suffix("Config.cmake")
        .or_else(|| file.strip_suffix("-config.cmake"))
        .filter(|name| !name.is_empty())
}

fn is_perl_module(path: &str) -> bool {
    path.ends_with(".pm") && (path.contains("/perl5/") || path.contains("/perl"))
}

/// `perl(Name) = version` for each package that a module declares.
fn perl(text: &str) -> Vec<String> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut in_pod = false;
    for line in text.lines() {
        match line {
            "__END__" | "__DATA__" => break,
            _ if line.starts_with("=cut") => in_pod = false,
            _ if line.starts_with('=') => in_pod = true,
            _ if in_pod => {}
            _ => {
                let line = line.trim();
                if let Some(package) = perl_package(line) {
                    found.push(package);
                } else if let Some(last) = found.last_mut() {
                    last.1 = last.1.take().or_else(|| perl_version(line));
                }
            }
        }
    }
    found
        .into_iter()
        .map(|(name, version)| match version {
            Some(version) => format!("perl({name}) = {version}"),
            None => format!("perl({name})"),
        })
        .collect()
}

/// `package Name;`, `package Name 1.2;`, `package Name {`
fn perl_package(line: &str) -> Option<(String, Option<String>)> {
    let rest = line.strip_prefix("package ")?;
    let end = rest.find([';', '{']).unwrap_or(rest.len());
    let mut words = rest[..end].split_whitespace();
    let name = words.next()?;
    let is_name = name.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    // Without the end on the same line it is prose, or a name hidden from indexers on purpose.
    (is_name && end < rest.len()).then(|| (name.to_owned(), words.next().and_then(version_number)))
}

/// `our $VERSION = '1.2';`
fn perl_version(line: &str) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let (before, after) = line.split_once("VERSION")?;
    if !before.ends_with(['$', ':']) {
        return None;
    }
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    version_number(value.trim_start_matches("qv(").trim_start_matches(['\'', '"']))
}

fn version_number(text: &str) -> Option<String> {
    let text = text.trim_start_matches('v');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '_').unwrap_or(text.len());
    let version = text[..end].replace('_', "");
    version.starts_with(|c: char| c.is_ascii_digit()).then_some(version)
}

fn is_python_metadata(path: &str) -> bool {
    path.ends_with(".dist-info/METADATA")
        || path.ends_with(".egg-info/PKG-INFO")
        || path.ends_with(".egg-info")
}

/// `python3dist(name) = version`, and `python3-name`, as Enterprise Linux calls most of them.
fn python(text: &str) -> Vec<String> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    let (Some(name), Some(version)) = (field("Name: "), field("Version: ")) else {
        return Vec::new();
    };
    let (name, version) = (name.trim(), version.trim());
    let dotted = name.to_lowercase().replace('_', "-");
    let mut found = vec![format!("python3-{} = {version}", normalised(name))];
    for name in BTreeSet::from([normalised(name), dotted]) {
        found.push(format!("python3dist({name}) = {version}"));
        found.push(format!("python3.11dist({name}) = {version}"));
    }
    found
}

/// Python's own rule: lower case, and runs of `-`, `_` and `.` are one `-`.
fn normalised(name: &str) -> String {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(['-', '_', '.']).filter(|p| !p.is_empty()).collect();
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn perl_packages_and_versions() {
        let text = "package Foo::Bar;\nour $VERSION = '1.2_3';\n=head1\npackage Pod;\n=cut\n\
                    package Baz 2.0 { }\npackage\n  Hidden;\n__END__\npackage Late;\n";
        assert_eq!(perl(text), ["perl(Foo::Bar) = 1.23", "perl(Baz) = 2.0"]);
    }

    #[test]
    fn pkgconfig_variables_are_followed() {
        let text = "ver=1.2\nName: x\nVersion: ${ver}\n";
        assert_eq!(pkgconfig("x", text).unwrap(), "pkgconfig(x) = 1.2");
        assert_eq!(pkgconfig_name("/usr/share/pkgconfig/x.pc"), Some("x"));
        assert_eq!(pkgconfig_name("/usr/share/x.pc"), None);
    }

    #[test]
    fn python_names_are_normalised() {
        let found = python("Metadata-Version: 2.1\nName: Flit_Core\nVersion: 3.8\n");
        assert_eq!(found[1], "python3dist(flit-core) = 3.8");
    }
}
