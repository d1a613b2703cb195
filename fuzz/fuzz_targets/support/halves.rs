//! Two inputs in one.

/// Splits bytes where their last two say, as a part of the whole in 65536ths.
pub fn of(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (rest, part) = bytes.split_last_chunk::<2>()?;
    let part = u64::from(u16::from_le_bytes(*part));
    let at = (rest.len() as u64 + 1) * part >> 16;
    Some(rest.split_at(at as usize))
}
