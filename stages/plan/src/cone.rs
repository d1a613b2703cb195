//! What can matter to a question: its cone.
//!
//! A solution follows from the request, the base and the packages that the solver's rules speak of. The solver
//! makes rules for the packages of the base, for those that satisfy the request, and on from each of these for
//!
//! - what may satisfy its requirements, recommendations and suggestions,
//! - what supplements or enhances it, and what obsoletes it,
//! - for a package of the base, what has its name: a candidate to replace it.
//!
//! A conflict with a package outside, or its being obsoleted from inside, forbids what nothing asks for. So the
//! closure of these relations holds all that matters. It is taken by names alone, whatever version is asked for,
//! and of a rich dependency by all names in it: too large a closure costs a solution that need not have been
//! made again, too small a one would keep a wrong solution. Among packages that are equally good the solver goes
//! by their order; within sorted repositories that follows from the packages, for others their order is part of
//! the key.
//!
//! The key of a question is the digest of the request, the base, and the sum of the digests of the cone's
//! packages: a sum can be made in blocks of packages, in which each component of the graph is a few machine
//! words, so that memory does not grow with the square of the distribution.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use heirloom_model::{Dependency, Digest, Package};

use crate::expected::Expected;
use crate::lab::{On, Question};
use crate::scc;
use crate::{Input, Source};

/// Keys of questions.
pub(crate) struct Keys<'k> {
    /// All that every question has in common.
    common: Digest,
    /// Sums of the cones, by source: of its usual requirements, and of those under `bootstrap`.
    cones: Vec<[u128; 2]>,
    names: Vec<&'k str>,
}

impl<'k> Keys<'k> {
    pub(crate) fn new(input: &Input<'k>, expected: &Expected) -> Self {
        let graph = Graph::new(input, expected);
        let usual = input.sources.iter().map(|source| source.requires());
        let bootstrap = input.sources.iter().filter_map(|source| source.bootstrap_requires());
        let sums = graph.sums(&usual.chain(bootstrap).collect::<Vec<_>>(), input.options.threads);
        let (usual, mut bootstrap) = (&sums[..input.sources.len()], sums[input.sources.len()..].iter());
        let cone = |(source, &usual): (&Source<'_>, &u128)| {
            let bootstrap = source.bootstrap_requires().and_then(|_| bootstrap.next());
            [usual, bootstrap.copied().unwrap_or_default()]
        };
        Self {
            common: common(input, expected),
            cones: input.sources.iter().zip(usual).map(cone).collect(),
            names: input.sources.iter().map(|source| source.name).collect(),
        }
    }

    /// The key of a question about this source, with its `bootstrap` requirements or the usual ones.
    pub(crate) fn of(&self, source: usize, bootstrap: bool, question: &Question<'_>) -> Digest {
        let mut text = format!("{}\n{:x}\n", self.common, self.cones[source][usize::from(bootstrap)]);
        let on = match question.on {
            On::Bootstrap => "on bootstrap",
            On::Own => "on own results",
        };
        text.push_str(on);
        for dependency in question.requires {
            let _ = write!(text, "\n{dependency}");
        }
        for &source in &question.hidden {
            let _ = write!(text, "\nwithout {}", self.names[source]);
        }
        Digest::of(text.as_bytes())
    }
}

/// Raise it when answers get another form or meaning.
const FORM: u32 = 1;

fn common(input: &Input<'_>, expected: &Expected) -> Digest {
    let mut text = format!("{FORM} {} {}\n", heirloom_solve::engine(), input.arch);
    for package in input.base.packages(input.bootstrap) {
        let _ = writeln!(text, "base {} {}", package.nevra, package.digest);
    }
    for name in &input.base.group {
        let _ = writeln!(text, "group {name}");
    }
    // Expected packages are sorted when they are put together.
    debug_assert!(sorted(&expected.packages));
    for packages in [input.bootstrap, input.earlier].into_iter().filter(|packages| !sorted(packages)) {
        for package in packages {
            let _ = writeln!(text, "order {}", package.nevra);
        }
    }
    Digest::of(text.as_bytes())
}

fn sorted(packages: &[Package]) -> bool {
    packages.is_sorted_by(|a, b| (&a.nevra, a.digest) <= (&b.nevra, b.digest))
}

/// Nodes are packages, then names that lead to what provides them, then names that lead to what is drawn in
/// by their providers.
struct Graph<'g> {
    packages: usize,
    digests: Vec<u128>,
    names: HashMap<&'g str, u32>,
    needs: Vec<Vec<u32>>,
    base: Vec<u32>,
}

