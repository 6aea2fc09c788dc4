//! `monitor send-test`

use std::fs;
use std::path::{Path, PathBuf};

use model::settings::one_of;
use notify::{DeliveryOutcome, EarlierMessage, ImageAttachment};

use super::context::CommandContext;
use super::output::{print, say};
use super::test_message::{delivered, test_message};
use crate::app::{StartError, receivers};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The receiver: the name in [receiver.<name>]
    receiver: String,
    /// Also send this PNG file, if the receiver can show images
    #[arg(long, value_name = "FILE.png")]
    picture: Option<PathBuf>,
}

/// What every PNG file begins with.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// A picture that is larger than this, in bytes, is none that belongs into a message.
const LARGEST: u64 = 10 * 1024 * 1024;

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config()?;
    let receivers = receivers(&config)?;
    let Some(receiver) = receivers.get(&args.receiver) else {
        let names: Vec<&str> = receivers.keys().map(String::as_str).collect();
        say(&format!("monitor: there is no receiver `{}`; {}", args.receiver, one_of(&args.receiver, &names)));
        return Ok(ExitStatus::Usage);
    };
    let picture = match args.picture.as_deref().map(picture).transpose() {
        Ok(picture) => picture,
        Err(why) => {
            say(&format!("monitor: {why}"));
            return Ok(ExitStatus::Usage);
        }
    };
    let now = context.clock.now();
    let zone = config
        .receivers
        .iter()
        .find(|known| known.name == args.receiver)
        .map_or(config.timezone, |known| known.terms.zone);
    let parcel = test_message(&args.receiver, zone, now);
    let receipt = match report_outcome(&args.receiver, receiver.send(&parcel).await) {
        Ok(receipt) => receipt,
        Err(exit) => return Ok(exit),
    };
    if let Some(picture) = picture {
        let below = EarlierMessage { key: parcel.key.clone(), receipt, now: parcel.message.clone() };
        if let Err(exit) = report_outcome(&args.receiver, receiver.show(&picture, Some(&below)).await) {
            return Ok(exit);
        }
    }
    Ok(ExitStatus::Done)
}

/// Says what became of an attempt; gives the receipt, or the exit code if it failed.
fn report_outcome(receiver: &str, outcome: DeliveryOutcome) -> Result<Option<String>, ExitStatus> {
    match delivered(outcome) {
        Ok(receipt) => {
            print(&format!(
                "{receiver} accepted it{}",
                receipt.as_ref().map(|receipt| format!(": {receipt}")).unwrap_or_default()
            ));
            Ok(receipt)
        }
        Err(why) => {
            say(&format!("monitor: {receiver}: {why}"));
            Err(ExitStatus::Incomplete)
        }
    }
}

/// Reads a picture; the error says why it cannot be shown.
fn picture(path: &Path) -> Result<ImageAttachment, String> {
    let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    if fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
        return Err(format!("{} is larger than {} MiB", path.display(), LARGEST / 1024 / 1024));
    }
    let png = fs::read(path).map_err(unreadable)?;
    if !png.starts_with(PNG) {
        return Err(format!("{} is not a PNG file", path.display()));
    }
    let name = path.file_name().map_or_else(|| "picture.png".to_owned(), |name| name.to_string_lossy().into_owned());
    let title = "A picture from monitor send-test".to_owned();
    Ok(ImageAttachment { name, title, png })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_a_png_file_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        for (content, fine) in
            [(&b"\x89PNG\r\n\x1a\n and more"[..], true), (b"GIF89a", false), (b"", false), (b"\x89PNG", false)]
        {
            let path = folder.path().join("a chart.png");
            fs::write(&path, content).unwrap();
            let read = picture(&path);
            assert_eq!(
                read.as_ref().ok().map(|picture| (picture.name.as_str(), picture.png.as_slice())),
                fine.then_some(("a chart.png", content)),
                "{read:?}"
            );
        }
        assert!(picture(&folder.path().join("none.png")).unwrap_err().contains("cannot be read"));
    }
}
