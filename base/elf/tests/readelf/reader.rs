//! Takes readelf's output apart.

use std::path::Path;

use testkit::tool::Tool;

use crate::Facts;

/// What readelf says of a file.
pub(crate) fn readelf(path: &Path) -> Facts {
    let text =
        Tool::new("readelf").args(["-W", "-h", "-l", "-d", "-n", "-V", "-s", "-S"]).arg(path).run().unwrap();
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// What has been read of readelf's output so far.
#[derive(Default)]
struct Reader {
    facts: Facts,
    /// The heading below which we are.
    part: String,
    /// The library whose versions follow.
    library: String,
    relro: bool,
    bind_now: bool,
    executable_stack: bool,
    stack_protector: bool,
}

impl Reader {
    fn put(&mut self, fact: &'static str, value: impl Into<String>) {
        self.facts.entry(fact).or_default().push(value.into());
    }

    fn line(&mut self, line: &str) {
        const HEADINGS: [&str; 8] = [
            "ELF Header:",
            "Section Headers:",
            "Program Headers:",
            "Dynamic section",
            "Symbol table",
            "Version definition",
            "Version needs",
            "Displaying notes",
        ];
        if !line.starts_with(' ') {
            self.part = HEADINGS
                .iter()
                .find(|heading| line.starts_with(**heading))
                .map_or("", |heading| heading)
                .to_owned();
            if line.starts_with("Symbol table '.dynsym'") {
                self.part = "dynsym".to_owned();
            }
            return;
        }
        match self.part.as_str() {
            "ELF Header:" => self.header(line),
            "Section Headers:" => self.section(line),
            "Program Headers:" => self.segment(line),
            "Dynamic section" => self.dynamic(line),
            "Symbol table" => self.symbol(line, false),
            "dynsym" => self.symbol(line, true),
            "Version definition" | "Version needs" => self.version(line),
            "Displaying notes" => self.note(line),
            _ => {}
        }
    }

    fn header(&mut self, line: &str) {
        let Some((name, value)) = line.trim().split_once(':') else { return };
        let value = value.trim();
        match name {
            "Class" => self.put("class", value),
            "Data" => self.put("little-endian", value.contains("little").to_string()),
            "Type" => {
                let kind = value.split(' ').next().unwrap();
                self.put("kind", kind);
                self.put("position-independent", (kind == "DYN").to_string());
                let program = kind == "EXEC" || value.contains("Position-Independent Executable");
                self.put("program", program.to_string());
            }
            "Flags" => self.put("flags", value.split(',').next().unwrap()),
            "Machine" => {
                let names = [
                    ("Advanced Micro Devices X86-64", "x86-64"),
                    ("Intel 80386", "x86"),
                    ("AArch64", "AArch64"),
                ];
                self.put(
                    "machine",
                    names.iter().find(|(name, _)| *name == value).map_or(value, |(_, ours)| *ours),
                );
            }
            _ => {}
        }
    }

    /// `  [ 1] .interp PROGBITS 0000000000000318 000318 00001c 00 A 0 0 1`
    fn section(&mut self, line: &str) {
        let Some((number, rest)) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return;
        };
        if number.trim().parse::<usize>().is_ok_and(|number| number > 0) {
            let fields: Vec<&str> = rest.split_whitespace().collect();
            let [name, _, address, offset, ..] = fields[..] else { panic!("{line}") };
            self.put("sections", format!("{name} {:#x} {:#x}", hex(address), hex(offset)));
        }
    }

    /// `  LOAD 0x000000 0x0000000000000000 0x0000000000000000 0x01dd08 0x01dd08 R E 0x1000`
    fn segment(&mut self, line: &str) {
        if let Some((_, interpreter)) = line.split_once("program interpreter: ") {
            return self.put("interpreter", interpreter.trim_end_matches(']'));
        }
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [kind, offset, _, _, size, _, flags @ .., _] = &fields[..] else { return };
        if !offset.starts_with("0x") {
            return;
        }
        let flags = flags.concat();
        let bit = |letter: char, bit: u32| if flags.contains(letter) { bit } else { 0 };
        self.relro |= *kind == "GNU_RELRO";
        self.executable_stack |= *kind == "GNU_STACK" && flags.contains('E');
        self.put(
            "segments",
            format!("{:#x} {:#x} {}", hex(offset), hex(size), bit('R', 4) | bit('W', 2) | bit('E', 1)),
        );
    }

    /// ` 0x0000000000000001 (NEEDED) Shared library: [libc.so.6]`
    fn dynamic(&mut self, line: &str) {
        let Some((tag, value)) = line.split_once('(').and_then(|(_, rest)| rest.split_once(')')) else {
            return;
        };
        let text = value.split_once('[').map_or("", |(_, rest)| rest.trim_end_matches(']'));
        match tag {
            "NEEDED" => self.put("NEEDED", text),
            "SONAME" => self.put("SONAME", text),
            "RUNPATH" => self.put("RUNPATH", text),
            "RPATH" => self.put("RPATH", text),
            "BIND_NOW" => self.bind_now = true,
            "FLAGS" | "FLAGS_1" => {
                self.bind_now |= value.split_whitespace().any(|flag| matches!(flag, "BIND_NOW" | "NOW"))
            }
            _ => {}
        }
    }

    /// `     9: 0000000000000000     0 FUNC    GLOBAL DEFAULT  UND free@GLIBC_2.2.5 (2)`
    fn symbol(&mut self, line: &str, dynamic: bool) {
        // What has no name is three words; only for the time being it is one.
        let line = line.replace("<OS specific>: ", "<OS~specific>:~");
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [number, value, size, kind, binding, rest @ ..] = &fields[..] else { return };
        if number.trim_end_matches(':').parse().is_ok_and(|number: usize| number == 0)
            || *number == "Num:"
            || *kind == "SECTION"
        {
            return;
        }
        let Some((visibility, rest)) = rest.split_first() else { return };
        // Between visibility and section some machines show flags in brackets.
        let rest = if rest.first().is_some_and(|field| field.starts_with('[')) { &rest[1..] } else { rest };
        let Some((section, name)) = rest.split_first() else { return };
        let size = size.strip_prefix("0x").map_or_else(|| size.parse().unwrap(), hex);
        let name = name.first().copied().unwrap_or_default();
        let shown = format!("{:x} {size} {kind} {binding} {name}", hex(value)).replace('~', " ");
        let plain = name.split('@').next().unwrap();
        let is_unknown = *section == "UND";
        self.stack_protector |= (is_unknown || !dynamic) && plain.starts_with("__stack_chk_fail");
        if dynamic && is_unknown && plain.starts_with("__") && plain.ends_with("_chk") {
            self.put("fortified", plain);
        }
        let is_seen = *binding != "LOCAL" && matches!(*visibility, "DEFAULT" | "PROTECTED");
        match (dynamic, is_unknown) {
            (false, _) => self.put("symbols", shown),
            (true, true) => self.put("imports", shown),
            (true, false) if is_seen => self.put("exports", shown),
            (true, false) => {}
        }
    }

    /// `  0x001c: Rev: 1  Flags: none  Index: 2  Cnt: 1  Name: LIB_1`, `  000000: Version: 1  File: libc.so.6  Cnt: 1`,
    /// `  0x0010:   Name: GLIBC_2.2.5  Flags: none  Version: 3`
    fn version(&mut self, line: &str) {
        let after = |mark: &str| line.split_once(mark).and_then(|(_, rest)| rest.split_whitespace().next());
        if let Some(library) = after("File: ") {
            self.library = library.to_owned();
        } else if self.part == "Version needs" {
            if let Some(version) = after("Name: ") {
                let needed = format!("{} {version}", self.library);
                self.put("version-needs", needed);
            }
        } else if let (Some(version), Some(flags)) = (after("Name: "), after("Flags: "))
            && flags != "BASE"
        {
            self.put("version-definitions", version);
        }
    }

    fn note(&mut self, line: &str) {
        if let Some((_, id)) = line.split_once("Build ID: ") {
            self.put("build-id", id.trim());
        }
        if let Some((_, features)) = line.split_once("x86 feature: ") {
            let features = features.split("x86").next().unwrap();
            features
                .split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .for_each(|one| self.put("branches", one));
        }
    }

    fn finish(mut self) -> Facts {
        let relro = match (self.relro, self.bind_now) {
            (false, _) => "no RELRO",
            (true, false) => "partial RELRO",
            (true, true) => "full RELRO",
        };
        self.put("relro", relro);
        self.put("bind-now", self.bind_now.to_string());
        self.put("stack-protector", self.stack_protector.to_string());
        self.put("executable-stack", self.executable_stack.to_string());
        for fact in
            ["exports", "imports", "symbols", "version-definitions", "version-needs", "branches", "fortified"]
        {
            if let Some(values) = self.facts.get_mut(fact) {
                values.sort();
            }
        }
        for fact in ["version-definitions", "version-needs", "fortified"] {
            if let Some(values) = self.facts.get_mut(fact) {
                values.dedup();
            }
        }
        self.facts
    }
}

fn hex(text: &str) -> u64 {
    u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}
