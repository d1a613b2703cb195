//! Which generation of a channel a client is shown.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use heirloom_model::Digest;

/// A client that asked for nothing for so long has ended: dnf's own pauses within a run are the reading of metadata
/// and solving, some seconds on small machines.
const SILENT: Duration = Duration::from_secs(30);
/// A client that never ends, or many behind one address, see what is new after so long.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// Clients that are remembered; who comes when there are more is shown the newest generation each time.
const CLIENTS: usize = 65_536;

/// Who asks for which channel: the address, and the digest of what it says it is.
type Client = (IpAddr, Digest, String);

#[derive(Clone, Copy)]
struct Pin {
    generation: u64,
    first: Instant,
    last: Instant,
}

impl Pin {
    fn holds(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) < SILENT
            && now.saturating_duration_since(self.first) < LONGEST
    }
}

/// The generations that clients are shown.
#[derive(Default)]
pub(super) struct Pins(Mutex<HashMap<Client, Pin>>);

impl Pins {
    /// The generation that this client is shown now, if the channel serves `current`; `is_there` says whether an
    /// earlier one still is.
    pub(super) fn choose(
        &self,
        client: Client,
        current: u64,
        now: Instant,
        is_there: impl FnOnce(u64) -> bool,
    ) -> u64 {
        let mut pins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pin) = pins.get_mut(&client)
            && pin.holds(now)
            && (pin.generation == current || is_there(pin.generation))
        {
            pin.last = now;
            return pin.generation;
        }
        if pins.len() >= CLIENTS {
            pins.retain(|_, pin| pin.holds(now));
        }
        if pins.len() < CLIENTS || pins.contains_key(&client) {
            pins.insert(client, Pin { generation: current, first: now, last: now });
        }
        current
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(number: u8, channel: &str) -> Client {
        (IpAddr::from([127, 0, 0, number]), Digest::of(b"dnf"), channel.to_owned())
    }

    #[test]
    fn a_client_sees_one_generation_until_it_is_silent_or_for_ten_minutes() {
        let (pins, begin) = (Pins::default(), Instant::now());
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let choose =
            |number, current, seconds| pins.choose(client(number, "9"), current, at(seconds), |_| true);
        assert_eq!(choose(1, 7, 0), 7);
        assert_eq!(choose(1, 8, 29), 7);
        assert_eq!(choose(2, 8, 29), 8, "another client");
        assert_eq!(choose(1, 8, 58), 7, "the silence counts from the last request");
        assert_eq!(choose(1, 8, 88), 8);
        for seconds in (88..688).step_by(20) {
            assert_eq!(choose(1, 9, seconds), 8, "{seconds}");
        }
        assert_eq!(choose(1, 9, 688), 9, "ten minutes after 88");
    }

    #[test]
    fn channels_are_apart_and_a_view_that_is_gone_is_not_shown() {
        let (pins, now) = (Pins::default(), Instant::now());
        assert_eq!(pins.choose(client(1, "9"), 1, now, |_| true), 1);
        assert_eq!(pins.choose(client(1, "stable"), 5, now, |_| true), 5);
        assert_eq!(pins.choose(client(1, "9"), 2, now, |_| false), 2);
        assert_eq!(pins.choose(client(1, "9"), 3, now, |_| true), 2);
    }
}
