//! Where the values of an installation come from: asked for on a terminal, or taken from flags,
//! environment and defaults. Either way each passes the configuration's own rule.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read};
use std::path::Path;

use crate::cli::InstallFlags;
use crate::commands::output;
use crate::config::env::{self, Environment, FILE_SUFFIX};
use crate::config::paths;
use crate::config::secret::Secret;
use crate::domain::token;
use crate::error::{Error, Exit};

/// One value that is needed.
pub(super) struct Question<'q> {
    /// What it is, as it is asked for.
    pub what: &'q str,
    /// The flag that gives it.
    pub flag: &'q str,
    /// The variable that gives it where the flag does not.
    pub variable: Option<&'static str>,
    /// What the flag gave.
    pub given: Option<String>,
    /// What it is where nobody says anything.
    pub default: String,
}

/// How values are come by.
pub(super) struct Answers {
    guided: bool,
    environment: Environment,
}

impl Answers {
    /// Guided on a terminal, scripted with `--yes`.
    ///
    /// # Errors
    /// There is nobody to ask.
    pub(super) fn new(flags: &InstallFlags, environment: Environment) -> Result<Self, Error> {
        let terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        if !flags.yes && !terminal {
            return Err(Error::new("ask for the values", "this is not a terminal")
                .hint(
                    "add --yes to take the flags, and the defaults for the rest; the flags: --help",
                )
                .exit(Exit::Usage));
        }
        Ok(Self {
            guided: !flags.yes,
            environment,
        })
    }

    /// Whether a person is being asked.
    pub(super) fn guided(&self) -> bool {
        self.guided
    }

    /// The environment that values may come from.
    pub(super) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// One value, read by `parse`. A wrong answer is asked for again, a wrong flag is an error.
    pub(super) fn value<T>(
        &self,
        question: Question<'_>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Error> {
        let from_variable = question
            .variable
            .and_then(|name| Some((name, self.environment.get(name)?)));
        let (origin, offer) = match (question.given, from_variable) {
            (Some(given), _) => (question.flag, given),
            (None, Some((name, value))) => (name, value.to_owned()),
            (None, None) => (question.flag, question.default),
        };
        if self.guided {
            return again_and_again(&mut io::stdin().lock(), question.what, &offer, parse);
        }
        parse(&offer).map_err(|reason| {
            Error::new(format!("use {origin} {offer:?}"), reason)
                .hint("see: atlas-ops install --help")
                .exit(Exit::Usage)
        })
    }

    /// The agent's token: from the flags, a variable or the file one names, else asked for.
    pub(super) fn token(&self, given: Option<&str>, file: Option<&Path>) -> Result<Secret, Error> {
        let named = format!("{}{FILE_SUFFIX}", env::TOKEN);
        let (origin, text) = if let Some(text) = given {
            ("--token".to_owned(), text.to_owned())
        } else if let Some(path) = file {
            ("--token-file".to_owned(), self.token_in(path)?)
        } else if let Some(path) = self.environment.get(&named) {
            let text = self.token_in(Path::new(path))?;
            (named, text)
        } else if let Some(text) = self.environment.get(env::TOKEN) {
            (env::TOKEN.to_owned(), text.to_owned())
        } else if self.guided {
            return ask_token();
        } else {
            return Err(Error::new("install the agent", "it has no token").hint(
                "make one on the server with `atlas-ops token create --scope ingest`, and give it with --token-file FILE (- is standard input)",
            ).exit(Exit::Usage));
        };
        let text = text.trim();
        match token::objection(text) {
            None => Ok(Secret::new(text)),
            Some(reason) => Err(Error::new(format!("use the token of {origin}"), reason)
                .hint("make one on the server with: atlas-ops token create --scope ingest")
                .exit(Exit::Usage)),
        }
    }

    fn token_in(&self, path: &Path) -> Result<String, Error> {
        let mut text = String::new();
        let (name, read) = if path == Path::new("-") {
            let mut input = io::stdin().lock();
            let read = if input.is_terminal() {
                input.read_line(&mut text)
            } else {
                read_bounded(input, &mut text)
            };
            ("standard input".to_owned(), read)
        } else {
            let path = paths::expand(&path.to_string_lossy(), &self.environment);
            let read = File::open(&path).and_then(|file| read_bounded(file, &mut text));
            (path.display().to_string(), read)
        };
        read.map_err(|error| {
            Error::new(format!("read the token from {name}"), error)
                .hint("the file holds the token on one line and nothing else")
                .exit(Exit::Usage)
        })?;
        Ok(text)
    }
}

