//! Ranks are those that the client's own package makes, and a list never loses its order.

use onestep_core::rank::{MAX_LENGTH, Rank, RankError, evenly_spaced};
use proptest::prelude::*;

fn rank(text: &str) -> Rank {
    text.parse().unwrap_or_else(|_| panic!("{text} is a rank"))
}

fn chain(start: &str, count: &str, step: impl Fn(&Rank) -> Result<Rank, RankError>) -> String {
    (0..count.parse::<u32>().unwrap()).fold(rank(start), |at, _| step(&at).unwrap()).to_string()
}

fn inserts(left: &str, right: &str, pattern: &str, count: &str) -> String {
    let (mut below, mut above) = (rank(left), rank(right));
    let mut last = below.clone();
    for side in pattern.chars().cycle().take(count.parse().unwrap()) {
        last = below.between(&above).unwrap();
        if side == 'l' { below = last.clone() } else { above = last.clone() }
    }
    last.to_string()
}

#[test]
fn every_rank_is_the_one_that_the_package_of_the_client_makes() {
    let mut kinds = std::collections::BTreeMap::<&str, u32>::new();
    for line in include_str!("../rank_vectors.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (ours, theirs) = match words[..] {
            ["next", from, theirs] => (rank(from).next().map(|ours| ours.to_string()), theirs),
            ["prev", from, theirs] => (rank(from).prev().map(|ours| ours.to_string()), theirs),
            ["between", left, right, theirs] => (rank(left).between(&rank(right)).map(|ours| ours.to_string()), theirs),
            ["nexts", from, count, theirs] => (Ok(chain(from, count, Rank::next)), theirs),
            ["prevs", from, count, theirs] => (Ok(chain(from, count, Rank::prev)), theirs),
            ["inserts", left, right, pattern, count, theirs] => (Ok(inserts(left, right, pattern, count)), theirs),
            _ => panic!("{line}"),
        };
        *kinds.entry(words[0]).or_default() += 1;
        // Where the package comes to an end, it gives the same rank again.
        let expected = if theirs == words[1] { Err(RankError::Full) } else { Ok(theirs.to_owned()) };
        assert_eq!(ours, expected, "{line}");
    }
    let kinds: Vec<(&str, u32)> = kinds.into_iter().collect();
    assert_eq!(
        kinds,
        [("between", 1507), ("inserts", 324), ("next", 461), ("nexts", 17), ("prev", 461), ("prevs", 17)]
    );
}

#[test]
fn a_list_begins_in_the_middle_and_grows_by_eights() {
    let first = Rank::first();
    let second = first.next().unwrap();
    let third = second.next().unwrap();
    assert_eq!([first.to_string(), second.to_string(), third.to_string()], ["0|hzzzzz:", "0|i00007:", "0|i0000f:"]);
    assert_eq!([Rank::min().to_string(), Rank::max().to_string()], ["0|000000:", "0|zzzzzz:"]);
}

#[test]
fn an_end_that_is_reached_is_said_and_not_repeated() {
    assert_eq!(rank("0|zzzzzz:").next(), Err(RankError::Full));
    assert_eq!(rank("0|000000:").prev(), Err(RankError::Full));
    assert_eq!(rank("0|hzzzzz:").between(&rank("0|hzzzzz:")), Err(RankError::Same));
    assert_eq!(rank("0|hzzzzz:").between(&rank("1|i00007:")), Err(RankError::Buckets));
    for step in [Rank::next, Rank::prev] {
        let mut at = Rank::first();
        let mut longest = 0;
        // 2^31 / 8 steps of eight lead to an end; from its brink it is only a few.
        at = rank(if step(&at).unwrap() > at { "0|zzzzyz:" } else { "0|000010:" });
        let reached = loop {
            match step(&at) {
                Ok(next) => at = next,
                Err(reached) => break reached,
            }
            longest = longest.max(at.to_string().len());
        };
        assert_eq!((reached, longest), (RankError::Full, MAX_LENGTH));
    }
}

