//! LexoRank: positions in a list that leave room for others between them, as the npm package `lexorank` 1.0.5 makes
//! them.
//!
//! A rank is a number in base 36, written so that the order of the texts is the order of the numbers: `0|hzzzzz:` is
//! bucket 0, six digits before the point, and none behind it. The client contains that package, so every rank made here
//! equals the client's, digit for digit (`tests/rank_vectors.txt`). At the ends, where the package repeats a rank, this
//! module returns [`RankError::Full`]; the caller then spreads the list with [`evenly_spaced`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// The longest text of a rank in characters, which is the limit of the original's column.
pub const MAX_LENGTH: usize = 255;

const BASE: u8 = 36;
const DIGITS: &[u8; BASE as usize] = b"0123456789abcdefghijklmnopqrstuvwxyz";
/// Digits before the point.
const WHOLE_DIGITS: usize = 6;
/// `zzzzzz`.
const MAX: u64 = 36_u64.pow(6) - 1;
/// `100000`: what follows the lowest rank.
const INITIAL_MIN: u64 = 36_u64.pow(5);
/// `y00000`: what precedes the highest rank.
const INITIAL_MAX: u64 = 34 * 36_u64.pow(5);
/// How far apart two ranks are when there is room.
const STEP: u64 = 8;

/// Why there is no such rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankError {
    /// Both neighbours have the same rank.
    #[error("there is nothing between a rank and itself")]
    Same,
    /// The neighbours are of different buckets.
    #[error("there is nothing between two buckets")]
    Buckets,
    /// An end is reached, or the text would be too long: the list needs new ranks.
    #[error("there is no room left")]
    Full,
}

/// Not a rank as this module writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a rank")]
pub struct ParseRankError;

/// A position in a list. Ordered like its text, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// 0 to 2.
    bucket: u8,
    number: Number,
}

impl Rank {
    /// The rank of the first row of a list.
    pub fn first() -> Self {
        Self { bucket: 0, number: Number::middle(&Number::whole(0), &Number::whole(MAX)) }
    }

    /// The lowest rank of all.
    pub fn min() -> Self {
        Self { bucket: 0, number: Number::whole(0) }
    }

    /// The highest rank of all.
    pub fn max() -> Self {
        Self { bucket: 0, number: Number::whole(MAX) }
    }

    /// A rank above this one: the end of a list that ends with this.
    ///
    /// # Errors
    /// [`RankError::Full`] at the upper end.
    pub fn next(&self) -> Result<Self, RankError> {
        let next = match (self.number.is_zero(), self.number.ceil() + STEP) {
            (true, _) => Number::whole(INITIAL_MIN),
            (false, next) if next >= MAX => Number::between(&self.number, &Number::whole(MAX)),
            (false, next) => Number::whole(next),
        };
        self.with(next, |next| *next > self.number)
    }

    /// A rank below this one: the beginning of a list that begins with this.
    ///
    /// # Errors
    /// [`RankError::Full`] at the lower end.
    pub fn prev(&self) -> Result<Self, RankError> {
        let prev = match self.number.whole.saturating_sub(STEP) {
            _ if self.number == Number::whole(MAX) => Number::whole(INITIAL_MAX),
            0 => Number::between(&Number::whole(0), &self.number),
            prev => Number::whole(prev),
        };
        self.with(prev, |prev| *prev < self.number)
    }

    /// A rank between two others, in whichever order they are given.
    ///
    /// # Errors
    /// When there is none.
    pub fn between(&self, other: &Self) -> Result<Self, RankError> {
        if self.bucket != other.bucket {
            return Err(RankError::Buckets);
        }
        let (left, right) = match self.number.cmp(&other.number) {
            Ordering::Less => (&self.number, &other.number),
            Ordering::Equal => return Err(RankError::Same),
            Ordering::Greater => (&other.number, &self.number),
        };
        self.with(Number::between(left, right), |between| left < between && between < right)
    }

    /// The number as a rank of the same bucket, if `placed` accepts it and its text is not too long.
    fn with(&self, number: Number, placed: impl Fn(&Number) -> bool) -> Result<Self, RankError> {
        let length = "0|".len() + WHOLE_DIGITS + ":".len() + number.fraction.len();
        if length <= MAX_LENGTH && placed(&number) {
            Ok(Self { bucket: self.bucket, number })
        } else {
            Err(RankError::Full)
        }
    }
}

/// The rank at `index` of `count` short ranks with equal distances, for a list that has no room left. All are different
/// for up to two thousand million rows.
pub fn evenly_spaced(index: usize, count: usize) -> Rank {
    let (place, parts) = (index as u128 + 1, count as u128 + 1);
    // Below MAX, which fits.
    let whole = u128::from(MAX) * place.min(parts) / parts;
    Rank { bucket: 0, number: Number::whole(whole as u64) }
}

impl fmt::Display for Rank {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(WHOLE_DIGITS + 1 + self.number.fraction.len());
        let digit = |digit: u8| char::from(DIGITS.get(usize::from(digit)).copied().unwrap_or(b'z'));
        let place = |place: usize| self.number.whole / u64::from(BASE).pow(place as u32) % u64::from(BASE);
        text.extend((0..WHOLE_DIGITS).rev().map(|at| digit(place(at) as u8)));
        text.push(':');
        text.extend(self.number.fraction.iter().map(|&value| digit(value)));
        write!(formatter, "{}|{text}", self.bucket)
    }
}

