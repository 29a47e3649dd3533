//! The identity that the operating system gives to a host. It is confidential: only a hash of it
//! leaves this machine, and the hashing is not done here.

/// Where Linux keeps it.
#[cfg(not(windows))]
const PLACES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// The machine id, or nothing where there is none (an empty container image, a first boot).
#[cfg(not(windows))]
pub fn machine_id() -> Option<String> {
    PLACES
        .into_iter()
        .filter_map(|place| std::fs::read_to_string(place).ok())
        .find_map(|text| valid(&text))
}

/// The machine id, or nothing where the registry holds none.
#[cfg(windows)]
pub fn machine_id() -> Option<String> {
    // A GUID: the same digits, in groups.
    super::machine_id_windows::text().and_then(|text| valid(&text.replace('-', "")))
}

/// 32 hexadecimal digits that are not all zero. `uninitialized` is what systemd writes into
/// images.
fn valid(text: &str) -> Option<String> {
    let id = text.trim();
    let is_id = id.len() == 32
        && id.chars().all(|digit| digit.is_ascii_hexdigit())
        && id.chars().any(|digit| digit != '0');
    is_id.then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_real_id_counts() {
        let id = "3d1219c7c4c5404aaa1f6d2a48adfda4";
        assert_eq!(valid(&format!("{id}\n")).as_deref(), Some(id));
        for text in [
            "",
            "uninitialized\n",
            &"0".repeat(32),
            &id[1..],
            "not a machine id at all, no!",
        ] {
            assert_eq!(valid(text), None, "{text:?}");
        }
    }
}
