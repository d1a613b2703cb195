//! Debian's indexes as RPM-shaped values: `Packages` become packages, `Sources` what rpm would make of their spec
//! files. Alternatives become rich dependencies, `>>` without a revision `>=`; recommendations and conflicts are
//! left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use heirloom_model::record::{Evaluated, EvaluatedBinary};
use heirloom_model::{Dependency, Digest, Evr, Nevra, Package};

/// A distribution to be built.
pub(crate) struct Archive {
    /// Sorted by name.
    pub(crate) sources: Vec<(String, Evaluated)>,
    /// Sorted by identity.
    pub(crate) packages: Vec<Package>,
}

impl Archive {
    pub(crate) fn read(sources: &str, packages: &str) -> Self {
        let mut found: BTreeMap<String, Package> = BTreeMap::new();
        for stanza in packages.split("\n\n") {
            if let Some(package) = package(&fields(stanza), stanza) {
                found.insert(package.nevra.name().to_owned(), package);
            }
        }
        let mut packages: Vec<_> = found.into_values().collect();
        packages.sort_by(|a, b| (&a.nevra, a.digest).cmp(&(&b.nevra, b.digest)));
        let mut of_source: HashMap<&str, Vec<&Package>> = HashMap::new();
        for package in &packages {
            of_source.entry(package.source_name().unwrap_or_default()).or_default().push(package);
        }
        let mut sources_found = BTreeMap::new();
        for stanza in sources.split("\n\n") {
            let fields = fields(stanza);
            let Some(&name) = fields.get("Package") else { continue };
            // What makes nothing for this architecture is not built.
            let Some(binaries) = of_source.get(name) else { continue };
            if let Some(evaluated) = evaluated(&fields, stanza, binaries) {
                sources_found.insert(name.to_owned(), evaluated);
            }
        }
        Self { sources: sources_found.into_iter().collect(), packages }
    }

    /// About `count` sources, from those of the base on by what they need, with their packages; and all packages that
    /// these can draw in.
    pub(crate) fn part(&self, count: usize, group: &[&str]) -> (Self, Vec<Package>) {
        let index = Index::new(&self.packages);
        let by_name: HashMap<&str, usize> =
            self.sources.iter().enumerate().map(|(index, (name, _))| (name.as_str(), index)).collect();
        let mut of_source: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, package) in self.packages.iter().enumerate() {
            of_source.entry(package.source_name().unwrap_or_default()).or_default().push(number);
        }
        let (mut taken, mut open) = (BTreeSet::new(), std::collections::VecDeque::new());
        let queue =
            |names: Vec<&str>, open: &mut std::collections::VecDeque<usize>, taken: &mut BTreeSet<usize>| {
                for name in names {
                    let source = index.first(name).and_then(|package| self.packages[package].source_name());
                    if let Some(&source) = source.and_then(|source| by_name.get(source))
                        && taken.len() < count
                        && taken.insert(source)
                    {
                        open.push_back(source);
                    }
                }
            };
        queue(group.to_vec(), &mut open, &mut taken);
        let mut others = 0..self.sources.len();
        while taken.len() < count || !open.is_empty() {
            // When nothing more is needed, by name.
            let next = open.pop_front().or_else(|| others.find(|source| taken.insert(*source)));
            let Some(source) = next else { break };
            let (name, evaluated) = &self.sources[source];
            queue(evaluated.build_requires.iter().flat_map(names).collect(), &mut open, &mut taken);
            for &package in of_source.get(name.as_str()).into_iter().flatten() {
                let requires = self.packages[package].requires.iter().flat_map(names).collect();
                queue(requires, &mut open, &mut taken);
            }
        }
        let part = Self {
            sources: taken.iter().map(|&source| self.sources[source].clone()).collect(),
            packages: {
                let names: BTreeSet<_> =
                    taken.iter().map(|&source| self.sources[source].0.as_str()).collect();
                let own = self
                    .packages
                    .iter()
                    .filter(|package| package.source_name().is_some_and(|source| names.contains(source)));
                own.cloned().collect()
            },
        };
        let foreign = index.closure(&self.packages, &part, group);
        (part, foreign.into_iter().map(|package| self.packages[package].clone()).collect())
    }
}

