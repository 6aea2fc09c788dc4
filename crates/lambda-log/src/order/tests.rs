use super::*;

#[derive(Default)]
struct Taken(Vec<String>);

impl EventSink for Taken {
    fn event(&mut self, event: CopiedEvent<'_>) {
        self.0.push(event.text.to_owned());
    }
}

/// The order in which events of these times (seconds) and texts come out.
fn ordered(events: &[(Option<i64>, &str)]) -> Vec<String> {
    let (mut order, mut taken) = (EventReorderer::new(), Taken::default());
    for (at, text) in events {
        order.event(
            CopiedEvent { at_ms: at.map(|at| at * 1000), stream: "", function: "", text, lines: 1, broken: false },
            &mut taken,
        );
    }
    order.pass(&mut taken);
    taken.0
}

#[test]
fn a_copy_that_is_newest_first_is_turned_round_and_another_one_is_not() {
    let start = "START RequestId: a";
    let report = "REPORT RequestId: a Duration: 5 ms";
    for (events, expected) in [
        (&[(Some(3), "c"), (Some(2), "b"), (Some(1), "a")][..], &["a", "b", "c"][..]),
        (&[(Some(1), "a"), (Some(2), "b"), (Some(3), "c")], &["a", "b", "c"]),
        // One event that is late turns nothing round.
        (&[(Some(1), "a"), (Some(3), "b"), (Some(2), "c"), (Some(4), "d")], &["a", "b", "c", "d"]),
        // Without times, what comes first of an invocation says it.
        (&[(None, report), (None, "said"), (None, start)], &[start, "said", report]),
        (&[(None, start), (None, "said"), (None, report)], &[start, "said", report]),
        (&[(Some(1), report), (Some(1), "said"), (Some(1), start)], &[start, "said", report]),
        (&[(None, "b"), (None, "a")], &["b", "a"]),
        (&[], &[]),
    ] {
        assert_eq!(ordered(events), expected, "{events:?}");
    }
}

#[test]
fn a_long_copy_is_turned_round_window_by_window_and_nothing_is_lost() {
    let texts: Vec<String> = (0..WINDOW.0 * 2 + 10).map(|number| number.to_string()).collect();
    let newest_first: Vec<(Option<i64>, &str)> =
        texts.iter().enumerate().map(|(i, text)| (Some(1_000_000 - i as i64), text.as_str())).collect();
    let mut found = ordered(&newest_first);
    assert_eq!(found.first().map(String::as_str), Some((WINDOW.0 - 1).to_string().as_str()));
    found.sort_by_key(|text| text.parse::<usize>().unwrap_or_default());
    assert_eq!(found, texts);
    let oldest_first: Vec<(Option<i64>, &str)> =
        texts.iter().enumerate().map(|(i, text)| (Some(i as i64), text.as_str())).collect();
    assert_eq!(ordered(&oldest_first), texts);
}
