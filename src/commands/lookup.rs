//! Opens the store for commands that only read it, reads since when they show it, and finds one incident by the start of
//! its id.

use alerting::incident::Incident;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::instant::since;
use model::redact::printable;
use store::{Store, StoreError};

use super::output::{failed, usage};
use crate::app::MonitorConfig;
use crate::exit::ExitStatus;

/// What a command that only looks finds.
pub(super) enum StoreLookup {
    At(Store),
    /// There is no store yet, so there is nothing to know, which is not a failure.
    Nothing(StoreError),
}

/// Opens the store for a command that shows what a daemon of this version has written.
pub(super) async fn open_store(config: &MonitorConfig) -> Result<StoreLookup, StoreError> {
    match Store::open_current(&config.store.path).await {
        Ok(store) => Ok(StoreLookup::At(store)),
        Err(error @ StoreError::Absent(_)) => Ok(StoreLookup::Nothing(error)),
        Err(error) => Err(error),
    }
}

/// The kind of source that reads the account map.
const ACCOUNT: &str = "account";

/// The sources that read the account map.
pub(super) fn account_sources(config: &MonitorConfig) -> impl Iterator<Item = String> {
    let of_account = config.watches.iter().filter(|watch| watch.read.kind() == ACCOUNT);
    of_account.flat_map(|watch| watch.read.names(&watch.name, &config.aws.other_regions))
}

/// What is shown without `--since`.
const USUALLY: TimeDelta = TimeDelta::days(7);

/// Since when rows are shown, from what was typed. A mistake is said, and its exit code returned.
pub(super) fn shown_from(typed: Option<&str>, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, ExitStatus> {
    typed.map_or(Ok(now - USUALLY), |typed| since(typed, zone, now)).map_err(|mistake| usage(&mistake))
}

/// So many incidents are listed where one cannot be told.
const MOST_CANDIDATES: usize = 10;

/// The incident whose id begins so, among those that are `open` if only they will do. Else the candidates are listed,
/// and the command is to end.
pub(super) async fn one_incident(
    store: &Store,
    start_of_id: &str,
    open: bool,
) -> Result<Result<Incident, ExitStatus>, StoreError> {
    let mut all = store.incidents_called(start_of_id).await?;
    if let Some(exact) = all.iter().position(|incident| incident.id == start_of_id) {
        all = vec![all.swap_remove(exact)];
    }
    let (mut fitting, over): (Vec<Incident>, Vec<Incident>) =
        all.into_iter().partition(|incident| !(open && incident.is_over()));
    if fitting.len() == 1 {
        return Ok(fitting.pop().ok_or(ExitStatus::Failed));
    }
    let typed = printable(start_of_id);
    if let ([], [over]) = (fitting.as_slice(), over.as_slice()) {
        let why = over.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        return Ok(Err(failed(&printable(&format!("incident {} has ended{why} and cannot be acknowledged", over.id)))));
    }
    let (said, candidates): (String, Vec<Incident>) = if fitting.is_empty() {
        let which = if open { "no open incident" } else { "no incident" };
        let open: Vec<Incident> = store.open_incidents().await?.into_values().collect();
        (
            format!(
                "{which} has an id that begins with `{typed}`; {}",
                if open.is_empty() { "no incident is open" } else { "open incidents:" }
            ),
            open,
        )
    } else {
        (format!("{} incidents have an id that begins with `{typed}`; type more characters:", fitting.len()), fitting)
    };
    let line = |one: &Incident| printable(&format!("  {}  [{}] {}", one.id, one.state.word(), one.finding.headline));
    let mut lines: Vec<String> =
        std::iter::once(said).chain(candidates.iter().take(MOST_CANDIDATES).map(line)).collect();
    if candidates.len() > MOST_CANDIDATES {
        lines.push(format!("  and {} more; see `monitor incidents`", candidates.len() - MOST_CANDIDATES));
    }
    Ok(Err(usage(lines.join("\n"))))
}
