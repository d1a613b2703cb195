//! Small real RPMs, built by the host's `rpmbuild` from a spec made of a few lines.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;

use crate::place;
use crate::tool::Tool;
use crate::{Error, Result};

/// When everything was made: November 2023.
const EPOCH: u64 = 1_700_000_000;

/// A package being described; [`build`](Self::build) makes it.
///
/// ```no_run
/// # fn main() -> testkit::Result<()> {
/// let made = testkit::rpm_builder::RpmBuilder::new("hello", "1.0")
///     .file("/usr/bin/hello", "#!/bin/sh\necho hello\n")
///     .requires("bash >= 4")
///     .build(std::path::Path::new("/tmp/out"))?;
/// println!("{}", made.binary.display());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct RpmBuilder {
    name: String,
    version: String,
    release: String,
    arch: String,
    tags: Vec<String>,
    files: Vec<(String, Vec<u8>, Option<String>)>,
    /// What is made without content: a line of `%install`, and one of `%files`.
    made: Vec<(String, String)>,
    sections: Vec<String>,
}

/// What one build made.
#[derive(Debug)]
pub struct Built {
    /// The binary package.
    pub binary: PathBuf,
    /// The source package.
    pub source: PathBuf,
}

impl RpmBuilder {
    /// A noarch package with release 1 and no files.
    pub fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: version.to_owned(),
            release: "1".to_owned(),
            arch: "noarch".to_owned(),
            tags: Vec::new(),
            files: Vec::new(),
            made: Vec::new(),
            sections: Vec::new(),
        }
    }

    /// Sets the release.
    #[must_use]
    pub fn release(mut self, release: &str) -> Self {
        release.clone_into(&mut self.release);
        self
    }

    /// Sets the architecture, such as `x86_64`.
    #[must_use]
    pub fn arch(mut self, arch: &str) -> Self {
        arch.clone_into(&mut self.arch);
        self
    }

    /// Adds a line to the preamble, such as `tag("Epoch", "1")`.
    #[must_use]
    pub fn tag(mut self, tag: &str, value: &str) -> Self {
        self.tags.push(format!("{tag}: {value}"));
        self
    }

    /// Adds a dependency.
    #[must_use]
    pub fn requires(self, dependency: &str) -> Self {
        self.tag("Requires", dependency)
    }

    /// Adds a provided capability.
    #[must_use]
    pub fn provides(self, capability: &str) -> Self {
        self.tag("Provides", capability)
    }

    /// Adds a build dependency (seen in the source package).
    #[must_use]
    pub fn build_requires(self, dependency: &str) -> Self {
        self.tag("BuildRequires", dependency)
    }

    /// Adds a file; mode 0755 for what starts with `#!`, else 0644.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((path.to_owned(), content.as_ref().to_vec(), None));
        self
    }

    /// Adds a file with a directive of `%files` before it, such as `%config(noreplace)`.
    #[must_use]
    pub fn file_as(mut self, directive: &str, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref().to_vec();
        self.files.push((path.to_owned(), content, Some(directive.to_owned())));
        self
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        let line = format!(
            "mkdir -p \"$RPM_BUILD_ROOT{}\" && ln -s \"{target}\" \"$RPM_BUILD_ROOT{path}\"",
            parent(path)
        );
        self.made.push((line, format!("\"{path}\"")));
        self
    }

    /// Adds another name of a file that was added.
    #[must_use]
    pub fn hard_link(mut self, path: &str, file: &str) -> Self {
        let line = format!("ln \"$RPM_BUILD_ROOT{file}\" \"$RPM_BUILD_ROOT{path}\"");
        self.made.push((line, format!("\"{path}\"")));
        self
    }

    /// Adds a directory, with directives of `%files` before it, such as `%attr(750,root,root)`.
    #[must_use]
    pub fn directory_as(mut self, directive: &str, path: &str) -> Self {
        let line = format!("mkdir -p \"$RPM_BUILD_ROOT{path}\"");
        self.made.push((line, format!("{directive} %dir \"{path}\"")));
        self
    }

    /// Adds a file that belongs to the package and is not in it.
    #[must_use]
    pub fn ghost(mut self, path: &str) -> Self {
        let line = format!("mkdir -p \"$RPM_BUILD_ROOT{}\" && touch \"$RPM_BUILD_ROOT{path}\"", parent(path));
        self.made.push((line, format!("%ghost \"{path}\"")));
        self
    }

    /// Adds a scriptlet: `scriptlet("%post", "echo installed")`.
    #[must_use]
    pub fn scriptlet(mut self, section: &str, script: &str) -> Self {
        self.sections.push(format!("{section}\n{script}"));
        self
    }

    /// Builds the binary and the source package into `out`.
    pub fn build(&self, out: &Path) -> Result<Built> {
        let work = TempDir::new().map_err(Error::io("/tmp"))?;
        let sources = place::make_dir(work.path().join("SOURCES"))?;
        for (index, (_, content, _)) in self.files.iter().enumerate() {
            write_dated(&sources.join(format!("file{index}")), content)?;
        }
        let spec = work.path().join(format!("{}.spec", self.name));
        write_dated(&spec, self.spec().as_bytes())?;
        place::make_dir(out)?;
        rpmbuild(work.path(), out).args(["--target", &self.arch]).arg(&spec).run()?;
        let nvr = format!("{}-{}-{}", self.name, self.version, self.release);
        Ok(Built {
            binary: out.join(format!("{nvr}.{}.rpm", self.arch)),
            source: out.join(format!("{nvr}.src.rpm")),
        })
    }

    /// The spec file's text.
    pub fn spec(&self) -> String {
        let Self { name, version, release, .. } = self;
        let mut spec = format!(
            "Name: {name}\nVersion: {version}\nRelease: {release}\nSummary: The {name} test package\n"
        );
        if !self.tags.iter().any(|tag| tag.starts_with("License:")) {
            spec.push_str("License: MIT\n");
        }
        for index in 0..self.files.len() {
            let _ = writeln!(spec, "Source{index}: file{index}");
        }
        for tag in &self.tags {
            let _ = writeln!(spec, "{tag}");
        }
        let _ = writeln!(spec, "%description\nMade by the test kit.\n%install");
        for (index, (path, content, _)) in self.files.iter().enumerate() {
            // Macros would put this machine's directories into the source package's header.
            let mode = if content.starts_with(b"#!") { 755 } else { 644 };
            let _ =
                writeln!(spec, "install -D -m {mode} $RPM_SOURCE_DIR/file{index} \"$RPM_BUILD_ROOT{path}\"");
        }
        for (line, _) in &self.made {
            let _ = writeln!(spec, "{line}");
        }
        for section in &self.sections {
            let _ = writeln!(spec, "{section}");
        }
        let _ = writeln!(spec, "%files");
        for (path, _, directive) in &self.files {
            let _ = writeln!(spec, "{} \"{path}\"", directive.as_deref().unwrap_or(""));
        }
        for (_, line) in &self.made {
            let _ = writeln!(spec, "{line}");
        }
        spec
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// Source packages keep their files' times, so those are fixed too.
fn write_dated(path: &Path, content: &[u8]) -> Result<()> {
    place::write(path, content)?;
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(EPOCH);
    File::options().write(true).open(path).and_then(|f| f.set_modified(then)).map_err(Error::io(path))
}

/// The host's rpmbuild, made to give the same bytes each time.
fn rpmbuild(work: &Path, out: &Path) -> Tool {
    Tool::new("rpmbuild")
        // The host may have no rpm database to find build dependencies in.
        .args(["-ba", "--quiet", "--nodeps"])
        .env("SOURCE_DATE_EPOCH", EPOCH.to_string())
        .define("_topdir", work)
        .define("_rpmdir", out)
        .define("_srcrpmdir", out)
        .define("_rpmfilename", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm")
        .define("_buildhost", "testkit.example")
        .define("_buildshell", "/bin/bash")
        .define("use_source_date_epoch_as_buildtime", "1")
        .define("clamp_mtime_to_source_date_epoch", "1")
        .define("debug_package", "%{nil}")
}
