//! `monitor send-test`

use super::{Context, print, say};
use crate::app::{StartError, receivers};
use crate::core::incident::Event;
use crate::core::notification::{Message, News};
use crate::core::rules::{Finding, Severity};
use crate::core::settings::one_of;
use crate::exit::Exit;
use crate::notify::{Outcome, Parcel};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The name under [receiver.<name>]
    receiver: String,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config()?;
    let receivers = receivers(&config)?;
    let Some(receiver) = receivers.get(&args.receiver) else {
        let names: Vec<&str> = receivers.keys().map(String::as_str).collect();
        say(&format!("monitor: there is no receiver `{}`; {}", args.receiver, one_of(&args.receiver, &names)));
        return Ok(Exit::Usage);
    };
    let now = context.clock.now();
    let finding = Finding {
        headline: "This is a test message from monitor".to_owned(),
        said: vec!["Nothing is wrong. If you can read this, the receiver works.".to_owned()],
        facts: vec![("Receiver".to_owned(), args.receiver.clone())],
        next_step: "None.".to_owned(),
        evidence: vec!["a log line would stand here: <b>not bold</b>, & no mention of <!channel>".to_owned()],
        ..Finding::default()
    };
    let news = News {
        incident: format!("send-test-{}", now.timestamp_millis()),
        rule: "send-test".to_owned(),
        subject: "total".to_owned(),
        event: Event::Firing,
        severity: Severity::Info,
        at: now,
        since: now,
        finding,
        why: None,
        mutes: vec![],
        acked: None,
    };
    let zone = config.receivers.iter().find(|known| known.name == args.receiver).map_or(config.timezone, |known| known.terms.zone);
    let key = format!("send-test/{}/{}", args.receiver, now.timestamp_millis());
    let parcel = Parcel { key, message: Message::single(news), follows: vec![], possible_repeat: false, sealed: now, zone };
    match receiver.send(&parcel).await {
        Outcome::Delivered(receipt) => {
            print(&format!("{} took it{}", args.receiver, receipt.map(|receipt| format!(": {receipt}")).unwrap_or_default()));
            Ok(Exit::Done)
        }
        Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Refused(why) | Outcome::Stopped(why) => {
            say(&format!("monitor: {}: {why}", args.receiver));
            Ok(Exit::Incomplete)
        }
    }
}
