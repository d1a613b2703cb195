//! A private apt: the machine's Debian archive, but nothing of the machine's state.
//!
//! ```text
//! <out>/downloads/apt/   apt.conf, sources, signed indexes
//! <out>/downloads/*.deb  packages, each verified by apt against the signed index
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use testkit::place;
use testkit::tool::Tool;

use super::error::{Error, Result};

/// Debian's own keyring: an archive that is not signed by it is not Debian's.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// One file that apt would download.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The file's name in the archive.
    pub(crate) file: String,
    pub(crate) sha256: String,
}

impl Wanted {
    /// The package's name: what comes before the first underscore.
    pub(crate) fn package(&self) -> &str {
        self.file.split('_').next().unwrap_or(&self.file)
    }
}

pub(crate) struct Apt {
    dir: PathBuf,
}

impl Apt {
    /// Prepares `dir`; fetches the signed indexes if there are none yet.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let dir = fs::canonicalize(place::make_dir(dir)?).map_err(testkit::Error::io(dir))?;
        let apt = Self { dir };
        for sub in ["state/lists/partial", "cache/archives/partial"] {
            place::make_dir(apt.dir.join(sub))?;
        }
        place::write(apt.dir.join("status"), "")?;
        place::write(apt.dir.join("debian.sources"), sources(Path::new("/etc/apt"))?)?;
        place::write(apt.dir.join("apt.conf"), apt.config()?)?;
        if !apt.dir.join("state/updated").exists() {
            apt.update()?;
        }
        Ok(apt)
    }

    /// Fetches the signed indexes anew.
    pub(crate) fn update(&self) -> Result<()> {
        // Without `any`, apt calls a failed download a warning and goes on with old lists.
        self.tool("apt-get").args(["update", "-qq", "--error-on=any"]).run()?;
        Ok(place::write(self.dir.join("state/updated"), "")?)
    }

    /// All packages that `seeds` need on an empty machine.
    pub(crate) fn closure(&self, seeds: &[String]) -> Result<Vec<Wanted>> {
        let listed = self.tool("apt-get").args(["install", "--print-uris", "-y", "-qq"]).args(seeds).run()?;
        let mut wanted: Vec<Wanted> = listed.lines().filter_map(parse_uri_line).collect();
        wanted.sort_by(|a, b| a.file.cmp(&b.file));
        Ok(wanted)
    }

    /// Downloads packages into `into`; apt checks each against the signed index.
    pub(crate) fn download(&self, packages: &[&str], into: &Path) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        let tool = self.tool("apt-get").args(["download", "-qq"]);
        tool.args(packages).dir(into).run()?;
        Ok(())
    }

    /// Downloads the upstream tarballs of source packages into `into`, checked likewise.
    pub(crate) fn download_sources(&self, sources: &[&str], into: &Path) -> Result<()> {
        if sources.is_empty() {
            return Ok(());
        }
        let tool = self.tool("apt-get").args(["source", "--download-only", "--tar-only", "-qq"]);
        tool.args(sources).dir(into).run()?;
        Ok(())
    }

    /// The whole index of this release, of `Sources` or of `Packages`, without updates.
    pub(crate) fn index(&self, kind: &str) -> Result<String> {
        let targets =
            self.tool("apt-get").args(["indextargets", "--format", "$(CODENAME) $(CREATED_BY) $(FILENAME)"]);
        let wanted = format!("{} {kind} ", codename()?);
        let listed = targets.run()?;
        let file = listed.lines().find_map(|line| line.strip_prefix(&wanted)).ok_or_else(|| {
            Error::recipe(&self.dir, format!("apt has no index `{}` of this release", wanted.trim()))
        })?;
        Ok(self.tool("/usr/lib/apt/apt-helper").args(["cat-file", file]).run()?)
    }

    fn tool(&self, program: &str) -> Tool {
        Tool::new(program).env("APT_CONFIG", self.dir.join("apt.conf"))
    }

    /// The machine's way to the network (proxies, timeouts), and a state of our own.
    fn config(&self) -> Result<String> {
        let host = Tool::new("apt-config").args(["dump", "Acquire"]).run()?;
        let dir = self.dir.display();
        Ok(format!(
            "{host}\n\
             Dir::Etc::parts \"/dev/null\";\n\
             Dir::Etc::main \"/dev/null\";\n\
             Dir::Etc::sourcelist \"{dir}/debian.sources\";\n\
             Dir::Etc::sourceparts \"/dev/null\";\n\
             Dir::Etc::preferences \"/dev/null\";\n\
             Dir::Etc::preferencesparts \"/dev/null\";\n\
             Dir::State \"{dir}/state\";\n\
             Dir::State::status \"{dir}/status\";\n\
             Dir::Cache \"{dir}/cache\";\n\
             Acquire::ForceHash \"SHA256\";\n\
             Acquire::Languages \"none\";\n\
             APT::Install-Recommends \"false\";\n\
             APT::Architecture \"amd64\";\n\
             APT::Architectures \"amd64\";\n\
             APT::Sandbox::User \"root\";\n"
        ))
    }
}

