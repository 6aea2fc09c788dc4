//! What `monitor warm plan` writes.

use account::warmers::FoundWarmer;
use alerting::observation::PingResult;
use alerting::warm_day::WarmDay;
use aws::prices::PriceTable;
use chrono::{DateTime, Utc};
use comfy_table::{CellAlignment, Table, presets};
use model::currency::{ExchangeRate, with_second};
use model::money::{Money, Percent};
use model::redact::printable;
use rust_decimal::Decimal;
use serde::Serialize;
use warmth::alternatives::{Alternative, Measure, best_pings, configurable, likely, plan};
use warmth::keeper::Protection;
use warmth::parts::percents;
use warmth::regime::{DAY, MINUTE};
use warmth::replay::{INIT_MS, PING_MS};

/// Days of a month of which money is told.
const DAYS: u32 = 30;
/// What AWS keeps unreserved in every account.
const QUOTA: &str = "An account with a concurrency limit of 10 cannot have provisioned concurrency: AWS keeps 10 \
                     unreserved and answers that the unreserved concurrency would fall below its minimum. Ask for a higher limit in \
                     Service Quotas, AWS Lambda, Concurrent executions (L-B99A9384); then publish a version or an \
                     alias, because $LATEST cannot have it";

/// What a plan is made from.
pub(super) struct PlanFacts {
    pub(super) function: String,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) calls: usize,
    pub(super) cold_waited: u64,
    pub(super) pings: Vec<PingResult>,
    pub(super) memory_mb: Option<u32>,
    pub(super) region: Option<String>,
    pub(super) target: Percent,
    /// What the daemon has learned of AWS; `None` if no pings are planned.
    pub(super) learned: Option<WarmDay>,
    /// What else calls the function every few minutes.
    pub(super) warmers: Vec<FoundWarmer>,
}

/// What is written as JSON.
#[derive(Serialize)]
pub(super) struct PlanDocument {
    schema: u32,
    function: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    calls: usize,
    /// Users who waited, as the log shows it.
    cold_waited: u64,
    target: String,
    /// The pings that were sent.
    pings: SentDocument,
    /// How AWS is taken to keep environments: as `learned`, or as in `2020`.
    regime: &'static str,
    /// What was learned; `None` if no pings are planned.
    learned: Option<LearnedDocument>,
    /// What else calls the function every few minutes, and so keeps it warm.
    other_warmers: Vec<WarmerDocument>,
    /// The name of the alternative that is planned; `None` if no pings keep the target.
    plan: Option<String>,
    /// The name of the pings that kept the target in the replay, where there are too few calls to be sure.
    likely: Option<String>,
    /// The settings of `[warm.<name>]` with the fewest pings that keep the target; `None` if none does.
    configurable: Option<String>,
    why: String,
    alternatives: Vec<AlternativeDocument>,
    /// Of the cold starts that the best pings leave, whole percents that add up to 100.
    causes: CauseParts,
    /// The share of the time above which a provisioned environment is cheaper than one on demand.
    break_even_utilization: Option<Decimal>,
    provisioned: &'static str,
    snap_start: &'static str,
}

/// A rule or a schedule that calls a function every few minutes.
#[derive(Serialize)]
struct WarmerDocument {
    by: String,
    function: String,
    every_minutes: u32,
}

/// Pauses and ages that environments survive, in seconds.
#[derive(Serialize)]
struct LearnedDocument {
    pause_s: i64,
    age_s: i64,
}

#[derive(Serialize)]
struct SentDocument {
    count: usize,
    usd: Option<Decimal>,
}

#[derive(Serialize)]
struct CauseParts {
    idle: u32,
    recycling: u32,
    overlap: u32,
    deploy: u32,
}

#[derive(Serialize)]
struct AlternativeDocument {
    name: String,
    cold: u32,
    /// The share of cold starts in the replay.
    cold_share: f64,
    /// The share that is not exceeded at 95 %.
    cold_share_bound: Option<f64>,
    pings_per_day: f64,
    /// A month's cost beyond the calls themselves; `None` if a price or the memory is not known.
    usd_per_month: Option<Decimal>,
    /// The same with the second currency, for people.
    #[serde(skip)]
    shown: String,
    keeps_target: bool,
}

