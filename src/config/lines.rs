//! Owns the settings of the transports that carry calls in addition to the built-in desk: a broker, an escalation list,
//! and a program that operates the clinic's nurse call. Does not own the messages that they carry (`line`).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::findings::{Mention, Section};
use crate::room::call::ESCALATION_STEPS_MAX;
use crate::vocabulary::access::{BrokerAccess, BrokerUrl};

/// Maximum length of a room's id at a broker, in characters.
pub const ROOM_ID_CHARS_MAX: usize = 40;
/// A description of what [`is_room_id`] accepts, for error messages.
pub const ROOM_ID: &str = "lower-case letters, digits and hyphens, 1 to 40 of them, but not \"desks\"";

const WORDS_MAX: usize = 16;
const AFTER_S: std::ops::RangeInclusive<u32> = 0..=3_600;
const AFTER_S_DEFAULT: u32 = 60;

/// Transports that carry calls in addition to the built-in desk. All configured transports are used at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinesConfig {
    /// The MQTT broker, and this room's id at the broker; `None` if no broker is configured.
    pub mqtt: Option<RoomAtBroker>,
    /// The escalation list, sorted by [`EscalationStep::after`]; empty if there are no steps.
    pub escalation: Vec<EscalationStep>,
    /// The absolute path of the program that operates the clinic's nurse call, followed by the arguments that come
    /// before `closed` or `open`; empty if there is no such program.
    pub contact: Vec<String>,
}

/// A broker, and the room's id at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomAtBroker {
    /// How to connect to the broker.
    pub broker: BrokerAccess,
    /// The room's id at the broker, always one that [`is_room_id`] accepts.
    pub room: String,
}

/// One step of the escalation list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscalationStep {
    /// Time for which a call must stay unacknowledged before this step is taken, 0 to 3600 seconds.
    pub after: Duration,
    /// The webhook's address, which starts with `https://`, or with `http://` if it is on this machine.
    pub url: String,
    /// The file whose first line is the secret that signs requests.
    pub secret_file: PathBuf,
    /// The file of the certificate authority to trust, in PEM; `None` for the system's authorities.
    pub ca_file: Option<PathBuf>,
}

/// Whether `name` may be a room's id at a broker. MQTT topics contain the id as one level, so it may contain only
/// characters that are harmless there.
#[must_use]
pub fn is_room_id(name: &str) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    (1..=ROOM_ID_CHARS_MAX).contains(&name.len()) && plain && name != "desks"
}

/// Whether an escalation step may use this address. Only an address that uses TLS or is on this machine is allowed,
/// because nobody else must be able to read the request.
#[must_use]
pub fn is_webhook_url(url: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let host = url.strip_prefix("https://").or_else(|| {
        let rest = local.iter().find_map(|start| url.strip_prefix(start))?;
        (rest.is_empty() || rest.starts_with([':', '/'])).then_some("localhost")
    });
    host.is_some_and(|host| !host.is_empty() && !host.starts_with('/') && !url.contains(char::is_whitespace))
}

/// Reads `[line.mqtt]`, `[[escalation]]` and `[contact]`.
pub(super) fn lines(root: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> LinesConfig {
    let line = root.section("line");
    let mqtt = line.section("mqtt");
    let id = mqtt.text_where("room", ROOM_ID, |text| is_room_id(text).then(|| text.to_owned()));
    let broker = broker(&mqtt, folder, mentions);
    if mqtt.is_present() {
        mqtt.require("room", ROOM_ID);
    }
    mqtt.finish();
    line.finish();
    let mqtt = broker.zip(id).map(|(broker, room)| RoomAtBroker { broker, room });
    LinesConfig {
        mqtt,
        escalation: escalation(root, folder, mentions),
        contact: contact(&root.section("contact"), mentions),
    }
}

/// Reads those keys of a section that describe a broker. The caller must then call `finish` on the section, because the
/// section may have further keys.
pub(super) fn broker(section: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> Option<BrokerAccess> {
    let address = "mqtts://host or mqtt://host, with :port if it is not 8883 or 1883";
    if section.is_present() {
        section.require("url", address);
    }
    let url = section.text_where("url", address, BrokerUrl::parse);
    let username = section.text("username", 1..=200);
    let password_file = section.path("password_file", mentions).map(|path| folder.join(path));
    let ca_file = section.path("ca_file", mentions).map(|path| folder.join(path));
    if password_file.is_some() {
        section.require("username", "the user's name, since there is a password_file");
    }
    if ca_file.is_some() && url.as_ref().is_some_and(|url| !url.tls) {
        section.report("ca_file", "a path", "no such key unless url is mqtts://");
    }
    Some(BrokerAccess { url: url?, username, password_file, ca_file })
}

fn escalation(root: &Section<'_>, folder: &Path, mentions: &mut Vec<Mention>) -> Vec<EscalationStep> {
    let mut steps: Vec<EscalationStep> = Vec::new();
    for section in root.sections("escalation", ESCALATION_STEPS_MAX) {
        let address = "https://…, or http:// on this tablet";
        section.require("url", address);
        section.require("secret_file", "the path of a file with a secret of at least 16 characters");
        let after_s = section.integer("after_s", AFTER_S).unwrap_or(AFTER_S_DEFAULT);
        let after = Duration::from_secs(u64::from(after_s));
        let url = section.text_where("url", address, |text| is_webhook_url(text).then(|| text.to_owned()));
        let secret_file = section.path("secret_file", mentions).map(|path| folder.join(path));
        let ca_file = section.path("ca_file", mentions).map(|path| folder.join(path));
        if let Some(before) = steps.last().filter(|before| after < before.after) {
            section.report(
                "after_s",
                after_s.to_string(),
                format!("at least {}, as in the step above", before.after.as_secs()),
            );
        } else if let (Some(url), Some(secret_file)) = (url, secret_file) {
            steps.push(EscalationStep { after, url, secret_file, ca_file });
        }
        section.finish();
    }
    steps
}

fn contact(section: &Section<'_>, mentions: &mut Vec<Mention>) -> Vec<String> {
    let words = section.texts("command", WORDS_MAX).unwrap_or_default();
    if section.is_present() {
        section.require("command", "a list: the full path of a program, and its first arguments");
    }
    let is_whole = words.first().is_none_or(|program| Path::new(program).is_absolute());
    if !is_whole {
        section.report("command", "a program without its folder", "its full path, starting with /");
    }
    mentions.extend(section.mentions("command").into_iter().next());
    section.finish();
    if is_whole { words } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escalation_uses_only_addresses_that_nobody_else_can_read() {
        assert!(is_webhook_url("https://pager.clinic.lan/x") && is_webhook_url("http://127.0.0.1:8080/x"));
        for wrong in ["http://pager/x", "https://", "https:///x", "http://localhost.evil/", "ftp://a", "https://a b"] {
            assert!(!is_webhook_url(wrong), "{wrong}");
        }
    }
}
