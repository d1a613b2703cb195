//! Debian packages into one RPM: unpack, lay out, write a spec, let `rpmbuild` pack it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::tool::Tool;
use testkit::{Error as KitError, place};

use super::apt::Wanted;
use super::deb::{Control, Names, version_release};
use super::error::{Error, Result};
use super::provides;
use super::recipe::Bootstrap;
use super::tree::Tree;
use super::work::Key;

/// Raise this when the same recipe would now give another RPM.
const VERSION: &str = "1";

/// Found by rpm in ELF files; everything else is found by [`provides`].
const ELF_ATTR: &str = "\
%__elf_provides %{_rpmconfigdir}/elfdeps --provides
%__elf_requires %{_rpmconfigdir}/elfdeps --requires
%__elf_magic ^(setuid,? )?(setgid,? )?(sticky )?ELF (32|64)-bit.*$
";

/// One RPM to be made, from one or several Debian packages.
pub(crate) struct Job<'a> {
    pub(crate) name: &'a str,
    pub(crate) parts: Vec<&'a Wanted>,
}

pub(crate) struct Converter<'a> {
    pub(crate) recipe: &'a Bootstrap,
    /// Where the .deb files are.
    pub(crate) debs: &'a Path,
    /// Finished RPMs, as `<key>/<file>.rpm`.
    pub(crate) cache: &'a Path,
    pub(crate) scratch: &'a Path,
}

impl Converter<'_> {
    /// The directory in the cache that holds (only) the made RPM, and whether it is new.
    pub(crate) fn convert(&self, job: &Job<'_>) -> Result<(PathBuf, bool)> {
        self.convert_inner(job).map_err(Error::of(job.name))
    }

    fn convert_inner(&self, job: &Job<'_>) -> Result<(PathBuf, bool)> {
        let controls = self.controls(job)?;
        let header = self.header(job, &controls)?;
        let done = self.cache.join(self.key(job, &header));
        if done.is_dir() {
            return Ok((done, false));
        }
        let work = TempDir::new_in(self.scratch).map_err(KitError::io(self.scratch))?;
        let tree = self.lay_out(job, work.path().join("root"))?;
        let spec = finish_spec(header, self.recipe.spec.get(job.name), &tree)?;
        rpmbuild(job.name, work.path(), &spec)?;
        place::replace_dir(&work.path().join("out"), &done)?;
        Ok((done, true))
    }

    fn controls(&self, job: &Job<'_>) -> Result<Vec<Control>> {
        job.parts
            .iter()
            .map(|part| {
                let text = Tool::new("dpkg-deb").arg("-f").arg(self.debs.join(&part.file)).run()?;
                Ok(Control::parse(&text))
            })
            .collect()
    }

    fn key(&self, job: &Job<'_>, header: &str) -> String {
        let recipe = self.recipe;
        let mut key = Key::default().with(VERSION).with(ELF_ATTR).with(header);
        for part in &job.parts {
            key = key.with(&part.sha256);
        }
        key.with(format!("{:?}", recipe.strip))
            .with(format!("{:?}", recipe.links.get(job.name)))
            .with(format!("{:?}", recipe.keep.get(job.name)))
            .with(format!("{:?}", recipe.spec.get(job.name)))
            .with(format!("{:?}", recipe.edit.get(job.name)))
            .hex()
    }

    fn lay_out(&self, job: &Job<'_>, root: PathBuf) -> Result<Tree> {
        place::make_dir(&root)?;
        let debs: Vec<PathBuf> = job.parts.iter().map(|p| self.debs.join(&p.file)).collect();
        let names: Vec<&str> = job.parts.iter().map(|p| p.package()).collect();
        let tree = Tree::unpack(&debs, root)?;
        tree.strip(&names, job.name, &self.recipe.strip)?;
        if let Some(keep) = self.recipe.keep.get(job.name) {
            tree.keep_only(keep)?;
        }
        if let Some(links) = self.recipe.links.get(job.name) {
            tree.add_links(links)?;
        }
        if let Some(edits) = self.recipe.edit.get(job.name) {
            tree.edit(edits)?;
        }
        Ok(tree)
    }

    /// The spec as far as it follows from the control fields. The first part leads: it gives
    /// version and summary.
    fn header(&self, job: &Job<'_>, controls: &[Control]) -> Result<String> {
        let names = Names { rename: &self.recipe.rename, drop: &self.recipe.drop };
        let lead = leading(job, controls);
        let (version, release) = version_release(lead.get("Version"));
        let release = release.unwrap_or_else(|| "0".to_owned());
        let summary = lead.get("Description").lines().next().unwrap_or_default();
        let mut spec = format!(
            "Name: {}\nVersion: {version}\nRelease: {release}\nSummary: {}\n\
             License: see /usr/share/licenses\n",
            job.name,
            summary.replace('%', "%%"),
        );
        let epoch = self.recipe.epoch.get(job.name);
        if let Some(epoch) = epoch {
            let _ = writeln!(spec, "Epoch: {epoch}");
        }
        let noarch = controls.iter().all(|c| c.get("Architecture") == "all");
        let _ = writeln!(spec, "BuildArch: {}", if noarch { "noarch" } else { "x86_64" });
        let mut lines = BTreeSet::new();
        for control in controls {
            for field in ["Pre-Depends", "Depends"] {
                lines.extend(names.dependencies(control.get(field), job.name).iter().map(|d| format!("Requires: {d}")));
            }
            lines.extend(names.dependencies(control.get("Provides"), job.name).iter().map(|d| format!("Provides: {d}")));
        }
        let evr = format!("{}{version}-{release}", epoch.map(|e| format!("{e}:")).unwrap_or_default());
        for alias in self.recipe.provides.get(job.name).into_iter().flatten() {
            lines.extend(alias_lines(alias, &evr, noarch));
        }
        for dependency in self.recipe.requires.get(job.name).into_iter().flatten() {
            lines.insert(format!("Requires: {dependency}"));
        }
        for line in lines {
            let _ = writeln!(spec, "{line}");
        }
        Ok(spec)
    }
}

