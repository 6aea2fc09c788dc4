//! `monitor warm plan`

use std::collections::BTreeMap;

use account::warmers::{FoundWarmer, warmers};
use alerting::observation::{Observation, ObservationBody, PingResult};
use alerting::signs::LivenessKind;
use alerting::warm_day::WarmDay;
use aws::prices::PriceTable;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::tally::InvocationCounts;
use model::money::Percent;
use model::redact::printable;
use rust_decimal::prelude::ToPrimitive;
use source::stored_map;
use store::Store;
use warmth::alternatives::{SeenTraffic, alternatives};
use warmth::knowledge::Knowledge;
use warmth::regime::{Regime, SECOND, Year};
use warmth::traffic::{Arrivals, FunctionTrace};

use super::super::arguments::{OutputFormat, share};
use super::super::context::CommandContext;
use super::super::lookup::{StoreLookup, account_sources, open_store};
use super::super::output::{failed, print, print_json};
use super::plan_document::{PlanDocument, PlanFacts, text};
use crate::app::{MonitorConfig, StartError};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor warm plan backend-dev                              what to do against cold starts, and what it costs
  monitor warm plan backend-dev --target 0.5% --format json | jq .plan

It replays the calls of the last 14 days that the daemon has read from the function's log: with nothing, with pings,
and with provisioned concurrency. The bound of a share of cold starts is not exceeded in 95 of 100 cases. How AWS keeps
environments is taken as the daemon has learned it from planned pings, otherwise as measured in 2020;
calls are known by minute.

Exit codes: 0 done; 1 there is nothing to plan from; 64 command line; 78 configuration";

