//! Owns the search for mounted memory sticks. Does not own mounting, or writing to a stick.

use std::path::{Component, Path, PathBuf};

const MOUNTS: &str = "/proc/self/mountinfo";
const DEVICES: &str = "/sys/dev/block";
/// Paths of the system. What is mounted at or below one of them does not count as a stick, even if its device is
/// removable.
const SYSTEM_PATHS: [&str; 8] = ["/boot", "/efi", "/etc", "/home", "/nix", "/usr", "/var", "/opt"];

/// Returns the mount points of all writable sticks, the most recently mounted one first.
#[must_use]
pub fn find() -> Vec<PathBuf> {
    std::fs::read_to_string(MOUNTS).map(|mounts| find_in(&mounts, Path::new(DEVICES))).unwrap_or_default()
}

/// Does the work of [`find`]. `mounts` is the text of `mountinfo` (`proc_pid_mountinfo(5)`), and `devices` is the
/// folder of block devices.
#[must_use]
pub fn find_in(mounts: &str, devices: &Path) -> Vec<PathBuf> {
    let mounts: Vec<Mount> = mounts.lines().filter_map(Mount::parse).collect();
    // The tablet itself may run from a stick, which must not receive notes.
    let root_disk = mounts.iter().find(|mount| mount.point == Path::new("/")).and_then(|root| root.disk(devices));
    let sticks = mounts.iter().rev().filter(|mount| {
        let is_system = mount.point == Path::new("/") || SYSTEM_PATHS.iter().any(|at| mount.point.starts_with(at));
        let disk = mount.disk(devices);
        !is_system && mount.is_writable && disk.as_ref().is_some_and(|disk| is_removable(disk)) && disk != root_disk
    });
    let mut points: Vec<PathBuf> = Vec::new();
    for stick in sticks {
        if !points.contains(&stick.point) {
            points.push(stick.point.clone());
        }
    }
    points
}

struct Mount {
    device: String,
    point: PathBuf,
    is_writable: bool,
}

impl Mount {
    /// Parses a line of `mountinfo`, whose fields are id, parent id, device, root, mount point, mount options, optional
    /// fields, "-", file system type, source, super options.
    fn parse(line: &str) -> Option<Self> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(2);
        let device = fields.next()?;
        let point = fields.nth(1)?;
        let options = fields.next()?;
        let super_options = file_system.split(' ').nth(2)?;
        let is_writable =
            [options, super_options].iter().all(|options| options.split(',').any(|option| option == "rw"));
        Some(Self { device: device.to_owned(), point: unescape(point).into(), is_writable })
    }

    /// Returns the disk that contains the mounted device, which may be a partition.
    fn disk(&self, devices: &Path) -> Option<PathBuf> {
        let device = std::fs::canonicalize(devices.join(&self.device)).ok()?;
        if device.join("partition").exists() { device.parent().map(Path::to_path_buf) } else { Some(device) }
    }
}

/// Returns whether a disk is marked as removable or connected by USB. USB counts because large sticks often claim to be
/// fixed.
fn is_removable(disk: &Path) -> bool {
    let is_marked_removable = std::fs::read_to_string(disk.join("removable")).is_ok_and(|flag| flag.trim() == "1");
    is_marked_removable
        || disk.components().any(|part| matches!(part, Component::Normal(name) if is_usb(&name.to_string_lossy())))
}

fn is_usb(name: &str) -> bool {
    name.strip_prefix("usb")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Replaces octal escapes, which `mountinfo` uses for white space and backslashes.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.filter(|_| *first == b'\\').and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Creates the sysfs entries of an internal disk, a stick, a large stick that claims to be fixed, a memory card and
    /// a virtual device.
    fn devices() -> tempfile::TempDir {
        let sys = tempfile::tempdir().unwrap();
        for (number, disk, partition, removable) in [
            ("259:2", "devices/pci0/nvme0n1", Some("nvme0n1p2"), "0"),
            ("8:1", "devices/pci0/usb1/1-2/sdb", Some("sdb1"), "1"),
            ("8:33", "devices/pci0/usb2/2-1/sdc", Some("sdc1"), "0"),
            ("179:0", "devices/mmc0/mmcblk1", None, "1"),
            ("0:22", "devices/virtual/x", None, "0"),
        ] {
            let disk = sys.path().join(disk);
            let device = partition.map_or(disk.clone(), |partition| disk.join(partition));
            fs::create_dir_all(&device).unwrap();
            fs::write(disk.join("removable"), format!("{removable}\n")).unwrap();
            if partition.is_some() {
                fs::write(device.join("partition"), "1\n").unwrap();
            }
            fs::create_dir_all(sys.path().join("dev")).unwrap();
            symlink(&device, sys.path().join("dev").join(number)).unwrap();
        }
        sys
    }

    fn found(mounts: &str) -> Vec<String> {
        let sys = devices();
        find_in(mounts, &sys.path().join("dev")).iter().map(|path| path.display().to_string()).collect()
    }

    const ROOT: &str = "25 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw\n";

    #[test]
    fn a_stick_is_found_and_an_internal_disk_is_not() {
        let mounts = format!(
            "{ROOT}26 25 0:22 / /sys rw,nosuid - sysfs sysfs rw\n\
             90 25 8:1 / /media/My\\040stick rw,nosuid shared:4 - vfat /dev/sdb1 rw,fmask=0022\n\
             91 25 8:33 / /run/media/x/big rw - exfat /dev/sdc1 rw\n\
             92 25 259:2 / /mnt/inner rw - ext4 /dev/nvme0n1p2 rw\n"
        );
        assert_eq!(found(&mounts), ["/run/media/x/big", "/media/My stick"]);
    }

    #[test]
    fn a_read_only_mount_and_a_system_path_are_not_sticks() {
        let stick = |point: &str, options: &str, super_options: &str| {
            found(&format!("{ROOT}90 25 8:1 / {point} {options} - vfat /dev/sdb1 {super_options}\n"))
        };
        assert_eq!(stick("/media/a", "rw", "rw"), ["/media/a"]);
        assert!(stick("/media/a", "ro", "rw").is_empty());
        assert!(stick("/media/a", "rw", "ro,errors=remount-ro").is_empty());
        assert!(stick("/boot/efi", "rw", "rw").is_empty());
    }

    #[test]
    fn a_tablet_that_runs_from_a_card_does_not_offer_it() {
        let mounts = "25 1 179:0 / / rw - ext4 /dev/mmcblk1 rw\n30 25 179:0 /x /srv rw - ext4 /dev/mmcblk1 rw\n";
        assert!(found(mounts).is_empty());
    }

    #[test]
    fn malformed_lines_are_ignored() {
        for line in [
            "",
            "x",
            "1 2 3",
            " - ",
            "1 2 8:1 / /m rw -",
            "1 2 8:1 / /m\\04 rw - vfat x rw",
            "1 2 ../.. / /m rw - a b rw",
        ] {
            let _ = found(line);
        }
    }
}
