//! Forecasts the rest of the month of each series and of the whole bill.

use chrono::NaiveDate;

use super::super::dense::{DailySeries, DayIndex};
use super::super::series::CostSeries;
use super::bookings::{apart, scan, to_come};
use super::combine::{BacktestOrigin, Mean, backtests, combined, past, weights};
use super::interval::{RemainderForecast, Residual, Spread, interval};
use super::levels::{Horizon, begins, ended, levels, of_last_week, step};
use super::unknown::{MAX_AGE, MIN_DAYS, NoForecast};

/// Days that say what a day usually costs.
const USUAL: usize = 28;
/// A residual of more usual days than this says no more than one of this many.
const LARGEST_RESIDUAL: f64 = 3.0;
/// Where little is known, a day of the rest of the month may cost this share of the usual more or less: a series may end
/// or double.
const PRIOR: f64 = 1.0;
/// Many series do neither at once.
const PRIOR_OF_ALL: f64 = 0.6;

/// A series, or all as one.
struct SeriesStudy {
    /// As billed, without fees.
    line: DailySeries,
    /// What the models read: without any one-off charge.
    base: DailySeries,
    /// What a day of the rest will cost.
    level: f64,
    /// What was said on past days.
    past: Vec<(usize, f64)>,
    origins: Vec<BacktestOrigin>,
    /// Fees that are still to come, and days of this month without any figure.
    expected: f64,
    so_far: f64,
    biggest: f64,
    has_ended: bool,
    /// What a day that is left costs if each costs what one of the last week usually did.
    lasting: f64,
    /// The first day of the level that it has now: what backtests before it missed says nothing of this one.
    since: usize,
}

/// What the rest costs, of each series and of all.
pub(super) fn rests(
    series: &[&CostSeries],
    as_of: NaiveDate,
) -> Result<(Vec<RemainderForecast>, RemainderForecast), NoForecast> {
    let days = DayIndex::new(series, as_of, as_of).ok_or(NoForecast::NoDays(as_of))?;
    let last = days.date(days.known.saturating_sub(1));
    if days.known < MIN_DAYS {
        return Err(NoForecast::TooFewDays(days.known));
    }
    if (as_of - last).num_days() > MAX_AGE {
        return Err(NoForecast::TooOld { as_of, last });
    }
    let month = days.months.last().ok_or(NoForecast::NoDays(as_of))?;
    let from = days.known.max(usize::try_from(month.start).unwrap_or(0));
    let left = usize::try_from(month.end).unwrap_or(0).saturating_sub(from);
    let horizon = Horizon { now: days.known, from, days: left };
    let lines: Vec<DailySeries> = series.iter().map(|one| days.line(one)).collect();
    let bill = added(days.known, lines.iter());
    let studies: Vec<SeriesStudy> = lines.iter().map(|line| study(&days, line, &bill, horizon)).collect();
    let residuals: Vec<Vec<Residual>> = studies.iter().map(|study| residuals(study, left)).collect();
    let pool: Vec<Residual> = residuals.iter().flatten().copied().collect();
    let whole = sum(&days, &studies, &bill, horizon);
    let total = rest(&whole, &self::residuals(&whole, left), &[], left, PRIOR_OF_ALL);
    // The only series is the whole bill.
    if let [_] = studies.as_slice() {
        return Ok((vec![total], total));
    }
    let each = studies.iter().zip(&residuals).map(|(study, own)| rest(study, own, &pool, left, PRIOR));
    let rests: Vec<RemainderForecast> = each.collect();
    let sum = rests.iter().map(|rest| rest.middle).sum();
    Ok((rests, total.with(sum)))
}

fn rest(study: &SeriesStudy, own: &[Residual], pool: &[Residual], left: usize, prior: f64) -> RemainderForecast {
    let left = left as f64;
    let usual = usual(&study.line, study.line.len()).max(study.level.abs()) * left;
    interval(&Spread {
        lasting: study.lasting * left + study.expected,
        middle: study.level * left + study.expected,
        so_far: study.so_far,
        usual,
        biggest: study.biggest,
        left,
        prior,
        never_negative: study.line.values().iter().all(|value| *value >= 0.0),
        own,
        pool,
    })
}