/// How far back calls are replayed.
const REPLAYED: TimeDelta = TimeDelta::days(14);
/// Less than this is no base for a plan.
const LEAST: TimeDelta = TimeDelta::days(1);
/// The share of the time that the log must have been read, in percent.
const LEAST_READ: i64 = 90;
/// How long a handler runs that is not known, in milliseconds.
const USUAL_MS: u64 = 250;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct PlanArgs {
    /// The function, by its bare name
    function: String,
    /// The share of calls that may be cold starts
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    target: Percent,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// What the store has of one function.
#[derive(Default)]
struct Watched {
    minutes: BTreeMap<DateTime<Utc>, InvocationCounts>,
    pings: Vec<(DateTime<Utc>, PingResult)>,
    deploys: Vec<DateTime<Utc>>,
    /// What was learned of AWS last, of any function, and when.
    learned: Option<(DateTime<Utc>, WarmDay)>,
    /// When its log was read, from and until.
    read: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

pub(super) async fn run(args: &PlanArgs, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let store = match open_store(&config).await? {
        StoreLookup::At(store) => store,
        StoreLookup::Nothing(error) => return Ok(failed(&error.to_string())),
    };
    let watched = watched(&store, &args.function, now).await?;
    let function = printable(&args.function);
    let from = match period(&watched, now) {
        Ok(from) => from,
        Err(why) => return Ok(failed(&format!("no plan for {function}: {why}"))),
    };
    let prices = match PriceTable::built_in() {
        Ok(prices) => prices,
        Err(error) => return Ok(failed(&error.to_string())),
    };
    let trace = trace(&watched, &function, from, now);
    let calls = trace.calls(1);
    let deploys: Vec<i64> = watched.deploys.iter().map(|at| (*at - from).num_milliseconds()).collect();
    let target = args.target.0.to_f64().unwrap_or(0.0) / 100.0;
    let (regime, known) = environments(watched.learned.as_ref().map(|(_, day)| day));
    let seen = SeenTraffic { calls: &calls, deploys: &deploys, length_ms: trace.length_ms };
    let all = alternatives(seen, &regime, &known, 1);
    let minutes = || watched.minutes.range(from..).map(|(_, counts)| counts);
    let facts = PlanFacts {
        function,
        from,
        until: now,
        calls: calls.len(),
        cold_waited: minutes().map(|counts| counts.cold_waited).sum(),
        pings: watched.pings.iter().map(|(_, ping)| ping.clone()).collect(),
        memory_mb: memory(&watched),
        region: config.aws.region.clone(),
        target: args.target,
        learned: watched.learned.map(|(_, day)| day),
        warmers: other_warmers(&config, &store, &args.function).await?,
    };
    let rate = config.report.currency.as_ref();
    let document = PlanDocument::new(&facts, &all, target, &prices, rate);
    Ok(match args.format {
        OutputFormat::Json => print_json(&document),
        OutputFormat::Text => {
            print(&text(&document, args.target));
            ExitStatus::Done
        }
    })
}

/// What else calls the function every few minutes, as the account map of the store shows it.
async fn other_warmers(config: &MonitorConfig, store: &Store, function: &str) -> Result<Vec<FoundWarmer>, StartError> {
    let mut all = Vec::new();
    for source in account_sources(config) {
        let map = stored_map(&store.cursors_of(&source).await?);
        all.extend(warmers(|kind| map.resources.get(&kind).map(Vec::as_slice).unwrap_or_default()));
    }
    let is_of = |warmer: &FoundWarmer| warmer.function.split(':').next() == Some(function);
    all.retain(is_of);
    Ok(all)
}

/// How AWS keeps environments: as learned from planned pings, or else as measured in 2020.
fn environments(learned: Option<&WarmDay>) -> (Regime, Knowledge) {
    let regime = Year::Y2020.regime();
    let Some(day) = learned else { return (regime.clone(), Knowledge::of_regime(&regime)) };
    let known = Knowledge {
        safe_pause_ms: day.safe_pause_s * SECOND,
        probe_pause_ms: day.safe_pause_s * SECOND,
        safe_beside_ms: day.safe_beside_s * SECOND,
        probe_beside_ms: day.safe_beside_s * SECOND,
        safe_age_ms: day.safe_age_s * SECOND,
        // Ages were measured in 2020 only, and what a few pinged functions show of them is less.
        age: regime.age,
    };
    (known.regime(), known)
}

async fn watched(store: &Store, function: &str, now: DateTime<Utc>) -> Result<Watched, StartError> {
    let from = now - REPLAYED;
    let mut watched = Watched::default();
    for Observation { at, what, .. } in store.seen_between(from, now).await? {
        match what {
            ObservationBody::Tally(counts) if counts.function == function && at >= from => {
                watched.minutes.entry(at).or_default().add_numbers(&counts);
            }
            ObservationBody::Ping(ping) if ping.function == function && at >= from => watched.pings.push((at, ping)),
            ObservationBody::WarmDay(day) if watched.learned.as_ref().is_none_or(|(seen, _)| *seen <= day.until) => {
                watched.learned = Some((day.until, day));
            }
            ObservationBody::Change(change)
                if change.is_deploy() && change.functions.iter().any(|name| name == function) =>
            {
                watched.deploys.push(change.until);
            }
            _ => {}
        }
    }
    let runs = store.signs_between(from, now).await?;
    let runs = runs.into_iter().filter(|run| run.kind == LivenessKind::Read && run.function == function);
    watched.read = runs.map(|run| (run.since.max(from), run.until.min(now))).collect();
    watched.read.sort_unstable();
    Ok(watched)
}

/// Since when calls can be replayed, or why not.
fn period(watched: &Watched, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let Some((from, _)) = watched.read.first().copied() else {
        return Err(
            "its log has not been read; watch it with read.lambda_logs, and let the daemon run for a day".to_owned()
        );
    };
    if now - from < LEAST {
        return Err(
            "its log has been read for less than a day; let the daemon run until there is a whole day".to_owned()
        );
    }
    let mut read = TimeDelta::zero();
    let mut reached = from;
    for (since, until) in &watched.read {
        let since = (*since).max(reached);
        if *until > since {
            read += *until - since;
            reached = *until;
        }
    }
    let percent = read.num_seconds() * 100 / (now - from).num_seconds().max(1);
    if percent < LEAST_READ {
        return Err(format!(
            "its log was read for only {percent} % of the time since {}, and a plan from a part of the calls could \
             hurt; let the daemon run without gaps",
            from.format("%Y-%m-%d %H:%M UTC")
        ));
    }
    if stuck_in_start_up(watched) {
        return Err(
            "every one of its last pings timed out while start-up was still running; pings cannot help before start-up \
             is mended: see `monitor report` for the cause, and stop pinging until then"
                .to_owned(),
        );
    }
    if watched.minutes.range(from..).all(|(_, counts)| counts.invocations == 0) {
        return Err("it was not called in that time".to_owned());
    }
    Ok(from)
}

/// Whether pings do not get through the start-up.
fn stuck_in_start_up(watched: &Watched) -> bool {
    let last = watched.pings.iter().rev().take(5);
    last.clone().count() >= 3 && last.into_iter().all(|(_, ping)| ping.startup_unfinished)
}

/// The calls of users by minute: the invocations without the pings.
fn trace(watched: &Watched, function: &str, from: DateTime<Utc>, now: DateTime<Utc>) -> FunctionTrace {
    let minute = |at: DateTime<Utc>| u32::try_from((at - from).num_minutes()).ok();
    let mut pings: BTreeMap<u32, u64> = BTreeMap::new();
    for at in watched.pings.iter().filter_map(|(at, _)| minute(*at)) {
        *pings.entry(at).or_default() += 1;
    }
    let (mut invocations, mut duration_ms) = (0, 0);
    let mut counts = Vec::new();
    let mut left = 0;
    for (at, tally) in watched.minutes.range(from..) {
        let Some(at) = minute(*at) else { continue };
        invocations += tally.invocations;
        duration_ms += tally.duration_ms;
        // An invocation counts where it ends, which may be a minute after its ping.
        left += pings.remove(&at).unwrap_or(0);
        let users = tally.invocations.saturating_sub(left);
        left = left.saturating_sub(tally.invocations);
        if let Ok(users) = u32::try_from(users).map(|users| users.min(100_000))
            && users > 0
        {
            counts.push((at, users));
        }
    }
    let busy = u64::checked_div(duration_ms, invocations).unwrap_or(USUAL_MS);
    FunctionTrace {
        id: function.to_owned(),
        arrivals: Arrivals::Minutes { counts, busy_ms: u32::try_from(busy.clamp(1, 900_000)).unwrap_or(1) },
        length_ms: (now - from).num_milliseconds(),
        begins_warm: false,
        measured_cold: None,
    }
}

/// The function's memory in MB, from its newest REPORT line or ping.
fn memory(watched: &Watched) -> Option<u32> {
    let logged = watched.minutes.values().rev().filter_map(|counts| counts.memory);
    let logged = logged.map(|memory| memory.size_mb).find(|size| *size > 0);
    logged.or_else(|| watched.pings.iter().rev().find_map(|(_, ping)| ping.memory_mb))
}
