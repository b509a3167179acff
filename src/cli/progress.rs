//! Owns the progress display of a long step: a bar if standard error is a terminal, otherwise a line every few seconds.
//! It never uses standard output, which is for results only.

use std::io::{IsTerminal as _, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::print_error;

/// Interval between two lines if standard error is not a terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(3);

/// The progress of a step with a known number of items.
pub(super) struct Progress {
    /// What is being done, such as "measuring music".
    what: &'static str,
    total: usize,
    display: ProgressDisplay,
}

enum ProgressDisplay {
    Bar(ProgressBar),
    /// The time at which the last line was written or, before the first line, at which the step began.
    Lines(Instant),
}

impl Progress {
    /// Begins a step with `total` items. Shows nothing yet, because most steps are over at once.
    pub(super) fn new(what: &'static str, total: usize) -> Self {
        if !stderr().is_terminal() {
            return Self { what, total, display: ProgressDisplay::Lines(Instant::now()) };
        }
        let bar = ProgressBar::new(total as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {pos} of {len} {bar:30} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(what);
        Self { what, total, display: ProgressDisplay::Bar(bar) }
    }

    /// Sets the number of finished items and the name of the item in progress.
    pub(super) fn set(&mut self, done: usize, name: &str) {
        match &mut self.display {
            ProgressDisplay::Bar(bar) => {
                bar.set_position(done as u64);
                bar.set_message(name.to_owned());
            }
            ProgressDisplay::Lines(last_line) => {
                if let Some(line) = line_if_due(self.what, done, self.total, name, last_line, Instant::now()) {
                    print_error(&line);
                }
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let ProgressDisplay::Bar(bar) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn line_if_due(
    what: &str,
    done: usize,
    total: usize,
    name: &str,
    last_line: &mut Instant,
    now: Instant,
) -> Option<String> {
    if now.saturating_duration_since(*last_line) < LINE_INTERVAL {
        return None;
    }
    *last_line = now;
    Some(format!("{what}: {done} of {total}, now {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_every_few_seconds_and_none_for_a_step_that_is_over_at_once() {
        let began = Instant::now();
        let mut last_line = began;
        let lines: Vec<(u32, String)> = (0..40)
            .filter_map(|quarter| {
                let now = began + Duration::from_millis(250) * quarter;
                Some((quarter, line_if_due("looking", 1, 7, "a.jpg", &mut last_line, now)?))
            })
            .collect();
        let quarters: Vec<u32> = lines.iter().map(|(quarter, _)| *quarter).collect();
        assert_eq!(quarters, [12, 24, 36]);
        assert_eq!(lines[0].1, "looking: 1 of 7, now a.jpg");
    }
}
