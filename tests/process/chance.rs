//! Owns random numbers, times and words that can be reproduced. The seed is printed; `STILLROOM_SEED` sets it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A xorshift generator of pseudo-random numbers, good enough for random moments and words.
pub struct Chance(u64);

impl Chance {
    /// Takes the seed from the environment or the clock, and prints it in either case.
    pub fn new() -> Self {
        let from_clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
        let seed = std::env::var("STILLROOM_SEED").map_or_else(|_| from_clock(), |seed| seed.parse().unwrap());
        println!("STILLROOM_SEED={seed}");
        Self(seed | 1)
    }

    /// The next random number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A random time that is shorter than `span`.
    pub fn moment(&mut self, span: Duration) -> Duration {
        Duration::from_micros(self.number() % u64::try_from(span.as_micros()).unwrap().max(1))
    }

    /// Random text that is unlikely to occur anywhere else. It contains accented letters, and characters that take
    /// several units in UTF-8 and UTF-16, as real text does.
    pub fn words(&mut self, count: usize) -> String {
        const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzáéíóúñü¿🌊🦢";
        let letters: Vec<char> = LETTERS.chars().collect();
        (0..count).map(|_| letters[usize::try_from(self.number() % letters.len() as u64).unwrap()]).collect()
    }

    /// Random text of ASCII letters that is unlikely to occur anywhere else.
    pub fn letters(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'a' + u8::try_from(self.number() % 26).unwrap())).collect()
    }
}
