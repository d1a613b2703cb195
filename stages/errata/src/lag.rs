//! How long advisories take from upstream to machines, step by step, and which were late.

use std::collections::BTreeMap;

use heirloom_model::advisory::{AdvisoryId, AdvisoryKind, Severity};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds of a day.
const DAY: f64 = 86_400.0;

/// When an advisory got how far. What is not known, or not yet so, is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// The advisory here.
    pub id: AdvisoryId,
    /// As upstream calls it.
    pub upstream: AdvisoryId,
    /// What it is for.
    pub kind: AdvisoryKind,
    /// How bad what it fixes is.
    pub severity: Option<Severity>,
    /// The minor release that its packages were made for, as their release tags say: `9.4`; `9` if they do not.
    pub release: String,
    /// Whether it is of a kernel, whose builds and tests take longer.
    pub is_kernel: bool,
    /// Where it stands: the name of its state, and why.
    pub state: String,
    /// Why it is there; empty if it is shipped.
    pub why: String,
    /// Upstream issued it.
    #[schemars(with = "String")]
    pub issued: Timestamp,
    /// It was seen first.
    #[schemars(with = "Option<String>")]
    pub seen: Option<Timestamp>,
    /// The sources with the fixes were imported.
    #[schemars(with = "Option<String>")]
    pub imported: Option<Timestamp>,
    /// They were built.
    #[schemars(with = "Option<String>")]
    pub built: Option<Timestamp>,
    /// The packages were compared.
    #[schemars(with = "Option<String>")]
    pub compared: Option<Timestamp>,
    /// They were signed.
    #[schemars(with = "Option<String>")]
    pub signed: Option<Timestamp>,
    /// Machines could install them.
    #[schemars(with = "Option<String>")]
    pub published: Option<Timestamp>,
    /// The advisory itself came out.
    #[schemars(with = "Option<String>")]
    pub out: Option<Timestamp>,
}

/// Days within which an advisory is to be out after upstream's; none: nothing is promised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Targets {
    /// For those of critical severity.
    pub critical: Option<u32>,
    /// For important ones.
    pub important: Option<u32>,
    /// For moderate ones.
    pub moderate: Option<u32>,
    /// For low ones.
    pub low: Option<u32>,
    /// For what fixes no vulnerability.
    pub other: Option<u32>,
}

impl Targets {
    /// The days for an advisory.
    #[must_use]
    pub fn of(&self, timeline: &Timeline) -> Option<u32> {
        match (timeline.kind, timeline.severity) {
            (AdvisoryKind::Security, Some(Severity::Critical)) => self.critical,
            (AdvisoryKind::Security, Some(Severity::Important)) => self.important,
            (AdvisoryKind::Security, Some(Severity::Moderate)) => self.moderate,
            (AdvisoryKind::Security, _) => self.low,
            _ => self.other,
        }
    }
}

/// The lags of a group of advisories, in days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// Advisories that are out.
    pub count: usize,
    /// Half are out within this.
    pub median: f64,
    /// Nine of ten are.
    pub p90: f64,
    /// 99 of a hundred are.
    pub p99: f64,
    /// The longest.
    pub longest: f64,
    /// The part that took more than 30 days, 0 to 1.
    pub over_a_month: f64,
}

/// An advisory that was, or is, later than promised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Missed {
    /// The advisory.
    pub id: AdvisoryId,
    /// How bad what it fixes is.
    pub severity: Option<Severity>,
    /// Days that were promised.
    pub promised: u32,
    /// Days that it took, or has taken so far.
    pub took: f64,
    /// Whether it is out.
    pub is_out: bool,
    /// Why: where it waits, or the step that took longest.
    pub because: String,
}

/// How long advisories took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lag {
    /// All but those of kernels.
    pub all: Option<Group>,
    /// Those of kernels.
    pub kernel: Option<Group>,
    /// All but those of kernels, by severity; `none` has those without.
    pub by_severity: BTreeMap<String, Group>,
    /// All but those of kernels, by minor release.
    pub by_release: BTreeMap<String, Group>,
    /// All but those of kernels, by the month in which upstream issued them: `2026-03`.
    pub by_month: BTreeMap<String, Group>,
    /// Advisories with a promise that are out in time.
    pub met: usize,
    /// Those that were or are late, the latest first.
    pub missed: Vec<Missed>,
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    (to.duration_since(from).as_secs_f64() / DAY).max(0.0)
}