fn name(measure: Measure) -> String {
    match measure {
        Measure::Pings(Protection::Nothing) => "nothing".to_owned(),
        Measure::Pings(Protection::Idle) => "pings, 1 environment".to_owned(),
        Measure::Pings(Protection::Kept(1)) => "pings, 1 environment, hand-over".to_owned(),
        Measure::Pings(Protection::Kept(count)) => format!("pings, {count} environments, hand-over"),
        Measure::Every { every_ms, count } => configured(every_ms, count),
        Measure::Provisioned(count) => format!("provisioned concurrency {count}"),
    }
}

/// Pings at a fixed interval as `[warm.<name>]` has them.
fn configured(every_ms: i64, count: u32) -> String {
    let every = format!("every = \"{}m\"", every_ms / MINUTE);
    if count > 1 { format!("{every}, concurrency = {count}") } else { every }
}

/// What an alternative costs in a month.
fn monthly(one: &Alternative, facts: &PlanFacts, prices: &PriceTable) -> Option<Decimal> {
    let (region, memory) = (facts.region.as_deref()?, facts.memory_mb?);
    let length = Decimal::from((facts.until - facts.from).num_milliseconds().max(1));
    match one.measure {
        Measure::Pings(_) | Measure::Every { .. } => {
            let warm = prices.invocation(region, u64::try_from(PING_MS).ok()?, memory)?;
            let cold = prices.invocation(region, u64::try_from(PING_MS + INIT_MS).ok()?, memory)?;
            let cold_pings = Decimal::from(one.tally.cold_pings);
            let warm_pings = Decimal::from(one.tally.pings) - cold_pings;
            let all = warm.checked_mul(warm_pings)?.checked_add(cold.checked_mul(cold_pings)?)?;
            all.checked_mul(Decimal::from(DAYS) * Decimal::from(DAY))?.checked_div(length)
        }
        Measure::Provisioned(count) => {
            let gigabytes = Decimal::from(memory).checked_div(Decimal::from(1_024))?;
            prices.monthly("provisioned_concurrency", "", region, gigabytes.checked_mul(Decimal::from(count))?)
        }
    }
}

/// From which utilization on a provisioned environment is cheaper: kept + used * run = used * on demand.
fn break_even(region: &str, prices: &PriceTable) -> Option<Decimal> {
    let kept = prices.provisioned_kept(region)?;
    let rates = prices.rates(region)?;
    let saved = rates.x86.first().checked_sub(rates.provisioned.0)?;
    (rates.provisioned.0 > Decimal::ZERO && saved > Decimal::ZERO)
        .then(|| kept.checked_div(saved))?
        .map(|share| share.round_dp(3).normalize())
}

impl PlanDocument {
    pub(super) fn new(
        facts: &PlanFacts,
        all: &[Alternative],
        target: f64,
        prices: &PriceTable,
        rate: Option<&ExchangeRate>,
    ) -> Self {
        let planned = plan(all, target);
        let best = best_pings(all);
        let maybe = likely(all, target).filter(|_| planned.is_none());
        let [idle, recycling, overlap, deploy] = percents(best.map(|one| one.tally.by_cause).unwrap_or_default());
        let why = match (planned, best) {
            (Some(one), _) if one.tally.pings == 0 => {
                "its own traffic keeps it warm enough: no pings are needed".to_owned()
            }
            (Some(one), _) => format!(
                "with {:.0} pings a day at most {:.2} % of calls are cold starts, at 95 %",
                one.pings_a_day,
                one.upper_share.unwrap_or(1.0) * 100.0
            ),
            (None, Some(_)) if let Some(one) = maybe => format!(
                "{} calls are too few to be sure of {} at 95 %; with {} and {:.0} pings a day {} of them would have \
                 been cold starts",
                one.tally.calls,
                facts.target,
                name(one.measure),
                one.pings_a_day,
                one.tally.cold
            ),
            (None, Some(one)) => format!(
                "no pings keep {}: of the {} cold starts that the best ones leave in the replay of {} calls, {idle} % \
                 are from idling, {recycling} % from recycling, {overlap} % from overlap and {deploy} % from deploys",
                facts.target, one.tally.cold, one.tally.calls
            ),
            (None, None) => "nothing was replayed".to_owned(),
        };
        let alternatives = all
            .iter()
            .map(|one| {
                let usd = monthly(one, facts, prices).map(|usd| usd.round_dp(4).normalize());
                AlternativeDocument {
                    name: name(one.measure),
                    cold: one.tally.cold,
                    cold_share: f64::from(one.tally.cold) / f64::from(one.tally.calls.max(1)),
                    cold_share_bound: one.upper_share,
                    pings_per_day: one.pings_a_day,
                    usd_per_month: usd,
                    shown: usd.map_or_else(|| "unknown".to_owned(), |usd| with_second(usd, Money::USD, rate)),
                    keeps_target: one.reaches(target),
                }
            })
            .collect();
        let spent: Option<Vec<Decimal>> = facts.pings.iter().map(|ping| ping.usd).collect();
        Self {
            schema: 1,
            function: facts.function.clone(),
            from: facts.from,
            until: facts.until,
            calls: facts.calls,
            cold_waited: facts.cold_waited,
            target: facts.target.to_string(),
            pings: SentDocument { count: facts.pings.len(), usd: spent.map(|all| all.into_iter().sum()) },
            regime: if facts.learned.is_some() { "learned" } else { "2020" },
            learned: facts
                .learned
                .as_ref()
                .map(|day| LearnedDocument { pause_s: day.safe_pause_s, age_s: day.safe_age_s }),
            other_warmers: facts
                .warmers
                .iter()
                .map(|warmer| WarmerDocument {
                    by: warmer.caller(),
                    function: printable(&warmer.function),
                    every_minutes: warmer.minutes,
                })
                .collect(),
            plan: planned.map(|one| name(one.measure)),
            likely: maybe.map(|one| name(one.measure)),
            configurable: configurable(all, target).map(|one| name(one.measure)),
            why,
            alternatives,
            causes: CauseParts { idle, recycling, overlap, deploy },
            break_even_utilization: facts.region.as_deref().and_then(|region| break_even(region, prices)),
            provisioned: QUOTA,
            snap_start: "SnapStart does not make cold starts fewer but shorter; how much shorter is not known before it \
                         is tried, so it is not compared",
        }
    }
}

