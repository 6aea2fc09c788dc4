//! Runs the backtests of a bill as of one day, and forecasts the rest of the month from them.

use chrono::NaiveDate;

use super::super::dense::{DailySeries, DayIndex, DayRangeIndex};
use super::super::series::CostSeries;
use super::bookings::{apart, scan, to_come};
use super::combine::{BacktestOrigin, CombinedForecast, ModelLosses, ModelPrior, combined, weights};
use super::interval::{RemainderForecast, Residual, interval};
use super::view::{KnownSeries, WAYS};

/// Looks back lie so many days around the same day of the month, so that a few months give more than a few looks.
const AROUND: [isize; 3] = [0, -2, 2];

/// One series, and what it would have looked like.
struct SeriesBacktest {
    line: DailySeries,
    now: SeriesState,
    looks: Vec<BacktestOrigin>,
}

/// A series as of one day.
struct SeriesState {
    ways: [Option<f64>; WAYS],
    bookings: f64,
    size: f64,
    base: DailySeries,
}

/// What the rest costs, of each series and of all. `None` if nothing is known of any day before.
pub(super) fn rests(series: &[&CostSeries], as_of: NaiveDate) -> Option<(Vec<RemainderForecast>, RemainderForecast)> {
    let days = DayIndex::new(series, as_of, as_of)?;
    let month = *days.months.last()?;
    let left = usize::try_from(month.end - (days.known as isize).max(month.start)).unwrap_or(0);
    let lines: Vec<DailySeries> = series.iter().map(|one| days.line(one)).collect();
    let bill = added(&days, &mut lines.iter());
    let studies: Vec<SeriesBacktest> = lines.into_iter().map(|line| study(&days, line, &bill)).collect();
    let account = ModelLosses::of(studies.iter().flat_map(|study| &study.looks));
    let prior = prior(left);
    let (parts, misses): (Vec<CombinedForecast>, Vec<Vec<Residual>>) =
        studies.iter().map(|study| judged(study, &account, &prior)).unzip();
    let pool: Vec<&Residual> = misses.iter().flatten().collect();
    let rest = |said: CombinedForecast, study: &SeriesBacktest, own: &[Residual], whole: bool| {
        interval(said, study.now.size, &study.line, own, &pool, left, whole)
    };
    let rests =
        studies.iter().zip(&parts).zip(&misses).map(|((study, said), own)| rest(*said, study, own, false)).collect();
    let whole = sum(&days, &studies, &bill);
    let (said, off) = reconciled(judged(&whole, &ModelLosses::default(), &prior), &parts, &pool);
    Some((rests, rest(said, &whole, &off, true)))
}

/// The whole bill is forecast by itself and as the sum of its series: each knows what the other does not. The better of
/// the two in earlier months counts for more, as if both had been equally far off twice before.
fn reconciled(
    (said, misses): (CombinedForecast, Vec<Residual>),
    parts: &[CombinedForecast],
    pool: &[&Residual],
) -> (CombinedForecast, Vec<Residual>) {
    let by_parts = |look: usize| pool.iter().filter(|part| part.look == look).map(|part| part.off).sum::<f64>();
    let both: Vec<(Residual, f64)> = misses.into_iter().map(|miss| (miss, by_parts(miss.look))).collect();
    let (alone, added) =
        both.iter().fold((0.0, 0.0), |(alone, added), (miss, off)| (alone + miss.off.abs(), added + off.abs()));
    let twice = (alone + added) / (both.len() as f64 / AROUND.len() as f64).max(1.0);
    let (alone, added) = ((alone + twice).powi(2), (added + twice).powi(2));
    let trust = if alone + added > 0.0 { added / (alone + added) } else { 0.5 };
    let middle = said.middle * trust + parts.iter().map(|part| part.middle).sum::<f64>() * (1.0 - trust);
    let off = both
        .into_iter()
        .map(|(miss, parts)| Residual { off: miss.off * trust + parts * (1.0 - trust), ..miss })
        .collect();
    (CombinedForecast { middle, ..said }, off)
}

/// How far off each way is in general, relative to what is left: measured on made-up bills with 24 days left and with
/// 8, and in between.
fn prior(left: usize) -> ModelPrior {
    let early: ModelPrior =
        [0.25, 0.19, 0.22, 0.26, 0.22, 0.165, 0.15, 0.14, 0.13, 0.18, 0.15, 0.23, 0.2, 0.135, 0.25, 0.25];
    let late: ModelPrior =
        [0.16, 0.13, 0.15, 0.165, 0.145, 0.14, 0.147, 0.145, 0.14, 0.25, 0.155, 0.157, 0.153, 0.175, 0.16, 0.16];
    let share = ((left as f64 - 8.0) / 16.0).clamp(0.0, 1.0);
    let mut prior = early;
    prior.iter_mut().zip(late).for_each(|(early, late)| *early = *early * share + late * (1.0 - share));
    prior
}

