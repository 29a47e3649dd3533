//! `atlas-ops user add|passwd|list|role|remove|login-link`. They work on the database, with or
//! without a server, and so are the way back in after a lost password.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;
use std::process::ExitCode;

use super::{database, output};
use crate::cli::{
    ConfigFile, PasswordSource, User, UserAdd, UserList, UserLoginLink, UserPasswd, UserRemove,
    UserRole,
};
use crate::clock;
use crate::config::backend::{self, BackendConfig};
use crate::config::env::Environment;
use crate::config::paths;
use crate::config::secret::Secret;
use crate::domain::timestamp::Timestamp;
use crate::domain::user::{self, User as Account};
use crate::domain::{password, token};
use crate::error::{Error, Exit};
use crate::store::users::{self, Change, NewUser};
use crate::store::{self, Db, StoreError, sessions};

/// Runs what was asked for.
///
/// # Errors
/// The configuration or the database cannot be used, or what was asked for makes no sense.
pub fn run(args: &User) -> Result<ExitCode, Error> {
    match args {
        User::Add(args) => add(args),
        User::Passwd(args) => passwd(args),
        User::List(args) => list(args),
        User::Role(args) => role(args),
        User::Remove(args) => remove(args),
        User::LoginLink(args) => login_link(args),
    }?;
    Ok(ExitCode::SUCCESS)
}

/// The hash of a new password.
///
/// # Errors
/// The system gives no randomness or memory.
pub(super) fn hash(secret: &str) -> Result<String, Error> {
    let salt = clock::random().map_err(|error| Error::new("hash the password", error))?;
    password::hash(secret, salt).map_err(|error| Error::new("hash the password", error))
}

/// A password that nobody chose.
///
/// # Errors
/// The system gives no randomness.
pub(super) fn random_password() -> Result<Secret, Error> {
    clock::random()
        .map(|bytes| Secret::new(password::from_random(bytes)))
        .map_err(|error| Error::new("make a password", error))
}

/// A name, the database, and what to say where it refuses.
struct Work {
    name: String,
    config: BackendConfig,
    db: Db,
}

impl Work {
    fn on(file: &ConfigFile, name: &str) -> Result<Self, Error> {
        let name = user::name(name).map_err(|reason| {
            Error::new(format!("use the name {name:?}"), reason)
                .hint("such as anna, or anna.b")
                .exit(Exit::Usage)
        })?;
        let config = backend::load(file.config.as_deref())?;
        let db = database::open(&config.database)?;
        Ok(Self { name, config, db })
    }

    fn failed(&self, deed: &str, error: &StoreError) -> Error {
        let attempt = format!("{deed} {}", self.name);
        database::failure(&attempt, &self.config.database, error)
    }

    fn account(&self, deed: &str) -> Result<Account, Error> {
        users::by_name(&self.db, &self.name)
            .map_err(|error| self.failed(deed, &error))?
            .ok_or_else(|| self.nobody(deed))
    }

    fn nobody(&self, deed: &str) -> Error {
        Error::new(format!("{deed} {}", self.name), "nobody has this name")
            .hint("see: atlas-ops user list")
    }

    /// Makes a change that must leave an admin.
    fn change(
        &mut self,
        deed: &str,
        change: impl FnOnce(&Db, &str) -> Result<Change, StoreError>,
    ) -> Result<(), Error> {
        let name = self.name.clone();
        match store::in_transaction(&mut self.db, |db| change(db, &name)) {
            Ok(Change::Done) => Ok(()),
            Ok(Change::Nobody) => Err(self.nobody(deed)),
            Ok(Change::LastAdmin) => Err(Error::new(
                format!("{deed} {name}"),
                "this is the last admin",
            )
            .hint("make another first: atlas-ops user add NAME --role admin")),
            Err(error) => Err(self.failed(deed, &error)),
        }
    }
}

fn add(args: &UserAdd) -> Result<(), Error> {
    let work = Work::on(&args.file, &args.name)?;
    let taken = |name: &str| {
        Error::new(format!("add {name}"), "the name is taken").hint(format!(
            "another password: atlas-ops user passwd {name}; another role: atlas-ops user role {name} ROLE"
        ))
    };
    let known = users::by_name(&work.db, &work.name).map_err(|error| work.failed("add", &error))?;
    if known.is_some() {
        return Err(taken(&work.name));
    }
    let secret = secret(&args.password, &work.name)?;
    let new = NewUser {
        name: work.name.clone(),
        role: args.role,
        password_hash: hash(secret.reveal())?,
    };
    users::insert(&work.db, &new, clock::now())
        .map_err(|error| work.failed("add", &error))?
        .ok_or_else(|| taken(&work.name))?;
    show_generated(&args.password, &secret);
    output::note(format!(
        "{} may log in, with role {}.",
        work.name,
        args.role.as_str()
    ));
    Ok(())
}

fn passwd(args: &UserPasswd) -> Result<(), Error> {
    let deed = "set the password of";
    let mut work = Work::on(&args.file, &args.name)?;
    let account = work.account(deed)?;
    let secret = secret(&args.password, &work.name)?;
    let (hash, now) = (hash(secret.reveal())?, clock::now());
    let set = store::in_transaction(&mut work.db, |db| {
        users::set_password(db, account.id, None, &hash, now)
    })
    .map_err(|error| work.failed(deed, &error))?;
    if !set {
        return Err(work.nobody(deed));
    }
    show_generated(&args.password, &secret);
    output::note(format!(
        "{} has another password; their sessions are ended.",
        work.name
    ));
    Ok(())
}