/// The same for people.
pub(super) fn text(document: &PlanDocument, target: Percent) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "Cold", "At most", "Pings a day", "USD a month", ""]);
    table.column_iter_mut().skip(1).take(4).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    for one in &document.alternatives {
        let mark = match (document.plan.as_ref() == Some(&one.name), one.keeps_target) {
            _ if document.likely.as_ref() == Some(&one.name) => "<- likely",
            (true, _) => "<- plan",
            (false, true) => "keeps it too",
            (false, false) => "",
        };
        table.add_row([
            one.name.clone(),
            format!("{:.2} %", one.cold_share * 100.0),
            one.cold_share_bound.map_or_else(|| "unknown".to_owned(), |bound| format!("{:.2} %", bound * 100.0)),
            format!("{:.0}", one.pings_per_day),
            one.shown.clone(),
            mark.to_owned(),
        ]);
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    let fixed = match (&document.configurable, &document.plan) {
        (_, Some(plan)) if plan == "nothing" => String::new(),
        (Some(settings), _) => {
            format!("\nTo ping as planned: every = \"auto\". The cheapest fixed interval: {settings}.")
        }
        (None, _) => "\nNo fixed interval surely keeps the target.".to_owned(),
    };
    let replayed = match &document.learned {
        None => "Replayed as AWS kept environments in 2020: an idle timeout of 10.5 to 10.9 min.".to_owned(),
        Some(learned) => format!(
            "Replayed as the daemon has learned from planned pings: environments survive pauses of {} s, and ages of \
             {} min.",
            learned.pause_s,
            learned.age_s / 60
        ),
    };
    let others: String = document
        .other_warmers
        .iter()
        .map(|one| {
            format!(
                "\nThe {} calls {} every {} min, which keeps it warm too; a plan counts its calls as calls of users. If \
                 that is all it is for, disable it.",
                one.by, one.function, one.every_minutes
            )
        })
        .collect();
    let break_even = document.break_even_utilization.map_or_else(String::new, |share| {
        let percent = (share * Decimal::ONE_HUNDRED).round().normalize();
        format!(
            "\nA provisioned environment is cheaper than one on demand if it is busy for more than {percent} % of \
             the time."
        )
    });
    format!(
        "{}, {} calls from {} to {}; {} waited for a cold start. Target: {target}\n\n{}\n\n\
         {}.{fixed}\n{}.\n{}.{break_even}\n{replayed}{others}",
        document.function,
        document.calls,
        document.from.format("%Y-%m-%d %H:%M"),
        document.until.format("%Y-%m-%d %H:%M UTC"),
        document.cold_waited,
        lines.join("\n"),
        capital(&document.why),
        document.provisioned,
        document.snap_start,
    )
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
