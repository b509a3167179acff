//! Owns the reading of the battery's state and the temperature from sysfs. Does not own what follows from them.

use std::fs;
use std::path::Path;

use super::governor::PowerState;

/// Margin below the throttling point within which a thermal zone counts as hot, in millidegrees Celsius.
const HOT_MARGIN: i64 = 8_000;
/// Assumed throttling point of a thermal zone that reports none, in millidegrees Celsius.
const THROTTLING_POINT: i64 = 95_000;
/// Maximum number of entries that are read from a folder of sysfs.
const ENTRIES_MAX: usize = 64;

/// Reads the current power state. A system that reports nothing is assumed to be cool and on mains power.
#[must_use]
pub fn read() -> PowerState {
    read_in(Path::new("/sys/class"))
}

fn read_in(class: &Path) -> PowerState {
    PowerState {
        is_on_battery: entries(&class.join("power_supply")).any(|supply| is_discharging(&supply)),
        is_hot: entries(&class.join("thermal")).any(|zone| is_hot(&zone)),
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).take(ENTRIES_MAX)
}

/// Returns whether `supply` is a discharging battery of the machine itself, not of a mouse or a pen.
fn is_discharging(supply: &Path) -> bool {
    let attribute = |name: &str| fs::read_to_string(supply.join(name)).unwrap_or_default();
    attribute("type").trim() == "Battery"
        && attribute("scope").trim() != "Device"
        && attribute("status").trim() == "Discharging"
}

fn is_hot(zone: &Path) -> bool {
    let number = |name: &str| fs::read_to_string(zone.join(name)).ok()?.trim().parse::<i64>().ok();
    let Some(now) = number("temp") else { return false };
    let passive = (0..8).find_map(|trip| {
        let kind = fs::read_to_string(zone.join(format!("trip_point_{trip}_type"))).ok()?;
        if kind.trim() == "passive" { number(&format!("trip_point_{trip}_temp")) } else { None }
    });
    now > 0 && now >= passive.filter(|limit| *limit > 0).unwrap_or(THROTTLING_POINT) - HOT_MARGIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn battery_and_temperature_are_read_as_the_kernel_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(read_in(folder.path()), PowerState::default());
        write("power_supply/hid-pen/type", "Battery\n");
        write("power_supply/hid-pen/scope", "Device\n");
        write("power_supply/hid-pen/status", "Discharging\n");
        write("power_supply/BAT0/type", "Battery\n");
        write("power_supply/BAT0/status", "Charging\n");
        write("thermal/thermal_zone0/temp", "61000\n");
        assert_eq!(read_in(folder.path()), PowerState::default());
        write("power_supply/BAT0/status", "Discharging\n");
        write("thermal/thermal_zone0/trip_point_1_type", "passive\n");
        write("thermal/thermal_zone0/trip_point_1_temp", "68000\n");
        assert_eq!(read_in(folder.path()), PowerState { is_on_battery: true, is_hot: true });
        write("thermal/thermal_zone0/temp", "not a number");
        assert!(!read_in(folder.path()).is_hot);
    }
}