fn list(args: &UserList) -> Result<(), Error> {
    let config = backend::load(args.file.config.as_deref())?;
    let db = database::open(&config.database)?;
    let accounts = users::all(&db)
        .map_err(|error| database::failure("list the accounts", &config.database, &error))?;
    if args.json {
        output::json(&accounts);
    } else if accounts.is_empty() {
        output::line("No accounts. Make one with: atlas-ops user add NAME --role admin");
    } else {
        let rows: Vec<Vec<String>> = accounts.iter().map(row).collect();
        output::table(&["NAME", "ROLE", "LAST LOGIN", "PASSWORD SET"], &rows);
    }
    Ok(())
}

fn row(account: &Account) -> Vec<String> {
    let never = || "never".to_owned();
    vec![
        account.name.clone(),
        account.role.as_str().to_owned(),
        account
            .last_login_at
            .as_ref()
            .map_or_else(never, Timestamp::to_string),
        account.password_changed_at.to_string(),
    ]
}

fn role(args: &UserRole) -> Result<(), Error> {
    let mut work = Work::on(&args.file, &args.name)?;
    work.change("change the role of", |db, name| {
        users::set_role(db, name, args.role)
    })?;
    output::note(format!("{} has role {}.", work.name, args.role.as_str()));
    Ok(())
}

fn remove(args: &UserRemove) -> Result<(), Error> {
    let mut work = Work::on(&args.file, &args.name)?;
    work.change("remove", users::remove)?;
    output::note(format!(
        "{} is removed; what they did stays on record.",
        work.name
    ));
    Ok(())
}

fn login_link(args: &UserLoginLink) -> Result<(), Error> {
    let deed = "make a login address for";
    let mut work = Work::on(&args.file, &args.name)?;
    let account = work.account(deed)?;
    let code = clock::random()
        .map(token::one_time_code)
        .map_err(|error| Error::new("make a one-time address", error))?;
    let (hash, now) = (token::digest(&code), clock::now());
    let until = now.plus_millis(sessions::CODE_MS);
    store::in_transaction(&mut work.db, |db| {
        sessions::offer_code(db, &hash, account.id, now, until)
    })
    .map_err(|error| work.failed(deed, &error))?;
    let address = work.config.address(work.config.port);
    output::line(format!("{address}/welcome/{code}"));
    output::note(format!("It logs in as {} once, until {until}.", work.name));
    Ok(())
}

/// A password, from where it was said to be.
fn secret(source: &PasswordSource, name: &str) -> Result<Secret, Error> {
    if source.generate {
        return random_password();
    }
    let Some(path) = &source.password_file else {
        return ask(name);
    };
    let text = read(path)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    match objection(text) {
        None => Ok(Secret::new(text)),
        Some(reason) => Err(
            Error::new(format!("use the password in {}", path.display()), reason)
                .hint("the file holds the password on one line and nothing else; or try --generate")
                .exit(Exit::Usage),
        ),
    }
}

fn objection(text: &str) -> Option<&'static str> {
    if text.contains(['\n', '\r', '\0']) {
        return Some("it has more than one line");
    }
    password::objection(text)
}

fn show_generated(source: &PasswordSource, secret: &Secret) {
    if source.generate {
        output::line(secret.reveal());
    }
}

/// Asks twice, without showing what is typed.
fn ask(name: &str) -> Result<Secret, Error> {
    if !io::stdin().is_terminal() {
        return Err(Error::new("ask for the password", "this is not a terminal")
            .hint("give it with --password-file FILE (- is standard input), or use --generate")
            .exit(Exit::Usage));
    }
    loop {
        let first = hidden(&format!("New password of {name} (it is not shown): "))?;
        if let Some(reason) = objection(first.reveal()) {
            output::line(format!("  {reason}. Once more, please."));
            continue;
        }
        if hidden("The same again: ")? == first {
            return Ok(first);
        }
        output::line("  The two differ. Once more, please.");
    }
}

fn hidden(question: &str) -> Result<Secret, Error> {
    output::raw(question);
    let answer = rpassword::read_password();
    output::line("");
    answer.map(Secret::new).map_err(|_| {
        Error::new("ask for the password", "the input ended")
            .hint("nothing was changed")
            .exit(Exit::Usage)
    })
}

/// Reads a little more than a password may have, so that a wrong file is told from one.
fn read(path: &Path) -> Result<String, Error> {
    let mut text = String::new();
    let most = 2 * password::LONGEST as u64;
    let done = if path == Path::new("-") {
        let mut input = io::stdin().lock();
        if input.is_terminal() {
            input.read_line(&mut text)
        } else {
            input.take(most).read_to_string(&mut text)
        }
    } else {
        let path = paths::expand(&path.to_string_lossy(), &Environment::of_process());
        File::open(path).and_then(|file| file.take(most).read_to_string(&mut text))
    };
    done.map_err(|error| {
        Error::new(format!("read the password from {}", path.display()), error)
            .hint("the file holds the password on one line and nothing else")
            .exit(Exit::Usage)
    })?;
    Ok(text)
}
