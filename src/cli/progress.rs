//! Owns how a long step at the shell shows how far it is: a bar on a terminal, and where standard error is a pipe or a
//! file a line every few seconds. Standard output is for results alone.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::complain;

/// Where no bar can be drawn, a line comes so often.
const LINE_EVERY: Duration = Duration::from_secs(3);

/// A step of so many pieces.
pub(super) struct Progress {
    /// What is being done, such as "measuring music".
    what: &'static str,
    of: usize,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    /// When the last line was told, or the step began.
    Lines(Instant),
}

impl Progress {
    /// Nothing is shown yet: most steps are over at once.
    pub(super) fn new(what: &'static str, of: usize) -> Self {
        if !stderr().is_terminal() {
            return Self { what, of, shown: Shown::Lines(Instant::now()) };
        }
        let bar = ProgressBar::new(of as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {pos} of {len} {bar:30} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self { what, of, shown: Shown::Bar(bar) }
    }

    /// So many pieces are done, and the next one goes by that name.
    pub(super) fn at(&mut self, done: usize, name: &str) {
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(name.to_owned());
            }
            Shown::Lines(told) => {
                if let Some(line) = line_if_due(self.what, done, self.of, name, told, Instant::now()) {
                    complain(&line);
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }
}

fn line_if_due(what: &str, done: usize, of: usize, name: &str, told: &mut Instant, now: Instant) -> Option<String> {
    if now.saturating_duration_since(*told) < LINE_EVERY {
        return None;
    }
    *told = now;
    Some(format!("{what}: {done} of {of}, now {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_every_few_seconds_and_none_from_what_is_over_at_once() {
        let began = Instant::now();
        let mut told = began;
        let lines: Vec<(u32, String)> = (0..40)
            .filter_map(|quarter| {
                let now = began + Duration::from_millis(250) * quarter;
                Some((quarter, line_if_due("looking", 1, 7, "a.jpg", &mut told, now)?))
            })
            .collect();
        let quarters: Vec<u32> = lines.iter().map(|(quarter, _)| *quarter).collect();
        assert_eq!(quarters, [12, 24, 36]);
        assert_eq!(lines[0].1, "looking: 1 of 7, now a.jpg");
    }
}