fn study(days: &DayIndex, line: &DailySeries, bill: &DailySeries, horizon: Horizon) -> SeriesStudy {
    let parts = apart(line, &scan(line), &days.months, horizon.now, bill);
    let begins = begins(line, horizon.now);
    let origins = backtests(&parts.base, begins, &days.months, horizon);
    let weights = weights(&origins, horizon.days);
    let is_ended = ended(line, horizon.now);
    let said = levels(&parts.base, begins, &days.months, horizon);
    SeriesStudy {
        level: if is_ended { 0.0 } else { combined(&said, &weights, Mean::Middle) },
        past: past(&origins, &weights, Mean::Middle),
        origins,
        expected: to_come(&parts, &days.months, horizon.now, line.begins) + unseen(days, line),
        so_far: so_far(days, line),
        biggest: biggest(line),
        has_ended: is_ended,
        lasting: if is_ended { 0.0 } else { of_last_week(&said) },
        since: step(&parts.base, begins, horizon.now).unwrap_or(0),
        line: without(line, &parts.fees(&days.months)),
        base: parts.base,
    }
}

/// All series as one: half what the models say of the sum, half the sum of what they say of each.
fn sum(days: &DayIndex, studies: &[SeriesStudy], bill: &DailySeries, horizon: Horizon) -> SeriesStudy {
    let base = added(horizon.now, studies.iter().filter(|study| !study.has_ended).map(|study| &study.base));
    let line = added(horizon.now, studies.iter().map(|study| &study.line));
    let origins = backtests(&base, 0, &days.months, horizon);
    let weights = weights(&origins, horizon.days);
    let levels = levels(&base, 0, &days.months, horizon);
    let said = combined(&levels, &weights, Mean::Whole);
    let mut parts = vec![0.0; horizon.now];
    for (day, level) in studies.iter().flat_map(|study| &study.past) {
        if let Some(sum) = parts.get_mut(*day) {
            *sum += level;
        }
    }
    let mut past = past(&origins, &weights, Mean::Whole);
    past.iter_mut().for_each(|(day, level)| *level = (*level + parts.get(*day).copied().unwrap_or(0.0)) / 2.0);
    SeriesStudy {
        level: (said + studies.iter().map(|study| study.level).sum::<f64>()) / 2.0,
        past,
        origins,
        expected: studies.iter().map(|study| study.expected).sum(),
        so_far: so_far(days, bill),
        biggest: biggest(bill),
        has_ended: false,
        lasting: of_last_week(&levels),
        since: step(&base, 0, horizon.now).unwrap_or(0),
        line,
        base,
    }
}

/// How far off the same method was on past days of this level.
fn residuals(study: &SeriesStudy, left: usize) -> Vec<Residual> {
    let off = |((now, said), origin): (&(usize, f64), &BacktestOrigin)| {
        let came = study.line.sum(*now, now + origin.days) / origin.days as f64;
        let usual = usual(&study.line, *now).max(said.abs());
        let off = if usual > 0.0 { (came - said) / usual } else { 0.0 };
        Residual { off: off.clamp(-LARGEST_RESIDUAL, LARGEST_RESIDUAL), weight: 1.0 / left.max(1) as f64 }
    };
    let is_of_level = |(_, origin): &(&(usize, f64), &BacktestOrigin)| origin.now >= study.since;
    study.past.iter().zip(&study.origins).filter(is_of_level).map(off).collect()
}

/// What a day before `now` cost, of the last weeks or of all if that is more, credits counted as costs: what cost nothing
/// lately may come back.
fn usual(line: &DailySeries, now: usize) -> f64 {
    let mean = |from: usize| {
        let part = line.part(from, now);
        if part.is_empty() { 0.0 } else { part.iter().map(|value| value.abs()).sum::<f64>() / part.len() as f64 }
    };
    mean(now.saturating_sub(USUAL)).max(mean(0))
}

fn biggest(line: &DailySeries) -> f64 {
    line.values().iter().map(|value| value.abs()).fold(0.0, f64::max)
}

fn so_far(days: &DayIndex, line: &DailySeries) -> f64 {
    let start = days.months.last().map_or(0, |month| month.start);
    line.sum(usize::try_from(start).unwrap_or(0), days.known)
}

/// What the days of this month cost on which nothing has a figure.
fn unseen(days: &DayIndex, line: &DailySeries) -> f64 {
    let start = days.months.last().map_or(0, |month| month.start);
    days.gaps.iter().filter(|day| **day as isize >= start).map(|day| line.at(*day)).sum()
}

fn without(line: &DailySeries, fees: &[(usize, f64)]) -> DailySeries {
    let mut values = line.values().to_vec();
    for (day, fee) in fees {
        if let Some(value) = values.get_mut(*day) {
            *value -= fee;
        }
    }
    DailySeries::new(values)
}

fn added<'a>(known: usize, lines: impl Iterator<Item = &'a DailySeries>) -> DailySeries {
    let mut values = vec![0.0; known];
    for line in lines {
        values.iter_mut().zip(line.values()).for_each(|(sum, value)| *sum += value);
    }
    DailySeries::new(values)
}
