use std::collections::BTreeSet;
use std::sync::Arc;

use aws::recorded::Recording;
use clock::{Clock, SimulatedClock};
use model::settings::TaggedSettings;
use source::WarmPing;

use super::*;
use crate::app::MonitorConfig;
use crate::config::{ConfigEnvironment, parse};

/// A watch of every kind of `read.`, with everything it can ask.
const EVERY_KIND: &str = r#"
[watch.a]
every = "6h"
read.cost_explorer = {}
[watch.b]
every = "6h"
read.estimated_charges = {}
[watch.c]
every = "6h"
read.usage_estimate = {}
[watch.d]
every = "6h"
read.focus_export = { bucket = "s3://bills/acme" }
[watch.e]
every = "6h"
read.lambda_logs = { functions = ["*"] }
[watch.f]
every = "6h"
read.lambda_metrics = { functions = ["*"] }
[watch.g]
every = "6h"
read.inventory = {}
[watch.h]
every = "6h"
read.account = {}
[watch.z]
every = "1m"
read.endpoint = { url = "https://dev.example.com/" }
[warm.i]
every = "6h"
function = "backend-dev"
concurrency = 2
[receiver.x]
via.stdout = {}
"#;

#[tokio::test]
async fn every_call_of_every_kind_has_a_check() {
    let now = "2024-12-10T00:00:00Z".parse().unwrap();
    let config: MonitorConfig = parse(EVERY_KIND, &ConfigEnvironment::with(&[], "/".into()), now).unwrap();
    let kinds: BTreeSet<&str> = config.watches.iter().map(|watch| watch.read.kind()).collect();
    assert_eq!(kinds, SourceKind::NAMES.iter().copied().collect(), "the test has every kind");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(now));
    let recording = Recording::parse(include_str!("../../../../demo/december-2024.toml")).unwrap();
    let account = recording.account(clock, now);
    let mut subjects = Vec::new();
    for watch in &config.watches {
        let calls = watch.read.calls();
        assert!(!calls.is_empty() || watch.read.kind() == "endpoint", "{}", watch.read.kind());
        subjects.extend(calls.iter().map(|call| ProbeSubject::Watch(watch.read.clone(), call.action)));
    }
    for warm in &config.warms {
        subjects
            .extend(WarmPing::calls(warm).iter().map(|call| ProbeSubject::Warm(warm.function.clone(), call.action)));
    }
    assert!(subjects.len() > 40, "{}", subjects.len());
    for subject in subjects {
        let (what, said) = subject.ask(&account, now).await;
        if let ProbeAnswer::Line(line) = said {
            assert!(!line.said.contains(NO_CHECK), "{what}: {}", line.said);
        }
    }
}