impl Archive {
    /// Forgets these sources and what they make.
    pub(crate) fn keep_without(&mut self, sources: &BTreeSet<String>) {
        self.sources.retain(|(name, _)| !sources.contains(name));
        self.packages.retain(|package| !package.source_name().is_some_and(|source| sources.contains(source)));
    }
}

struct Index<'p>(HashMap<&'p str, Vec<usize>>);

impl<'p> Index<'p> {
    fn new(packages: &'p [Package]) -> Self {
        let mut index: HashMap<&str, Vec<usize>> = HashMap::new();
        for (number, package) in packages.iter().enumerate() {
            let names = package.provides.iter().map(|provide| provide.name.as_str());
            for name in names.chain([package.nevra.name()]) {
                index.entry(name).or_default().push(number);
            }
        }
        Self(index)
    }

    fn first(&self, name: &str) -> Option<usize> {
        self.0.get(name).and_then(|all| all.first().copied())
    }

    fn closure(&self, packages: &[Package], part: &Archive, group: &[&str]) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let requests = part.sources.iter().flat_map(|(_, evaluated)| &evaluated.build_requires);
        let needs = requests.chain(part.packages.iter().flat_map(|package| &package.requires));
        let mut open: Vec<&str> = needs.flat_map(names).chain(group.iter().copied()).collect();
        while let Some(name) = open.pop() {
            for &package in self.0.get(name).into_iter().flatten() {
                if found.insert(package) {
                    open.extend(packages[package].requires.iter().flat_map(names));
                }
            }
        }
        found
    }
}

fn names(dependency: &Dependency) -> Vec<&str> {
    let words = dependency.name.split([' ', '(', ')']);
    words.filter(|word| !word.is_empty() && !["or", ">=", "<=", "=", "<", ">"].contains(word)).collect()
}

fn fields(stanza: &str) -> HashMap<&str, &str> {
    let mut fields = HashMap::new();
    let mut rest = stanza;
    while !rest.is_empty() {
        // A field goes on in lines that begin with a blank.
        let mut end = rest.find('\n').unwrap_or(rest.len());
        while rest[end..].starts_with("\n ") {
            end = rest[end + 1..].find('\n').map_or(rest.len(), |more| end + 1 + more);
        }
        if let Some((name, value)) = rest[..end].split_once(':') {
            fields.insert(name, value.trim());
        }
        rest = rest[end..].trim_start_matches('\n');
    }
    fields
}

fn package(fields: &HashMap<&str, &str>, stanza: &str) -> Option<Package> {
    let name = fields.get("Package")?;
    let evr = evr(fields.get("Version")?)?;
    let arch = if *fields.get("Architecture")? == "all" { "noarch" } else { "x86_64" };
    let source = fields.get("Source").map_or(*name, |source| source.split(' ').next().unwrap_or(source));
    let list = |field: &str| fields.get(field).map(|text| dependencies(text)).unwrap_or_default();
    let mut requires = list("Pre-Depends");
    requires.extend(list("Depends"));
    Some(Package {
        nevra: Nevra::new(name, evr, arch).ok()?,
        digest: Digest::of(stanza.as_bytes()),
        size: 0,
        build_time: 0,
        location: String::new(),
        source_rpm: format!("{source}-1-1.src.rpm"),
        provides: list("Provides"),
        requires,
        conflicts: Vec::new(),
        obsoletes: Vec::new(),
        recommends: Vec::new(),
        suggests: Vec::new(),
        supplements: Vec::new(),
        enhances: Vec::new(),
        files: Vec::new(),
    })
}

