//! What happens to charters in the life of a foundation, as edits that give the next one.

use heirloom_model::Digest;
use heirloom_model::allowance::Date;

use super::{Charter, CharterError, Member, Role};

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A member joins, with these roles.
    Join {
        /// Who.
        member: Member,
        /// What the member may vote on.
        roles: Vec<Role>,
    },
    /// A member leaves all roles.
    Leave(String),
    /// A member gets a further key.
    AddKey {
        /// Whose.
        member: String,
        /// The public key.
        key: String,
    },
    /// A member's key was lost or stolen: votes with it count no more.
    RemoveKey {
        /// Whose.
        member: String,
        /// The key as the charter has it.
        key: String,
    },
    /// The member works elsewhere now.
    Move {
        /// Who.
        member: String,
        /// The new affiliation.
        affiliation: String,
    },
    /// It is valid for longer.
    Extend(Date),
}

impl Charter {
    /// The charter that follows this one, whose SHA-256 is `digest`.
    ///
    /// # Errors
    /// The edits don't fit this charter, or what comes out contradicts itself.
    pub fn next(&self, digest: Digest, edits: &[Edit]) -> Result<Self, CharterError> {
        let mut next = self.clone();
        next.version = self.version.saturating_add(1);
        next.previous = Some(digest);
        next.signing_keys.clear();
        for edit in edits {
            next.edit(edit)?;
        }
        next.check()?;
        Ok(next)
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), CharterError> {
        match edit {
            Edit::Join { member, roles } => {
                for role in roles {
                    self.seats(*role)?.insert(member.name.clone());
                }
                self.members.push(member.clone());
            }
            Edit::Leave(name) => {
                self.find(name)?;
                self.members.retain(|member| member.name != *name);
                for rule in self.roles.values_mut() {
                    rule.members.remove(name);
                }
                if let Some(emergency) = &mut self.emergency {
                    emergency.members.remove(name);
                }
            }
            Edit::AddKey { member, key } => self.find(member)?.keys.push(key.clone()),
            Edit::RemoveKey { member, key } => {
                let keys = &mut self.find(member)?.keys;
                let before = keys.len();
                keys.retain(|other| other.trim() != key.trim());
                if keys.len() == before {
                    return Err(wrong(member, "has no such key"));
                }
            }
            Edit::Move { member, affiliation } => self.find(member)?.affiliation.clone_from(affiliation),
            Edit::Extend(until) => self.valid_until = *until,
        }
        Ok(())
    }

    fn find(&mut self, name: &str) -> Result<&mut Member, CharterError> {
        self.members.iter_mut().find(|member| member.name == name).ok_or_else(|| wrong(name, "is no member"))
    }

    fn seats(&mut self, role: Role) -> Result<&mut std::collections::BTreeSet<String>, CharterError> {
        let missing = || CharterError::Wrong {
            place: format!("role {}", role.name()),
            what: "the charter has no such role".to_owned(),
        };
        match role {
            Role::Emergency => self.emergency.as_mut().map(|it| &mut it.members).ok_or_else(missing),
            role => self.roles.get_mut(&role).map(|rule| &mut rule.members).ok_or_else(missing),
        }
    }
}

fn wrong(member: &str, what: &str) -> CharterError {
    CharterError::Wrong { place: format!("member {member}"), what: what.to_owned() }
}
