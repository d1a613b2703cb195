//! What is set up beside packages: keys, streams of modules, repositories, services.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{ApplyError, Site, stage};
use crate::journal::Step;
use crate::layout::{Layout, write_whole};
use crate::machine::Machine;
use crate::plan::{ModuleStep, Plan};

/// Runs a tool of the machine.
pub(super) fn run(machine: &Machine, step: Step, words: &[&str]) -> Result<(), ApplyError> {
    let (program, arguments) = words.split_first().unwrap_or((&"true", &[]));
    let output = machine.tool(program).args(arguments).output();
    let output = output.map_err(|source| ApplyError::Tool { tool: (*program).to_owned(), source })?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = format!("`{}` failed ({}): {}", words.join(" "), output.status, said.trim());
            Err(ApplyError::Step { step, said, rolled_back: false })
        }
    }
}

/// The target's keys, so that rpm knows them.
pub(super) fn keys(site: &Site<'_>) -> Result<(), ApplyError> {
    run(site.machine, Step::Keys, &["rpmkeys", "--import", &Layout::inside("stage/certificates.asc")])
}

/// Streams of modules, in the files in which dnf keeps them; no repository is asked.
pub(super) fn modules(site: &Site<'_>, plan: &Plan) -> Result<(), ApplyError> {
    for step in &plan.modules {
        let file = format!("/etc/dnf/modules.d/{}.module", step.name.replace('/', "_"));
        let path = site.machine.place(&file);
        let before = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            text => text.map_err(ApplyError::io("can't read", &path))?,
        };
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(ApplyError::io("can't make", dir))?;
        }
        write_whole(&path, module(&before, step).as_bytes()).map_err(ApplyError::io("can't write", &path))?;
    }
    Ok(())
}

/// The file of a module with another stream, its profiles as they were; a reset one has no stream and no state.
fn module(before: &str, step: &ModuleStep) -> String {
    let profiles = before.lines().find_map(|line| line.strip_prefix("profiles=")).unwrap_or_default();
    let (profiles, state) = if step.to.is_empty() { ("", "") } else { (profiles, "enabled") };
    let (name, stream) = (&step.name, &step.to);
    format!("[{name}]\nname={name}\nstream={stream}\nprofiles={profiles}\nstate={state}\n")
}

/// Repositories of the old vendor are switched off, files of the target's are written where its packages bring none. After the transaction: rpm would
/// keep a file that was edited before it as `.rpmsave`.
pub(super) fn repositories(site: &Site<'_>, layout: &Layout, plan: &Plan) -> Result<(), ApplyError> {
    let brought: HashSet<PathBuf> = stage::brought(layout)?.into_iter().collect();
    for (file, ids) in &plan.repositories.disabled {
        let path = site.machine.place(file);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text.map_err(ApplyError::io("can't read", &path))?,
        };
        let changed = disabled(&text, ids);
        if changed != text {
            fs::write(&path, changed).map_err(ApplyError::io("can't write", &path))?;
        }
    }
    for written in &plan.repositories.written {
        let path = site.machine.place(&written.path);
        if brought.contains(Path::new(&written.path)) && path.exists() {
            continue;
        }
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(ApplyError::io("can't make", dir))?;
        }
        write_whole(&path, written.text.as_bytes()).map_err(ApplyError::io("can't write", &path))?;
    }
    Ok(())
}

/// A file of repositories with these switched off: `enabled=0`, all else as it is.
fn disabled(text: &str, ids: &[String]) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Where `enabled` goes if the section has none.
    let mut missing: Option<usize> = None;
    let mut is_meant = false;
    let close = |lines: &mut Vec<String>, missing: &mut Option<usize>| {
        if let Some(place) = missing.take() {
            lines.insert(place, "enabled=0\n".to_owned());
        }
    };
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(id) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            close(&mut lines, &mut missing);
            is_meant = ids.iter().any(|wanted| wanted == id);
            lines.push(line.to_owned());
            missing = is_meant.then_some(lines.len());
            continue;
        }
        let is_key = trimmed.split(['=', ':']).next().is_some_and(|key| key.trim() == "enabled");
        if is_meant && is_key {
            missing = None;
            lines.push("enabled=0\n".to_owned());
        } else {
            lines.push(line.to_owned());
        }
    }
    if let Some(last) = lines.last_mut().filter(|_| missing.is_some()).filter(|line| !line.ends_with('\n')) {
        last.push('\n');
    }
    close(&mut lines, &mut missing);
    lines.concat()
}

/// Services are started anew, where systemd runs; what fails is told, and no reason to go back.
pub(super) fn services(site: &Site<'_>, plan: &Plan) -> Vec<String> {
    if !site.machine.is_here() || !Path::new("/run/systemd/system").exists() {
        return Vec::new();
    }
    let restart = |name: &str| run(site.machine, Step::Services, &["systemctl", "try-restart", name]);
    let reload = run(site.machine, Step::Services, &["systemctl", "daemon-reload"]);
    let failed = std::iter::once(reload).chain(plan.services.iter().map(|service| restart(&service.name)));
    failed.filter_map(|done| done.err().map(|error| error.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_repositories_are_switched_off() {
        let text =
            "# ours\n[base]\nname=Base\nenabled = 1\ngpgcheck=1\n\n[extras]\nname=Extras\n[kept]\nenabled=1";
        let off = disabled(text, &["base".to_owned(), "extras".to_owned()]);
        let wanted = "# ours\n[base]\nname=Base\nenabled=0\ngpgcheck=1\n\n[extras]\nenabled=0\nname=Extras\n[kept]\nenabled=1";
        assert_eq!(off, wanted);
        assert_eq!(disabled(&off, &["base".to_owned(), "extras".to_owned()]), off);
    }

    #[test]
    fn a_module_gets_another_stream_and_keeps_its_profiles() {
        let before = "[php]\nname=php\nstream=8.1\nprofiles=common,devel\nstate=enabled\n";
        let step = |to: &str| ModuleStep {
            name: "php".to_owned(),
            from: "8.1".to_owned(),
            to: to.to_owned(),
            reason: String::new(),
        };
        assert_eq!(module(before, &step("8.2")), before.replace("8.1", "8.2"));
        assert_eq!(module(before, &step("")), "[php]\nname=php\nstream=\nprofiles=\nstate=\n");
    }
}