#[test]
fn what_is_not_a_rank_is_refused() {
    let long = format!("0|hzzzzz:{}", "1".repeat(247));
    for text in [
        "",
        "0",
        "|",
        "0|",
        "0|:",
        "hzzzzz",
        "0|hzzzzz",
        "0|hzzzz:",
        "0|hzzzzzz:",
        "3|hzzzzz:",
        "|hzzzzz:",
        "00|hzzzzz:",
        "0|HZZZZZ:",
        "0|hzzzzz:0",
        "0|hzzzzz:10",
        "0|hzzzzz:1:1",
        "0|hzz zz:",
        "0|+zzzzz:",
        "0|-00001:",
        "0|hzzzzz:한",
        "한|hzzzzz:",
        "0|hzzzz한:",
        " 0|hzzzzz:",
        "0|hzzzzz:\n",
        long.as_str(),
    ] {
        assert!(text.parse::<Rank>().is_err(), "{text:?}");
    }
    assert!(long[..MAX_LENGTH].parse::<Rank>().is_ok());
}

#[test]
fn a_list_spread_anew_is_in_order_short_and_has_room_everywhere() {
    assert_eq!(evenly_spaced(0, 1).to_string(), "0|hzzzzz:");
    for count in [2, 3, 200, 10_000] {
        let ranks: Vec<Rank> = (0..count).map(|index| evenly_spaced(index, count)).collect();
        assert!(
            ranks.is_sorted_by(|a, b| a < b && a.to_string() < b.to_string())
                && ranks.iter().all(|rank| rank.to_string().len() == 9)
        );
        assert!(ranks[0].prev().is_ok() && ranks[count - 1].next().is_ok());
    }
    let most: Vec<Rank> = (1_000_000..1_001_000).map(|index| evenly_spaced(index, u32::MAX as usize)).collect();
    assert!(most.is_sorted());
    assert!(evenly_spaced(usize::MAX, usize::MAX) <= Rank::max());
}

/// Any rank of bucket 0.
fn any_rank() -> impl Strategy<Value = Rank> {
    "([0-9a-z]{6}|00000[0-9]|zzzzz[0-9a-y]):([0-9a-z]{0,40}[1-9a-z])?".prop_filter_map("above the highest", |number| {
        let rank: Rank = format!("0|{number}").parse().ok()?;
        (rank < Rank::max()).then_some(rank)
    })
}

proptest! {
    #[test]
    fn any_text_is_a_rank_or_an_error(text in ".{0,20}|[0-9a-z|:]{0,300}") {
        if let Ok(rank) = text.parse::<Rank>() {
            prop_assert_eq!(rank.to_string(), text);
        }
    }

    #[test]
    fn ranks_are_ordered_as_their_texts(a in any_rank(), b in any_rank()) {
        prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        prop_assert_eq!(a.to_string().parse::<Rank>(), Ok(a));
    }

    #[test]
    fn what_is_between_two_ranks_is_between_them(a in any_rank(), b in any_rank()) {
        match a.between(&b) {
            Ok(between) => {
                prop_assert!(a.clone().min(b.clone()) < between && between < a.clone().max(b.clone()));
                prop_assert_eq!(Ok(between), b.between(&a));
            }
            Err(refused) => prop_assert_eq!((refused, &a), (RankError::Same, &b)),
        }
    }

    #[test]
    fn the_next_is_above_and_the_previous_below(a in any_rank()) {
        prop_assert!(a.next().unwrap() > a);
        prop_assert_eq!(a.prev().map(|prev| prev < a), if a == Rank::min() { Err(RankError::Full) } else { Ok(true) });
    }

    #[test]
    fn a_list_keeps_its_order_however_rows_are_put_into_it(places in prop::collection::vec(0.0..1.0_f64, 1..120)) {
        let mut list = vec![Rank::first()];
        for place in places {
            let at = (place * (list.len() + 1) as f64) as usize;
            let rank = match (at.checked_sub(1).and_then(|before| list.get(before)), list.get(at)) {
                (Some(before), Some(after)) => before.between(after),
                (Some(before), None) => before.next(),
                (None, Some(after)) => after.prev(),
                (None, None) => unreachable!("the list is not empty"),
            };
            list.insert(at, rank.unwrap());
        }
        prop_assert!(list.is_sorted_by(|a, b| a.to_string() < b.to_string()));
    }
}
