//! .discinfo and media.repo: which medium a tree is on.

use super::{ProductmdError, arch, check, text};

/// What .discinfo says, for installers that look for their medium.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscInfo {
    /// When the tree was made, in seconds since 1970: the medium's id.
    pub timestamp: u64,
    /// The release's name and version.
    pub description: String,
    /// The architecture.
    pub arch: String,
}

impl DiscInfo {
    /// Writes .discinfo: time, description, architecture, and that it is all there is.
    ///
    /// # Errors
    /// A description of more than a line, or what is no architecture.
    pub fn to_text(&self) -> Result<String, ProductmdError> {
        text("description", &self.description)?;
        arch(&self.arch)?;
        check("description", &self.description, "a description without quotes at its ends", |it| {
            it.trim_matches(['"', '\'']) == it
        })?;
        Ok(format!("{}\n{}\n{}\nALL\n", self.timestamp, self.description, self.arch))
    }
}

/// Writes media.repo: the medium of a .discinfo as a repository, by the same id. Signatures are checked.
///
/// # Errors
/// A description of more than a line.
pub fn media_repo(disc: &DiscInfo) -> Result<String, ProductmdError> {
    text("description", &disc.description)?;
    let DiscInfo { timestamp, description, arch: _ } = disc;
    Ok(format!(
        "[InstallMedia]\nname={description}\nmediaid={timestamp}\nmetadata_expire=-1\ngpgcheck=1\ncost=500\n"
    ))
}
