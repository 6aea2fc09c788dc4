//! `when.memory_above`: a function uses almost all of its memory.

use chrono::{DateTime, Utc};
use model::glob::FunctionFilter;
use model::money::Percent;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;

/// The settings of `when.memory_above`.
#[derive(Debug, Clone)]
pub struct MemoryAbove {
    functions: FunctionFilter,
    share: Percent,
    within: Span,
}

impl MemoryAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let share = settings.or("share", Percent(Decimal::from(90)));
        let within = settings.window("within", Span::hours(1));
        Some(Self { functions: functions?, share: share?, within: within? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Minutes
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.functions.cover(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let functions = history.functions_read().filter(|(function, _)| self.functions.fit(function));
        functions.map(|(function, read_up_to)| self.one(history, function, read_up_to, now)).collect()
    }

    fn one(&self, history: &History, function: &str, read_up_to: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Function(function.to_owned());
        if !is_fresh(read_up_to, now, self.within) {
            return Judgement::unknown(subject, format!("the log has not been read since {read_up_to}"));
        }
        let counted = history.counted(function, now - self.within.delta());
        let memory = counted.memory.and_then(|memory| {
            Some((memory, (u64::from(memory.used_mb) * 100).checked_div(u64::from(memory.size_mb))?))
        });
        let Some((memory, percent)) = memory else {
            return Judgement::unknown(subject, format!("no log line within {} reports the memory used", self.within));
        };
        let shown = format!("{} of {} MB", memory.used_mb, memory.size_mb);
        if !self.share.exceeded_by(u64::from(memory.used_mb), u64::from(memory.size_mb)) {
            return Judgement::clear(subject, format!("at most {shown} of memory were used"));
        }
        let finding = IncidentDetails {
            headline: format!("{function}: {shown} of memory were used within {}, over {}", self.within, self.share),
            said: vec![
                "Lambda reports the highest memory use of an environment since it started, not that of one invocation."
                    .to_owned(),
            ],
            facts: vec![
                ("Used at most".to_owned(), format!("{shown} ({percent} %)")),
                ("Limit".to_owned(), self.share.to_string()),
                ("Invocations".to_owned(), format!("{} within {}", counted.invocations, self.within)),
            ],
            next_step: format!(
                "Raise the memory above {} MB before the function runs out of it (`oom`). Lambda also gives more CPU with more memory and bills by GB-second. If memory grows from one invocation of an environment to the next, the code has a memory leak.",
                memory.size_mb
            ),
            measure: Some(MeasuredValue {
                value: (u64::from(memory.used_mb) * 100).into(),
                limit: self.share.0 * Decimal::from(memory.size_mb),
            }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
