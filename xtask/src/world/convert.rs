//! Debian packages into one RPM: unpack, lay out, write a spec, let `rpmbuild` pack it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use testkit::tool::Tool;
use testkit::{Error as KitError, place};

use super::apt::Wanted;
use super::deb::Control;
use super::error::{Error, Result};
use super::recipe::Bootstrap;
use super::spec;
use super::tree::Tree;
use super::work::Key;

/// Raise this when the same recipe would now give another RPM.
const VERSION: &str = "1";

/// Found by rpm in ELF files; everything else is found by [`provides`](super::provides).
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
        let header = spec::header(self.recipe, job.name, &controls);
        let done = self.cache.join(self.key(job, &header));
        if done.is_dir() {
            return Ok((done, false));
        }
        let work = TempDir::new_in(self.scratch).map_err(KitError::io(self.scratch))?;
        let tree = self.lay_out(job, work.path().join("root"))?;
        let spec = spec::finish(header, self.recipe.spec.get(job.name), &tree)?;
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
        if let Some(paths) = recipe.remove.get(job.name) {
            key = key.with(format!("{paths:?}"));
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
        tree.keep_licenses(&names, job.name)?;
        tree.remove(&self.recipe.strip)?;
        if let Some(paths) = self.recipe.remove.get(job.name) {
            tree.remove(paths)?;
        }
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
