//! The system's clock and randomness. Asked at the program's edges only; rules have both handed in.

use std::time::SystemTime;

use crate::domain::timestamp::Timestamp;

/// The present moment.
pub fn now() -> Timestamp {
    let millis = match SystemTime::now().duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    };
    Timestamp::from_millis(millis)
}

/// Bytes that nobody can guess.
///
/// # Errors
/// The system gives none, which it says once, at start.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}
