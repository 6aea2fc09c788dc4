//! The chain of a target: outside and inside at the same time.

use std::pin::pin;
use std::time::Duration;

use ::chain::seen::ChainSeen;
use ::chain::seen::inside::InsideSeen;
use ::chain::seen::outside::OutsideSeen;
use ::chain::target::{ChainTarget, TargetError};
use ::chain::{AwsAddress, ChainStart, PathStep, points_to, records_to_ask};
use chrono_tz::Tz;
use probe::{ProbeOptions, ProbeSettings, Prober};
use report::chain::ChainDocument;

use super::inside::InsideReader;
use super::place::Place;
use super::show::{ChainFormat, show};
use crate::app::{MonitorConfig, StartError};
use crate::commands::context::CommandContext;
use crate::commands::output::{say, usage};
use crate::exit::ExitStatus;

/// How long the questions to DNS wait to learn that there are credentials, and then which validation records they are to
/// ask for.
const KEY_WAIT: Duration = Duration::from_millis(400);
const RECORDS_WAIT: Duration = Duration::from_secs(2);

/// What is asked about.
pub(super) enum DoctorTarget {
    /// A host and a path.
    Host(ChainTarget),
    /// A function.
    Function(ChainStart),
}

impl DoctorTarget {
    /// Reads what was typed: a text without a dot, a slash and a scheme is the name of a function.
    pub(super) fn read(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        let is_arn = text.starts_with("arn:") && text.contains(":function:");
        let is_name = text.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_:$".contains(letter));
        let is_localhost = text.split(':').next() == Some("localhost");
        // An IPv6 address has more than one colon.
        if is_arn || (!text.is_empty() && is_name && text.matches(':').count() < 2 && !is_localhost) {
            return ChainStart::checked_function(text).map(Self::Function);
        }
        ChainTarget::parse(text).map(Self::Host)
    }

    fn start(&self) -> ChainStart {
        match self {
            Self::Host(target) => ChainStart::of(target.host_text()),
            Self::Function(start) => start.clone(),
        }
    }

    fn path(&self) -> &str {
        match self {
            Self::Host(target) => target.path(),
            Self::Function(_) => "/",
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Host(target) => target.shown(),
            Self::Function(ChainStart::Function { name, qualifier: Some(qualifier) }) => format!("{name}:{qualifier}"),
            Self::Function(ChainStart::Function { name, .. }) => name.clone(),
            Self::Function(_) => String::new(),
        }
    }
}

pub(super) async fn run(
    text: &str,
    place: &Place,
    format: ChainFormat,
    context: &CommandContext,
) -> Result<ExitStatus, StartError> {
    let target = match DoctorTarget::read(text) {
        Ok(target) => target,
        Err(error) => return Ok(usage(error)),
    };
    let config = context.config_if_any()?;
    let zone = config.as_ref().map_or(Tz::UTC, |config| config.timezone);
    let seen = look(&target, place, config, context).await?;
    Ok(show(&ChainDocument::of(&target.shown(), &seen), format, zone))
}

/// Everything that is seen of a target.
pub(super) async fn look(
    target: &DoctorTarget,
    place: &Place,
    config: Option<MonitorConfig>,
    context: &CommandContext,
) -> Result<ChainSeen, StartError> {
    let start = target.start();
    let prober = prober(config.as_ref());
    let (aws, causes) = config.map(|config| (config.aws, config.causes)).unzip();
    let settings = place.settings(aws, start.region());
    let now = context.clock.now();
    let mut reader = InsideReader::new(&settings, start.clone(), target.path(), causes, context).await?;
    let outside = async |records: Vec<String>| match (&prober, target) {
        (Some(prober), DoctorTarget::Host(host)) => {
            let options = ProbeOptions { further: records, ..ProbeOptions::default() };
            Some(prober.outside(host, &options).await)
        }
        _ => None,
    };
    let (outside, inside) = both(&mut reader, target, outside).await;
    let name = match target {
        DoctorTarget::Host(target) => Some(target.host_text().to_owned()),
        DoctorTarget::Function(_) => None,
    };
    let mut seen = ChainSeen { at: now, host: name, path: target.path().to_owned(), outside, inside };
    if let Some(region) = other_region(&seen, &reader, place) {
        let settings = aws::settings::AwsSettings { region: Some(region), ..settings };
        let mut there = InsideReader::new(&settings, start, target.path(), reader.causes.clone(), context).await?;
        there.find_key().await;
        there.names().await;
        seen.inside = there.below().await;
    }
    Ok(seen)
}

/// Outside and inside. The zone's servers are also asked for validation records, which the account knows: they are
/// waited for, if not long.
async fn both(
    reader: &mut InsideReader,
    target: &DoctorTarget,
    outside: impl AsyncFn(Vec<String>) -> Option<OutsideSeen>,
) -> (Option<OutsideSeen>, Option<InsideSeen>) {
    let host = match target {
        DoctorTarget::Host(target) => target.host_text(),
        DoctorTarget::Function(_) => "",
    };
    let (found, has_key) = tokio::sync::oneshot::channel();
    let (names, records) = tokio::sync::oneshot::channel();
    let inside = async {
        let is_found = reader.find_key().await;
        // The other half may have stopped waiting.
        let _ = found.send(is_found);
        reader.names().await;
        let certificates: Vec<account::map::MapResource> = reader.certificates().cloned().collect();
        let _ = names.send(records_to_ask(&certificates, host));
        reader.below().await
    };
    let outside = async {
        let records = match tokio::time::timeout(KEY_WAIT, has_key).await {
            Ok(Ok(true)) => tokio::time::timeout(RECORDS_WAIT, records).await.ok().and_then(Result::ok),
            _ => None,
        };
        outside(records.unwrap_or_default()).await
    };
    let (outside, inside) = (pin!(outside), pin!(inside));
    tokio::join!(outside, inside)
}

/// The Region that DNS points to, where the one that was asked does not have the domain name.
fn other_region(seen: &ChainSeen, reader: &InsideReader, place: &Place) -> Option<String> {
    let inside = seen.inside.as_ref()?;
    if place.region.is_some() || !matches!(inside.path.domain, PathStep::Absent) {
        return None;
    }
    match points_to(seen)?.1? {
        AwsAddress::Regional(region) if region != reader.region() => Some(region),
        _ => None,
    }
}

/// What looks from outside; `None` where this machine has no root certificates, which is said.
fn prober(config: Option<&MonitorConfig>) -> Option<Prober> {
    match tls::trust() {
        Ok(trust) => Some(Prober::new(config.map_or_else(ProbeSettings::default, |config| config.dns.clone()), trust)),
        Err(error) => {
            say(&format!("monitor: nothing is asked from outside: {error}"));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_dot_is_a_function_and_what_is_no_host_is_refused() {
        let read = |text: &str| DoctorTarget::read(text).map(|target| target.shown());
        for (text, expected) in [
            ("backend-dev", "backend-dev"),
            ("backend-dev:live", "backend-dev:live"),
            ("arn:aws:lambda:eu-west-1:1:function:shop:live", "shop:live"),
            ("dev.example.one", "https://dev.example.one/"),
            ("http://localhost:8080/x?token=1", "http://localhost:8080/x"),
            ("::1", "https://[::1]/"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(expected), "{text}");
        }
        let arn = "arn:aws:lambda:eu-west-1:1:function:";
        for text in
            ["", "*.example.one", "ftp://example.one", "a..b", arn, "arn:aws:s3:::bucket", &"a".repeat(65), "1.2.3"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
