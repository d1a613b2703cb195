//! The release of a distribution's own change.

use super::{Spec, SpecError, Splice};

impl Spec<'_> {
    /// Puts `SUFFIX.NUMBER` behind the release. Where the suffix is there already, its number is set, or counted up if
    /// none is given.
    ///
    /// # Errors
    /// The main package does not have one `Release`.
    pub fn set_release(&self, suffix: &str, number: Option<u32>) -> Result<Vec<Splice>, SpecError> {
        let tag = self.tag("Release", None)?;
        let value = String::from_utf8_lossy(self.value(&tag)).into_owned();
        let own = value.match_indices(suffix).find_map(|(at, _)| {
            let rest = value[at + suffix.len()..].strip_prefix('.')?;
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let start = value.len() - rest.len();
            Some((start, start + digits, rest[..digits].parse::<u32>().ok()?))
        });
        let value = match own {
            Some((start, end, now)) => {
                let number = number.unwrap_or(now.saturating_add(1));
                format!("{}{number}{}", &value[..start], &value[end..])
            }
            None => {
                // A macro without braces would take what follows for its arguments.
                let bare = value.strip_prefix('%').filter(|rest| rest.starts_with("autorelease"));
                let value = bare.map_or(value.clone(), |rest| format!("%{{{rest}}}"));
                format!("{value}{suffix}.{}", number.unwrap_or(1))
            }
        };
        Ok(self.with_value(tag.line, tag.value, value.as_bytes()))
    }
}
