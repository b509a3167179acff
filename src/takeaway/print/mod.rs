//! Owns printing a note: which printer, the one job, its way to an end, and its removal from the print server. Does not
//! own the sheets.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ipp::prelude::{DelimiterTag, IppAttribute, IppRequestResponse, IppValue, Operation};
use thiserror::Error;

use super::paper::PaperSize;
use super::print_server::{PrintServer, Question, ServerError};

/// What a job is called in every queue: nothing about the patient, nor about what is in it.
const JOB_NAME: &str = "Stillroom";
/// A print server has so long for one answer …
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// … and so long while a room is wiped, which waits for it.
const ANSWERS_WIPE_WITHIN: Duration = Duration::from_millis(600);
/// A job is looked at so often.
const LOOKS_EVERY: Duration = Duration::from_millis(500);
/// A printer may say so long that it needs something before the job is taken back.
const NEEDS_HELP_AFTER: Duration = Duration::from_secs(20);
/// A job that is not printed after so long is taken back.
const PRINTS_WITHIN: Duration = Duration::from_mins(3);
/// Reasons that end by themselves.
const HARMLESS: [&str; 6] =
    ["none", "cups-waiting-for-job-completed", "connecting-to-device", "toner-low", "media-low", "marker-supply-low"];

/// Why nothing was printed, or why something may be left.
#[derive(Debug, Error)]
pub enum PrintError {
    /// The print server failed or refused.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// There is no printer of that name, or none at all.
    #[error("there is no printer {0:?}; `lpstat -e` lists those there are")]
    NoPrinter(String),
    /// It takes no jobs now.
    #[error("the printer takes no jobs now; see `lpstat -p`")]
    Closed,
    /// It stopped or needs something.
    #[error("the printer did not print: {reasons}")]
    NeedsHelp {
        /// What it said, as keywords of IPP.
        reasons: String,
    },
    /// A wipe came between.
    #[error("the room was wiped meanwhile")]
    Wiped,
    /// So many jobs could not be removed.
    #[error("{0} print jobs could not be removed; `cancel -a` removes them")]
    Left(usize),
}

/// Limits of time, shorter in tests.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Between two looks at a job.
    pub looks_every: Duration,
    /// Until a printer that needs something is given up.
    pub needs_help_after: Duration,
    /// Until any job is given up.
    pub prints_within: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { looks_every: LOOKS_EVERY, needs_help_after: NEEDS_HELP_AFTER, prints_within: PRINTS_WITHIN }
    }
}

/// The clinic's printer.
#[derive(Debug)]
pub struct Printer {
    server: PrintServer,
    wanted: Option<String>,
    user: String,
    patience: Patience,
    /// Counts wipes, so that a job under way stops.
    wipes: AtomicU64,
}

impl Printer {
    /// The printer of that name, or the system's default. Jobs belong to `user`, and whatever belongs to that user is
    /// removed at a wipe; so it is a name that nobody else prints under.
    #[must_use]
    pub const fn new(server: PrintServer, wanted: Option<String>, user: String, patience: Patience) -> Self {
        Self { server, wanted, user, patience, wipes: AtomicU64::new(0) }
    }

    /// The name of the printer, if there is one that takes jobs.
    pub fn find(&self) -> Result<String, PrintError> {
        let (operation, uri) = match &self.wanted {
            Some(name) => (Operation::GetPrinterAttributes, Some(printer_uri(name))),
            None => (Operation::CupsGetDefault, None),
        };
        let asked = Question::new(operation, uri.as_deref(), &self.user)?;
        let answer = match self.ask("/", &asked, &[], ANSWERS_WITHIN) {
            Err(error) if error.is_not_found() => {
                return Err(PrintError::NoPrinter(self.wanted.clone().unwrap_or_default()));
            }
            answer => answer?,
        };
        let said = |name| value(&answer, DelimiterTag::PrinterAttributes, name);
        if matches!(said("printer-is-accepting-jobs"), Some(IppValue::Boolean(false))) {
            return Err(PrintError::Closed);
        }
        let name = said("printer-name").map(ToString::to_string).or_else(|| self.wanted.clone());
        name.ok_or_else(|| PrintError::NoPrinter(String::new()))
    }

