//! Somebody with a browser: logs in, keeps the cookie, sends forms as a browser does.

use super::atlas::Atlas;
use super::http::{Answer, Call};
use super::running::Running;

/// The password that [`add`] gives everybody.
pub const PASSWORD: &str = "correct horse battery";

/// Makes an account.
#[track_caller]
pub fn add(atlas: &Atlas, name: &str, role: &str) {
    set_password(atlas, &["user", "add", name, "--role", role]);
}

/// Runs a `user` command that takes a password.
#[track_caller]
pub fn set_password(atlas: &Atlas, args: &[&str]) {
    std::fs::write(atlas.path("password.txt"), format!("{PASSWORD}\n")).unwrap();
    let more = ["--password-file", "password.txt"];
    atlas.run(&[args, &more].concat()).succeeds();
}

/// Scheme, host and port that a server is asked by.
pub fn origin(server: &Running) -> String {
    server
        .address
        .splitn(4, '/')
        .take(3)
        .collect::<Vec<_>>()
        .join("/")
}

/// A form's body.
pub fn form(pairs: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(pairs).unwrap()
}

/// Sends the form of the login page.
pub fn log_in(server: &Running, name: &str, password: &str) -> Answer {
    let pairs = [("name", name), ("password", password)];
    post_form(server.call("POST", "/login"), &pairs)
        .header("origin", &origin(server))
        .send()
}

/// With a form for a body.
pub fn post_form(call: Call, pairs: &[(&str, &str)]) -> Call {
    call.header("content-type", "application/x-www-form-urlencoded")
        .bytes(form(pairs))
}

/// A browser in which somebody is logged in.
pub struct Browser {
    /// As it is sent back: `atlas_session=...`.
    pub cookie: String,
    /// What the pages' forms carry.
    pub csrf: String,
    origin: String,
}

impl Browser {
    /// Logged in by name and [`PASSWORD`].
    #[track_caller]
    pub fn of(server: &Running, name: &str) -> Self {
        Self::with(server, &log_in(server, name, PASSWORD).is(303))
    }

    /// With the cookie that an answer set.
    #[track_caller]
    pub fn with(server: &Running, answer: &Answer) -> Self {
        let cookie = cookie(answer);
        let page = server.get("/account").header("cookie", &cookie).send();
        let page = page.is(200).body;
        let field = page.split("name=\"csrf\" value=\"").nth(1).unwrap();
        Self {
            csrf: field.split('"').next().unwrap().to_owned(),
            origin: origin(server),
            cookie,
        }
    }

    /// Asks for a page.
    pub fn get(&self, server: &Running, path: &str) -> Answer {
        let call = server.get(path).header("cookie", &self.cookie);
        call.header("accept", "text/html").send()
    }

    /// A call as a page of ours makes it, but for the token.
    pub fn call(&self, server: &Running, method: &str, path: &str) -> Call {
        let call = server.call(method, path).header("cookie", &self.cookie);
        call.header("origin", &self.origin)
    }

    /// Sends a form as a page of ours does.
    pub fn post(&self, server: &Running, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let pairs = [&[("csrf", self.csrf.as_str())], pairs].concat();
        post_form(self.call(server, "POST", path), &pairs).send()
    }
}

/// The cookie of an answer as a browser sends it back.
#[track_caller]
pub fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    assert!(cookie.starts_with("atlas_session="), "{answer:?}");
    cookie.to_owned()
}
