//! The functions and the pings.

use alerting::warm_day::PingStopReason;
use model::page::{PageTable, Section, SectionPart, TableCell};
use model::span::Latency;

use rust_decimal::Decimal;

use super::super::words::say;
use super::{MOST_ROWS, SectionWriter};
use crate::month::{FunctionLine, PingLine, PlannedPingsLine};

impl SectionWriter<'_> {
    pub(super) fn functions(&self) -> Option<Section> {
        let words = &self.words;
        let figure = |title: String| format!("#{title}");
        let mut table = PageTable::new(&[
            say!(words, "function"),
            figure(say!(words, "invocations")),
            figure(say!(words, "cold")),
            figure(say!(words, "waited")),
            figure(say!(words, "timeouts")),
            figure(say!(words, "errors")),
            figure("p95".to_owned()),
            figure(say!(words, "memory")),
            say!(words, "causes"),
        ]);
        // Those in trouble first, then the busiest.
        let mut lines: Vec<&FunctionLine> = self.report.lambda.iter().collect();
        lines.sort_by_key(|line| std::cmp::Reverse((line.timeouts.saturating_add(line.errors), line.invocations)));
        for line in lines.iter().take(MOST_ROWS) {
            table.row(self.function(line).map(TableCell::from));
        }
        let mut parts = if lines.is_empty() {
            vec![SectionPart::Said(say!(words, "no-invocations"))]
        } else {
            vec![SectionPart::Table(table)]
        };
        parts.extend(self.more(lines.len()));
        // Below a tenth, start-up is nothing to work on.
        let starts = lines.iter().take(MOST_ROWS).filter_map(|line| {
            let percent = line.init_percent.filter(|percent| *percent >= Decimal::TEN)?;
            Some(say!(words, "init-share", function = line.function.clone(), percent = percent.to_string()))
        });
        let starts: Vec<String> = starts.collect();
        if !starts.is_empty() {
            parts.push(SectionPart::List(starts));
        }
        self.section(say!(words, "functions"), parts)
    }

    fn function(&self, line: &FunctionLine) -> [String; 9] {
        let words = &self.words;
        let causes: Vec<String> = line
            .causes
            .iter()
            .map(|cause| say!(words, "cause-count", count = cause.count, title = words.named("cause", &cause.code)))
            .collect();
        let share = (line.cold_starts.saturating_mul(100))
            .checked_div(line.invocations)
            .map(|percent| format!(" ({percent}%)"))
            .unwrap_or_default();
        let count = |count: u64| say!(words, "count", count = count);
        [
            line.function.clone(),
            count(line.invocations),
            format!("{}{share}", count(line.cold_starts)),
            count(line.user_cold_starts),
            count(line.timeouts),
            count(line.errors),
            line.p95_ms.map_or_else(|| say!(words, "unknown"), |ms| Latency::shown(ms as f64)),
            line.memory_used_mb
                .zip(line.memory_size_mb)
                .map_or_else(|| say!(words, "unknown"), |(used, size)| format!("{used}/{size} MB")),
            causes.join("; "),
        ]
    }

    pub(super) fn pings(&self) -> Option<Section> {
        let words = &self.words;
        let lines = &self.report.pings;
        let mut parts: Vec<SectionPart> =
            lines.iter().take(MOST_ROWS).map(|line| SectionPart::List(self.ping(line))).collect();
        if lines.is_empty() {
            parts.push(SectionPart::Said(say!(words, "no-pings")));
        } else if lines.iter().any(|line| line.planned.is_none()) {
            parts.push(SectionPart::Said(say!(words, "without-pings")));
        }
        parts.extend(self.more(lines.len()));
        self.section(say!(words, "pings"), parts)
    }

    /// What was paid, and who else called and waited, as far as the log shows it.
    fn ping(&self, line: &PingLine) -> Vec<String> {
        let words = &self.words;
        let cost = match (line.unpriced, line.usd) {
            (0, usd) => say!(words, "ping-cost", amount = self.usd(usd)),
            (unpriced, usd) if unpriced >= line.sent && usd.is_zero() => say!(words, "ping-cost-unknown"),
            (unpriced, usd) => say!(words, "ping-cost-partly", amount = self.usd(usd), count = unpriced),
        };
        let (warm, bad) = (line.warm, line.timed_out.saturating_add(line.failed));
        let sent = say!(words, "ping", function = line.function.clone(), sent = line.sent, cost = cost);
        let met = say!(words, "ping-met", warm = warm, cold = line.cold, unknown = line.answered, bad = bad);
        let others = match self.report.lambda.iter().find(|known| known.function == line.function) {
            None => say!(words, "ping-others-unread"),
            // Pings are invocations too; a log that was read from the middle of the month on shows fewer of them than
            // were sent.
            Some(known) if known.invocations < line.sent => say!(words, "ping-others-fewer", seen = known.invocations),
            Some(known) => {
                let others = known.invocations - line.sent;
                // Of a ping that timed out or failed nothing says whether it was a cold start, so this is the most that
                // it can be.
                let waited = known.user_cold_starts.saturating_sub(line.cold).min(others);
                say!(words, "ping-others", count = others, waited = waited)
            }
        };
        match &line.planned {
            None => vec![sent, met, others],
            Some(planned) => [sent, met].into_iter().chain(self.planned(planned)).collect(),
        }
    }

    /// Who waited and why, what it would have been without pings, and what became of the promises.
    fn planned(&self, line: &PlannedPingsLine) -> Vec<String> {
        let words = &self.words;
        let mut said = vec![say!(
            words,
            "planned-cold",
            calls = line.calls,
            cold = line.cold(),
            idle = line.cold_idle,
            recycling = line.cold_recycling,
            overlap = line.cold_overlap,
            deploy = line.cold_deploy
        )];
        if line.cold_in_tests > 0 {
            said.push(say!(words, "planned-tests", count = line.cold_in_tests));
        }
        said.push(match line.cold_without_pings {
            Some(count) => say!(words, "planned-without", count = count),
            None => say!(words, "without-pings"),
        });
        if line.weeks_promised > 0 {
            said.push(say!(words, "planned-weeks", promised = line.weeks_promised, kept = line.weeks_kept));
        }
        if let Some(why) = line.stopped {
            said.push(match why {
                PingStopReason::NoDifference => say!(words, "planned-no-difference"),
                PingStopReason::OutOfReach => say!(words, "planned-out-of-reach"),
                PingStopReason::StartUp => say!(words, "planned-start-up"),
                PingStopReason::Errors => say!(words, "planned-errors"),
            });
        }
        said
    }
}
