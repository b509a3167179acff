//! Owns what the system says of its battery and its heat. Read beside the drawing, now and then.

use std::fs;
use std::path::Path;

use super::governor::Strain;

/// So close below the point where the system slows itself down, it is called hot, in thousandths of a degree.
const CLOSE: i64 = 8_000;
/// Where a zone names no such point, this is taken for it, in thousandths of a degree.
const HOT: i64 = 95_000;
/// So many entries of a kind are looked at.
const ENTRIES_MAX: usize = 64;

/// What the system says now. One that says nothing is at ease.
#[must_use]
pub fn look() -> Strain {
    look_in(Path::new("/sys/class"))
}

fn look_in(class: &Path) -> Strain {
    Strain {
        on_battery: entries(&class.join("power_supply")).any(|supply| is_emptying(&supply)),
        is_hot: entries(&class.join("thermal")).any(|zone| is_hot(&zone)),
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).take(ENTRIES_MAX)
}

/// A battery of the machine itself, not of a mouse or a pen, that gives current.
fn is_emptying(supply: &Path) -> bool {
    let says = |name: &str| fs::read_to_string(supply.join(name)).unwrap_or_default();
    says("type").trim() == "Battery" && says("scope").trim() != "Device" && says("status").trim() == "Discharging"
}

fn is_hot(zone: &Path) -> bool {
    let number = |name: &str| fs::read_to_string(zone.join(name)).ok()?.trim().parse::<i64>().ok();
    let Some(now) = number("temp") else { return false };
    let passive = (0..8).find_map(|trip| {
        let kind = fs::read_to_string(zone.join(format!("trip_point_{trip}_type"))).ok()?;
        if kind.trim() == "passive" { number(&format!("trip_point_{trip}_temp")) } else { None }
    });
    now > 0 && now >= passive.filter(|limit| *limit > 0).unwrap_or(HOT) - CLOSE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn battery_and_heat_are_read_as_the_kernel_writes_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(look_in(folder.path()), Strain::default());
        write("power_supply/hid-pen/type", "Battery\n");
        write("power_supply/hid-pen/scope", "Device\n");
        write("power_supply/hid-pen/status", "Discharging\n");
        write("power_supply/BAT0/type", "Battery\n");
        write("power_supply/BAT0/status", "Charging\n");
        write("thermal/thermal_zone0/temp", "61000\n");
        assert_eq!(look_in(folder.path()), Strain::default());
        write("power_supply/BAT0/status", "Discharging\n");
        write("thermal/thermal_zone0/trip_point_1_type", "passive\n");
        write("thermal/thermal_zone0/trip_point_1_temp", "68000\n");
        assert_eq!(look_in(folder.path()), Strain { on_battery: true, is_hot: true });
        write("thermal/thermal_zone0/temp", "not a number");
        assert!(!look_in(folder.path()).is_hot);
    }
}
