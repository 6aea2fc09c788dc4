//! Chance from a seed: the same seed gives the same numbers on every machine.

/// A generator of numbers that look random. It is `SplitMix64` (Steele, Lea and Flood, 2014): one word of state, and
/// seeds that follow each other give streams that have nothing in common.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Chance(u64);

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

impl Chance {
    /// The numbers of this seed for this name, such as the name of a function.
    pub fn new(seed: u64, name: &str) -> Self {
        // FNV-1a: the order of functions in a file must not matter.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut chance = Self(seed.wrapping_mul(GOLDEN) ^ hash);
        chance.word();
        chance
    }

    /// Another generator, whose numbers have nothing in common with these.
    pub fn fork(&mut self) -> Self {
        Self(self.word())
    }

    /// 64 bits, each as likely 0 as 1.
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below 1.
    pub fn share(&mut self) -> f64 {
        (self.word() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A whole number from 0 to below `end`; 0 if `end` is 0 or less.
    pub fn below(&mut self, end: i64) -> i64 {
        if end <= 0 { 0 } else { (self.share() * end as f64) as i64 }
    }
}
