//! There is always a password: where nobody has an account, `install backend` or else the first
//! start of `serve` makes the first admin.

use crate::clock;
use crate::config::backend::{Auth, BackendConfig};
use crate::config::env;
use crate::config::secret::Secret;
use crate::domain::password;
use crate::domain::user::{FIRST_ADMIN, Role};
use crate::error::{Error, Exit};
use crate::store::users::{self, NewUser};

use super::{database, user};

/// Makes the first admin where `auth` asks for a password and nobody has an account, and says so
/// by `say`. The password is `backend.dashboard_password`, or a random one that is said this once.
///
/// # Errors
/// The configured password is not taken, or the database refuses.
pub fn make(config: &BackendConfig, say: &dyn Fn(&str)) -> Result<(), Error> {
    let path = &config.database;
    let db = database::open(path)?;
    let failed = |error: &_| database::failure("make the first admin", path, error);
    if config.auth != Auth::Password || !users::is_empty(&db).map_err(|error| failed(&error))? {
        return Ok(());
    }
    let (secret, made) = secret(&config.dashboard_password)?;
    let new = NewUser {
        name: FIRST_ADMIN.to_owned(),
        role: Role::Admin,
        password_hash: user::hash(secret.reveal())?,
    };
    let id = users::insert(&db, &new, clock::now()).map_err(|error| failed(&error))?;
    match (id, made) {
        // Another process was quicker, and has said its password.
        (None, _) => {}
        (Some(_), true) => {
            say(&format!(
                "made the first account: name {FIRST_ADMIN}, password {}",
                secret.reveal()
            ));
            say(&format!(
                "(the password is shown this once; for another: atlas-ops user passwd {FIRST_ADMIN})"
            ));
        }
        (Some(_), false) => say(&format!(
            "made the first account: name {FIRST_ADMIN}, password as in backend.dashboard_password"
        )),
    }
    Ok(())
}

/// The password, and whether it was made here.
fn secret(configured: &Secret) -> Result<(Secret, bool), Error> {
    if configured.is_empty() {
        return Ok((user::random_password()?, true));
    }
    match password::objection(configured.reveal()) {
        None => Ok((configured.clone(), false)),
        Some(objection) => Err(Error::new(
            "make the first admin from backend.dashboard_password",
            objection,
        )
        .hint(format!(
            "choose a longer one, or remove it (and {}) for a random one",
            env::DASHBOARD_PASSWORD
        ))
        .exit(Exit::Usage)),
    }
}
