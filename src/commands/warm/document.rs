//! What `monitor warm simulate` writes.

use aws::prices::PriceTable;
use model::money::Percent;
use rust_decimal::Decimal;
use serde::Serialize;
use warmth::account::FunctionOutcome;
use warmth::fleet::ColdCause;
use warmth::policy::Policy;
use warmth::regime::DAY;
use warmth::replay::{INIT_MS, PING_MS};
use warmth::traffic::FunctionTrace;

/// Where prices are taken from.
const REGION: &str = "us-east-1";
/// The memory of a function, in MB.
const MEMORY_MB: u32 = 1_024;
/// Days of a month of which money is told.
const DAYS: u32 = 30;

/// What is written as JSON.
#[derive(Serialize)]
pub(super) struct SimulateDocument {
    schema: u32,
    policy: String,
    regime: &'static str,
    seed: u64,
    target: f64,
    functions: usize,
    /// The share of functions whose share of cold starts is at most the target.
    share_at_most_target: f64,
    /// Cold starts of users among all calls.
    pooled_cold: f64,
    /// Pings of a function a day, the mean.
    pings_per_day: f64,
    /// What a function's pings, or its provisioned concurrency, cost a month, the mean.
    usd_per_month: serde_json::Number,
    promises: PromisesDocument,
    causes: CausesDocument,
    each: Vec<EachDocument>,
}

#[derive(Serialize)]
struct PromisesDocument {
    made: usize,
    broken: usize,
}

/// Cold starts of users by cause: they add up to all.
#[derive(Serialize)]
struct CausesDocument {
    idle: u64,
    recycling: u64,
    overlap: u64,
    deploy: u64,
}

#[derive(Serialize)]
struct EachDocument {
    id: String,
    calls: u32,
    cold: u32,
    pings: u32,
    promised: bool,
    /// Cold starts that the trace itself has, where it tells.
    measured_cold: Option<u32>,
}

fn part(of: f64, whole: f64) -> f64 {
    if whole > 0.0 { of / whole } else { 0.0 }
}

impl SimulateDocument {
    pub(super) fn new(
        policy: Policy,
        regime: &'static str,
        seed: u64,
        functions: &[FunctionTrace],
        outcomes: &[FunctionOutcome],
        target: f64,
        prices: &PriceTable,
    ) -> Result<Self, String> {
        let sum = |of: &dyn Fn(&FunctionOutcome) -> u32| outcomes.iter().map(|one| u64::from(of(one))).sum::<u64>();
        let cause = |cause: ColdCause| sum(&|one| one.tally.of(cause));
        let within = outcomes.iter().filter(|one| one.is_within(target)).count();
        let days = functions.iter().map(|one| one.length_ms as f64 / DAY as f64).sum::<f64>();
        let (pings, cold_pings) = (sum(&|one| one.tally.pings), sum(&|one| one.tally.cold_pings));
        let length_ms = functions.iter().map(|one| one.length_ms).sum::<i64>();
        let usd = monthly(policy, prices, length_ms, (pings, cold_pings))
            .ok_or_else(|| format!("the price table does not have what pings cost in {REGION}"))?;
        Ok(Self {
            schema: 1,
            policy: policy.to_string(),
            regime,
            seed,
            target,
            functions: outcomes.len(),
            share_at_most_target: part(within as f64, outcomes.len() as f64),
            pooled_cold: part(sum(&|one| one.tally.cold) as f64, sum(&|one| one.tally.calls) as f64),
            pings_per_day: part(pings as f64, days),
            usd_per_month: usd,
            promises: PromisesDocument {
                made: outcomes.iter().filter(|one| one.promise.is_some()).count(),
                broken: outcomes.iter().filter(|one| one.is_broken(target)).count(),
            },
            causes: CausesDocument {
                idle: cause(ColdCause::Idle),
                recycling: cause(ColdCause::Recycling),
                overlap: cause(ColdCause::Overlap),
                deploy: cause(ColdCause::Deploy),
            },
            each: outcomes
                .iter()
                .zip(functions)
                .map(|(one, trace)| EachDocument {
                    id: one.id.clone(),
                    calls: one.tally.calls,
                    cold: one.tally.cold,
                    pings: one.tally.pings,
                    promised: one.promise.is_some(),
                    measured_cold: trace.measured_cold,
                })
                .collect(),
        })
    }
}

/// What a function costs a month, the mean: the pings by their price, and what is kept by provisioned concurrency.
fn monthly(
    policy: Policy,
    prices: &PriceTable,
    length_ms: i64,
    (pings, cold_pings): (u64, u64),
) -> Option<serde_json::Number> {
    let warm = prices.invocation(REGION, u64::try_from(PING_MS).ok()?, MEMORY_MB)?;
    let cold = prices.invocation(REGION, u64::try_from(PING_MS + INIT_MS).ok()?, MEMORY_MB)?;
    let all = warm
        .checked_mul(Decimal::from(pings.saturating_sub(cold_pings)))?
        .checked_add(cold.checked_mul(Decimal::from(cold_pings))?)?;
    let days = Decimal::from(length_ms.max(1)).checked_div(Decimal::from(DAY))?;
    let mut month = all.checked_div(days)?.checked_mul(Decimal::from(DAYS))?;
    if let Policy::Provisioned { environments } = policy {
        let kept = prices.monthly("provisioned_concurrency", "", REGION, Decimal::from(environments))?;
        month = month.checked_add(kept)?;
    }
    month.round_dp(6).normalize().to_string().parse().ok()
}

/// The same for people.
pub(super) fn text(document: &SimulateDocument, target: Percent) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let CausesDocument { idle, recycling, overlap, deploy } = &document.causes;
    let all = (idle + recycling + overlap + deploy) as f64;
    let causes = [("idle", idle), ("recycling", recycling), ("overlap", overlap), ("deploy", deploy)]
        .map(|(name, count)| format!("{name} {}", percent(part(*count as f64, all))))
        .join(", ");
    format!(
        "\
Policy                  {}
Regime                  {}
Functions               {}
At most {target} cold      {}
Cold among all calls    {:.2} %
Their causes            {causes}
Pings a day             {:.0}
USD a month             {}
Promises                {} made, {} broken",
        document.policy,
        document.regime,
        document.functions,
        percent(document.share_at_most_target),
        document.pooled_cold * 100.0,
        document.pings_per_day,
        document.usd_per_month,
        document.promises.made,
        document.promises.broken,
    )
}
