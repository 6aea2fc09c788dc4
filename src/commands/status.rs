//! `monitor status`

use std::collections::BTreeMap;

use alerting::incident::IncidentState;
use chrono::{DateTime, TimeDelta, Utc};
use model::calendar::Month;
use model::money::cents;
use model::redact::printable;
use model::span::spoken;
use rust_decimal::Decimal;
use serde::Serialize;
use store::{Store, StoreError};

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::lookup::{StoreLookup, open_store};
use super::output::{print, print_json, say};
use crate::app::{MonitorConfig, StartError};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Print nothing; exit code 0 if a daemon is running and responsive, 1 if not
    #[arg(long)]
    health: bool,
}

/// A loop that has not turned for so long hangs.
const HANGS: TimeDelta = TimeDelta::minutes(5);

/// The status; its schema is docs/status.schema.json.
#[derive(Debug, Serialize)]
struct StatusOutput {
    schema: u32,
    /// Whether a daemon runs on this store and its loop turns.
    running: bool,
    turned: Option<DateTime<Utc>>,
    sources: Vec<SourceStatus>,
    incidents: Vec<IncidentStatus>,
    /// Receivers of the configuration whose last attempt failed.
    failing_receivers: Vec<ReceiverStatus>,
    /// Notifications that wait, by receiver.
    waiting: BTreeMap<String, u64>,
    own_cost_usd: Decimal,
    own_cost_cap_usd: Decimal,
}

#[derive(Debug, Serialize)]
struct SourceStatus {
    name: String,
    answered: Option<DateTime<Utc>>,
    failure: Option<String>,
}

#[derive(Debug, Serialize)]
struct ReceiverStatus {
    name: String,
    since: DateTime<Utc>,
    why: String,
    stopped: bool,
}

#[derive(Debug, Serialize)]
struct IncidentStatus {
    id: String,
    rule: String,
    subject: String,
    state: IncidentState,
    severity: String,
    opened: DateTime<Utc>,
    headline: String,
    /// Who takes care of it.
    acked_by: Option<String>,
    /// Until when a silence covers it.
    silenced_until: Option<DateTime<Utc>>,
    /// The incident whose symptom it is.
    muted_by: Option<String>,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let turned = Store::last_turn(&config.store.path);
    let running = turned.is_some_and(|turned| now - turned < HANGS);
    if args.health {
        if !running {
            say("monitor: no daemon uses this store, or the daemon hangs");
        }
        return Ok(if running { ExitStatus::Done } else { ExitStatus::Failed });
    }
    let mut status = StatusOutput {
        schema: 1,
        running,
        turned,
        sources: vec![],
        incidents: vec![],
        failing_receivers: vec![],
        waiting: BTreeMap::new(),
        own_cost_usd: Decimal::ZERO,
        own_cost_cap_usd: config.aws.max_monthly_usd.0,
    };
    match open_store(&config).await? {
        StoreLookup::At(store) => fill(&mut status, &store, &config, now).await?,
        StoreLookup::Nothing(error) => say(&format!("monitor: {error}")),
    }
    if args.format == OutputFormat::Json {
        return Ok(print_json(&status));
    }
    print(&text(&status, now));
    Ok(ExitStatus::Done)
}

/// What the store knows of what the configuration names.
async fn fill(
    status: &mut StatusOutput,
    store: &Store,
    config: &MonitorConfig,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    status.own_cost_usd = store.spent(Month::of(now.date_naive())).await?;
    let named = config.source_names();
    for row in store.sources().await?.into_iter().filter(|row| named.contains(&row.name)) {
        status.sources.push(SourceStatus {
            name: row.name,
            answered: row.state.answered,
            failure: row.state.failing.map(|failing| failing.last.to_string()),
        });
    }
    let orders = store.orders(now).await?;
    for incident in store.open_incidents().await?.into_values() {
        let severity = incident.severity.word().to_owned();
        status.incidents.push(IncidentStatus {
            acked_by: orders.ack(&incident).map(|ack| ack.author.clone()),
            silenced_until: orders.silence(&incident, now).map(|silence| silence.until),
            muted_by: incident.muted_by,
            id: incident.id,
            rule: incident.rule,
            subject: incident.subject.to_string(),
            state: incident.state,
            severity,
            opened: incident.opened,
            headline: incident.finding.headline,
        });
    }
    for (name, state) in store.receivers().await? {
        let Some(failing) = state.failing.filter(|_| config.receivers.iter().any(|receiver| receiver.name == name))
        else {
            continue;
        };
        status.failing_receivers.push(ReceiverStatus {
            name,
            since: failing.since,
            why: failing.why,
            stopped: failing.stopped,
        });
    }
    status.waiting =
        store.backlog().await?.into_iter().map(|(receiver, backlog)| (receiver, backlog.waiting)).collect();
    Ok(())
}

fn text(status: &StatusOutput, now: DateTime<Utc>) -> String {
    let ago = |at: DateTime<Utc>| format!("{} ago", spoken(now - at));
    let mut lines =
        vec![if status.running { "A daemon is running.".to_owned() } else { "No daemon is running.".to_owned() }];
    lines.push("\nSources".to_owned());
    for source in &status.sources {
        let answered =
            source.answered.map_or_else(|| "never answered".to_owned(), |at| format!("answered {}", ago(at)));
        lines.push(format!("  {}: {answered}", source.name));
        lines.extend(source.failure.as_ref().map(|failure| format!("    {failure}")));
    }
    lines.push("\nIncidents".to_owned());
    if status.incidents.is_empty() {
        lines.push("  none".to_owned());
    }
    for incident in &status.incidents {
        let state = if incident.state == IncidentState::Pending { "pending" } else { incident.severity.as_str() };
        let (rule, length) = (&incident.rule, spoken(now - incident.opened));
        lines.push(format!(
            "  {}  [{state}] {} (rule {rule}, for {length}){}",
            incident.id,
            incident.headline,
            marks(incident, now)
        ));
    }
    if !status.failing_receivers.is_empty() {
        lines.push("\nFailing receivers".to_owned());
        let verb = |receiver: &ReceiverStatus| if receiver.stopped { "refuses everything" } else { "failing" };
        lines.extend(
            status
                .failing_receivers
                .iter()
                .map(|one| format!("  {}: {} for {}: {}", one.name, verb(one), spoken(now - one.since), one.why)),
        );
    }
    if !status.waiting.is_empty() {
        lines.push("\nWaiting notifications".to_owned());
        lines.extend(status.waiting.iter().map(|(receiver, count)| format!("  {receiver}: {count}")));
    }
    lines.push(format!(
        "\nOwn AWS calls this month: {} of at most {} USD",
        cents(status.own_cost_usd),
        cents(status.own_cost_cap_usd)
    ));
    // A heading has a blank line before it, and nothing else has a line end in it.
    lines
        .iter()
        .map(|line| line.strip_prefix('\n').map_or_else(|| printable(line), |heading| format!("\n{heading}")))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What people have said of an incident, and what else keeps it from being told.
fn marks(incident: &IncidentStatus, now: DateTime<Utc>) -> String {
    let acked = incident.acked_by.as_ref().map(|author| format!("acknowledged by {author}"));
    let silenced = incident.silenced_until.map(|until| format!("silenced for {}", spoken(until - now)));
    let muted = incident.muted_by.as_ref().map(|cause| format!("a symptom of {cause}"));
    [acked, silenced, muted].into_iter().flatten().map(|mark| format!("; {mark}")).collect()
}
