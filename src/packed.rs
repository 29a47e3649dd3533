//! Long text and tables that are part of the program, packed by `build.rs`: they take a third of
//! their room, and most commands never look at them.

pub mod zone;

use std::io::{self, Read};

use flate2::read::DeflateDecoder;

/// The built-in runbooks: a file's name, a zero, its text, a zero, and so on, by name.
pub const RUNBOOKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runbooks.deflate"));
/// The API's description, as JSON.
pub const OPENAPI: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.deflate"));
/// The vendors of network cards: a table and their names, see `build.rs`.
pub const VENDORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/vendors.deflate"));

/// The text behind one of them.
///
/// # Errors
/// What was not packed by `build.rs`.
pub fn text(packed: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes(packed)?).map_err(io::Error::other)
}

/// What lies behind one of them that is no text.
///
/// # Errors
/// What was not packed by `build.rs`.
pub fn bytes(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_out_as_it_is_in_the_source() {
        assert_eq!(text(OPENAPI).unwrap(), include_str!("server/openapi.json"));
        let runbooks = text(RUNBOOKS).unwrap();
        let first = include_str!("catalog/runbooks/rb-smart.md");
        assert!(runbooks.contains(&format!("\0rb-smart.md\0{first}\0")));
    }

    #[test]
    fn what_was_not_packed_is_an_error() {
        assert!(text(b"not packed").is_err());
    }
}
