//! Owns the print job of a note, from the search for the printer to the removal of the job from the print server. Does
//! not own the sheets.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ipp::prelude::{DelimiterTag, IppAttribute, IppRequestResponse, IppValue, Operation};
use thiserror::Error;

use super::paper::PaperSize;
use super::print_server::{IppRequest, PrintServer, ServerError};

/// The name of every job, which says nothing about the patient or the content.
const JOB_NAME: &str = "Stillroom";
/// Time limit for a whole request to the print server, up to the end of the response.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for a whole request during a wipe. It is short, because the wipe waits for the response.
const WIPE_RESPONSE_TIMEOUT: Duration = Duration::from_millis(600);
/// Interval between two requests for the state of a job.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// Time for which the printer may continuously report a problem before its job is cancelled.
const NEEDS_HELP_TIMEOUT: Duration = Duration::from_secs(20);
/// Time after which a job is cancelled if it is still not printed.
const JOB_TIMEOUT: Duration = Duration::from_mins(3);
/// Values of `printer-state-reasons` that need no attention.
const HARMLESS: [&str; 6] =
    ["none", "cups-waiting-for-job-completed", "connecting-to-device", "toner-low", "media-low", "marker-supply-low"];

/// Why a note was not printed, or why a job may be left on the print server.
#[derive(Debug, Error)]
pub enum PrintError {
    /// A request to the print server failed.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// There is no printer with this name, or no default printer if the name is empty.
    #[error("there is no printer {0:?}; `lpstat -e` lists all printers")]
    NoPrinter(String),
    /// The printer accepts no jobs at present.
    #[error("the printer accepts no jobs at present; see `lpstat -p`")]
    Closed,
    /// The printer stopped or needs attention, the job was cancelled or aborted, or printing took too long.
    #[error("the printer did not print: {reasons}")]
    NeedsHelp {
        /// The reasons that the printer or the job reports, as IPP keywords, or `too slow`.
        reasons: String,
    },
    /// The room was wiped while the job was in progress.
    #[error("the room was wiped meanwhile")]
    Wiped,
    /// The number of jobs that are still on the print server after the attempt to remove them.
    #[error("{0} print jobs could not be removed; `cancel -a` removes them")]
    Left(usize),
}

/// The end of a print job.
#[derive(Debug)]
#[must_use]
pub struct PrintJobEnd {
    /// Whether the note was printed; if not, why.
    pub printed: Result<(), PrintError>,
    /// Whether the print server may still have the job, with its document.
    pub may_remain: bool,
}

/// Time limits of a job, which tests shorten.
#[derive(Clone, Copy, Debug)]
pub struct PrintTimeouts {
    /// Interval between two requests for the state of the job.
    pub poll_interval: Duration,
    /// Time for which the printer may continuously report a problem before its job is cancelled.
    pub needs_help_timeout: Duration,
    /// Time after which a job is cancelled if it is still not printed.
    pub job_timeout: Duration,
}

impl Default for PrintTimeouts {
    fn default() -> Self {
        Self { poll_interval: POLL_INTERVAL, needs_help_timeout: NEEDS_HELP_TIMEOUT, job_timeout: JOB_TIMEOUT }
    }
}

/// The clinic's printer.
#[derive(Debug)]
pub struct Printer {
    server: PrintServer,
    wanted: Option<String>,
    user: String,
    timeouts: PrintTimeouts,
    /// Number of wipes. A job in progress stops when this number changes.
    wipes: AtomicU64,
}

impl Printer {
    /// Uses the printer named `wanted`, or the system's default printer if `wanted` is `None`. Jobs belong to `user`. A
    /// wipe removes all jobs of that user, so nothing else may print under that user name.
    #[must_use]
    pub const fn new(server: PrintServer, wanted: Option<String>, user: String, timeouts: PrintTimeouts) -> Self {
        Self { server, wanted, user, timeouts, wipes: AtomicU64::new(0) }
    }

