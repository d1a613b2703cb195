//! Looks at a machine: facts into an [`Assessment`], reading only. No lock, no journal, no byte is written on the machine.
//!
//! It never fails as a whole: what can't be looked at is told in [`Assessment::unseen`], and where it matters in a check.
//! Start reading at [`assess`]; what is read of files and tools is taken apart in [`text`].

mod changed;
mod checks;
mod database;
mod look;
mod manager;
mod modules;
mod mounts;
mod packages;
mod page;
mod services;
mod state;
mod system;
pub mod text;
mod ties;

pub use checks::Surroundings;
pub use page::page;
pub use state::state;
pub use system::machine_id;

use std::collections::BTreeMap;

use heirloom_model::Nevra;

use crate::boot;
use crate::facts::{Assessment, FORMAT, Identity};
use crate::machine::Machine;

use look::Look;
use packages::Collector;

/// Says whose kernels and services are. rpm is not asked: it writes beside its database, whatever it is asked.
fn owned(it: &mut Assessment, owners: &BTreeMap<String, Nevra>) {
    for kernel in &mut it.boot.kernels {
        let owner = packages::kernel_paths(&kernel.version).iter().find_map(|path| owners.get(path));
        kernel.package = owner.map(Nevra::to_string).unwrap_or_default();
    }
    for service in &mut it.services {
        let owner = packages::UNITS.iter().find_map(|dir| owners.get(&format!("{dir}/{}", service.name)));
        service.package = owner.map(|nevra| nevra.name().to_owned()).unwrap_or_default();
    }
}

/// What is known of a machine. `now` is in seconds since 1970, `program` the version of the program that looks.
#[must_use]
pub fn assess(machine: &Machine, now: u64, program: &str) -> Assessment {
    let mut look = Look::new(machine);
    let mut it =
        Assessment { format: FORMAT, program: program.to_owned(), taken: now, ..Assessment::default() };
    let mut around =
        Surroundings { is_root: rustix::process::geteuid().is_root(), ..Surroundings::default() };
    it.system = system::facts(&mut look);
    it.mounts = mounts::facts(&mut look);
    let loaded = modules::loaded(&mut look);
    let history = manager::history(&mut look);

    let points = it.mounts.iter().map(|mount| mount.point.clone()).collect();
    let mut collector = Collector::new(machine, points, modules::paths(&loaded));
    it.database = database::read(&mut look, |row| collector.take(row));
    let mut collected = collector.finish(&history);
    it.database.faults.append(&mut collected.faults);
    it.database.state = collected.state;
    look.unseen.append(&mut collected.unseen);
    it.package_count = collected.packages.len() as u64;
    it.packages = collected.packages;
    (it.keys, it.changed) = (collected.keys, collected.changed);

    system::recognise(&mut it.system, &it.packages);
    it.machine = Identity {
        id: machine_id(machine),
        host: system::host(&mut look),
        architecture: system::architecture(&it.packages),
    };
    it.foreign_modules = modules::foreign(&loaded, &collected.owners, &it);
    it.package_manager = manager::facts(&mut look, &it.packages, &history, &mut around);
    it.repositories = manager::repositories(&mut look, &it.packages);
    it.modules = manager::modules(&mut look, &it.packages);
    it.services = services::services(&mut look);
    it.listeners = services::listeners(&mut look);
    it.alternatives = ties::alternatives(&mut look);
    it.subscription = ties::subscription(&mut look, &it.packages);
    around.will_relabel = look.exists("/.autorelabel");

    let (facts, mut found, mut unseen) = boot::look(machine);
    it.boot = facts;
    owned(&mut it, &collected.owners);
    look.unseen.append(&mut unseen);
    it.unseen = look.unseen;
    found.append(&mut checks::checks(&it, &around));
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.cmp(b)));
    it.checks = found;
    it
}