impl<'g> Graph<'g> {
    fn new(input: &'g Input<'_>, expected: &'g Expected) -> Self {
        let all: Vec<(usize, &'g Package)> = [&expected.packages[..], input.bootstrap, input.earlier]
            .into_iter()
            .enumerate()
            .flat_map(|(repository, packages)| packages.iter().map(move |package| (repository, package)))
            .collect();
        let paths = paths(input, &all);
        let mut graph = Self {
            packages: all.len(),
            digests: Vec::new(),
            names: HashMap::new(),
            needs: vec![Vec::new(); all.len()],
            base: Vec::new(),
        };
        graph.digests = all
            .iter()
            .enumerate()
            .map(|(index, (repository, package))| {
                let source =
                    expected.sources.get(index).map_or("", |&source| input.sources[source as usize].name);
                digest(*repository, source, package, &paths)
            })
            .collect();
        for (node, (_, package)) in all.iter().enumerate() {
            graph.provide(node, package, &paths);
        }
        for (node, (_, package)) in all.iter().enumerate() {
            graph.require(node, package);
        }
        graph.draw(&all);
        let first = expected.packages.len();
        let base = input.base.packages.iter().flat_map(|&index| {
            let own_name = graph.names.get(input.bootstrap[index].nevra.name()).copied();
            [Some(node_of(first + index)), own_name].into_iter().flatten()
        });
        let group = input.base.group.iter().flat_map(|name| graph.named(name));
        graph.base = base.chain(group).collect();
        graph
    }

    fn name(&mut self, name: &'g str) -> u32 {
        *self.names.entry(name).or_insert_with(|| {
            self.needs.push(Vec::new());
            node_of(self.needs.len() - 1)
        })
    }

    fn provide(&mut self, node: usize, package: &'g Package, paths: &HashSet<&str>) {
        let names = provided(package, paths);
        for name in names {
            let name = self.name(name) as usize;
            self.needs[name].push(node_of(node));
        }
    }

    fn require(&mut self, node: usize, package: &'g Package) {
        let lists = [&package.requires, &package.recommends, &package.suggests];
        let mut found: Vec<u32> =
            lists.into_iter().flatten().flat_map(|dependency| self.named(dependency)).collect();
        found.sort_unstable();
        found.dedup();
        self.needs[node] = found;
    }

    /// A package is drawn in by the providers of what it supplements, enhances or obsoletes.
    fn draw(&mut self, all: &[(usize, &'g Package)]) {
        let mut drawn: Vec<(u32, u32)> = Vec::new();
        for (node, (_, package)) in all.iter().enumerate() {
            let lists = [&package.supplements, &package.enhances, &package.obsoletes];
            let names = lists.into_iter().flatten().flat_map(|dependency| self.named(dependency));
            drawn.extend(names.map(|name| (name, node_of(node))));
        }
        for (name, node) in drawn {
            for by in self.needs[name as usize].clone() {
                self.needs[by as usize].push(node);
            }
        }
    }

    /// The nodes of the names in a dependency that something provides.
    fn named(&self, dependency: &Dependency) -> Vec<u32> {
        names(dependency).into_iter().filter_map(|name| self.names.get(name).copied()).collect()
    }

    /// The sum of each request's cone.
    fn sums(&self, requests: &[&[Dependency]], threads: usize) -> Vec<u128> {
        let components = scc::components(&self.needs);
        let condensed = Condensed::new(self, &components);
        let component = |node: u32| condensed.of[node as usize];
        let base: BTreeSet<u32> = self.base.iter().copied().map(component).collect();
        let roots: Vec<Vec<u32>> = requests
            .iter()
            .map(|request| {
                let named = request.iter().flat_map(|dependency| self.named(dependency)).map(component);
                named.filter(|root| !base.contains(root)).collect::<BTreeSet<_>>().into_iter().collect()
            })
            .collect();
        let blocks = self.packages.div_ceil(BLOCK);
        let threads = threads.clamp(1, blocks.max(1));
        let part = |first: usize| {
            let mut sums = vec![0u128; requests.len()];
            for block in (first..blocks).step_by(threads) {
                condensed.add(self, &components, block * BLOCK, (&base, &roots), &mut sums);
            }
            sums
        };
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|first| scope.spawn(move || part(first))).collect();
            let mut sums = vec![0u128; requests.len()];
            for thread in running {
                let part = thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum = sum.wrapping_add(part));
            }
            sums
        })
    }
}

/// Packages of one block, and the machine words that hold a bit for each.
const BLOCK: usize = WORDS * 64;
const WORDS: usize = 32;

/// The graph of components: each comes after all that it needs.
struct Condensed {
    /// The component of each node.
    of: Vec<u32>,
    needs: Vec<Vec<u32>>,
}