/// Reads a little more than a token may have, so that a wrong file is told from a token.
fn read_bounded(from: impl Read, text: &mut String) -> io::Result<usize> {
    from.take(2 * token::MAX_LENGTH as u64).read_to_string(text)
}

/// Asks until the answer passes; no answer takes the one in brackets.
fn again_and_again<T>(
    input: &mut impl BufRead,
    what: &str,
    offer: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Error> {
    loop {
        output::raw(&format!("{what} [{offer}]: "));
        let mut answer = String::new();
        let read = input
            .read_line(&mut answer)
            .map_err(|error| Error::new("read the answer", error))?;
        if read == 0 {
            return Err(nobody_answers());
        }
        let answer = answer.trim();
        match parse(if answer.is_empty() { offer } else { answer }) {
            Ok(value) => return Ok(value),
            Err(reason) => output::line(format!("  {reason}. Once more, please.")),
        }
    }
}

fn ask_token() -> Result<Secret, Error> {
    loop {
        output::raw("Ingest token (it is not shown while you type): ");
        let answer = rpassword::read_password();
        output::line("");
        let answer = answer.map_err(|_| nobody_answers())?;
        match token::objection(answer.trim()) {
            None => return Ok(Secret::new(answer.trim())),
            Some(reason) => output::line(format!(
                "  {reason}. Make one on the server with: atlas-ops token create --scope ingest"
            )),
        }
    }
}

fn nobody_answers() -> Error {
    Error::new("ask for the values", "the input ended")
        .hint("nothing was written; add --yes to take the flags, and the defaults for the rest")
        .exit(Exit::Usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripted(variables: &[(&str, &str)]) -> Answers {
        Answers {
            guided: false,
            environment: Environment::of(variables),
        }
    }

    fn port(given: Option<&str>) -> Question<'static> {
        Question {
            what: "Port",
            flag: "--port",
            variable: Some(env::PORT),
            given: given.map(str::to_owned),
            default: "8000".to_owned(),
        }
    }

    fn number(text: &str) -> Result<u16, String> {
        text.parse().map_err(|_| "expected a number".to_owned())
    }

    #[test]
    fn a_flag_beats_a_variable_and_a_variable_the_default() {
        let with = scripted(&[(env::PORT, "9000")]);
        assert_eq!(with.value(port(Some("9100")), number).unwrap(), 9100);
        assert_eq!(with.value(port(None), number).unwrap(), 9000);
        assert_eq!(scripted(&[]).value(port(None), number).unwrap(), 8000);
        let error = scripted(&[(env::PORT, "x")])
            .value(port(None), number)
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("ATLAS_OPS_PORT \"x\": expected a number"),
            "{error}"
        );
    }

    #[test]
    fn a_wrong_answer_is_asked_for_again() {
        let mut input = &b"many\n\n"[..];
        assert_eq!(
            again_and_again(&mut input, "Port", "8000", number).unwrap(),
            8000
        );
        assert!(again_and_again(&mut input, "Port", "8000", number).is_err());
    }

    #[test]
    fn a_token_is_wherever_it_was_put() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from-file\n").unwrap();
        let path = file.path().to_str().unwrap();
        let answers = scripted(&[
            ("ATLAS_OPS_TOKEN_FILE", path),
            (env::TOKEN, "from-variable"),
        ]);
        let token = |given, file| answers.token(given, file).unwrap().reveal().to_owned();
        assert_eq!(token(Some("given"), None), "given");
        assert_eq!(token(None, Some(file.path())), "from-file");
        assert_eq!(token(None, None), "from-file");
        assert!(scripted(&[]).token(None, None).is_err());
        let error = scripted(&[(env::TOKEN, "YOUR_TOKEN")])
            .token(None, None)
            .unwrap_err();
        assert!(error.to_string().contains("placeholder"), "{error}");
    }
}