/// The part that has the RPM's own name, else the first.
fn leading<'c>(job: &Job<'_>, controls: &'c [Control]) -> &'c Control {
    controls
        .iter()
        .find(|c| c.get("Package") == job.name)
        .unwrap_or(&controls[0])
}

/// A plain name gets the package's version, and `(x86-64)` if it has an architecture.
fn alias_lines(alias: &str, evr: &str, noarch: bool) -> Vec<String> {
    if alias.contains([' ', '(', '/']) {
        return vec![format!("Provides: {alias}")];
    }
    let mut lines = vec![format!("Provides: {alias} = {evr}")];
    if !noarch {
        lines.push(format!("Provides: {alias}(x86-64) = {evr}"));
    }
    lines
}

fn finish_spec(mut spec: String, extra: Option<&String>, tree: &Tree) -> Result<String> {
    for provided in provides::of(tree)? {
        let _ = writeln!(spec, "Provides: {provided}");
    }
    for path in &tree.old_paths {
        let _ = writeln!(spec, "Provides: {path}");
    }
    spec.push_str("%description\nConverted from the Debian package.\n");
    if let Some(extra) = extra {
        let _ = writeln!(spec, "{extra}");
    }
    // Owners on disk are this machine's; the new root has its own.
    spec.push_str("%files\n%defattr(-,root,root,-)\n");
    for entry in tree.entries()? {
        let directive = match (&entry.is_dir, entry.path.starts_with("/etc/")) {
            (true, _) => "%dir ",
            (false, true) => "%config(noreplace) ",
            (false, false) => "",
        };
        let _ = writeln!(spec, "{directive}\"{}\"", escaped(&entry.path));
    }
    Ok(spec)
}

/// `%files` knows macros and quotes. (A pattern that matches nothing is taken literally.)
fn escaped(path: &str) -> String {
    path.replace('%', "%%").replace('"', "\\\"")
}

/// Packs `work/root` into `work/out`. rpmbuild would empty its buildroot before `%install`,
/// so there is none.
fn rpmbuild(name: &str, work: &Path, spec: &str) -> Result<()> {
    let file = work.join(format!("{name}.spec"));
    place::write(&file, spec)?;
    let attrs = place::make_dir(work.join("attrs"))?;
    place::write(attrs.join("elf.attr"), ELF_ATTR)?;
    Tool::new("rpmbuild")
        .args(["-bb", "--quiet", "--nodebuginfo", "--buildroot"])
        .arg(work.join("root"))
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .define("_topdir", work)
        .define("_rpmdir", work.join("out"))
        .define("_rpmfilename", "%%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm")
        .define("_fileattrsdir", attrs)
        .define("__os_install_post", "%{nil}")
        .define("__spec_install_pre", "%{___build_pre}")
        .define("__spec_clean_pre", "exit 0")
        .define("__check_files", "%{nil}")
        .define("_unpackaged_files_terminate_build", "0")
        .define("_build_id_links", "none")
        .define("debug_package", "%{nil}")
        .define("_buildshell", "/bin/bash")
        .define("_buildhost", "bootstrap.example")
        .define("use_source_date_epoch_as_buildtime", "1")
        .define("clamp_mtime_to_source_date_epoch", "1")
        .define("_binary_payload", "w1.zstdio")
        .arg(file)
        .run()?;
    Ok(())
}
