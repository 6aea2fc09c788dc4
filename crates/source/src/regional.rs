//! A source of another region than the main one. Functions of two regions may have the same name, so what it saw of a
//! function is under its name with the region: `backend@us-east-1`. Neither names of functions nor of regions can have
//! an `@`.

use std::collections::BTreeMap;

use alerting::observation::{Observation, ObservationBody};
use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::poll::{PollOutput, Source};

/// A name in a region that is not the main one.
pub fn name_in_region(name: &str, region: &str) -> String {
    format!("{name}@{region}")
}

/// A source, and the region it asks.
pub(crate) struct RegionalSource {
    inner: Box<dyn Source>,
    region: String,
}

impl RegionalSource {
    pub(crate) fn new(inner: Box<dyn Source>, region: &str) -> Self {
        Self { inner, region: region.to_owned() }
    }

    fn named(&self, mut seen: PollOutput) -> PollOutput {
        for observation in &mut seen.observations {
            functions(&mut observation.what)
                .into_iter()
                .for_each(|function| *function = name_in_region(function, &self.region));
        }
        seen
    }
}

/// The names of functions in an observation.
fn functions(what: &mut ObservationBody) -> Vec<&mut String> {
    match what {
        ObservationBody::Tally(tally) => vec![&mut tally.function],
        ObservationBody::Fault(fault) => vec![&mut fault.function],
        ObservationBody::Ping(ping) => vec![&mut ping.function],
        ObservationBody::Served(served) => vec![&mut served.function],
        ObservationBody::WarmDay(day) => vec![&mut day.function],
        ObservationBody::Metric(point) => vec![&mut point.function],
        ObservationBody::ReadUpTo(read) | ObservationBody::MeasuredUpTo(read) => vec![&mut read.function],
        ObservationBody::Change(change) => change.functions.iter_mut().collect(),
        // These name their region, or are about the account or the source.
        ObservationBody::Inventory(_)
        | ObservationBody::NewRegion(_)
        | ObservationBody::Cost(_)
        | ObservationBody::Lines(_)
        | ObservationBody::Early(_)
        | ObservationBody::Endpoint(_)
        | ObservationBody::Answered
        | ObservationBody::Failed(_) => vec![],
    }
}

#[async_trait]
impl Source for RegionalSource {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn is_paid(&self) -> bool {
        self.inner.is_paid()
    }

    fn asks_aws(&self) -> bool {
        self.inner.asks_aws()
    }

    fn hears(&self) -> bool {
        self.inner.hears()
    }

    fn hear(&mut self, seen: &Observation) {
        // Functions of other regions may have the same bare name.
        let mut seen = seen.clone();
        let suffix = name_in_region("", &self.region);
        let mut is_of_here = false;
        for function in functions(&mut seen.what) {
            if let Some(bare) = function.strip_suffix(&suffix) {
                *function = bare.to_owned();
                is_of_here = true;
            } else {
                // No function has such a name.
                function.push('@');
            }
        }
        if is_of_here {
            self.inner.hear(&seen);
        }
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.inner.restore(cursors);
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let seen = self.inner.poll(now).await;
        self.named(seen)
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        let seen = self.inner.go_on(now).await;
        self.named(seen)
    }
}

#[cfg(test)]
mod tests {
    use alerting::observation::ReadUpTo;
    use lambda_log::tally::InvocationCounts;

    use super::*;

    /// Sees one function, in both parts of its poll.
    struct Seeing;

    impl Seeing {
        fn output(now: DateTime<Utc>) -> PollOutput {
            let bodies = [
                ObservationBody::Tally(InvocationCounts {
                    function: "backend".to_owned(),
                    ..InvocationCounts::default()
                }),
                ObservationBody::ReadUpTo(ReadUpTo { function: "backend".to_owned() }),
                ObservationBody::Answered,
            ];
            let seen = |what| Observation { at: now, seen: now, source: "watch.logs@us-east-1".to_owned(), what };
            PollOutput { observations: bodies.into_iter().map(seen).collect(), ..PollOutput::default() }
        }
    }

    #[async_trait]
    impl Source for Seeing {
        fn name(&self) -> &str {
            "watch.logs@us-east-1"
        }

        async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
            Self::output(now)
        }

        async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
            Self::output(now)
        }
    }

    #[tokio::test]
    async fn a_function_of_another_region_has_the_region_in_its_name() {
        let mut source = RegionalSource::new(Box::new(Seeing), "us-east-1");
        let now = DateTime::<Utc>::UNIX_EPOCH;
        for part in [source.poll(now).await, source.go_on(now).await] {
            let functions: Vec<&str> = part
                .observations
                .iter()
                .filter_map(|observation| match &observation.what {
                    ObservationBody::Tally(tally) => Some(tally.function.as_str()),
                    ObservationBody::ReadUpTo(read) => Some(read.function.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(functions, ["backend@us-east-1"; 2]);
        }
    }
}