    /// The names of the printers that the print server knows.
    pub fn names(&self) -> Result<Vec<String>, PrintError> {
        let asked = Question::new(Operation::CupsGetPrinters, None, &self.user)?;
        let answer = self.ask("/", &asked, &[], ANSWERS_WITHIN)?;
        let groups = answer.attributes().groups_of(DelimiterTag::PrinterAttributes);
        Ok(groups.filter_map(|group| Some(group.get("printer-name")?.value().to_string())).collect())
    }

    /// Prints a PDF on the printer of that name and waits until it is printed; then, or if it does not come to that, the
    /// job is removed with all that the print server kept of it.
    pub fn print(&self, name: &str, pdf: &[u8], paper: PaperSize) -> Result<(), PrintError> {
        let wipes = self.wipes.load(Ordering::SeqCst);
        let asked = Question::new(Operation::PrintJob, Some(&printer_uri(name)), &self.user)?
            .with("job-name", IppValue::new_name_without_language(JOB_NAME))?
            .with("document-format", IppValue::new_mime_media_type("application/pdf"))?
            .with_job("media", IppValue::new_keyword(paper.media()))?
            .with_job("print-scaling", IppValue::new_keyword("auto-fit"))?;
        let path = format!("/printers/{}", escaped(name));
        let answer = self.ask(&path, &asked, pdf, ANSWERS_WITHIN)?;
        let Some(IppValue::Integer(job)) = value(&answer, DelimiterTag::JobAttributes, "job-id") else {
            return Err(ServerError::Garbled.into());
        };
        let outcome = self.follow(*job, name, wipes);
        self.purge_job(*job, ANSWERS_WITHIN)?;
        outcome
    }

    fn follow(&self, job: i32, printer: &str, wipes: u64) -> Result<(), PrintError> {
        let began = Instant::now();
        let mut needs_help_since = None;
        loop {
            if self.wipes.load(Ordering::SeqCst) != wipes {
                return Err(PrintError::Wiped);
            }
            let (state, mut reasons) = self.job_state(job)?;
            match state {
                JobState::Completed => return Ok(()),
                JobState::Ended => return Err(PrintError::NeedsHelp { reasons: reasons.join(" ") }),
                JobState::UnderWay => {}
            }
            reasons = self.printer_reasons(printer)?;
            reasons.retain(|reason| !is_harmless(reason));
            if reasons.is_empty() {
                needs_help_since = None;
            } else {
                let since = *needs_help_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.patience.needs_help_after {
                    return Err(PrintError::NeedsHelp { reasons: reasons.join(" ") });
                }
            }
            if began.elapsed() >= self.patience.prints_within {
                return Err(PrintError::NeedsHelp { reasons: "too slow".to_owned() });
            }
            std::thread::sleep(self.patience.looks_every);
        }
    }

    fn job_state(&self, job: i32) -> Result<(JobState, Vec<String>), PrintError> {
        let asked = Question::new(Operation::GetJobAttributes, Some(&job_uri(job)), &self.user)?;
        let answer = match self.ask("/jobs/", &asked, &[], ANSWERS_WITHIN) {
            // A server that keeps no history forgets a job once it is printed.
            Err(error) if error.is_not_found() => return Ok((JobState::Completed, Vec::new())),
            answer => answer?,
        };
        let said = |name| value(&answer, DelimiterTag::JobAttributes, name);
        let state = match said("job-state") {
            Some(IppValue::Enum(9)) => JobState::Completed,
            Some(IppValue::Enum(7 | 8)) => JobState::Ended,
            Some(IppValue::Enum(_)) => JobState::UnderWay,
            _ => return Err(ServerError::Garbled.into()),
        };
        Ok((state, said("job-state-reasons").map(words).unwrap_or_default()))
    }

