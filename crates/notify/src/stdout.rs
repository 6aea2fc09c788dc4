//! `via.stdout`: prints, for a terminal, a log collector, or a first look.

use std::io::Write;

use async_trait::async_trait;
use model::settings::Settings;

use super::plain::plain;
use super::{Outcome, Parcel, Receiver};

/// The settings of `via.stdout`: none.
#[derive(Debug, Clone)]
pub struct Stdout;

impl Stdout {
    pub(super) fn read(_: &mut Settings<'_, '_>) -> Option<Self> {
        Some(Self)
    }

    pub(super) fn receiver(self) -> Result<Self, String> {
        Ok(self)
    }
}

#[async_trait]
impl Receiver for Stdout {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let text = format!("{}\n", plain(&parcel.message).plain_text(parcel.zone, parcel.possible_repeat));
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Outcome::Delivered(None),
            Err(error) => Outcome::Later { why: format!("standard output: {error}"), wait: None },
        }
    }

    async fn probe(&self) -> Result<String, String> {
        Ok("prints to standard output".to_owned())
    }
}