impl Condensed {
    fn new(graph: &Graph<'_>, components: &[Vec<u32>]) -> Self {
        let mut of = vec![0; graph.needs.len()];
        for (component, members) in components.iter().enumerate() {
            members.iter().for_each(|&member| of[member as usize] = node_of(component));
        }
        let needs = components.iter().enumerate().map(|(component, members)| {
            let all = members.iter().flat_map(|&member| &graph.needs[member as usize]);
            let mut needs: Vec<u32> = all.map(|&node| of[node as usize]).collect();
            needs.sort_unstable();
            needs.dedup();
            needs.retain(|&need| need != node_of(component));
            needs
        });
        Self { needs: needs.collect(), of }
    }

    /// Adds the digests of the cones' packages from `first` on, as many as a block has.
    fn add(
        &self,
        graph: &Graph<'_>,
        components: &[Vec<u32>],
        first: usize,
        (base, roots): (&BTreeSet<u32>, &[Vec<u32>]),
        sums: &mut [u128],
    ) {
        let mut reached = vec![[0u64; WORDS]; components.len()];
        for (component, members) in components.iter().enumerate() {
            let mut bits = union([0; WORDS], &self.needs[component], &reached);
            let own = members.iter().map(|&member| member as usize).filter(|&member| member < graph.packages);
            for at in own.filter_map(|member| member.checked_sub(first)).filter(|&at| at < BLOCK) {
                bits[at / 64] |= 1 << (at % 64);
            }
            reached[component] = bits;
        }
        let base = union([0; WORDS], base, &reached);
        for (roots, sum) in roots.iter().zip(sums) {
            let bits = union(base, roots, &reached);
            for (word, mut bits) in bits.into_iter().enumerate() {
                while bits != 0 {
                    let at = first + word * 64 + bits.trailing_zeros() as usize;
                    *sum = sum.wrapping_add(graph.digests[at]);
                    bits &= bits - 1;
                }
            }
        }
    }
}

/// With all that these components reach.
fn union<'c>(
    mut bits: [u64; WORDS],
    components: impl IntoIterator<Item = &'c u32>,
    reached: &[[u64; WORDS]],
) -> [u64; WORDS] {
    for &component in components {
        bits.iter_mut().zip(&reached[component as usize]).for_each(|(bits, more)| *bits |= more);
    }
    bits
}

fn node_of(index: usize) -> u32 {
    // Thousands of millions of packages and names do not fit into memory.
    u32::try_from(index).unwrap_or(u32::MAX)
}

/// All names in a dependency: of a rich one, every word that can be one.
fn names(dependency: &Dependency) -> Vec<&str> {
    if !dependency.is_rich() {
        return vec![&dependency.name];
    }
    let words = dependency.name.split_whitespace().map(|word| {
        let mut word = word.trim_start_matches('(');
        while word.ends_with(')') && word.matches(')').count() > word.matches('(').count() {
            word = &word[..word.len() - 1];
        }
        word
    });
    words.collect()
}

/// Paths that some dependency names.
fn paths<'g>(input: &'g Input<'_>, all: &[(usize, &'g Package)]) -> HashSet<&'g str> {
    let of_packages = all.iter().flat_map(|(_, package)| {
        let lists = [
            &package.requires,
            &package.recommends,
            &package.suggests,
            &package.supplements,
            &package.enhances,
            &package.conflicts,
            &package.obsoletes,
        ];
        lists.into_iter().flatten()
    });
    let of_sources = input
        .sources
        .iter()
        .flat_map(|source| source.requires().iter().chain(source.bootstrap_requires().into_iter().flatten()));
    of_packages.chain(of_sources).flat_map(names).filter(|name| name.starts_with('/')).collect()
}

fn provided<'g>(package: &'g Package, paths: &HashSet<&str>) -> BTreeSet<&'g str> {
    let files = package.files.iter().map(|file| file.path.as_str()).filter(|path| paths.contains(path));
    let names = package.provides.iter().map(|provide| provide.name.as_str());
    names.chain(files).chain([package.nevra.name()]).collect()
}

/// The digest of all that the solver sees of a package.
fn digest(repository: usize, source: &str, package: &Package, paths: &HashSet<&str>) -> u128 {
    let mut text = format!("{repository} {} {source}", package.nevra);
    let lists = [
        ('p', &package.provides),
        ('r', &package.requires),
        ('c', &package.conflicts),
        ('o', &package.obsoletes),
        ('R', &package.recommends),
        ('S', &package.suggests),
        ('s', &package.supplements),
        ('e', &package.enhances),
    ];
    for (kind, list) in lists {
        for dependency in list {
            let _ = write!(text, "\n{kind} {dependency}");
        }
    }
    for file in package.files.iter().filter(|file| paths.contains(file.path.as_str())) {
        let _ = write!(text, "\nf {}", file.path);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&Digest::of(text.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(half)
}