/// `'uri' file size SHA256:digest`
fn parse_uri_line(line: &str) -> Option<Wanted> {
    let mut words = line.split_whitespace().skip(1);
    let file = words.next()?.to_owned();
    let sha256 = words.nth(1)?.strip_prefix("SHA256:")?.to_owned();
    Some(Wanted { file, sha256 })
}

/// Debian's own entries among the machine's apt sources, with source packages added.
fn sources(etc: &Path) -> Result<String> {
    let codename = codename()?;
    let mut files = vec![etc.join("sources.list")];
    let parts = etc.join("sources.list.d");
    if parts.is_dir() {
        files.extend(place::entries(&parts)?);
    }
    let mut found = String::new();
    for file in files.into_iter().filter(|f| f.is_file()) {
        let text = String::from_utf8_lossy(&place::read(&file)?).into_owned();
        let archives = match file.extension().and_then(|e| e.to_str()) {
            Some("sources") => text.split("\n\n").filter_map(parse_stanza).collect(),
            Some("list") => text.lines().filter_map(parse_one_line).collect(),
            _ => Vec::new(),
        };
        for archive in archives.iter().filter(|a| a.is_debian(&codename)) {
            found.push_str(&archive.stanza());
        }
    }
    if found.is_empty() {
        let problem = format!("no source of Debian {codename} here; the world needs one");
        return Err(Error::recipe(etc, problem));
    }
    Ok(found)
}

fn codename() -> Result<String> {
    let path = Path::new("/etc/os-release");
    let text = String::from_utf8_lossy(&place::read(path)?).into_owned();
    text.lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
        .map(str::to_owned)
        .ok_or_else(|| Error::recipe(path, "no VERSION_CODENAME: the world is made on Debian"))
}

/// One archive of the machine's apt sources.
struct Archive {
    uri: String,
    suites: Vec<String>,
    signed_by: Option<String>,
}

impl Archive {
    /// Foreign archives have other suites or another keyring.
    fn is_debian(&self, codename: &str) -> bool {
        self.signed_by.as_deref().is_none_or(|by| by == KEYRING)
            && !self.suites.is_empty()
            && self.suites.iter().all(|suite| {
                suite.strip_prefix(codename).is_some_and(|rest| ["", "-updates", "-security"].contains(&rest))
            })
    }

    fn stanza(&self) -> String {
        format!(
            "Types: deb deb-src\nURIs: {}\nSuites: {}\nComponents: main\nSigned-By: {KEYRING}\n\n",
            self.uri,
            self.suites.join(" ")
        )
    }
}

fn parse_stanza(stanza: &str) -> Option<Archive> {
    let field = |name: &str| {
        stanza.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    Some(Archive {
        uri: field("URIs")?,
        suites: field("Suites")?.split_whitespace().map(str::to_owned).collect(),
        signed_by: field("Signed-By"),
    })
}

/// `deb [options] uri suite components`
fn parse_one_line(line: &str) -> Option<Archive> {
    let rest = line.trim().strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    Some(Archive {
        uri: words.next()?.to_owned(),
        suites: vec![words.next()?.to_owned()],
        signed_by: options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="))
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_debians_own_archive_is_taken() {
        let own = parse_one_line("deb http://a.example/debian bookworm main contrib").unwrap();
        assert!(own.is_debian("bookworm"));
        let security =
            parse_stanza("Types: deb\nURIs: http://a.example/s\nSuites: bookworm-security").unwrap();
        assert!(security.is_debian("bookworm"));
        let foreign = parse_one_line("deb [signed-by=/k.gpg] http://b.example bookworm main").unwrap();
        assert!(!foreign.is_debian("bookworm"));
        let other = parse_one_line("deb http://b.example cloud-bookworm main").unwrap();
        assert!(!other.is_debian("bookworm"));
    }

    #[test]
    fn uri_lines_are_read() {
        let line = "'http://a.example/g_1%2b2_amd64.deb' g_1+2_amd64.deb 12 SHA256:ab";
        let wanted = parse_uri_line(line).unwrap();
        assert_eq!((wanted.package(), wanted.sha256.as_str()), ("g", "ab"));
    }
}