    /// Finds the printer and returns its name.
    ///
    /// # Errors
    /// If there is no printer, it accepts no jobs, or the print server does not respond.
    pub fn find(&self) -> Result<String, PrintError> {
        let (operation, uri) = match &self.wanted {
            Some(name) => (Operation::GetPrinterAttributes, Some(printer_uri(name))),
            None => (Operation::CupsGetDefault, None),
        };
        let request = IppRequest::new(operation, uri.as_deref(), &self.user)?;
        let response = match self.send("/", &request, &[], RESPONSE_TIMEOUT) {
            Err(error) if error.is_not_found() => {
                return Err(PrintError::NoPrinter(self.wanted.clone().unwrap_or_default()));
            }
            response => response?,
        };
        let attribute = |name| value(&response, DelimiterTag::PrinterAttributes, name);
        if matches!(attribute("printer-is-accepting-jobs"), Some(IppValue::Boolean(false))) {
            return Err(PrintError::Closed);
        }
        let name = attribute("printer-name").map(ToString::to_string).or_else(|| self.wanted.clone());
        name.ok_or_else(|| PrintError::NoPrinter(String::new()))
    }

    /// Returns the names of all printers that the print server knows.
    ///
    /// # Errors
    /// If the print server does not respond.
    pub fn names(&self) -> Result<Vec<String>, PrintError> {
        let request = IppRequest::new(Operation::CupsGetPrinters, None, &self.user)?;
        let response = self.send("/", &request, &[], RESPONSE_TIMEOUT)?;
        let groups = response.attributes().groups_of(DelimiterTag::PrinterAttributes);
        Ok(groups.filter_map(|group| Some(group.get("printer-name")?.value().to_string())).collect())
    }

    /// Prints a PDF on the printer with this name and waits until it is printed, has failed or exceeds a time limit.
    /// Then removes the job with its document and history, whether or not it was printed.
    pub fn print(&self, name: &str, pdf: &[u8], paper: PaperSize) -> PrintJobEnd {
        let wipes = self.wipes.load(Ordering::SeqCst);
        let request = match self.print_request(name, paper) {
            Ok(request) => request,
            Err(error) => return PrintJobEnd { printed: Err(error.into()), may_remain: false },
        };
        // If sending fails, it is unknown whether the server has accepted the job.
        let job = match self.send_job(name, &request, pdf) {
            Ok(job) => job,
            Err(error) => return PrintJobEnd { printed: Err(error.into()), may_remain: true },
        };
        let printed = self.follow(job, name, wipes);
        let removed = self.purge_job(job, RESPONSE_TIMEOUT);
        if let Err(error) = &removed {
            tracing::warn!(%error, "the print server may still have a note; the next wipe removes it");
        }
        PrintJobEnd { printed, may_remain: removed.is_err() }
    }

    fn print_request(&self, name: &str, paper: PaperSize) -> Result<IppRequest, ServerError> {
        IppRequest::new(Operation::PrintJob, Some(&printer_uri(name)), &self.user)?
            .with("job-name", IppValue::new_name_without_language(JOB_NAME))?
            .with("document-format", IppValue::new_mime_media_type("application/pdf"))?
            .with_job("media", IppValue::new_keyword(paper.media()))?
            .with_job("print-scaling", IppValue::new_keyword("auto-fit"))
    }

