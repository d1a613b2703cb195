//! JUnit XML, for build servers: a suite for each source package, a case for each pair.
//!
//! A broken promise is a failure, missing evidence an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heirloom_model::record::{Compared, Promise};
use heirloom_model::{Finding, Severity, Verdict};

use super::{Report, escape, level, one};

/// One suite: its cases as XML, and how many went wrong.
#[derive(Default)]
struct Suite {
    cases: String,
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

/// The whole report.
pub(crate) fn junit(report: &Report<'_>) -> String {
    let mut suites = BTreeMap::<&str, Suite>::new();
    let mut packages: Vec<_> = report.packages.iter().collect();
    packages.sort_by_key(|package| &package.compared.nevra);
    for package in packages {
        suites.entry(package.source).or_default().package(package.source, package.compared, report.promise);
    }
    let (mut sets, mut allowances) = (Suite::default(), Suite::default());
    for finding in report.findings {
        sets.finding(finding, report.promise);
    }
    for idle in &report.idle {
        let skipped = format!("<skipped message=\"{}\"/>", escape(&idle.why().to_string()));
        allowances.skipped += 1;
        allowances.case("allowances", &idle.text, &skipped);
    }
    let extra = [("sets of packages", sets), ("allowances", allowances)];
    let all: Vec<_> = suites.into_iter().chain(extra).filter(|(_, suite)| suite.tests > 0).collect();
    let sum = |count: fn(&Suite) -> usize| all.iter().map(|(_, suite)| count(suite)).sum::<usize>();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"heirloom compare\" tests=\"{}\" \
         failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        sum(|suite| suite.tests),
        sum(|suite| suite.failures),
        sum(|suite| suite.errors),
        sum(|suite| suite.skipped)
    );
    for (name, suite) in &all {
        let _ = write!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n{}  \
             </testsuite>\n",
            escape(name),
            suite.tests,
            suite.failures,
            suite.errors,
            suite.skipped,
            suite.cases
        );
    }
    xml + "</testsuites>\n"
}

impl Suite {
    fn package(&mut self, source: &str, compared: &Compared, promise: Promise) {
        let level = level(compared);
        let body = match (promise.holds(compared.verdict), compared.verdict) {
            (true, _) => format!("<system-out>{}</system-out>", escape(&level)),
            (false, Verdict::Undecided) => {
                self.errors += 1;
                bad("error", &compared.verdict, "evidence is missing", &one(compared, false))
            }
            (false, _) => {
                self.failures += 1;
                let message = format!("{level}: the promise `{}` is broken", promise.name());
                bad("failure", &compared.verdict, &message, &one(compared, false))
            }
        };
        self.case(source, &compared.nevra.to_string(), &body);
    }

    fn finding(&mut self, finding: &Finding, promise: Promise) {
        let broken = match finding.severity {
            Severity::Expected | Severity::Note => false,
            Severity::Different => promise == Promise::Identical,
            Severity::Incompatible | Severity::Undecided => true,
        };
        let text = format!("reference: {}\nrebuild: {}", finding.expected, finding.found);
        let body = match broken {
            true => {
                self.failures += 1;
                bad("failure", &finding.rule, &finding.rule, &text)
            }
            false => format!("<system-out>{}</system-out>", escape(&text)),
        };
        self.case(&finding.rule, &finding.subject, &body);
    }

    fn case(&mut self, class: &str, name: &str, body: &str) {
        self.tests += 1;
        let (class, name) = (escape(class), escape(name));
        let _ = writeln!(self.cases, "    <testcase classname=\"{class}\" name=\"{name}\">{body}</testcase>");
    }
}

fn bad(element: &str, kind: &impl ToString, message: &str, text: &str) -> String {
    let (kind, message, text) = (escape(&kind.to_string()), escape(message), escape(text));
    format!("<{element} type=\"{kind}\" message=\"{message}\">{text}</{element}>")
}
