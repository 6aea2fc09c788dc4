//! Everything known of a bill at one day, and what is made of it.

use chrono::NaiveDate;

use super::super::dense::{Days, Line, Span};
use super::super::series::Series;
use super::bookings::{apart, scan, to_come};
use super::combine::{Look, Losses, Prior, Said, Trust, combined, weights};
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
    let lines: Vec<Line> = owned.iter().map(|one| days.line(one)).collect();
    let bill = added(&days, &mut lines.iter());
    let studies: Vec<Study> = lines.into_iter().map(|line| study(&days, line, &bill)).collect();
    let whole = sum(&days, &studies, &bill);
    let account = Losses::of(studies.iter().flat_map(|study| study.looks.iter().map(|look| (look, 1.0))));
    let (prior, trust) = (prior(place), Trust { prior: tune(0, 0.5), account: tune(1, 1.0), power: tune(2, 5.0) });
    let (mut middles, mut misses) = (Vec::new(), Vec::new());
    if let Some(sink) = LOSSES.get() { let mut g = sink.lock().unwrap(); let e = g.entry(place.left).or_insert_with(|| [(0.0, 0.0); WAYS]); for (a, b) in e.iter_mut().zip(account.sums) { let t = whole.now.size / place.left.max(1) as f64; if t > 0.0 {a.0 += b.0 / t; a.1 += b.1 / t;} } }
    for study in &studies {
        let (middle, missed) = judged(study, &account, &prior, &trust);
        middles.push(middle);
        misses.push(missed);
    }
    // The whole bill is forecast by itself and as the sum of its series; both know what the other does not.
    let own = Losses::default();
    let (direct, missed) = judged(&whole, &own, &prior, &trust);
    let bottom_up: f64 = middles.iter().map(|said| said.middle).sum();
    let by_parts = |look: usize| misses.iter().flatten().filter(|part| part.look == look).map(|part| part.off).sum::<f64>();
    let both: Vec<(Miss, f64)> = missed.iter().map(|miss| (*miss, by_parts(miss.look))).collect();
    // The better of the two in earlier months counts for more, as if both had been equally far off twice.
    let (as_one, in_parts) = both.iter().fold((0.0, 0.0), |(one, parts), (miss, off)| (one + miss.off.abs(), parts + off.abs()));
    let twice = (as_one + in_parts) / 2.0 / (both.len() as f64 / AROUND.len() as f64).max(1.0) * 2.0;
    let (as_one, in_parts) = ((as_one + twice).powi(2), (in_parts + twice).powi(2));
    let trusted = if as_one + in_parts > 0.0 { in_parts / (as_one + in_parts) } else { 0.5 };
    let total_misses: Vec<Miss> = both.iter().map(|(miss, parts)| Miss { off: miss.off * trusted + parts * (1.0 - trusted), ..*miss }).collect();
    let total = Said { middle: direct.middle * trusted + bottom_up * (1.0 - trusted), ..direct };
    let pool: Vec<&Miss> = misses.iter().flatten().collect();
    let rest = |said: Said, study: &Study, own: &[Miss], pool: &[&Miss], total: bool| {
        interval(said, study.now.size, &study.line, own, pool, place.left, total)
    };
    let rests = studies.iter().zip(&middles).zip(&misses).map(|((study, said), own)| rest(*said, study, own, &pool, false)).collect();
    Some((rests, rest(total, &whole, &total_misses, &pool, true)))
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
    let early: Prior = [0.25, 0.19, 0.22, 0.26, 0.22, 0.165, 0.15, 0.14, 0.13, 0.18, 0.15, 0.23, 0.2, 0.135, 0.25, 0.25];
    let late: Prior = [0.16, 0.13, 0.15, 0.165, 0.145, 0.14, 0.147, 0.145, 0.14, 0.25, 0.155, 0.157, 0.153, 0.175, 0.16, 0.16];
    let share = ((place.left as f64 - 8.0) / 16.0).clamp(0.0, 1.0);
    let mut prior = early;
    prior.iter_mut().zip(late).for_each(|(early, late)| *early = *early * share + late * (1.0 - share));
    prior
}

