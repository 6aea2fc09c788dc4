//! A chain from a domain to a function, as JSON, as text and as a picture.

mod svg;
#[cfg(test)]
mod tests;
mod text;

use std::time::Duration;

use ::chain::seen::ChainSeen;
use ::chain::seen::inside::FunctionLogSeen;
use ::chain::{ChainVerdict, Hop, HopState, Link, hops, verdict};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

pub use svg::picture;
pub use text::page;

/// The output of `monitor doctor`; its schema is docs/doctor.schema.json.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChainDocument {
    schema: u32,
    target: String,
    verdict: VerdictView,
    hops: Vec<HopView>,
    phases_ms: PhasesView,
}

/// What is said of the whole chain.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct VerdictView {
    state: HopState,
    link: Option<Link>,
    summary: String,
    evidence: Vec<String>,
    next_step: String,
    until: Option<String>,
}

/// A link as it is shown.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct HopView {
    link: Link,
    state: HopState,
    /// What is said of it, then how it was seen.
    evidence: Vec<String>,
    ms: Option<f64>,
    /// For people: why it is unknown, broken or waits. In JSON it is the first line of the evidence.
    #[serde(skip)]
    summary: String,
    #[serde(skip)]
    next_step: String,
}

/// How long the parts of a request took, milliseconds; `None` where it was not seen.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct PhasesView {
    dns: Option<f64>,
    tcp: Option<f64>,
    tls: Option<f64>,
    ttfb: Option<f64>,
    function: Option<f64>,
}

impl ChainDocument {
    /// What was seen of a target. `may_read` is whether there are credentials.
    pub fn of(target: &str, seen: &ChainSeen) -> Self {
        let hops = hops(seen);
        let verdict = verdict(&hops);
        Self {
            schema: 1,
            target: target.to_owned(),
            verdict: VerdictView::of(&verdict, &hops),
            hops: hops.into_iter().map(HopView::of).collect(),
            phases_ms: PhasesView::of(seen),
        }
    }

    /// The same with some of its links only, and the verdict over them.
    #[must_use]
    pub fn of_links(target: &str, seen: &ChainSeen, links: &[Link]) -> Self {
        let hops: Vec<Hop> = hops(seen).into_iter().filter(|hop| links.contains(&hop.link)).collect();
        let verdict = verdict(&hops);
        Self {
            schema: 1,
            target: target.to_owned(),
            verdict: VerdictView::of(&verdict, &hops),
            hops: hops.into_iter().map(HopView::of).collect(),
            phases_ms: PhasesView::of(seen),
        }
    }

    /// The state of the whole chain.
    pub fn state(&self) -> HopState {
        self.verdict.state
    }
}

impl VerdictView {
    fn of(verdict: &ChainVerdict, hops: &[Hop]) -> Self {
        let unknown = hops.iter().filter(|hop| hop.state == HopState::Unknown).count();
        // What works and ends soon.
        let ending = |hop: &&Hop| hop.link == Link::CertificateExpiry && hop.state == HopState::Ok;
        let soon = hops.iter().find(ending).map(|hop| hop.summary.as_str()).unwrap_or_default();
        let summary = match (verdict.state, &verdict.hop) {
            (HopState::Ok, _) if !soon.is_empty() => format!("it works; {soon}"),
            (HopState::Ok, _) if unknown == 0 => "every link works".to_owned(),
            (HopState::Ok, _) => format!("every link that was seen works; {unknown} are unknown"),
            (_, Some(hop)) => hop.summary.clone(),
            (_, None) => "nothing was seen of this chain".to_owned(),
        };
        let hop = verdict.hop.as_ref();
        Self {
            state: verdict.state,
            link: hop.map(|hop| hop.link),
            summary,
            evidence: hop.map(|hop| hop.evidence.clone()).unwrap_or_default(),
            next_step: hop.map(|hop| hop.next_step.clone()).unwrap_or_default(),
            until: hop.and_then(|hop| hop.until).map(instant),
        }
    }
}

impl HopView {
    fn of(hop: Hop) -> Self {
        let Hop { link, state, summary, mut evidence, next_step, took, .. } = hop;
        if !summary.is_empty() {
            evidence.insert(0, summary.clone());
        }
        Self { link, state, evidence, ms: took.map(ms), summary, next_step }
    }

    /// How it was seen, without what is said of it.
    fn details(&self) -> &[String] {
        let skipped = usize::from(!self.summary.is_empty());
        self.evidence.get(skipped..).unwrap_or_default()
    }
}

impl PhasesView {
    fn of(seen: &ChainSeen) -> Self {
        let outside = seen.outside.as_ref();
        // Those of the connection that was used: the first one that came about.
        let connection = outside
            .and_then(|outside| outside.connections.iter().find(|one| one.refused.is_none() && one.tls_took.is_some()));
        let connection = connection
            .or_else(|| outside.and_then(|outside| outside.connections.iter().find(|one| one.refused.is_none())));
        let last = match seen.inside.as_ref().map(|inside| &inside.log) {
            Some(FunctionLogSeen::Read { last, .. }) => *last,
            _ => None,
        };
        Self {
            dns: outside.and_then(|outside| outside.dns.took).map(ms),
            tcp: connection.map(|one| ms(one.took)),
            tls: connection.and_then(|one| one.tls_took).map(ms),
            ttfb: outside.and_then(|outside| outside.https.last()).and_then(|answer| answer.ttfb).map(ms),
            function: last.map(ms),
        }
    }
}

/// Milliseconds with one decimal.
fn ms(took: Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
