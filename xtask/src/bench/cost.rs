//! What running a tool takes: seconds and memory, of several contenders that take turns.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::{ROUNDS, Result};

/// What one run took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    seconds: f64,
    /// Most memory that one of its processes had, in KiB.
    peak: u64,
}

/// A command line, and the exit codes that are answers and no failures.
#[derive(Clone, Debug)]
pub(super) struct Line {
    program: PathBuf,
    args: Vec<PathBuf>,
    answers: &'static [i32],
}

impl Line {
    pub(super) fn new(program: impl Into<PathBuf>, answers: &'static [i32]) -> Self {
        Self { program: program.into(), args: Vec::new(), answers }
    }

    pub(super) fn arg(mut self, arg: impl Into<PathBuf>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// It as a shell runs it after another command.
    pub(super) fn after(&self, command: &str) -> String {
        let args: Vec<_> = self.args.iter().map(|arg| format!("'{}'", arg.display())).collect();
        format!("{command}exec '{}' {}", self.program.display(), args.join(" "))
    }

    /// It as it is.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        command
    }

    /// Runs it once. GNU time tells the peak of memory, children included.
    fn run(&self, scratch: &Path, worker: usize) -> Result<Cost> {
        let peak = scratch.join(format!("peak{worker}"));
        let mut command = Command::new("/usr/bin/time");
        command.args(["-q", "-f", "%M", "-o"]).arg(&peak).arg(&self.program).args(&self.args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let began = Instant::now();
        let output = command.output()?;
        let seconds = began.elapsed().as_secs_f64();
        let code = output.status.code().unwrap_or(-1);
        if !self.answers.contains(&code) {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{} exited with {code}: {}", self.program.display(), said.trim()).into());
        }
        let peak = std::fs::read_to_string(&peak)?.trim().parse()?;
        Ok(Cost { seconds, peak })
    }
}

/// One way to do a job: all its command lines, so many at a time.
pub(super) struct Contender {
    name: String,
    lines: Vec<Line>,
    at_once: usize,
    costs: Vec<Cost>,
    failure: Option<String>,
}

impl Contender {
    pub(super) fn new(name: &str, lines: Vec<Line>) -> Self {
        Self { name: name.to_owned(), lines, at_once: 1, costs: Vec::new(), failure: None }
    }

    pub(super) fn at_once(mut self, count: usize) -> Self {
        self.at_once = count;
        self
    }

    fn run(&self, scratch: &Path) -> Result<Cost> {
        let began = Instant::now();
        let next = AtomicUsize::new(0);
        let peaks = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.at_once)
                .map(|worker| {
                    let next = &next;
                    scope.spawn(move || -> std::result::Result<u64, String> {
                        let mut peak = 0;
                        while let Some(line) = self.lines.get(next.fetch_add(1, Ordering::Relaxed)) {
                            let cost = line.run(scratch, worker).map_err(|error| error.to_string())?;
                            peak = peak.max(cost.peak);
                        }
                        Ok(peak)
                    })
                })
                .collect();
            workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|_| Err("a worker panicked".to_owned())))
                .collect::<Vec<_>>()
        });
        let peaks: Vec<u64> = peaks.into_iter().collect::<std::result::Result<_, _>>()?;
        // At most so much at the same time.
        Ok(Cost { seconds: began.elapsed().as_secs_f64(), peak: peaks.iter().sum() })
    }
}

/// Runs all contenders in turns, and prints a line for each; the first is the one that others are compared
/// with. A contender that fails is named with its failure, and left out of further rounds.
pub(super) fn contest(title: &str, pairs: usize, mut contenders: Vec<Contender>) -> Result<()> {
    let scratch = tempfile::tempdir()?;
    println!("\n{title}");
    for round in 0..=ROUNDS {
        for contender in contenders.iter_mut().filter(|contender| contender.failure.is_none()) {
            match contender.run(scratch.path()) {
                // The first round fills the caches of all.
                Ok(cost) if round > 0 => contender.costs.push(cost),
                Ok(_) => {}
                Err(error) => contender.failure = Some(error.to_string()),
            }
        }
    }
    let first = contenders.first().and_then(|contender| median(&contender.costs)).unwrap_or(f64::NAN);
    for contender in &contenders {
        println!("  {}", line(contender, pairs, first));
    }
    Ok(())
}

fn line(contender: &Contender, pairs: usize, first: f64) -> String {
    let name = &contender.name;
    if let Some(failure) = &contender.failure {
        return format!("{name:<44} fails: {failure}");
    }
    let costs = &contender.costs;
    let Some(median) = median(costs) else { return format!("{name:<44} no runs") };
    let least = costs.iter().map(|cost| cost.seconds).fold(f64::INFINITY, f64::min);
    let most = costs.iter().map(|cost| cost.seconds).fold(0.0, f64::max);
    let peak = costs.iter().map(|cost| cost.peak).max().unwrap_or_default() as f64 / 1024.0;
    let each =
        if pairs > 1 { format!(" {:7.1} ms a pair", 1000.0 * median / pairs as f64) } else { String::new() };
    format!(
        "{name:<44} {median:7.3} s ({least:.3} to {most:.3}){each}  {:5.1} times the first  {peak:6.0} MiB",
        median / first
    )
}

fn median(costs: &[Cost]) -> Option<f64> {
    let mut seconds: Vec<f64> = costs.iter().map(|cost| cost.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied()
}
