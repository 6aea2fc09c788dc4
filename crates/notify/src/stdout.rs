//! `via.stdout`: prints to standard output, for a terminal or a log collector.

use std::io::Write;

use async_trait::async_trait;
use model::settings::TableReader;

use super::plain::plain;
use super::{DeliveryOutcome, DeliveryRequest, Receiver};

/// The settings of `via.stdout`: none.
#[derive(Debug, Clone)]
pub struct Stdout;

impl Stdout {
    pub(super) fn read(_: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self)
    }

    pub(super) fn receiver(self) -> Result<Self, String> {
        Ok(self)
    }
}

#[async_trait]
impl Receiver for Stdout {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let text = format!("{}\n", plain(&parcel.message).plain_text(parcel.zone, parcel.possible_repeat));
        // A pipe that is full blocks the write, which must not stop the loop.
        let write = move || {
            let mut out = std::io::stdout().lock();
            out.write_all(text.as_bytes()).and_then(|()| out.flush())
        };
        let written = tokio::task::spawn_blocking(write).await.map_err(std::io::Error::other).flatten();
        match written {
            Ok(()) => DeliveryOutcome::Delivered(None),
            Err(error) => DeliveryOutcome::Later { why: format!("standard output: {error}"), wait: None },
        }
    }

    async fn probe(&self) -> Result<String, String> {
        Ok("prints to standard output".to_owned())
    }
}