/// Adds up timelines; `now` is what those that are not out have waited until.
#[must_use]
pub fn lag(timelines: &[Timeline], targets: &Targets, now: Timestamp) -> Lag {
    let mut all = Vec::new();
    let mut kernel = Vec::new();
    let [mut severities, mut releases, mut months] = [(); 3].map(|()| BTreeMap::<String, Vec<f64>>::new());
    let (mut met, mut missed) = (0, Vec::new());
    for timeline in timelines {
        let took = timeline.out.map(|out| days(timeline.issued, out));
        if let Some(took) = took {
            if timeline.is_kernel {
                kernel.push(took);
            } else {
                all.push(took);
                let severity = timeline.severity.map_or("none", Severity::name);
                severities.entry(severity.to_owned()).or_default().push(took);
                releases.entry(timeline.release.clone()).or_default().push(took);
                months.entry(timeline.issued.strftime("%Y-%m").to_string()).or_default().push(took);
            }
        }
        let Some(promised) = targets.of(timeline) else { continue };
        if timeline.state == "not-applicable" {
            continue;
        }
        let so_far = took.unwrap_or_else(|| days(timeline.issued, now));
        if so_far > f64::from(promised) {
            missed.push(Missed {
                id: timeline.id.clone(),
                severity: timeline.severity,
                promised,
                took: so_far,
                is_out: took.is_some(),
                because: because(timeline),
            });
        } else if took.is_some() {
            met += 1;
        }
    }
    missed.sort_by(|a, b| b.took.total_cmp(&a.took).then_with(|| a.id.cmp(&b.id)));
    let groups = |by: BTreeMap<String, Vec<f64>>| {
        by.into_iter().filter_map(|(name, lags)| Some((name, group(lags)?))).collect()
    };
    Lag {
        all: group(all),
        kernel: group(kernel),
        by_severity: groups(severities),
        by_release: groups(releases),
        by_month: groups(months),
        met,
        missed,
    }
}

/// Percentiles by the nearest rank.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of advisories"
)]
fn group(mut lags: Vec<f64>) -> Option<Group> {
    lags.sort_by(f64::total_cmp);
    let count = lags.len();
    let rank = |part: f64| {
        let rank = (part * count as f64).ceil() as usize;
        lags.get(rank.clamp(1, count.max(1)) - 1).copied()
    };
    Some(Group {
        count,
        median: rank(0.5)?,
        p90: rank(0.9)?,
        p99: rank(0.99)?,
        longest: lags.last().copied()?,
        over_a_month: lags.iter().filter(|lag| **lag > 30.0).count() as f64 / count as f64,
    })
}

/// Where one that is not out waits; of one that is, the step that took longest.
fn because(timeline: &Timeline) -> String {
    if timeline.out.is_none() {
        return format!("{}: {}", timeline.state, timeline.why);
    }
    let steps = [
        ("seen", timeline.seen),
        ("imported", timeline.imported),
        ("built", timeline.built),
        ("compared", timeline.compared),
        ("signed", timeline.signed),
        ("published", timeline.published),
        ("out", timeline.out),
    ];
    let (mut before, mut longest) = (timeline.issued, ("out", 0.0));
    for (name, time) in steps.into_iter().filter_map(|(name, time)| Some((name, time?))) {
        let took = days(before, time);
        if took > longest.1 {
            longest = (name, took);
        }
        before = before.max(time);
    }
    format!("{:.1} days until it was {}", longest.1, longest.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(id: &str, issued: &str, out: Option<&str>) -> Timeline {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        Timeline {
            id: id.parse().unwrap(),
            upstream: id.parse().unwrap(),
            kind: AdvisoryKind::Security,
            severity: Some(Severity::Important),
            release: "9.4".to_owned(),
            is_kernel: false,
            state: if out.is_some() { "shipped" } else { "blocked" }.to_owned(),
            why: "it does not build".to_owned(),
            issued: at(issued),
            seen: out.map(at),
            imported: None,
            built: None,
            compared: None,
            signed: None,
            published: None,
            out: out.map(at),
        }
    }

    #[test]
    fn percentiles_and_promises() {
        let mut all: Vec<_> = (1..=10)
            .map(|day| {
                timeline("A-1", "2026-03-01T00:00:00Z", Some(&format!("2026-03-{:02}T00:00:00Z", day + 1)))
            })
            .collect();
        all.push(timeline("A-2", "2026-03-01T00:00:00Z", None));
        all.push(Timeline {
            is_kernel: true,
            ..timeline("A-3", "2026-02-01T00:00:00Z", Some("2026-04-01T00:00:00Z"))
        });
        let targets = Targets { important: Some(7), ..Targets::default() };
        let lag = lag(&all, &targets, "2026-03-21T00:00:00Z".parse().unwrap());
        let of = lag.all.as_ref().unwrap();
        assert_eq!((of.count, of.median, of.p90, of.longest), (10, 5.0, 9.0, 10.0));
        assert_eq!(lag.kernel.as_ref().unwrap().over_a_month, 1.0);
        assert_eq!(lag.by_month.keys().collect::<Vec<_>>(), ["2026-03"]);
        assert_eq!((lag.met, lag.missed.len()), (7, 5));
        let told: Vec<_> =
            lag.missed.iter().map(|one| (one.id.as_str(), one.took, one.because.as_str())).collect();
        assert_eq!(told[0], ("A-3", 59.0, "59.0 days until it was seen"));
        assert_eq!(told[1], ("A-2", 20.0, "blocked: it does not build"));
    }

    #[test]
    fn nothing_has_no_percentiles() {
        let lag = lag(&[], &Targets::default(), Timestamp::UNIX_EPOCH);
        assert_eq!((lag.all, lag.missed.len()), (None, 0));
    }
}