    fn printer_reasons(&self, printer: &str) -> Result<Vec<String>, PrintError> {
        let asked = Question::new(Operation::GetPrinterAttributes, Some(&printer_uri(printer)), &self.user)?;
        let answer = self.ask("/", &asked, &[], ANSWERS_WITHIN)?;
        let said = |name| value(&answer, DelimiterTag::PrinterAttributes, name);
        let mut reasons = said("printer-state-reasons").map(words).unwrap_or_default();
        if matches!(said("printer-state"), Some(IppValue::Enum(5))) {
            reasons.push("stopped".to_owned());
        }
        Ok(reasons)
    }

    /// Stops what is under way and removes every job of ours, printed or not, with all that the server kept of it. Then
    /// looks whether any is left. Takes three answers at most for each printer's queue.
    pub fn purge(&self) -> Result<(), PrintError> {
        self.wipes.fetch_add(1, Ordering::SeqCst);
        for job in self.jobs()? {
            self.purge_job(job, ANSWERS_WIPE_WITHIN)?;
        }
        match self.jobs()?.len() {
            0 => Ok(()),
            left => Err(PrintError::Left(left)),
        }
    }

    fn jobs(&self) -> Result<Vec<i32>, PrintError> {
        let mut jobs = Vec::new();
        for which in ["not-completed", "completed"] {
            let asked = Question::new(Operation::GetJobs, Some("ipp://localhost/"), &self.user)?
                .with("which-jobs", IppValue::new_keyword(which))?
                .with("my-jobs", Ok::<_, ServerError>(IppValue::new_boolean(true)))?;
            let answer = match self.ask("/", &asked, &[], ANSWERS_WIPE_WITHIN) {
                Err(error) if error.is_not_found() => continue,
                answer => answer?,
            };
            for group in answer.attributes().groups_of(DelimiterTag::JobAttributes) {
                if let Some(IppValue::Integer(job)) = group.get("job-id").map(IppAttribute::value) {
                    jobs.push(*job);
                }
            }
        }
        Ok(jobs)
    }

    /// Removes a job, whatever its state, with its document and its entry in the history. One that is gone is removed.
    fn purge_job(&self, job: i32, within: Duration) -> Result<(), PrintError> {
        let asked = Question::new(Operation::CancelJob, Some(&job_uri(job)), &self.user)?
            .with("purge-job", Ok::<_, ServerError>(IppValue::new_boolean(true)))?;
        match self.ask("/jobs/", &asked, &[], within) {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer.map(|_| ()).map_err(PrintError::from),
        }
    }

    fn ask(
        &self,
        path: &str,
        question: &Question,
        document: &[u8],
        within: Duration,
    ) -> Result<IppRequestResponse, ServerError> {
        self.server.ask(path, question.request(), document, within)
    }
}

enum JobState {
    UnderWay,
    Completed,
    Ended,
}

fn value<'a>(answer: &'a IppRequestResponse, group: DelimiterTag, name: &str) -> Option<&'a IppValue> {
    answer.attributes().first_of(group)?.get(name).map(IppAttribute::value)
}

fn words(value: &IppValue) -> Vec<String> {
    value.into_iter().map(ToString::to_string).collect()
}

/// A reason is a keyword with how bad it is behind it; a warning or a report prints on.
fn is_harmless(reason: &str) -> bool {
    reason.ends_with("-warning") || reason.ends_with("-report") || HARMLESS.contains(&reason)
}

fn printer_uri(name: &str) -> String {
    format!("ipp://localhost/printers/{}", escaped(name))
}

fn job_uri(job: i32) -> String {
    format!("ipp://localhost/jobs/{job}")
}

/// A printer's name as part of an address.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
