//! What is asked of the plan on the command line.

use std::path::PathBuf;

use clap::Args;

/// What is asked of the plan. Without any of it, the plan itself is shown.
#[derive(Args, Debug)]
pub(crate) struct Plan {
    /// Proves that the distribution builds itself: every package of every buildroot of the last pass is own. Else
    /// each foreign one is named, with why it is there. Exit codes: 0 proven; 4 something foreign is left.
    #[arg(long, group = "question")]
    pub(crate) self_hosted: bool,
    /// Tells what is different from a plan that `heirloom --format json plan` wrote, and why.
    #[arg(long, value_name = "OLD.json", group = "question")]
    pub(crate) diff: Option<PathBuf>,
    /// Replays what builds took on a farm of so many workers: `8`, `1,2,50`, or `4..200`, which doubles from 4 on.
    /// Without a number: 1 to 200.
    #[arg(
        long,
        value_name = "WORKERS",
        group = "question",
        num_args = 0..=1,
        default_missing_value = "1..128,200",
        value_parser = workers
    )]
    pub(crate) simulate: Option<Workers>,
    /// Draws it: FILE.svg for people, FILE.dot for other tools; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub(crate) graph: Vec<PathBuf>,
    /// Leaves out what can't be built and lists it, instead of giving up. Exit code 4 if there is any.
    #[arg(long)]
    pub(crate) keep_going: bool,
}

/// Numbers of workers.
#[derive(Clone, Debug)]
pub(crate) struct Workers(pub(crate) Vec<usize>);

/// `1,2,4..200`
fn workers(text: &str) -> Result<Workers, String> {
    let number = |text: &str| match text.trim().parse() {
        Ok(number @ 1..=100_000) => Ok(number),
        _ => Err(format!("`{text}` is no number of workers from 1 to 100000")),
    };
    let mut all: Vec<usize> = Vec::new();
    for part in text.split(',') {
        match part.split_once("..") {
            None => all.push(number(part)?),
            Some((first, last)) => {
                let (first, last) = (number(first)?, number(last)?);
                if first > last {
                    return Err(format!("`{part}` goes down: write {last}..{first}"));
                }
                all.extend(
                    std::iter::successors(Some(first), |workers| Some(workers * 2)).take_while(|w| *w < last),
                );
                all.push(last);
            }
        }
    }
    Ok(Workers(all))
}

#[cfg(test)]
mod tests {
    use super::workers;

    #[test]
    fn numbers_of_workers_are_lists_and_doublings() {
        let read = |text: &str| workers(text).map(|workers| workers.0);
        assert_eq!(read("8"), Ok(vec![8]));
        assert_eq!(read("1, 3,4..20"), Ok(vec![1, 3, 4, 8, 16, 20]));
        assert_eq!(read("1..1"), Ok(vec![1]));
        for wrong in ["", "0", "x", "4..", "9..4", "1..100001"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
