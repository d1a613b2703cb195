//! `heirloom serve`: a web server for the document root.

use std::path::Path;

use heirloom_formats::definition::Definition;
use heirloom_model::allowance::Date;
use heirloom_release::{Answered, Server};

use crate::cli::Serve;
use crate::context::now;
use crate::fail::Fail;
use crate::interrupt;
use crate::ui::{Shown, say};

/// The store is not opened: who serves must not be in the way of who publishes.
pub(crate) fn run(definition: &Path, args: &Serve) -> Result<Shown, Fail> {
    let root = match &args.dir {
        Some(dir) => dir.clone(),
        None => {
            let definition = Definition::load(definition)?;
            definition.resolve(&definition.state).join("published")
        }
    };
    let server = Server::bind(args.listen, &root)?;
    say(&format!("serving {} at http://{}/", root.display(), server.address()?));
    let _listening = interrupt::listen();
    server.run(&interrupt::flag(), |answered| say(&line(answered, now())))?;
    say("ended");
    Ok(Shown::nothing())
}

/// A line of the log: who, when, what, status, bytes, and what the client says it is.
fn line(answered: &Answered, time: u64) -> String {
    let Answered { peer, method, target, status, bytes, agent } = answered;
    let (hour, minute, second) = (time / 3600 % 24, time / 60 % 60, time % 60);
    let day = Date::from_unix(time);
    let short = |text: &str| text.chars().take(1000).collect::<String>();
    format!(
        "{} [{day}T{hour:02}:{minute:02}:{second:02}Z] {:?} {status} {bytes} {:?}",
        peer.ip(),
        short(&format!("{method} {target}")),
        short(agent)
    )
}
