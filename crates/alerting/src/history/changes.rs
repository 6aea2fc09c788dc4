//! The changes of resources that are known, each once.

use std::collections::BTreeMap;

use account::map::{Change, ChangeCall};
use chrono::{DateTime, Utc};

/// Changes in the order of time, with the calls that made them where those are known.
#[derive(Debug, Default)]
pub(super) struct KnownChanges {
    /// By the change without its call, which is found later.
    all: BTreeMap<Change, Option<ChangeCall>>,
}

impl KnownChanges {
    pub(super) fn record(&mut self, change: &Change) {
        let call = self.all.entry(Change { by: None, ..change.clone() }).or_default();
        // The same for any order.
        *call = call.take().max(change.by.clone());
    }

    /// Those that were seen since `from`, oldest first.
    pub(super) fn since(&self, from: DateTime<Utc>) -> impl Iterator<Item = Change> {
        let all = self.all.iter().filter(move |(change, _)| change.until >= from);
        all.map(|(change, by)| Change { by: by.clone(), ..change.clone() })
    }

    pub(super) fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        let later: Vec<Change> = self.all.keys().filter(|change| change.until > now).cloned().collect();
        for change in later {
            let by = self.all.remove(&change).flatten();
            let since = change.since.min(now);
            self.record(&Change { since, until: now, by, ..change });
        }
    }

    /// Drops those that were seen before `edge`.
    pub(super) fn forget(&mut self, edge: DateTime<Utc>) {
        self.all.retain(|change, _| change.until >= edge);
    }
}
