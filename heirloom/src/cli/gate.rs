//! What the gate is asked about on the command line.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use heirloom_model::DistMap;
use heirloom_model::allowance::Date;

/// Which repositories are judged, and against what.
#[derive(Args, Debug)]
pub(crate) struct Gate {
    /// A repository to judge, and the names of those whose packages its own may need (`AppStream:BaseOS,CRB=DIR`);
    /// without a `:`, all others. `$basearch` in its location stands for each architecture. What holds only debugging
    /// data, or only source packages, is the twin of the repository of its name. May be given several times.
    #[arg(long, value_name = "NAME[:NEEDS,..]=DIR|URL")]
    pub(crate) repository: Vec<Judged>,
    /// Architecture of the machines that they are for [default: this machine's]. May be given several times.
    #[arg(long, requires = "repository")]
    pub(crate) arch: Vec<String>,
    /// Public key file that may sign packages, and repositories at URLs.
    #[arg(long, value_name = "FILE", requires = "repository")]
    pub(crate) key: Vec<PathBuf>,
    /// The repository of this name as clients have it now.
    #[arg(long, value_name = "NAME=DIR|URL", requires = "repository")]
    pub(crate) against: Vec<Named>,
    /// The reference's repository of this name.
    #[arg(long, value_name = "NAME=DIR|URL", requires = "repository")]
    pub(crate) reference: Vec<Named>,
    /// Public key file that may sign the reference's repositories at URLs.
    #[arg(long, value_name = "FILE", requires = "reference")]
    pub(crate) reference_key: Vec<PathBuf>,
    /// Release tags that mean the same, as REFERENCE=REBUILD (`.el9=.el9_4`, `.centos=`); `*` at the end stands for
    /// the rest.
    #[arg(long, value_name = "REFERENCE=REBUILD", requires = "reference")]
    pub(crate) dist_map: Vec<DistMap>,
    /// A file of waivers: findings that are accepted, each with a reason and an end.
    #[arg(long, value_name = "FILE", requires = "repository")]
    pub(crate) waivers: Option<PathBuf>,
    /// The distribution's `lifecycle.toml`: what it does not allow today is refused.
    #[arg(long, value_name = "FILE", requires = "repository")]
    pub(crate) lifecycle: Option<PathBuf>,
    /// Major version of the repositories, where the lifecycle has several.
    #[arg(long, value_name = "N", requires = "lifecycle")]
    pub(crate) major: Option<u32>,
    /// The day on which waivers hold or have expired, and whose phase counts [default: today].
    #[arg(long, value_name = "DATE", requires = "repository")]
    pub(crate) today: Option<Date>,
}

/// A location with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) location: String,
}

/// A repository to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) named: Named,
    /// Names of the repositories that it needs; absent: all.
    pub(crate) needs: Option<Vec<String>>,
}

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, location)) if !name.is_empty() && !location.is_empty() => {
                Ok(Self { name: name.to_owned(), location: location.to_owned() })
            }
            _ => Err(format!("`{text}` is not of the form NAME=DIR or NAME=URL")),
        }
    }
}

impl FromStr for Judged {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Named { name, location } = text.parse()?;
        let Some((name, needs)) = name.split_once(':') else {
            return Ok(Self { named: Named { name, location }, needs: None });
        };
        if name.is_empty() {
            return Err(format!("`{text}` has no name before its `:`"));
        }
        let needs = needs.split(',').filter(|need| !need.is_empty()).map(str::to_owned).collect();
        Ok(Self { named: Named { name: name.to_owned(), location }, needs: Some(needs) })
    }
}

#[cfg(test)]
mod tests {
    use super::Judged;

    #[test]
    fn repositories_have_names_needs_and_places() {
        let read = |text: &str| {
            let judged: Judged = text.parse()?;
            Ok::<_, String>((
                judged.named.name,
                judged.needs.map(|needs| needs.join(" ")),
                judged.named.location,
            ))
        };
        let read_as = |name: &str, needs: Option<&str>, location: &str| {
            Ok((name.to_owned(), needs.map(str::to_owned), location.to_owned()))
        };
        assert_eq!(read("BaseOS=/srv/a=b"), read_as("BaseOS", None, "/srv/a=b"));
        assert_eq!(read("BaseOS:=dir"), read_as("BaseOS", Some(""), "dir"));
        assert_eq!(
            read("AppStream:BaseOS,CRB=https://example.org/"),
            read_as("AppStream", Some("BaseOS CRB"), "https://example.org/")
        );
        for wrong in ["", "dir", "=dir", "a=", ":b=dir"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
