//! The identity that Windows gives to a host when it is installed.

// The registry is reached by C calls only.
#![allow(unsafe_code)]

use std::ptr;

use windows_sys::Win32::Foundation::ERROR_SUCCESS;
use windows_sys::Win32::System::Registry::{
    HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW,
};
use windows_sys::core::w;

/// Bytes for a GUID in braces and a closing zero, with room to spare.
const ROOM: u32 = 128;

/// `MachineGuid` as it stands in the registry.
pub(super) fn text() -> Option<String> {
    let mut units = [0_u16; ROOM as usize / 2];
    let mut bytes = ROOM;
    // SAFETY: the names end with a zero; at most `bytes` bytes are written to `units`.
    let answer = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            w!("SOFTWARE\\Microsoft\\Cryptography"),
            w!("MachineGuid"),
            RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            units.as_mut_ptr().cast(),
            &raw mut bytes,
        )
    };
    let length = units.iter().position(|unit| *unit == 0)?;
    (answer == ERROR_SUCCESS).then(|| String::from_utf16_lossy(&units[..length]))
}
