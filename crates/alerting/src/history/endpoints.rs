//! The last checks of each endpoint.

use std::collections::BTreeMap;

use chain::HopState;
use chrono::{DateTime, Utc};

use crate::observation::EndpointCheck;

/// How many checks of an endpoint are known: more than a rule may ask for.
const KNOWN: usize = 32;

/// The checks of endpoints, by URL and time.
#[derive(Debug, Default)]
pub(super) struct KnownEndpoints(BTreeMap<String, BTreeMap<DateTime<Utc>, EndpointCheck>>);

impl KnownEndpoints {
    pub(super) fn record(&mut self, at: DateTime<Utc>, check: &EndpointCheck) {
        let checks = self.0.entry(check.url.clone()).or_default();
        checks.insert(at, check.clone());
        while checks.len() > KNOWN {
            // The end of a wait is that of its first check.
            let waits = checks.values().filter(|check| check.state != HopState::Unknown);
            let is_first_of_wait = waits.clone().all(|check| check.state == HopState::Waiting);
            let oldest = checks.keys().nth(usize::from(is_first_of_wait)).copied();
            match oldest {
                Some(oldest) => checks.remove(&oldest),
                None => break,
            };
        }
    }

    pub(super) fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        for checks in self.0.values_mut() {
            if let Some((_, last)) = checks.split_off(&now).pop_last() {
                checks.insert(now, last);
            }
        }
    }

    /// Each endpoint with its checks, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, Vec<(DateTime<Utc>, &EndpointCheck)>)> {
        self.0.iter().map(|(url, checks)| (url.as_str(), checks.iter().rev().map(|(at, check)| (*at, check)).collect()))
    }
}
