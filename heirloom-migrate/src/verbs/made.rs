//! `key`, `completions`, `man`: what is made without a machine.

use std::path::Path;

use clap::CommandFactory as _;
use heirloom_migrate::seal::Signer;

use crate::cli::Cli;
use crate::fail::Fail;
use crate::ui::Shown;

pub(crate) fn key(file: &Path) -> Result<Shown, Fail> {
    let signer = Signer::make(file, "signs migration plans").map_err(|error| Fail::of(&error))?;
    let public = file.with_extension("pub");
    let text = format!(
        "{} is private; {} goes to the machines, below /etc/heirloom-migrate/signers.",
        file.display(),
        public.display()
    );
    let data = serde_json::json!({"key": file, "public": public, "id": signer.public().id()});
    Ok(Shown::new(&data, text)?.next(&format!("heirloom-migrate plan --sign-with {}", file.display())))
}

pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Shown, Fail> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "heirloom-migrate", &mut script);
    let text = String::from_utf8_lossy(&script).into_owned();
    Shown::new(&text.clone(), text)
}

pub(crate) fn man(dir: &Path) -> Result<Shown, Fail> {
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Cli::command(), dir))
        .map_err(Fail::file("can't write man pages into", dir))?;
    Shown::new(&dir, format!("Man pages are in {}.", dir.display()))
}
