//! `file-conflict`: two packages that can be installed together own one path, and not the same thing there. rpm would
//! refuse to install the second one.
//!
//! Of each name and architecture the newest is looked at. Paths are compared as they are written, as packages own them:
//! that one may lead through a link of a third package is not seen.

use std::collections::BTreeMap;

use heirloom_formats::rpm_file::{FileEntry, Header};
use heirloom_model::record::RepositoryKind;
use heirloom_solve::PackageId;

use super::answer::Answer;
use super::facts::look;
use super::input::GateRepository;
use super::known::ByName;
use super::machine::{Machine, Machines};
use crate::ComposeError;

/// Most paths of two packages that are told one by one.
const TOLD: usize = 3;

/// A path as one package has it.
struct Owned {
    path: u64,
    content: u64,
    colour: u8,
    owner: usize,
}

pub(super) fn ask(machines: &Machines<'_>) -> Result<Answer, ComposeError> {
    let mut answer = Answer::of("files");
    for (name, why) in &machines.facts()?.absent {
        answer.not_asked(format!("{name}: {why}"));
    }
    for machine in &machines.all {
        let packages = newest(machine);
        let mut owned = Vec::new();
        for (owner, (repository, id)) in packages.iter().enumerate() {
            let Some(facts) = machines.facts()?.get(&repository.packages[id.package]) else { continue };
            owned.extend(facts.files.iter().map(|file| Owned {
                path: file.path,
                content: file.content,
                colour: file.colour,
                owner,
            }));
        }
        answer.looked_at += owned.len();
        for ((one, other), paths) in differing(owned) {
            let pair = [packages[one], packages[other]];
            judge(machines, machine, pair, paths, &mut answer)?;
        }
    }
    Ok(answer)
}

/// The newest package of each name and architecture, debugging data included, with its place.
fn newest<'a>(machine: &Machine<'a>) -> Vec<(&'a GateRepository<'a>, PackageId)> {
    let repositories: Vec<_> =
        machine.repositories.iter().copied().filter(|one| one.kind != RepositoryKind::Source).collect();
    let wanted: std::collections::HashSet<*const _> = ByName::new(&repositories)
        .newest()
        .into_iter()
        .map(|(_, package)| std::ptr::from_ref(package))
        .collect();
    let mut found = Vec::new();
    for (place, repository) in machine.repositories.iter().copied().enumerate() {
        let packages = repository.packages.iter().enumerate();
        let packages = packages.filter(|(_, package)| wanted.contains(&std::ptr::from_ref(*package)));
        found.extend(packages.map(|(package, _)| (repository, PackageId { repository: place, package })));
    }
    found
}

/// Pairs of packages with different things at one path, and these paths. What rpm decides by the files' colours, where a
/// 32-bit and a 64-bit program meet, is none.
fn differing(mut owned: Vec<Owned>) -> BTreeMap<(usize, usize), Vec<u64>> {
    owned.sort_unstable_by_key(|file| (file.path, file.owner));
    let mut pairs = BTreeMap::<_, Vec<_>>::new();
    for group in owned.chunk_by(|one, other| one.path == other.path) {
        if group.iter().all(|file| file.content == group[0].content) {
            continue;
        }
        for (place, one) in group.iter().enumerate() {
            for other in &group[place + 1..] {
                let coloured = one.colour != 0 && other.colour != 0 && one.colour != other.colour;
                if one.content != other.content && !coloured {
                    pairs.entry((one.owner, other.owner)).or_default().push(one.path);
                }
            }
        }
    }
    pairs
}

fn judge(
    machines: &Machines<'_>,
    machine: &Machine<'_>,
    pair: [(&GateRepository<'_>, PackageId); 2],
    mut paths: Vec<u64>,
    answer: &mut Answer,
) -> Result<(), ComposeError> {
    let universe = machine.universe()?;
    universe.consider(&[]);
    if !universe.can_be_together(pair[0].1, pair[1].1)? {
        return Ok(());
    }
    let mut headers = Vec::new();
    for (repository, id) in &pair {
        let package = &repository.packages[id.package];
        if let Ok(file) = repository.file(machines.input.store, package) {
            headers.push(Header::open(&file)?);
        }
    }
    let [one, other] = &headers[..] else { return Ok(()) };
    paths.sort_unstable();
    let mut told = Vec::new();
    let by_path: BTreeMap<&str, &FileEntry> = other.files.iter().map(|file| (&*file.path, file)).collect();
    for file in &one.files {
        let Some(theirs) = by_path.get(&*file.path) else { continue };
        let differ = look(file, one.file_digest_algorithm()) != look(theirs, other.file_digest_algorithm());
        if differ && paths.binary_search(&super::facts::hash(file.path.as_bytes())).is_ok() {
            told.push(file.path.as_str());
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let more = told.len().saturating_sub(TOLD);
    let mut detail =
        format!("owns {} as {} does, and not the same", told[..told.len().min(TOLD)].join(", "), other.nevra);
    if more > 0 {
        detail.push_str(&format!("; {more} more"));
    }
    answer.error(pair[0].0, &one.nevra, detail);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Owned, differing};

    #[test]
    fn pairs_differ_by_content_and_not_by_colour() {
        let file = |path, content, colour, owner| Owned { path, content, colour, owner };
        let pairs = differing(vec![
            file(1, 10, 0, 0),
            file(1, 10, 0, 1),
            file(1, 11, 0, 2),
            file(2, 20, 1, 0),
            file(2, 21, 2, 1),
            file(2, 22, 2, 2),
            file(3, 30, 0, 0),
        ]);
        let pairs: Vec<_> = pairs.into_iter().collect();
        assert_eq!(pairs, [((0, 2), vec![1]), ((1, 2), vec![1, 2])]);
    }
}
