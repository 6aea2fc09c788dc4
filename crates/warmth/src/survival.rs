//! The Kaplan-Meier estimate: how many cases live how long, when some were only seen to live at least so long.

/// A case: how long it lived, and whether it ended then (else it was last seen then).
pub type Case = (i64, bool);

/// Lengths at which cases ended, and the share that has ended by then; both rise.
pub fn ended_by(cases: &[Case]) -> Vec<(i64, f64)> {
    let mut cases = cases.to_vec();
    // At equal lengths those that ended come first: the others were seen to live as long.
    cases.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
    let mut alive = 1.0;
    let mut steps: Vec<(i64, f64)> = Vec::new();
    for (index, (length, has_ended)) in cases.iter().enumerate() {
        if *has_ended {
            alive *= 1.0 - 1.0 / (cases.len() - index) as f64;
            match steps.last_mut().filter(|step| step.0 == *length) {
                Some(step) => step.1 = 1.0 - alive,
                None => steps.push((*length, 1.0 - alive)),
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[Case], expected: &[(i64, f64)]) {
        let found = ended_by(cases);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-9, "{found:?} {expected:?}");
        }
    }

    #[test]
    fn a_case_that_was_only_seen_to_live_counts_until_then() {
        check(&[], &[]);
        check(&[(7, false)], &[]);
        check(&[(5, true), (9, true)], &[(5, 0.5), (9, 1.0)]);
        check(&[(3, false), (5, true), (9, true)], &[(5, 0.5), (9, 1.0)]);
        // Of three, one ends at 2; one of the other two is not seen any more; the last ends at 6.
        check(&[(2, true), (4, false), (6, true)], &[(2, 1.0 / 3.0), (6, 1.0)]);
        check(&[(5, true), (5, false), (5, true)], &[(5, 2.0 / 3.0)]);
    }
}