fn evaluated(fields: &HashMap<&str, &str>, stanza: &str, binaries: &[&Package]) -> Option<Evaluated> {
    let name = fields.get("Package")?;
    let list = |field: &str| fields.get(field).map(|text| dependencies(text)).unwrap_or_default();
    let mut build_requires = list("Build-Depends");
    build_requires.extend(list("Build-Depends-Arch"));
    build_requires.extend(list("Build-Depends-Indep"));
    Some(Evaluated {
        key: Digest::of(name.as_bytes()),
        source: Digest::of(stanza.as_bytes()),
        nevra: Nevra::new(name, evr(fields.get("Version")?)?, "src").ok()?,
        build_requires,
        bootstrap_requires: None,
        binaries: binaries
            .iter()
            .map(|package| EvaluatedBinary { nevra: package.nevra.clone(), provides: Vec::new() })
            .collect(),
        excluded: None,
    })
}

/// `[epoch:]upstream[-revision]`
fn evr(text: &str) -> Option<Evr> {
    let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, "0"));
    Evr::new(epoch.parse().ok()?, &upstream(version), release).ok()
}

/// An upstream version as rpm can write and compare it.
fn upstream(version: &str) -> String {
    version.replace('-', "_").replace("+~", "+")
}

/// `a (>= 1) [amd64] <!nocheck>, b | c`
fn dependencies(text: &str) -> Vec<Dependency> {
    let mut found = Vec::new();
    for part in text.split(',') {
        let choices: Vec<String> = part.split('|').filter_map(choice).collect();
        let text = match &choices[..] {
            [] => continue,
            [one] => one.clone(),
            several => format!("({})", several.join(" or ")),
        };
        found.extend(text.parse::<Dependency>().ok());
    }
    found
}

fn choice(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some((_, archs)) = text.split_once('[') {
        let archs: Vec<_> = archs.split(']').next()?.split_whitespace().collect();
        let named = |arch: &str| ["amd64", "any-amd64", "linux-any", "any"].contains(&arch);
        let applies = match archs.iter().any(|arch| arch.starts_with('!')) {
            true => !archs.iter().any(|arch| named(arch.trim_start_matches('!'))),
            false => archs.iter().any(|arch| named(arch)),
        };
        if !applies {
            return None;
        }
    }
    // A build profile such as `<cross>` is not ours; `<!nocheck>` is.
    if text
        .split_once('<')
        .is_some_and(|(_, rest)| rest.starts_with(|c: char| c.is_ascii_lowercase()) && rest.contains('>'))
        && !text.contains("<!")
    {
        return None;
    }
    let name = text.split([' ', '(', '[', '<', '\n']).next()?;
    let name = name.split(':').next().filter(|name| !name.is_empty())?;
    let Some((_, rest)) = text.split_once('(') else { return Some(name.to_owned()) };
    let rest = rest.split(')').next()?.trim();
    let operator: String = rest.chars().take_while(|c| "<>=".contains(*c)).collect();
    let version = rest[operator.len()..].trim();
    // `<< 1.2-.` means any revision of 1.2, for which rpm has no words.
    if operator.starts_with('<') && version.trim_end_matches('~').ends_with('.') {
        return Some(name.to_owned());
    }
    let exact = version.contains('-');
    let operator = match operator.as_str() {
        ">>" if exact => ">",
        ">>" | ">=" | ">" => ">=",
        "<<" => "<",
        "<=" | "<" => "<=",
        _ => "=",
    };
    let (epoch, rest) = version.split_once(':').map_or(("", version), |(epoch, rest)| (epoch, rest));
    let version = match rest.rsplit_once('-') {
        Some((version, release)) => format!("{}-{release}", upstream(version)),
        None => upstream(rest),
    };
    let colon = if epoch.is_empty() { "" } else { ":" };
    Some(format!("{name} {operator} {epoch}{colon}{version}"))
}
