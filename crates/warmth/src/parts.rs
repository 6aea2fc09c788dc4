//! Whole percents that add up to a hundred.

/// The counts as whole percents of their sum. They add up to 100 exactly: what rounding leaves goes to those that lost
/// most, the first of equal ones first. Nothing of nothing is zero.
pub fn percents<const N: usize>(counts: [u32; N]) -> [u32; N] {
    let sum: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    if sum == 0 {
        return [0; N];
    }
    let whole = counts.map(|count| u32::try_from(u64::from(count) * 100 / sum).unwrap_or(0));
    let left = counts.map(|count| u64::from(count) * 100 % sum);
    let missing = 100_u32.saturating_sub(whole.iter().sum());
    let mut order: Vec<usize> = (0..N).collect();
    order.sort_by_key(|index| std::cmp::Reverse(left.get(*index).copied()));
    let mut parts = whole;
    for index in order.into_iter().take(missing as usize) {
        if let Some(part) = parts.get_mut(index) {
            *part += 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_rounding_leaves_goes_to_those_that_lost_most() {
        assert_eq!(percents([1, 1, 1, 0]), [34, 33, 33, 0]);
        assert_eq!(percents([0, 0, 0, 0]), [0; 4]);
        assert_eq!(percents([1, 999, 0, 0]), [0, 100, 0, 0]);
    }

    proptest! {
        #[test]
        fn they_add_up_to_a_hundred(counts in any::<[u32; 4]>()) {
            let parts = percents(counts);
            prop_assert_eq!(parts.iter().sum::<u32>(), if counts == [0; 4] { 0 } else { 100 });
        }
    }
}
