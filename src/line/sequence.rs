//! Owns how the numbers of one speaker's words are followed: which word is news, which is old, and which leaps further than
//! its speaker can have come. Numbers come from whoever speaks on a broker, so that no single one may silence the true
//! speaker: what does not follow is believed only where it goes on while the words that did follow have stopped. Pure.

/// A word follows another if its number is at most so much higher …
const STEP_MAX: u64 = 256;
/// … and one more for each of these since. Who says that much is no room and no desk.
const STEP_EVERY_MS: u64 = 4;
/// Words that do not follow, but follow each other, are believed once nothing else was for so long. Two heartbeats and
/// their way are shorter; a speaker is given up for lost later.
const BELIEVED_AFTER_MS: u64 = 5_000;

/// What a word is, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The newest.
    News,
    /// Overtaken, or twice the same.
    Old,
    /// Too far ahead to be its speaker's.
    Leaps,
}

/// The words of one speaker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sequence {
    last: Place,
    /// The newest word that did not follow.
    astray: Option<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    number: u64,
    at_ms: u64,
}

impl Sequence {
    /// The words of a speaker that was never heard before.
    pub(super) fn from(now_ms: u64, number: u64) -> Self {
        Self { last: Place { number, at_ms: now_ms }, astray: None }
    }

    /// Takes in a word.
    pub(super) fn take(&mut self, now_ms: u64, number: u64) -> Word {
        let word = Place { number, at_ms: now_ms };
        let goes_on = self.astray.is_some_and(|astray| word.follows(astray));
        if word.follows(self.last) || goes_on && now_ms >= self.last.at_ms + BELIEVED_AFTER_MS {
            *self = Self { last: word, astray: None };
            return Word::News;
        }
        self.astray = Some(word);
        if number > self.last.number { Word::Leaps } else { Word::Old }
    }
}

impl Place {
    fn follows(self, before: Self) -> bool {
        let step_max = STEP_MAX + self.at_ms.saturating_sub(before.at_ms) / STEP_EVERY_MS;
        self.number > before.number && self.number - before.number <= step_max
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_that_leaps_is_not_believed_and_costs_the_true_speaker_nothing() {
        let mut words = Sequence::from(0, 7);
        for leap in [u64::MAX, u64::MAX - 1, 1 << 40, 2_000] {
            assert_eq!(words.take(100, leap), Word::Leaps, "{leap}");
        }
        assert_eq!(words.take(2_000, 8), Word::News);
        assert_eq!(words.take(2_000, 8), Word::Old);
        assert_eq!(words.take(2_001, 7), Word::Old);
    }

    #[test]
    fn whoever_was_not_heard_for_long_may_have_come_far() {
        let mut words = Sequence::from(0, 7);
        assert_eq!(words.take(3_600_000, 7 + 3_600), Word::News);
        // After a gap that nobody can tell: the second word is believed.
        let mut words = Sequence::from(0, 7);
        assert_eq!((words.take(10_000, 90_000), words.take(12_000, 90_001)), (Word::Leaps, Word::News));
    }

    proptest! {
        /// Whatever is said in between by whoever: a few seconds after the last false word, the true ones are believed,
        /// and they go on being believed.
        #[test]
        fn no_words_of_others_silence_a_speaker(
            first in 0_u64..1_000_000,
            lies in proptest::collection::vec((0_u64..20_000, any::<u64>()), 0..40),
            near in proptest::collection::vec((0_u64..20_000, 0_u64..600), 0..40),
        ) {
            let mut said: Vec<(u64, u64, bool)> = (0..20).map(|beat| (beat * 2_000, first + beat, true)).collect();
            said.extend(lies.into_iter().map(|(at_ms, number)| (at_ms, number, false)));
            said.extend(near.into_iter().map(|(at_ms, step)| (at_ms, first + step, false)));
            said.sort_by_key(|(at_ms, ..)| *at_ms);
            let mut words: Option<Sequence> = None;
            for (at_ms, number, is_true) in said {
                let word = match &mut words {
                    None => {
                        words = Some(Sequence::from(at_ms, number));
                        Word::News
                    }
                    Some(words) => words.take(at_ms, number),
                };
                prop_assert!(!is_true || at_ms < 20_000 + 8_000 || word == Word::News, "{number} at {at_ms} ms");
            }
        }
    }
}