fn as_of_day(days: &Days, line: &Line, scan: &[Option<f64>], months: &[Span], now: usize, bill: &Line) -> Option<Now> {
    let parts = apart(line, scan, months, now, bill);
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

fn study(days: &Days, line: Line, bill: &Line) -> Study {
    let scan = scan(&line);
    let looks = origins(days)
        .into_iter()
        .filter(|(_, now)| *now > line.begins)
        .filter_map(|(number, now)| {
            let months = days.months.get(..=number)?;
            let then = as_of_day(days, &line, &scan, months, now, bill)?;
            let end = usize::try_from(months.last()?.end).ok()?;
            let came = line.sum(now, end);
            Some(Look { month: number, now, ways: then.ways, bookings: then.bookings, came, size: then.size.max(came.abs()), said_size: then.size })
        })
        .collect();
    let mut now =
        as_of_day(days, &line, &scan, &days.months, days.known, bill).unwrap_or(Now { ways: [None; WAYS], bookings: 0.0, size: 0.0, base: Line::new(Vec::new()) });
    // Days of this month that nobody saw cost something too.
    let start = days.months.last().map_or(0, |month| month.start);
    now.bookings += days.gaps.iter().filter(|day| **day as isize >= start).map(|day| line.at(*day)).sum::<f64>();
    Study { line, now, looks }
}

fn added<'a>(days: &Days, lines: &mut dyn Iterator<Item = &'a Line>) -> Line {
    let mut values = vec![0.0; days.known];
    for line in lines {
        values.iter_mut().zip(line.values()).for_each(|(sum, value)| *sum += value);
    }
    Line::new(values)
}

/// All series as one: what the ways say of the sum of use, and the sum of the bookings.
fn sum(days: &Days, studies: &[Study], bill: &Line) -> Study {
    let base = added(days, &mut studies.iter().map(|study| &study.now.base));
    let quiet = vec![None; days.known];
    let mut whole = study(days, bill.clone(), bill);
    if let Some(now) = as_of_day(days, &base, &quiet, &days.months, days.known, bill) {
        whole.now.ways = now.ways;
    }
    whole.now.bookings = studies.iter().map(|study| study.now.bookings).sum();
    for look in &mut whole.looks {
        let of = |study: &Study| study.looks.iter().find(|other| other.now == look.now).map_or(0.0, |other| other.bookings);
        look.bookings = studies.iter().map(of).sum();
        let Some(months) = days.months.get(..=look.month) else { continue };
        if let Some(then) = as_of_day(days, &base, &quiet, months, look.now, bill) {
            look.ways = then.ways;
        }
    }
    whole
}

/// What the rest costs, and how far off that would have been in earlier months, each judged without itself.
fn judged(study: &Study, account: &Losses, prior: &Prior, trust: &Trust) -> (Said, Vec<Miss>) {
    let losses = |without: Option<usize>| {
        let looks = study.looks.iter().filter(|look| Some(look.month) != without);
        (Losses::of(looks.clone().map(|look| (look, 1.0))), looks.count() as f64 / AROUND.len() as f64)
    };
    let said = |ways: &[Option<f64>; WAYS], bookings: f64, without: Option<usize>| {
        let (own, looks) = losses(without);
        let said = combined(ways, &weights(&own, looks, account, prior, trust)).unwrap_or_default();
        Said { middle: said.middle + bookings, ..said }
    };
    let misses = study.looks.iter().map(|look| {
        let said = said(&look.ways, look.bookings, Some(look.month));
        Miss { look: look.now, month: look.month, off: look.came - said.middle, size: look.said_size.max(said.middle.abs()), apart: said.apart }
    });
    (said(&study.now.ways, study.now.bookings, None), misses.collect())
}

pub static LOSSES: std::sync::OnceLock<std::sync::Mutex<std::collections::BTreeMap<usize, [(f64, f64); WAYS]>>> = std::sync::OnceLock::new();

pub fn tune(i: usize, default: f64) -> f64 {
    static V: std::sync::OnceLock<Vec<Option<f64>>> = std::sync::OnceLock::new();
    V.get_or_init(|| (0..12).map(|i| std::env::var(format!("T{i}")).ok().and_then(|v| v.parse().ok())).collect())[i].unwrap_or(default)
}
