//! Separates charges that fall on one day of a month from daily usage: support fees, tax, credits, yearly reservations.

use super::super::dense::{DailySeries, DayRangeIndex, median};

/// A day that stands out so much is a booking and not use.
const STANDS_OUT: f64 = 3.5;
/// More in 31 days than this, and standing out is how the series usually is.
const MOST_IN_A_MONTH: usize = 3;
/// A booking comes back within so many days of its day of the month.
const LATE: isize = 3;

/// A series, taken apart.
pub(super) struct Decomposition {
    /// What is left without bookings, if everything is known.
    pub(super) base: DailySeries,
    /// Days with a one-off charge, and its amount.
    pub(super) booked: Vec<(usize, f64)>,
}

impl Decomposition {
    /// The one-off charges that another month had as well, at about the same day: the others are bursts of use.
    pub(super) fn fees(&self, months: &[DayRangeIndex]) -> Vec<(usize, f64)> {
        let place = |day: usize| month_of(months, day).map(|(number, month)| (number, day as isize - month.start));
        let is_fee = |(day, extra): &(usize, f64)| {
            let Some((month, at)) = place(*day) else { return false };
            self.booked.iter().any(|(other, amount)| {
                place(*other).is_some_and(|(number, position)| {
                    number.abs_diff(month) == 1 && alike((position, *amount), (at, *extra))
                })
            })
        };
        self.booked.iter().copied().filter(is_fee).collect()
    }
}

/// Whether two charges, as position in their month and amount, are the same fee of two months.
fn alike(one: (isize, f64), other: (isize, f64)) -> bool {
    (one.0 - other.0).abs() <= LATE
        && one.1.signum() == other.1.signum()
        && one.1.abs() < 4.0 * other.1.abs()
        && one.1.abs() > 0.25 * other.1.abs()
}

/// The days with a one-off charge, known three days later.
pub(super) fn scan(line: &DailySeries) -> Vec<Option<f64>> {
    (0..line.len()).map(|day| stands_out(line, day, (day + 4).min(line.len()))).collect()
}

/// How much of a day is beside the usual, if it stands out among the days before `now`, and the days after it do not go
/// on like it.
fn stands_out(line: &DailySeries, day: usize, now: usize) -> Option<f64> {
    let value = line.at(day);
    if value == 0.0 || day < line.begins {
        return None;
    }
    let (earlier, later) = (line.part(day.saturating_sub(7), day), line.part(day + 1, now));
    if earlier.is_empty() && later.is_empty() {
        return None;
    }
    let usual_later = median(later);
    let usual_earlier = if day == line.begins && !later.is_empty() { usual_later } else { median(earlier) };
    let usual = if later.is_empty() || usual_earlier.abs() > usual_later.abs() { usual_earlier } else { usual_later };
    let goes_on = later.first().is_some_and(|next| (next - usual).abs() > 0.5 * (value - usual).abs());
    (value.abs() > STANDS_OUT * usual.abs() && !goes_on).then_some(value - usual)
}

/// Removes the one-off charges from the first `now` days.
pub(super) fn apart(
    line: &DailySeries,
    scan: &[Option<f64>],
    months: &[DayRangeIndex],
    now: usize,
    bill: &DailySeries,
) -> Decomposition {
    let mut values: Vec<f64> = line.part(0, now).to_vec();
    let settled = now.saturating_sub(3);
    let mut booked: Vec<(usize, f64)> =
        scan.iter().take(settled).enumerate().filter_map(|(day, extra)| extra.map(|extra| (day, extra))).collect();
    for day in settled..now {
        // Whether the last day is a booking or a new level is not known yet, unless it is as a month ago.
        if let Some(extra) = stands_out(line, day, now)
            .filter(|_| day + 1 < now || again(&booked, months, day) || is_large(line, bill, day))
        {
            booked.push((day, extra));
        }
    }
    let crowded = |day: usize| booked.iter().filter(|(other, _)| other.abs_diff(day) <= 15).count() > MOST_IN_A_MONTH;
    let booked: Vec<(usize, f64)> = booked.iter().copied().filter(|(day, _)| !crowded(*day)).collect();
    for (day, extra) in &booked {
        if let Some(value) = values.get_mut(*day) {
            *value -= extra;
        }
    }
    let mut base = DailySeries::new(values);
    base.begins = base.begins.min(line.begins);
    Decomposition { base, booked }
}

/// Whether something that was never billed costs more on its first day than the whole bill usually does on one: that is
/// a fee.
fn is_large(line: &DailySeries, bill: &DailySeries, day: usize) -> bool {
    let usual = bill.part(day.saturating_sub(28), day);
    day == line.begins && usual.len() >= 7 && line.at(day).abs() > median(usual).abs()
}

fn month_of(months: &[DayRangeIndex], day: usize) -> Option<(usize, DayRangeIndex)> {
    months.iter().copied().enumerate().find(|(_, month)| (day as isize) < month.end)
}

/// Whether something was booked at about this day of the month before.
fn again(booked: &[(usize, f64)], months: &[DayRangeIndex], day: usize) -> bool {
    let Some((number, month)) = month_of(months, day) else { return false };
    let Some(before) = number.checked_sub(1).and_then(|number| months.get(number)) else { return false };
    let position = day as isize - month.start;
    booked.iter().any(|(other, _)| {
        (*other as isize) < before.end
            && (*other as isize - before.start - position).abs() <= LATE
            && *other as isize >= before.start
    })
}

/// What will still be booked in the last month of `months`, from `now` on.
pub(super) fn to_come(parts: &Decomposition, months: &[DayRangeIndex], now: usize, begins: usize) -> f64 {
    let (Some(month), Some(before)) =
        (months.last(), months.len().checked_sub(2).and_then(|number| months.get(number)))
    else {
        return 0.0;
    };
    let earlier = months
        .len()
        .checked_sub(3)
        .and_then(|number| months.get(number))
        .filter(|earlier| begins as isize <= earlier.end - 15);
    let within = |span: &DayRangeIndex| {
        let span = *span;
        parts
            .booked
            .iter()
            .filter(move |(day, _)| (*day as isize) >= span.start && (*day as isize) < span.end)
            .map(move |(day, extra)| (*day as isize - span.start, *extra))
    };
    let position = now as isize - month.start;
    let mut sum = 0.0;
    for (at, extra) in within(before) {
        let booked_already = within(month).any(|other| alike(other, (at, extra)));
        // One that is more than a little late does not come any more.
        if booked_already || at + LATE < position {
            continue;
        }
        let seen_twice = earlier.is_some_and(|earlier| within(earlier).any(|other| alike(other, (at, extra))));
        // A fee is all that its series costs; on top of use, one is not enough to expect another.
        let nothing_else = parts.base.sum(day(before.start), day(before.end)).abs() < 0.2 * extra.abs();
        let expected = seen_twice || (earlier.is_none() && nothing_else);
        if expected {
            sum += extra;
        }
    }
    sum
}

fn day(number: isize) -> usize {
    usize::try_from(number).unwrap_or(0)
}
