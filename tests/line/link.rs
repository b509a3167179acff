//! Owns a network behind a cable that can be pulled: a network namespace and a pair of virtual interfaces. It needs
//! root and iproute2.

use std::process::{Command, Stdio};

/// The cable. It and the network behind it are removed when it is dropped.
pub struct Link {
    network: String,
    near: String,
    far: String,
}

/// The near end of the cable, and the far end.
const NEAR: &str = "10.213.7.1/30";
pub const FAR: &str = "10.213.7.2";

impl Link {
    pub fn open() -> Self {
        let own = std::process::id();
        let link = Self { network: format!("stillroom-{own}"), near: format!("sr{own}a"), far: format!("sr{own}b") };
        let (network, near, far) = (link.network.as_str(), link.near.as_str(), link.far.as_str());
        let far_address = format!("{FAR}/30");
        ip(&["netns", "add", network]);
        ip(&["link", "add", near, "type", "veth", "peer", "name", far]);
        ip(&["link", "set", far, "netns", network]);
        ip(&["addr", "add", NEAR, "dev", near]);
        ip(&["link", "set", near, "up"]);
        ip(&["-n", network, "addr", "add", &far_address, "dev", far]);
        link.mend();
        link
    }

    /// Pulls the cable: packets vanish, and neither side is told.
    pub fn cut(&self) {
        ip(&["-n", &self.network, "link", "set", &self.far, "down"]);
    }

    /// Puts it back.
    pub fn mend(&self) {
        ip(&["-n", &self.network, "link", "set", &self.far, "up"]);
    }

    /// A program in the network behind the cable.
    pub fn behind(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.network, program]);
        command
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The pair is removed with its network.
        let _ = Command::new("ip").args(["netns", "del", &self.network]).status();
    }
}

fn ip(arguments: &[&str]) {
    let made = Command::new("ip").args(arguments).stderr(Stdio::piped()).output().expect("iproute2 is needed");
    let why = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "ip {arguments:?}, which needs root: {why}");
}
