//! Follows one series day by day and decides when an episode begins and ends.

use model::money::{checked_sum, from_statistics};

use super::super::dense::{DailySeries, DayIndex, median};
use super::super::series::CostSeries;
use super::episode::{Episode, EpisodeKind};
use super::expect::{Baseline, known_day, limit};

/// Days of a bill before anything is out of the ordinary.
const QUIET: usize = 14;
/// Days of a series before it can be out of the ordinary on a bill that is older.
const YOUNG: usize = 7;
/// Days of a bill before something that was never billed is: the first month's fees are all new.
const QUIET_FOR_NEW: usize = 35;
/// Days up to which it is a spike; one that lasts longer is a step, and the new level the usual one.
const SPIKE: usize = 3;
/// Days that a step is spoken of.
const SPOKEN_OF: usize = 14;
/// What comes back to the same height within so many days never went.
const PAUSE: usize = 3;
/// Less than this a day is less than a cent a month, of the usual currencies, and not worth a message.
const LEAST: f64 = 0.000_33;

struct OpenEpisode {
    kind: EpisodeKind,
    from: usize,
    /// The last day that was too high.
    high: usize,
    /// What a day should cost.
    usual: f64,
    /// Above this it lasts.
    above: f64,
    /// The most that a day has cost.
    peak: f64,
    /// Whether the new level has been learned.
    believed: bool,
}

pub(super) fn episodes(days: &DayIndex, series: &CostSeries) -> Vec<Episode> {
    let line = days.line(series);
    let mut expectation = Baseline::new(&line);
    let mut open: Option<OpenEpisode> = None;
    let mut found = Vec::new();
    // Days that stood out, whether or not an episode was open.
    let mut stood_out: Vec<usize> = Vec::new();
    let mut drift = DriftDetector::default();
    for day in 0..days.known {
        let value = line.at(day);
        found.extend(
            drift.step(&line, day, open.is_some()).map(|drift| episode_of(days, series, &drift, Some(drift.high))),
        );
        let expected = expectation.next();
        let high = stands_out(&expectation, &line, day, expected);
        let known = high && (known_day(days, &line, &stood_out, day, value) || known_weekday(&line, day));
        if high {
            stood_out.push(day);
        }
        let begins = high && !known && day >= QUIET;
        let goes_on = open
            .as_ref()
            .is_some_and(|episode| value > episode.above && (episode.believed || value <= 1.4 * episode.peak));
        match open.take() {
            // A further step upon a new level is another episode.
            Some(episode) if begins && (episode.believed || !goes_on) => {
                let to = if episode.high + 1 == day { day - 1 } else { episode.high };
                found.push(episode_of(days, series, &episode, Some(to)));
                open = begun(&line, day, value, expected, &expectation);
                expectation.learn(Some(value), expected);
            }
            Some(mut episode) => {
                if goes_on {
                    episode.high = day;
                    episode.peak = episode.peak.max(value);
                }
                let lasted = episode.high + 1 - episode.from;
                if lasted > SPIKE && episode.kind == EpisodeKind::Spike {
                    episode.kind = EpisodeKind::Step;
                }
                expectation.learn(
                    Some(value).filter(|_| !goes_on),
                    if goes_on && !episode.believed { episode.usual } else { value },
                );
                if goes_on && !episode.believed && lasted > SPIKE {
                    expectation.believe(line.part(episode.from, day + 1));
                    episode.believed = true;
                }
                if lasted >= SPOKEN_OF || day - episode.high >= PAUSE {
                    found.push(episode_of(days, series, &episode, Some(episode.high)));
                } else {
                    open = Some(episode);
                }
            }
            None => {
                open = if begins { begun(&line, day, value, expected, &expectation) } else { None };
                expectation.learn(Some(value), if open.is_some() { expected } else { value });
            }
        }
    }
    found.extend(open.into_iter().chain(drift.open).map(|episode| {
        let lasts = episode.high + 1 == days.known;
        episode_of(days, series, &episode, (!lasts).then_some(episode.high))
    }));
    found
}

/// Days of a series after which its weekdays are known.
const WEEKDAYS_KNOWN: usize = 42;

