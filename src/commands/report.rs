//! `monitor report`

use super::{Context, Format, failed, print};
use crate::app::StartError;
use crate::core::calendar::Month;
use crate::exit::Exit;
use crate::report::{json, month, text};
use crate::store::Store;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The month, UTC, such as 2024-12 [default: the current one]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Option<Month>>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let store = Store::open_read_only(&config.store.path).await?;
    let report = month(&store, args.month.flatten().unwrap_or_else(|| Month::of(now.date_naive())), now).await?;
    match args.format {
        Format::Text => print(&text(&report, config.timezone)),
        Format::Json => match json(&report) {
            Ok(json) => print(&json),
            Err(error) => return Ok(failed(&error.to_string())),
        },
    }
    Ok(Exit::Done)
}
