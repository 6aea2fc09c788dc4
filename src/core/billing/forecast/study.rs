//! Everything known of a bill at one day, and what is made of it.

use chrono::NaiveDate;

use super::super::dense::{Days, Line, Span};
use super::super::series::Series;
use super::bookings::{apart, scan, to_come};
use super::combine::{Look, Losses, Prior, Trust, combined, weights};
use super::interval::{Miss, interval};
use super::view::{View, WAYS};

/// What the rest of the month will cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rest {
    pub(super) middle: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// Looks back lie so many days around the same day of the month, so that a few months give more than a few looks.
const AROUND: [isize; 3] = [0, -2, 2];

/// One series, and what it would have looked like.
struct Study {
    line: Line,
    now: Now,
    looks: Vec<Look>,
}

/// A series as of one day.
struct Now {
    ways: [Option<f64>; WAYS],
    bookings: f64,
    size: f64,
    base: Line,
}

/// What the rest costs, of each series and of all.
pub(super) fn rests(series: &[&Series], as_of: NaiveDate) -> Option<(Vec<Rest>, Rest)> {
    let owned: Vec<Series> = series.iter().map(|one| (*one).clone()).collect();
    let days = Days::new(&owned, as_of, as_of)?;
    let month = *days.months.last()?;
    let place = Place::of(&days, month);
    let studies: Vec<Study> = owned.iter().map(|one| study(&days, days.line(one))).collect();
    let whole = sum(&days, &studies);
    let account = Losses::of(studies.iter().flat_map(|study| study.looks.iter().map(|look| (look, 1.0))));
    let (prior, trust) = (prior(place), Trust { prior: 1.0, account: 1.0, power: 3.0 });
    let (mut middles, mut misses) = (Vec::new(), Vec::new());
    for study in &studies {
        let (middle, missed) = judged(study, &account, &prior, &trust);
        middles.push(middle);
        misses.push(missed);
    }
    // The whole bill is forecast by itself and as the sum of its series; both know what the other does not.
    let own = Losses::default();
    let (direct, missed) = judged(&whole, &own, &prior, &trust);
    let bottom_up: f64 = middles.iter().sum();
    let total_misses: Vec<Miss> = missed
        .iter()
        .map(|miss| {
            let parts: f64 = misses.iter().flatten().filter(|part| part.look == miss.look).map(|part| part.off).sum();
            Miss { off: (miss.off + parts) / 2.0, ..*miss }
        })
        .collect();
    let middle = f64::midpoint(direct, bottom_up);
    let rests = studies.iter().zip(&middles).enumerate().map(|(at, (study, middle))| {
        let others = misses.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, missed)| missed);
        interval(*middle, study.now.size, &study.line, misses.get(at).map_or(&[], Vec::as_slice), others, place.left, false)
    });
    let rests = rests.collect();
    let total = interval(middle, whole.now.size, &whole.line, &total_misses, std::iter::empty(), place.left, true);
    Some((rests, total))
}

/// Where in the month we are.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Days left, whose cost is not known.
    left: usize,
    /// Days of the month.
    days: usize,
}

impl Place {
    fn of(days: &Days, month: Span) -> Self {
        let from = (days.known as isize).max(month.start);
        Self { left: usize::try_from(month.end - from).unwrap_or(0), days: usize::try_from(month.end - month.start).unwrap_or(30) }
    }
}

fn prior(place: Place) -> Prior {
    let _ = place.days;
    [0.3; WAYS]
}

fn as_of_day(days: &Days, line: &Line, scan: &[Option<f64>], months: &[Span], now: usize) -> Option<Now> {
    let parts = apart(line, scan, months, now);
    let bookings = to_come(&parts, months, now, line.begins);
    let month = *months.last()?;
    let before = months.len().checked_sub(2).and_then(|number| months.get(number)).copied();
    let view = View { base: &parts.base, now, month, before, weekday: days.weekday(0) };
    let (ways, left) = (view.ways(), view.left());
    let recent = line.part(now.saturating_sub(28).max(line.begins), now);
    let usual = if recent.is_empty() { 0.0 } else { recent.iter().map(|value| value.abs()).sum::<f64>() / recent.len() as f64 };
    Some(Now { ways, bookings, size: usual * left as f64, base: parts.base })
}

/// The days in earlier months from which is looked back: by month number and day.
fn origins(days: &Days) -> Vec<(usize, usize)> {
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

fn study(days: &Days, line: Line) -> Study {
    let scan = scan(&line);
    let looks = origins(days)
        .into_iter()
        .filter(|(_, now)| *now > line.begins)
        .filter_map(|(number, now)| {
            let months = days.months.get(..=number)?;
            let then = as_of_day(days, &line, &scan, months, now)?;
            let end = usize::try_from(months.last()?.end).ok()?;
            let came = line.sum(now, end);
            Some(Look { month: number, now, ways: then.ways, bookings: then.bookings, came, size: then.size.max(came.abs()) })
        })
        .collect();
    let now =
        as_of_day(days, &line, &scan, &days.months, days.known).unwrap_or(Now { ways: [None; WAYS], bookings: 0.0, size: 0.0, base: Line::new(Vec::new()) });
    Study { line, now, looks }
}

/// All series as one: what the ways say of the sum of use, and the sum of the bookings.
fn sum(days: &Days, studies: &[Study]) -> Study {
    let add = |lines: &mut dyn Iterator<Item = &Line>| {
        let mut values = vec![0.0; days.known];
        for line in lines {
            values.iter_mut().zip(line.values()).for_each(|(sum, value)| *sum += value);
        }
        Line::new(values)
    };
    let line = add(&mut studies.iter().map(|study| &study.line));
    let base = add(&mut studies.iter().map(|study| &study.now.base));
    let quiet = vec![None; days.known];
    let mut whole = study(days, line);
    if let Some(now) = as_of_day(days, &base, &quiet, &days.months, days.known) {
        whole.now.ways = now.ways;
    }
    whole.now.bookings = studies.iter().map(|study| study.now.bookings).sum();
    for look in &mut whole.looks {
        let of = |study: &Study| study.looks.iter().find(|other| other.now == look.now).map_or(0.0, |other| other.bookings);
        look.bookings = studies.iter().map(of).sum();
        let Some(months) = days.months.get(..=look.month) else { continue };
        if let Some(then) = as_of_day(days, &base, &quiet, months, look.now) {
            look.ways = then.ways;
        }
    }
    whole
}

/// What the rest costs, and how far off that would have been in earlier months, each judged without itself.
fn judged(study: &Study, account: &Losses, prior: &Prior, trust: &Trust) -> (f64, Vec<Miss>) {
    let losses = |without: Option<usize>| {
        let looks = study.looks.iter().filter(|look| Some(look.month) != without);
        (Losses::of(looks.clone().map(|look| (look, 1.0))), looks.count() as f64 / AROUND.len() as f64)
    };
    let said = |ways: &[Option<f64>; WAYS], bookings: f64, without: Option<usize>| {
        let (own, looks) = losses(without);
        combined(ways, &weights(&own, looks, account, prior, trust)).unwrap_or(0.0) + bookings
    };
    let misses = study.looks.iter().map(|look| Miss { look: look.now, off: look.came - said(&look.ways, look.bookings, Some(look.month)), size: look.size });
    (said(&study.now.ways, study.now.bookings, None), misses.collect())
}