/// What a series looks like at the beginning of day `now`, the last of `months` being the one to forecast.
fn as_of_day(
    days: &DayIndex,
    line: &DailySeries,
    scan: &[Option<f64>],
    months: &[DayRangeIndex],
    now: usize,
    bill: &DailySeries,
) -> Option<SeriesState> {
    let parts = apart(line, scan, months, now, bill);
    let bookings = to_come(&parts, months, now, line.begins);
    let month = *months.last()?;
    let before = months.len().checked_sub(2).and_then(|number| months.get(number)).copied();
    let view = KnownSeries { base: &parts.base, now, month, before, weekday: days.weekday(0) };
    let (ways, left) = (view.ways(), view.left());
    let recent = line.part(now.saturating_sub(28).max(line.begins), now);
    let usual =
        if recent.is_empty() { 0.0 } else { recent.iter().map(|value| value.abs()).sum::<f64>() / recent.len() as f64 };
    Some(SeriesState { ways, bookings, size: usual * left as f64, base: parts.base })
}

/// The days in earlier months from which is looked back: by month number and day.
fn origins(days: &DayIndex) -> Vec<(usize, usize)> {
    let Some((month, earlier)) = days.months.split_last() else { return Vec::new() };
    let position = (days.known as isize - month.start).max(0);
    let mut found = Vec::new();
    for (number, span) in earlier.iter().enumerate() {
        if span.end > days.known as isize {
            continue;
        }
        for around in AROUND {
            let at = span.start + (position + around).clamp(0, span.end - span.start - 1);
            if let Some(now) = usize::try_from(at).ok().filter(|now| *now > 0 && !found.contains(&(number, *now))) {
                found.push((number, now));
            }
        }
    }
    found
}

fn study(days: &DayIndex, line: DailySeries, bill: &DailySeries) -> SeriesBacktest {
    let scan = scan(&line);
    let looks = origins(days)
        .into_iter()
        .filter(|(_, now)| *now > line.begins)
        .filter_map(|(number, now)| {
            let months = days.months.get(..=number)?;
            let then = as_of_day(days, &line, &scan, months, now, bill)?;
            let end = usize::try_from(months.last()?.end).ok()?;
            let came = line.sum(now, end);
            Some(BacktestOrigin {
                month: number,
                now,
                ways: then.ways,
                bookings: then.bookings,
                came,
                size: then.size.max(came.abs()),
                said_size: then.size,
            })
        })
        .collect();
    let mut now = as_of_day(days, &line, &scan, &days.months, days.known, bill).unwrap_or(SeriesState {
        ways: [None; WAYS],
        bookings: 0.0,
        size: 0.0,
        base: DailySeries::new(Vec::new()),
    });
    // Days of this month that nobody saw cost something too.
    let start = days.months.last().map_or(0, |month| month.start);
    now.bookings += days.gaps.iter().filter(|day| **day as isize >= start).map(|day| line.at(*day)).sum::<f64>();
    SeriesBacktest { line, now, looks }
}

fn added(days: &DayIndex, lines: &mut dyn Iterator<Item = &DailySeries>) -> DailySeries {
    let mut values = vec![0.0; days.known];
    for line in lines {
        values.iter_mut().zip(line.values()).for_each(|(sum, value)| *sum += value);
    }
    DailySeries::new(values)
}

/// All series as one: what the ways say of the sum of use, and the sum of the bookings.
fn sum(days: &DayIndex, studies: &[SeriesBacktest], bill: &DailySeries) -> SeriesBacktest {
    let base = added(days, &mut studies.iter().map(|study| &study.now.base));
    let quiet = vec![None; days.known];
    let mut whole = study(days, bill.clone(), bill);
    if let Some(now) = as_of_day(days, &base, &quiet, &days.months, days.known, bill) {
        whole.now.ways = now.ways;
    }
    whole.now.bookings = studies.iter().map(|study| study.now.bookings).sum();
    for look in &mut whole.looks {
        let of = |study: &SeriesBacktest| {
            study.looks.iter().find(|other| other.now == look.now).map_or(0.0, |other| other.bookings)
        };
        look.bookings = studies.iter().map(of).sum();
        let Some(months) = days.months.get(..=look.month) else { continue };
        if let Some(then) = as_of_day(days, &base, &quiet, months, look.now, bill) {
            look.ways = then.ways;
        }
    }
    whole
}

/// What the rest costs, and how far off that would have been in earlier months, each judged without itself.
fn judged(study: &SeriesBacktest, account: &ModelLosses, prior: &ModelPrior) -> (CombinedForecast, Vec<Residual>) {
    let losses = |without: Option<usize>| {
        let looks = study.looks.iter().filter(|look| Some(look.month) != without);
        (ModelLosses::of(looks.clone()), looks.count() as f64 / AROUND.len() as f64)
    };
    let said = |ways: &[Option<f64>; WAYS], bookings: f64, without: Option<usize>| {
        let (own, looks) = losses(without);
        let said = combined(ways, &weights(&own, looks, account, prior)).unwrap_or_default();
        CombinedForecast { middle: said.middle + bookings, ..said }
    };
    let misses = study.looks.iter().map(|look| {
        let said = said(&look.ways, look.bookings, Some(look.month));
        Residual {
            look: look.now,
            month: look.month,
            off: look.came - said.middle,
            size: look.said_size.max(said.middle.abs()),
            apart: said.apart,
        }
    });
    (said(&study.now.ways, study.now.bookings, None), misses.collect())
}
