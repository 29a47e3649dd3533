//! Passwords: which are taken, and how they are kept. The only file that names the package that
//! hashes them. One hash costs about 20 ms and 19 MiB, on purpose: the server hashes in
//! `server/passwords.rs`, which bounds how many at once.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

/// Fewest characters of a password.
pub const SHORTEST: usize = 10;
/// Most bytes of a password.
pub const LONGEST: usize = 1024;

/// What is compared where nobody has the name that was given, so that the answer takes as long.
/// No password is known that has this hash.
pub const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5cyBwYXNzd29yZA$\
     2b8Vn1gkOeRNLbfvHbKjQ7xZyH3PmT5cWq0uFsAtYlE";

/// Letters and digits that are not mistaken for one another, 32 of them: five bits each.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why `password` is not taken, if it is not.
pub fn objection(password: &str) -> Option<&'static str> {
    if password.len() > LONGEST {
        Some("it is longer than 1024 bytes")
    } else if password.chars().count() < SHORTEST {
        Some("it is shorter than 10 characters")
    } else {
        None
    }
}

/// Makes a password out of random bytes: `kq3mz-7xw2p-4hnfe-v9tcb`, 100 bits.
pub fn from_random(bytes: [u8; 20]) -> String {
    let mut password = String::with_capacity(23);
    for (position, byte) in bytes.into_iter().enumerate() {
        if position > 0 && position % 5 == 0 {
            password.push('-');
        }
        password.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    password
}

/// Why no hash could be made: the parameters are fixed and right, so what is left is memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHashed;

impl std::fmt::Display for NotHashed {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("the password could not be hashed")
    }
}

impl std::error::Error for NotHashed {}

/// The hash that is kept, as a PHC string. Argon2id with what OWASP asks for: 19 MiB, two passes,
/// one lane.
///
/// # Errors
/// See [`NotHashed`].
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, NotHashed> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|_| NotHashed)?;
    let salt = SaltString::encode_b64(&salt).map_err(|_| NotHashed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password(password.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| NotHashed)
}

/// Whether this is the password of a hash; compared in constant time. A hash that cannot be read
/// is nobody's.
pub fn verify(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| {
        Argon2::default()
            .verify_password(password.as_bytes(), &hash)
            .is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_opens_to_its_password_alone() {
        let kept = hash("correct horse", [7; 16]).unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(verify("correct horse", &kept));
        assert!(!verify("correct horsE", &kept) && !verify("", &kept));
        assert_ne!(kept, hash("correct horse", [8; 16]).unwrap());
    }

    #[test]
    fn nobodys_hash_costs_the_same_and_what_is_no_hash_opens_nothing() {
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        let own = hash("correct horse", [7; 16]).unwrap();
        let own = PasswordHash::new(&own).unwrap();
        assert_eq!(parsed.params, own.params);
        assert_eq!(
            parsed.hash.map(|hash| hash.len()),
            own.hash.map(|hash| hash.len())
        );
        for broken in [
            "",
            "x",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            NOBODYS,
        ] {
            assert!(!verify("", broken), "{broken}");
        }
    }

    #[test]
    fn short_and_endless_ones_are_not_taken() {
        assert!(objection("ninechars").is_some());
        assert_eq!(objection("tencharsss"), None);
        assert_eq!(objection("zehn Zeichen äöü"), None);
        assert!(objection(&"x".repeat(1025)).is_some());
        assert_eq!(objection(&from_random([255; 20])), None);
    }

    #[test]
    fn a_made_one_can_be_typed_off_a_screen() {
        let made = from_random(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        assert_eq!(made, "abcde-fghij-kmnpq-rstuv");
    }
}
