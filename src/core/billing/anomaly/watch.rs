//! One series, day by day: when an episode begins, goes on and ends.

use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

use super::super::dense::{Days, Line};
use super::super::series::Series;
use super::expect::{Expectation, known_day, level, limit};
use super::{Episode, Kind};

/// Days of a bill before anything is out of the ordinary.
const QUIET: usize = 14;
/// Days before something that was never billed is.
const QUIET_FOR_NEW: usize = 35;
/// Days after which a higher level is the usual one.
const BELIEVED: usize = 7;
/// Days up to which it is a spike.
const SPIKE: usize = 3;
/// An episode goes on if it comes back within so many days.
const PAUSE: usize = 3;
/// Less than this a day, a tenth of a cent of the usual currencies, is nobody's concern.
const LEAST: f64 = 0.001;

struct Open {
    kind: Kind,
    from: usize,
    /// The last day that was too high.
    high: usize,
    /// What a day should cost.
    usual: f64,
    /// Above this it lasts.
    above: f64,
}

pub(super) fn episodes(days: &Days, series: &Series) -> Vec<Episode> {
    let line = days.line(series);
    let mut expectation = Expectation::new(&line);
    let mut open: Option<Open> = None;
    let mut found = Vec::new();
    for day in 0..days.known {
        let value = line.at(day);
        let expected = expectation.next();
        let usual_limit = limit(expectation.usual_ratios()).exp();
        match open.take() {
            None => {
                open = begun(days, &line, day, value, expected, usual_limit, &expectation);
                expectation.learn(value, if open.is_some() { expected } else { value });
            }
            Some(mut episode) => {
                let high = value > episode.above;
                if high {
                    episode.high = day;
                }
                expectation.learn(if high { episode.usual } else { value }, if high { episode.usual } else { value });
                let lasted = episode.high + 1 - episode.from;
                if lasted > SPIKE && episode.kind == Kind::Spike {
                    episode.kind = Kind::Step;
                }
                if high && lasted >= BELIEVED {
                    expectation.believe(line.part(episode.from, day + 1));
                    found.push(told(days, series, &episode, Some(day)));
                } else if day - episode.high >= PAUSE {
                    found.push(told(days, series, &episode, Some(episode.high)));
                } else {
                    open = Some(episode);
                }
            }
        }
    }
    found.extend(open.map(|episode| {
        let lasts = episode.high + 1 == days.known;
        told(days, series, &episode, (!lasts).then_some(episode.high))
    }));
    found
}

fn begun(days: &Days, line: &Line, day: usize, value: f64, expected: f64, limit: f64, expectation: &Expectation) -> Option<Open> {
    if value - expected < LEAST || day < QUIET {
        return None;
    }
    let open = |kind: Kind, above: f64| Some(Open { kind, from: day, high: day, usual: expected, above });
    if day == line.begins {
        return if day >= QUIET_FOR_NEW { open(Kind::New, 0.0) } else { None };
    }
    if expectation.days() < QUIET || known_day(days, line, day, value) {
        return None;
    }
    if expected <= 0.0 {
        return if day >= QUIET_FOR_NEW { open(Kind::Spike, 0.0) } else { None };
    }
    let _ = level;
    if value / expected > limit { open(Kind::Spike, expected * (1.0 + limit) / 2.0) } else { None }
}

fn told(days: &Days, series: &Series, episode: &Open, to: Option<usize>) -> Episode {
    let end = to.unwrap_or(days.known.saturating_sub(1));
    let (from, last) = (days.date(episode.from), days.date(end));
    let amount = series.days.range(from..=last).fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
    let expected = Decimal::from_f64(episode.usual * (end + 1 - episode.from) as f64).unwrap_or_default().round_dp(10);
    Episode { series: series.name.clone(), kind: episode.kind, from, to: to.map(|day| days.date(day)), amount, expected }
}