/// Whether it was so on the same day a week before, while the weekdays are not known well.
fn known_weekday(line: &DailySeries, day: usize) -> bool {
    day < line.begins + WEEKDAYS_KNOWN && day.checked_sub(7).is_some_and(|then| line.at(day) <= 1.2 * line.at(then))
}

/// Weeks between which a drift is measured, as days.
const DRIFT: usize = 56;

/// Slow growth: no day stands out, and yet the series has doubled within eight weeks.
#[derive(Default)]
struct DriftDetector {
    open: Option<OpenEpisode>,
    /// The day from which on it is looked for again.
    again: usize,
}

impl DriftDetector {
    /// Takes a day in, and gives the drift that ended on the day before it.
    fn step(&mut self, line: &DailySeries, day: usize, episode: bool) -> Option<OpenEpisode> {
        let now = median(line.part((day + 1).saturating_sub(14), day + 1));
        if let Some(open) = &mut self.open {
            // It lasts while the last two weeks cost half as much again as the two weeks eight weeks before.
            let then = median(line.part((day + 1).saturating_sub(DRIFT), day.saturating_sub(DRIFT - 15)));
            if now > 1.5 * then {
                open.high = day;
                return None;
            }
            self.again = day + DRIFT;
            return self.open.take();
        }
        if episode {
            // What went up at once has been said.
            self.again = self.again.max(day + DRIFT);
        }
        if day < self.again || day + 1 < line.begins + DRIFT {
            return None;
        }
        let usual = median(line.part(day + 1 - DRIFT, day + 15 - DRIFT));
        // What is only there at times does not grow when it comes.
        let always = line.part(day + 1 - DRIFT, day + 1).iter().all(|value| *value > 0.1 * usual);
        if usual > 0.0 && always && now > 2.0 * usual && now - usual > LEAST {
            self.open = Some(OpenEpisode {
                kind: EpisodeKind::Drift,
                from: day,
                high: day,
                usual,
                above: 1.5 * usual,
                peak: line.at(day),
                believed: true,
            });
        }
        None
    }
}

/// Whether a day costs more than the days before it let expect, by more than the series usually differs.
fn stands_out(expectation: &Baseline, line: &DailySeries, day: usize, expected: f64) -> bool {
    let value = line.at(day);
    if value - expected < LEAST || value <= 1.1 * expected {
        return false;
    }
    // Where nothing is usual, but something now and then, it is the largest of these that counts.
    let before = line.part(day.saturating_sub(60).max(line.begins), day);
    if expected <= 0.05 * value && before.iter().filter(|before| **before > 0.0).count() >= 3 {
        return before.iter().all(|before| value > 1.3 * before);
    }
    value > limit(expectation.usual_ratios()).exp() * expected
}

fn begun(line: &DailySeries, day: usize, value: f64, expected: f64, expectation: &Baseline) -> Option<OpenEpisode> {
    let open = |kind: EpisodeKind, above: f64| {
        Some(OpenEpisode { kind, from: day, high: day, usual: expected, above, peak: value, believed: false })
    };
    match () {
        () if day == line.begins => open(EpisodeKind::New, 0.0).filter(|_| day >= QUIET_FOR_NEW),
        () if expected <= 0.0 => open(EpisodeKind::Spike, 0.0).filter(|_| day >= QUIET_FOR_NEW),
        () => open(EpisodeKind::Spike, (expected * value).sqrt()).filter(|_| expectation.days() >= YOUNG),
    }
}

fn episode_of(days: &DayIndex, series: &CostSeries, episode: &OpenEpisode, to: Option<usize>) -> Episode {
    let end = to.unwrap_or(days.known.saturating_sub(1));
    let (from, last) = (days.date(episode.from), days.date(end));
    let amount = checked_sum(series.days.range(from..=last).map(|(_, amount)| *amount));
    let expected = from_statistics(episode.usual * (end + 1 - episode.from) as f64).ok();
    Episode {
        series: series.name.clone(),
        kind: episode.kind,
        from,
        to: to.map(|day| days.date(day)),
        amount,
        expected,
    }
}
