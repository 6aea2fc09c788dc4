//! `monitor run`

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::FutureExt;
use futures::future::ready;
use sd_notify::NotifyState;
use store::Durability;

use super::context::CommandContext;
use super::output::say;
use super::stop::asked_to_stop;
use crate::app::{StartError, account, connected, daemon};
use crate::daemon::{StopCondition, Watchdog};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Run one pass (poll what is due, judge, deliver) and exit; exit code 2 if a source or a delivery failed
    #[arg(long)]
    once: bool,
}

/// The service manager, if there is one.
struct Systemd {
    watchdog: Option<Duration>,
}

impl Systemd {
    fn tell(&self, states: &[NotifyState<'_>]) {
        // Without a service manager there is no listener, and that is fine.
        let _ = sd_notify::notify(states);
    }
}

impl Watchdog for Systemd {
    fn ready(&mut self) {
        self.tell(&[NotifyState::Ready]);
    }

    fn turned(&mut self) {
        if self.watchdog.is_some() {
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn stopping(&mut self) {
        self.tell(&[NotifyState::Stopping]);
    }

    fn interval(&self) -> Option<TimeDelta> {
        self.watchdog.and_then(|timeout| TimeDelta::from_std(timeout / 3).ok())
    }
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config()?;
    let aws = config.aws.clone();
    // Credentials of another account are refused before anything else; without a named account, nothing is asked, and
    // the store is opened meanwhile.
    let account = match aws.account {
        Some(_) => ready(account(&aws, &context.clock).await?).left_future(),
        None => connected(&aws, &context.clock).right_future(),
    };
    let pulse = Box::new(Systemd { watchdog: sd_notify::watchdog_enabled() });
    tracing::info!(sources = config.watches.len() + config.warms.len(), rules = config.rules.len(), receivers = config.receivers.len(), store = %config.store.path.display(), "watching");
    let daemon =
        daemon(config, account, Arc::clone(&context.clock), Durability::Full, fastrand::Rng::new(), pulse).await?;
    if !args.once {
        daemon.run(StopCondition::Told(asked_to_stop().boxed())).await?;
        return Ok(ExitStatus::Done);
    }
    // A pass that is asked to stop is cut short: what it has committed stays, and the next one does the rest.
    let summary = tokio::select! {
        summary = daemon.run(StopCondition::Once) => summary?,
        () = asked_to_stop() => return Ok(ExitStatus::Incomplete),
    };
    for (source, failure) in &summary.failed_sources {
        say(&format!("monitor: {source}: {failure}"));
    }
    for (receiver, why) in &summary.waiting_receivers {
        say(&format!("monitor: messages for receiver {receiver} are still waiting: {why}"));
    }
    let complete = summary.failed_sources.is_empty() && summary.waiting_receivers.is_empty();
    Ok(if complete { ExitStatus::Done } else { ExitStatus::Incomplete })
}
