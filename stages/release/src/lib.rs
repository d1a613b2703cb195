//! Release: composed trees become snapshots that clients are served, and channels are switched from one to the other.
//!
//! It lays out what the store has already, by links: nothing is fetched, signed or changed here, and it must not
//! decide whether a snapshot is good enough for a channel. It never asks the clock.
