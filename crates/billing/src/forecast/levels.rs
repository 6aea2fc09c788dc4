//! The models: what a day will cost, by five simple readings of the days before.

use super::super::dense::{DailySeries, DayRangeIndex, median};

/// How many models there are.
pub(super) const LEVELS: usize = 5;
/// The model that needs a whole month before.
pub(super) const CALENDAR: usize = 4;

/// A new level is believed after so many days.
const STEP: usize = 5;

/// Days to forecast, as seen at the beginning of day `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Horizon {
    /// The first day that is not known.
    pub(super) now: usize,
    /// The first day to forecast, `now` or later.
    pub(super) from: usize,
    /// The number of days to forecast.
    pub(super) days: usize,
}

/// The mean cost of a day of the horizon by each model: the last day, the median of a week, four weeks by weekday, the
/// median of four weeks, and the same days of the month before. `None` where a model needs what is not known.
pub(super) fn levels(
    base: &DailySeries,
    begins: usize,
    months: &[DayRangeIndex],
    horizon: Horizon,
) -> [Option<f64>; LEVELS] {
    let Horizon { now, .. } = horizon;
    let since = step(base, begins, now).unwrap_or(begins);
    let part = |days: usize| base.part(now.saturating_sub(days).max(since), now);
    if part(1).is_empty() {
        return [None; LEVELS];
    }
    [
        Some(last_day(base, since, now)),
        Some(median(part(7))),
        Some(by_weekday(base, since, horizon)),
        Some(median(part(28))),
        month_before(base, begins, months, horizon),
    ]
}

/// What a day usually cost in the last week, by the model that says just that.
pub(super) fn of_last_week(said: &[Option<f64>; LEVELS]) -> f64 {
    let [_, last_week, ..] = said;
    last_week.unwrap_or(0.0)
}

/// The first day of a new level: all days since are dearer, or all are cheaper, than every day of the weeks before. What
/// was hardly there before has no level that it could leave.
pub(super) fn step(base: &DailySeries, begins: usize, now: usize) -> Option<usize> {
    let range = |days: &[f64]| {
        days.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), day| (low.min(*day), high.max(*day)))
    };
    (STEP..28).filter_map(|days| now.checked_sub(days)).find(|from| {
        let before = base.part(from.saturating_sub(28).max(begins), *from);
        let ((low, high), (lowest, highest)) = (range(base.part(*from, now)), range(before));
        before.len() >= 14 && ((low > highest && 10.0 * lowest > low) || (high < lowest && high > 0.0))
    })
}

/// The last day, but at most twice the dearest and at least half the cheapest of the week before it: one day is not a
/// level, and it may not be finished.
fn last_day(base: &DailySeries, begins: usize, now: usize) -> f64 {
    let week = base.part((now - 1).saturating_sub(7).max(begins), now - 1);
    let lowest = week.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = week.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let last = base.at(now - 1);
    if week.is_empty() { last } else { last.max(lowest.min(lowest / 2.0)).min(highest.max(2.0 * highest)) }
}

/// Each day as the mean of the last four days of its weekday, or of the last week where none is known.
fn by_weekday(base: &DailySeries, begins: usize, horizon: Horizon) -> f64 {
    let Horizon { now, from, days } = horizon;
    let week = base.mean(now.saturating_sub(7).max(begins), now).unwrap_or(0.0);
    let mut sum = 0.0;
    for offset in 0..days.min(7) {
        let repeats = (days - offset).div_ceil(7);
        let same =
            (1..).map(|back| (from + offset).checked_sub(7 * back)).map_while(|day| day.filter(|d| *d >= begins));
        let known: Vec<f64> = same.filter(|day| *day < now).take(4).map(|day| base.at(day)).collect();
        let mean = if known.is_empty() { week } else { known.iter().sum::<f64>() / known.len() as f64 };
        sum += mean * repeats as f64;
    }
    sum / days as f64
}

/// The mean of the days that lie one month before the horizon.
fn month_before(base: &DailySeries, begins: usize, months: &[DayRangeIndex], horizon: Horizon) -> Option<f64> {
    let month = months.partition_point(|month| month.end <= horizon.from as isize);
    let before = months.get(month.checked_sub(1)?)?;
    let length = usize::try_from(before.end - before.start).ok()?;
    let start = horizon.from.checked_sub(length).filter(|start| *start >= begins)?;
    let end = start + horizon.days;
    if end > horizon.now { None } else { base.mean(start, end) }
}

/// The first day that counts. A series that was there on every day since its first runs since then; the days before
/// would only say that it did not exist. One that comes and goes counts from the first day of the bill.
pub(super) fn begins(line: &DailySeries, now: usize) -> usize {
    let since = line.part(line.begins, now);
    if since.len() >= 3 && since.iter().all(|value| *value != 0.0) { line.begins } else { 0 }
}

/// Whether the series has ended: it has cost nothing for three days or more, and for longer than ever since it began.
pub(super) fn ended(line: &DailySeries, now: usize) -> bool {
    let since = line.part(line.begins, now);
    let quiet = since.iter().rev().take_while(|value| **value == 0.0).count();
    let before = since.get(..since.len() - quiet).unwrap_or(&[]);
    let longest = before.split(|value| *value != 0.0).map(<[f64]>::len).max().unwrap_or(0);
    quiet >= 3 && quiet > longest
}
