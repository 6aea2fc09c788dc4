//! Lists of numbers that are mostly zero, written as their length and the others.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// No list here is longer.
const LONGEST: usize = 100_000;
/// Less than this has faded away.
const SMALLEST: f64 = 1e-4;

pub(crate) fn serialize<S: Serializer>(numbers: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    let others: Vec<(usize, f64)> = numbers
        .iter()
        .enumerate()
        .filter(|(_, number)| number.abs() >= SMALLEST)
        .map(|(index, number)| (index, (number * 10_000.0).round() / 10_000.0))
        .collect();
    (numbers.len(), others).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    let (length, others): (usize, Vec<(usize, f64)>) = Deserialize::deserialize(deserializer)?;
    if length > LONGEST {
        return Err(D::Error::custom(format!("a list of {length} numbers is too long")));
    }
    let mut numbers = vec![0.0; length];
    for (index, number) in others {
        *numbers.get_mut(index).ok_or_else(|| D::Error::custom(format!("{index} is beyond the end of the list")))? =
            number;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Numbers(#[serde(with = "super")] Vec<f64>);

    #[test]
    fn only_what_is_not_zero_is_written_and_nothing_is_lost() {
        let numbers = Numbers(vec![0.0, 1.5, 0.0, 1e-9, 12_345.678_9]);
        let text = serde_json::to_string(&numbers).unwrap();
        assert_eq!(text, "[5,[[1,1.5],[4,12345.6789]]]");
        assert_eq!(serde_json::from_str::<Numbers>(&text).unwrap(), Numbers(vec![0.0, 1.5, 0.0, 0.0, 12_345.678_9]));
    }

    #[test]
    fn a_list_that_does_not_fit_is_refused() {
        for text in ["[2,[[2,1.0]]]", "[99999999999,[]]", "[1]", "{}"] {
            assert!(serde_json::from_str::<Numbers>(text).is_err(), "{text}");
        }
    }
}
