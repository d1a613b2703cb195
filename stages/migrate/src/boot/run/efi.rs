//! UEFI's boot menu, through `efibootmgr`.

use super::tool;
use crate::boot::BootError;
use crate::boot::entries::Menu;
use crate::facts::EfiEntry;
use crate::machine::Machine;

/// An entry that there shall be.
pub(super) struct Wanted<'a> {
    pub(super) disk: &'a str,
    pub(super) partition: u32,
    pub(super) label: &'a str,
    pub(super) loader: &'a str,
    pub(super) partition_id: &'a str,
}

fn menu(machine: &Machine) -> Result<Menu, BootError> {
    tool(machine, "efibootmgr", &["-v"]).map(|said| Menu::parse(&said))
}

fn number(number: u16) -> String {
    format!("{number:04X}")
}

fn order(machine: &Machine, order: &[u16]) -> Result<(), BootError> {
    let list: Vec<String> = order.iter().map(|entry| number(*entry)).collect();
    tool(machine, "efibootmgr", &["-q", "-o", &list.join(",")]).map(drop)
}

/// Makes an entry without putting it into the order, unless there is one with this program on this partition.
pub(super) fn create(machine: &Machine, wanted: &Wanted<'_>, made: &mut Vec<u16>) -> Result<(), BootError> {
    let before = menu(machine)?;
    let found = before.entries.iter().find(|entry| is_same(entry, wanted));
    let entry = match found {
        Some(entry) => entry.clone(),
        None => make(machine, wanted, &before)?,
    };
    if !entry.active {
        tool(machine, "efibootmgr", &["-q", "-b", &number(entry.number), "-a"])?;
    }
    if !made.contains(&entry.number) {
        made.push(entry.number);
    }
    Ok(())
}

/// Without the partition's id nothing is the same: an entry of the same program can be on another disk.
fn is_same(entry: &EfiEntry, wanted: &Wanted<'_>) -> bool {
    !wanted.partition_id.is_empty()
        && entry.partition.eq_ignore_ascii_case(wanted.partition_id)
        && entry.loader.eq_ignore_ascii_case(wanted.loader)
}

fn make(machine: &Machine, wanted: &Wanted<'_>, before: &Menu) -> Result<EfiEntry, BootError> {
    let partition = wanted.partition.to_string();
    let arguments = |how: &'static str| {
        ["-q", how, "-d", wanted.disk, "-p", &partition, "-L", wanted.label, "-l", wanted.loader]
            .map(str::to_owned)
    };
    let run = |how| {
        let arguments = arguments(how);
        tool(machine, "efibootmgr", &arguments.each_ref().map(String::as_str))
    };
    match run("-C") {
        // Versions before 14 know only making it first in the order, which is then put right.
        Err(BootError::Tool { said, .. }) if said.contains("invalid option") => {
            run("-c")?;
            order(machine, &before.order)?;
        }
        other => drop(other?),
    }
    let is_new = |entry: &&EfiEntry| before.entry(entry.number).is_none();
    let after = menu(machine)?;
    let same =
        after.entries.iter().filter(is_new).find(|entry| entry.loader.eq_ignore_ascii_case(wanted.loader));
    same.cloned()
        .ok_or_else(|| BootError::NotKept { loader: wanted.loader.to_owned(), disk: wanted.disk.to_owned() })
}

/// The entry that was made first is booted the next time, once.
pub(super) fn boot_once(machine: &Machine, made: &[u16]) -> Result<(), BootError> {
    let first = made.first().ok_or(BootError::NothingMade)?;
    tool(machine, "efibootmgr", &["-q", "-n", &number(*first)]).map(drop)
}

/// Entries that were made come first, the others keep their order.
pub(super) fn put_first(machine: &Machine, made: &[u16]) -> Result<(), BootError> {
    let menu = menu(machine)?;
    let there = made.iter().copied().filter(|number| menu.entry(*number).is_some());
    let mut wanted: Vec<u16> = there.collect();
    wanted.extend(menu.order.iter().copied().filter(|number| !made.contains(number)));
    match wanted == menu.order {
        true => Ok(()),
        false => order(machine, &wanted),
    }
}

/// Deletes the entries of a program on some partitions, but none that was made.
pub(super) fn delete(
    machine: &Machine,
    loader: &str,
    partitions: &[String],
    made: &[u16],
) -> Result<(), BootError> {
    let menu = menu(machine)?;
    let is_old = |entry: &&EfiEntry| {
        entry.loader.eq_ignore_ascii_case(loader)
            && !made.contains(&entry.number)
            && (partitions.is_empty() || partitions.contains(&entry.partition))
    };
    for entry in menu.entries.iter().filter(is_old) {
        remove(machine, entry.number)?;
    }
    Ok(())
}

fn remove(machine: &Machine, entry: u16) -> Result<(), BootError> {
    tool(machine, "efibootmgr", &["-q", "-b", &number(entry), "-B"]).map(drop)
}

/// Deletes what was made and was not there before, and puts the order back as far as its entries are still there.
pub(super) fn restore(
    machine: &Machine,
    before: &[u16],
    existing: &[u16],
    made: &mut Vec<u16>,
) -> Result<(), BootError> {
    let menu = menu(machine)?;
    let new: Vec<u16> = made.iter().copied().filter(|number| !existing.contains(number)).collect();
    if menu.next.is_some_and(|next| made.contains(&next)) {
        tool(machine, "efibootmgr", &["-q", "-N"])?;
    }
    for entry in new.iter().filter(|number| menu.entry(**number).is_some()) {
        remove(machine, *entry)?;
    }
    let left = |number: &u16| menu.entry(*number).is_some() && !new.contains(number);
    let wanted: Vec<u16> = before.iter().copied().filter(left).collect();
    let now: Vec<u16> = menu.order.iter().copied().filter(|number| !new.contains(number)).collect();
    if !wanted.is_empty() && wanted != now {
        order(machine, &wanted)?;
    }
    made.clear();
    Ok(())
}