    /// Sends a job and returns its number.
    fn send_job(&self, name: &str, request: &IppRequest, pdf: &[u8]) -> Result<i32, ServerError> {
        let path = format!("/printers/{}", percent_encode(name));
        let response = self.send(&path, request, pdf, RESPONSE_TIMEOUT)?;
        match value(&response, DelimiterTag::JobAttributes, "job-id") {
            Some(IppValue::Integer(job)) => Ok(*job),
            _ => Err(ServerError::Garbled),
        }
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
                if since.elapsed() >= self.timeouts.needs_help_timeout {
                    return Err(PrintError::NeedsHelp { reasons: reasons.join(" ") });
                }
            }
            if began.elapsed() >= self.timeouts.job_timeout {
                return Err(PrintError::NeedsHelp { reasons: "too slow".to_owned() });
            }
            std::thread::sleep(self.timeouts.poll_interval);
        }
    }

    fn job_state(&self, job: i32) -> Result<(JobState, Vec<String>), PrintError> {
        let request = IppRequest::new(Operation::GetJobAttributes, Some(&job_uri(job)), &self.user)?;
        let response = match self.send("/jobs/", &request, &[], RESPONSE_TIMEOUT) {
            // A server without history forgets a job once it is printed.
            Err(error) if error.is_not_found() => return Ok((JobState::Completed, Vec::new())),
            response => response?,
        };
        let attribute = |name| value(&response, DelimiterTag::JobAttributes, name);
        let state = match attribute("job-state") {
            Some(IppValue::Enum(9)) => JobState::Completed,
            Some(IppValue::Enum(7 | 8)) => JobState::Ended,
            Some(IppValue::Enum(_)) => JobState::UnderWay,
            _ => return Err(ServerError::Garbled.into()),
        };
        Ok((state, attribute("job-state-reasons").map(keywords).unwrap_or_default()))
    }

    fn printer_reasons(&self, printer: &str) -> Result<Vec<String>, PrintError> {
        let request = IppRequest::new(Operation::GetPrinterAttributes, Some(&printer_uri(printer)), &self.user)?;
        let response = self.send("/", &request, &[], RESPONSE_TIMEOUT)?;
        let attribute = |name| value(&response, DelimiterTag::PrinterAttributes, name);
        let mut reasons = attribute("printer-state-reasons").map(keywords).unwrap_or_default();
        if matches!(attribute("printer-state"), Some(IppValue::Enum(5))) {
            reasons.push("stopped".to_owned());
        }
        Ok(reasons)
    }

    /// Stops a job in progress and removes all jobs of this user, printed or not, with their documents and history.
    /// Then checks that no job is left.
    ///
    /// # Errors
    /// If a job may be left.
    pub fn purge(&self) -> Result<(), PrintError> {
        self.wipes.fetch_add(1, Ordering::SeqCst);
        for job in self.jobs()? {
            self.purge_job(job, WIPE_RESPONSE_TIMEOUT)?;
        }
        match self.jobs()?.len() {
            0 => Ok(()),
            left => Err(PrintError::Left(left)),
        }
    }

    fn jobs(&self) -> Result<Vec<i32>, PrintError> {
        let mut jobs = Vec::new();
        for which in ["not-completed", "completed"] {
            let request = IppRequest::new(Operation::GetJobs, Some("ipp://localhost/"), &self.user)?
                .with("which-jobs", IppValue::new_keyword(which))?
                .with("my-jobs", Ok::<_, ServerError>(IppValue::new_boolean(true)))?;
            let response = match self.send("/", &request, &[], WIPE_RESPONSE_TIMEOUT) {
                Err(error) if error.is_not_found() => continue,
                response => response?,
            };
            for group in response.attributes().groups_of(DelimiterTag::JobAttributes) {
                if let Some(IppValue::Integer(job)) = group.get("job-id").map(IppAttribute::value) {
                    jobs.push(*job);
                }
            }
        }
        Ok(jobs)
    }

    /// Removes a job, whatever its state, with its document and its entry in the history. Also succeeds if there is no
    /// such job.
    fn purge_job(&self, job: i32, within: Duration) -> Result<(), PrintError> {
        let request = IppRequest::new(Operation::CancelJob, Some(&job_uri(job)), &self.user)?
            .with("purge-job", Ok::<_, ServerError>(IppValue::new_boolean(true)))?;
        match self.send("/jobs/", &request, &[], within) {
            Err(error) if error.is_not_found() => Ok(()),
            response => response.map(|_| ()).map_err(PrintError::from),
        }
    }

    fn send(
        &self,
        path: &str,
        request: &IppRequest,
        document: &[u8],
        within: Duration,
    ) -> Result<IppRequestResponse, ServerError> {
        self.server.send(path, request.message(), document, within)
    }
}

enum JobState {
    UnderWay,
    Completed,
    Ended,
}

fn value<'a>(response: &'a IppRequestResponse, group: DelimiterTag, name: &str) -> Option<&'a IppValue> {
    response.attributes().first_of(group)?.get(name).map(IppAttribute::value)
}

fn keywords(value: &IppValue) -> Vec<String> {
    value.into_iter().map(ToString::to_string).collect()
}

/// Returns whether printing continues despite this reason. A reason may end with its severity (RFC 8011, 5.4.12); a
/// warning or a report does not stop the printer.
fn is_harmless(reason: &str) -> bool {
    reason.ends_with("-warning") || reason.ends_with("-report") || HARMLESS.contains(&reason)
}

fn printer_uri(name: &str) -> String {
    format!("ipp://localhost/printers/{}", percent_encode(name))
}

fn job_uri(job: i32) -> String {
    format!("ipp://localhost/jobs/{job}")
}

/// Percent-encodes a printer name for a URI.
fn percent_encode(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