impl FromStr for Rank {
    type Err = ParseRankError;

    /// Reads only what this module writes: each rank has one text, so that the order of texts is the order of ranks.
    fn from_str(text: &str) -> Result<Self, ParseRankError> {
        if text.len() > MAX_LENGTH {
            return Err(ParseRankError);
        }
        let (bucket, number) = text.split_once('|').ok_or(ParseRankError)?;
        let (whole, fraction) = number.split_once(':').ok_or(ParseRankError)?;
        let bucket = ["0", "1", "2"].iter().position(|&known| known == bucket).ok_or(ParseRankError)? as u8;
        let digits = |text: &str| {
            text.bytes()
                .map(|byte| DIGITS.iter().position(|&known| known == byte).map(|at| at as u8))
                .collect::<Option<Vec<u8>>>()
        };
        let whole = digits(whole).filter(|whole| whole.len() == WHOLE_DIGITS).ok_or(ParseRankError)?;
        let fraction = digits(fraction).filter(|fraction| fraction.last() != Some(&0)).ok_or(ParseRankError)?;
        let whole = whole.iter().fold(0, |sum, &digit| sum * u64::from(BASE) + u64::from(digit));
        Ok(Self { bucket, number: Number { whole, fraction } })
    }
}

/// A number, 0 or more. The derived order is the numeric one, because a fraction never ends with a zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Number {
    whole: u64,
    /// The digits behind the point, without zeros at the end. Their count is the *scale* of the number.
    fraction: Vec<u8>,
}

impl Number {
    fn whole(whole: u64) -> Self {
        Self { whole, fraction: Vec::new() }
    }

    fn is_zero(&self) -> bool {
        self.whole == 0 && self.fraction.is_empty()
    }

    fn scale(&self) -> usize {
        self.fraction.len()
    }

    fn ceil(&self) -> u64 {
        self.whole + u64::from(!self.fraction.is_empty())
    }

    fn trimmed(mut self) -> Self {
        let kept = self.fraction.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
        self.fraction.truncate(kept);
        self
    }

    /// The number without the digits beyond a scale.
    fn cut(&self, scale: usize) -> Self {
        Self { whole: self.whole, fraction: self.fraction.iter().copied().take(scale).collect() }.trimmed()
    }

    /// The number without the digits beyond a scale, plus one in the last place left, also when the removed digits are
    /// zero.
    fn cut_up(&self, scale: usize) -> Self {
        if scale >= self.scale() {
            return self.clone();
        }
        let mut fraction: Vec<u8> = self.fraction.iter().copied().take(scale).collect();
        let mut carry = true;
        for digit in fraction.iter_mut().rev() {
            (*digit, carry) = if *digit + 1 == BASE { (0, true) } else { (*digit + 1, false) };
            if !carry {
                break;
            }
        }
        Self { whole: self.whole + u64::from(carry), fraction }.trimmed()
    }

    /// Half of the sum, exactly.
    fn exact_middle(left: &Self, right: &Self) -> Self {
        let scale = left.scale().max(right.scale());
        let digit = |number: &Self, place: usize| number.fraction.get(place).copied().unwrap_or(0);
        let mut sum = vec![0; scale];
        let mut carry = 0;
        for (place, total) in sum.iter_mut().enumerate().rev() {
            let both = digit(left, place) + digit(right, place) + carry;
            (*total, carry) = (both % BASE, both / BASE);
        }
        let whole = left.whole + right.whole + u64::from(carry);
        let mut odd = whole % 2 == 1;
        for digit in &mut sum {
            let value = *digit + if odd { BASE } else { 0 };
            (*digit, odd) = (value / 2, value % 2 == 1);
        }
        if odd {
            sum.push(BASE / 2);
        }
        Self { whole: whole / 2, fraction: sum }.trimmed()
    }

    /// The middle, shortened to the longer of the two scales when that is still between them.
    fn middle(left: &Self, right: &Self) -> Self {
        let middle = Self::exact_middle(left, right);
        let scale = left.scale().max(right.scale());
        if middle.scale() > scale {
            let down = middle.cut(scale);
            if down > *left {
                return down;
            }
            let up = middle.cut_up(scale);
            if up < *right {
                return up;
            }
        }
        middle
    }

    /// A number between two others, with as few digits as the package finds.
    fn between(least: &Self, most: &Self) -> Self {
        let strictly =
            |number: Self| if *least < number && number < *most { number } else { Self::middle(least, most) };
        let (mut left, mut right) = (least.clone(), most.clone());
        if least.scale() < most.scale() {
            right = most.cut(least.scale());
            if *least >= right {
                return Self::middle(least, most);
            }
        }
        if least.scale() > right.scale() {
            left = least.cut_up(right.scale());
            if left >= right {
                return Self::middle(least, most);
            }
        }
        for scale in (0..left.scale()).rev() {
            let (up, down) = (left.cut_up(scale), right.cut(scale));
            match up.cmp(&down) {
                Ordering::Equal => return strictly(up),
                Ordering::Greater => break,
                Ordering::Less => (left, right) = (up, down),
            }
        }
        let mut middle = strictly(Self::middle(&left, &right));
        for scale in (0..middle.scale()).rev() {
            let shorter = middle.cut(scale);
            if *least >= shorter || shorter >= *most {
                break;
            }
            middle = shorter;
        }
        middle
    }
}
