//! Owns a separate network that tests can cut off, as if they pulled its cable. It consists of a network namespace and
//! a pair of virtual interfaces, and needs root and iproute2.

use std::process::{Command, Stdio};

/// The network namespace, and the pair of interfaces that acts as its cable. Dropping this removes both.
pub struct Link {
    network: String,
    near: String,
    far: String,
}

/// Address of the near end of the cable, outside the namespace.
const NEAR: &str = "10.213.7.1/30";
/// Address of the far end of the cable, inside the namespace.
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

    /// Pulls the cable. From then on packets are lost, and the programs on both sides get no error.
    pub fn cut(&self) {
        ip(&["-n", &self.network, "link", "set", &self.far, "down"]);
    }

    /// Plugs the cable in again.
    pub fn mend(&self) {
        ip(&["-n", &self.network, "link", "set", &self.far, "up"]);
    }

    /// Returns a command that runs `program` in the namespace.
    pub fn behind(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.network, program]);
        command
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Removing the namespace also removes the pair of interfaces.
        let _ = Command::new("ip").args(["netns", "del", &self.network]).status();
    }
}

fn ip(arguments: &[&str]) {
    let made = Command::new("ip").args(arguments).stderr(Stdio::piped()).output().expect("iproute2 is needed");
    let why = String::from_utf8_lossy(&made.stderr).into_owned();
    assert!(made.status.success(), "ip {arguments:?}, which needs root: {why}");
}
