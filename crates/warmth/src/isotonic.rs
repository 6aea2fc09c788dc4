//! The non-parametric estimate of a distribution of which only is known, for single cases, whether they had ended by a
//! given length (current status data). It is found by pooling adjacent violators (Ayer et al., 1955).

/// A length, and the estimated share of cases that end within it; both rise.
pub type Step = (i64, f64);

/// The estimate from cases: a length, and whether the case had ended by then.
pub fn ended_within(cases: impl IntoIterator<Item = (i64, bool)>) -> Vec<Step> {
    let mut cases: Vec<(i64, bool)> = cases.into_iter().collect();
    // Of equal lengths, those that ended come first: that pools them.
    cases.sort_by(|one, other| one.0.cmp(&other.0).then(other.1.cmp(&one.1)));
    // Blocks of a first length, a number of cases and of those that ended.
    let mut blocks: Vec<(i64, f64, f64)> = Vec::new();
    for (length, has_ended) in cases {
        let mut block = (length, 1.0, f64::from(u8::from(has_ended)));
        while let Some(last) = blocks.pop_if(|last| last.2 / last.1 >= block.2 / block.1) {
            block = (last.0, last.1 + block.1, last.2 + block.2);
        }
        blocks.push(block);
    }
    blocks.into_iter().map(|(length, cases, ended)| (length, ended / cases)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_falls_is_pooled_until_it_rises() {
        let check = |cases: &[(i64, u8)], expected: &[Step]| {
            assert_eq!(ended_within(cases.iter().map(|(length, ended)| (*length, *ended == 1))), expected);
        };
        check(&[], &[]);
        check(&[(5, 0), (9, 1)], &[(5, 0.0), (9, 1.0)]);
        check(&[(5, 1), (9, 0)], &[(5, 0.5)]);
        check(&[(1, 0), (2, 1), (3, 0), (4, 0), (5, 1)], &[(1, 0.0), (2, 1.0 / 3.0), (5, 1.0)]);
    }

    proptest! {
        #[test]
        fn the_estimate_rises_and_keeps_the_number_that_ended(
            cases in prop::collection::vec((0_i64..100, any::<bool>()), 1..60),
        ) {
            let steps = ended_within(cases.clone());
            prop_assert!(steps.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 < pair[1].1));
            prop_assert!(steps.iter().all(|(_, share)| (0.0..=1.0).contains(share)));
        }
    }
}
