//! A real server and a real Chromium for one test: both are started here and both are ended here.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

const CHROMIUM: [&str; 3] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
];
/// What agents send with.
pub(crate) const TOKEN: &str = "ingest-token-of-the-browser-test";

/// A child that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server with a fresh database, and a chromedriver.
pub(crate) struct Stage {
    /// Scheme, host and port.
    pub(crate) base: String,
    /// The one-time address.
    pub(crate) welcome: String,
    _server: Process,
    _driver: Process,
    driver_address: String,
    folder: tempfile::TempDir,
    profiles: std::cell::Cell<u32>,
}

impl Stage {
    /// Starts both; `arguments` go to `serve`.
    pub(crate) fn new(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Its own config and no variables: a board that is installed here is not to be touched.
        let config = folder.path().join("atlas_ops.config.yaml");
        std::fs::write(&config, "backend:\n  db_url: sqlite:///atlas_ops.db\n").unwrap();
        let mut server = Command::new(env!("CARGO_BIN_EXE_atlas-ops"))
            .args(["serve", "--port", "0", "--config"])
            .arg(&config)
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("ATLAS_OPS_SHARED_TOKEN", TOKEN)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map(Process)
            .unwrap();
        let welcome = line_after(&mut server, "open the board: ").expect("the server starts");
        let (driver, port) = driver();
        Self {
            base: welcome[..welcome.find("/welcome/").unwrap()].to_owned(),
            welcome,
            _server: server,
            _driver: driver,
            driver_address: format!("http://127.0.0.1:{port}"),
            folder,
            profiles: std::cell::Cell::new(0),
        }
    }

    /// A browser with a profile of its own, 1280 pixels wide.
    pub(crate) async fn browser(&self) -> Client {
        self.browser_with(&json!({}), &json!({})).await
    }

    /// A phone, 390 pixels wide.
    pub(crate) async fn phone(&self) -> Client {
        let device = json!({"deviceMetrics": {"width": 390, "height": 844, "pixelRatio": 2.0, "touch": true}});
        self.browser_with(&json!({}), &device).await
    }

    /// A browser that runs no script of any page.
    pub(crate) async fn browser_without_script(&self) -> Client {
        self.browser_with(
            &json!({"profile.managed_default_content_settings.javascript": 2}),
            &json!({}),
        )
        .await
    }

    async fn browser_with(&self, preferences: &Value, device: &Value) -> Client {
        let chromium = CHROMIUM
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .expect("Chromium is needed: scripts/setup.sh installs it");
        self.profiles.set(self.profiles.get() + 1);
        let profile = self
            .folder
            .path()
            .join(format!("profile-{}", self.profiles.get()));
        let mut options = json!({
            "binary": chromium,
            "prefs": preferences,
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--disable-dev-shm-usage", "--window-size=1280,900",
                // A click must not meet a page that is still scrolling.
                "--force-prefers-reduced-motion",
                format!("--user-data-dir={}", profile.display()),
            ],
        });
        if device.get("deviceMetrics").is_some() {
            options["mobileEmulation"] = device.clone();
        }
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&self.driver_address)
            .await
            .expect("Chromium starts")
    }

    /// Runs a command on the server's database.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let status = Command::new(env!("CARGO_BIN_EXE_atlas-ops"))
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("atlas_ops.config.yaml"))
            .current_dir(self.folder.path())
            .env_clear()
            .stderr(Stdio::null())
            .status();
        assert!(status.unwrap().success(), "{arguments:?}");
    }

    /// What a command on the server's database prints.
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_atlas-ops"))
            .args(arguments)
            .arg("--config")
            .arg(self.folder.path().join("atlas_ops.config.yaml"))
            .current_dir(self.folder.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The answer of the API to a token.
    pub(crate) fn read(&self, token: &str, path: &str) -> Value {
        ureq::get(format!("{}{path}", self.base))
            .header("Authorization", format!("Bearer {token}"))
            .call()
            .unwrap()
            .body_mut()
            .read_json()
            .unwrap()
    }

    /// Sends a signal as an agent would.
    pub(crate) fn send(&self, signal: &Value) {
        let answer = ureq::post(format!("{}/api/signals", self.base))
            .header("Authorization", format!("Bearer {TOKEN}"))
            .send_json(signal)
            .unwrap();
        assert_eq!(answer.status(), 201);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // The driver ends the browsers that it started; a killed one would leave them behind.
        let _ = ureq::get(format!("{}/shutdown", self.driver_address)).call();
    }
}

/// A chromedriver and the port it listens on. It draws a port on IPv4 and wants the same one on
/// IPv6; where that one is taken it ends, and is to be started again.
fn driver() -> (Process, String) {
    let mut heard = String::new();
    for _ in 0..5 {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map(Process)
            .expect("chromedriver is needed: scripts/setup.sh installs it");
        let errors = driver.0.stderr.take().unwrap();
        match line_after(&mut driver, "successfully on port ") {
            Ok(port) => {
                drain(errors);
                return (driver, port.trim_end_matches('.').to_owned());
            }
            Err(output) => heard = output + &std::io::read_to_string(errors).unwrap_or_default(),
        }
    }
    panic!("chromedriver ended five times before it listened: {heard}");
}

/// Reads the rest and drops it, so that the writer never waits for a reader.
fn drain(mut output: impl Read + Send + 'static) {
    thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
}

/// What follows `words` on the first line of the child's output that holds them; all that it
/// said, when it ended before.
fn line_after(child: &mut Process, words: &str) -> Result<String, String> {
    let mut output = BufReader::new(child.0.stdout.take().unwrap());
    let mut heard = String::new();
    loop {
        let from = heard.len();
        if output.read_line(&mut heard).unwrap() == 0 {
            return Err(heard);
        }
        if let Some(at) = heard[from..].find(words) {
            let rest = heard[from + at + words.len()..].trim().to_owned();
            drain(output);
            return Ok(rest);
        }
    }
}

/// The shown text of the first element that fits.
pub(crate) async fn text(client: &Client, css: &str) -> String {
    let found = client.find(Locator::Css(css)).await;
    found
        .unwrap_or_else(|error| panic!("{css}: {error}"))
        .text()
        .await
        .unwrap()
}

/// The shown texts of all elements that fit.
pub(crate) async fn texts(client: &Client, css: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for element in client.find_all(Locator::Css(css)).await.unwrap() {
        texts.push(element.text().await.unwrap());
    }
    texts
}

/// Waits until the browser is at an address that `fits`; the address.
pub(crate) async fn arrive(client: &Client, fits: impl Fn(&str) -> bool) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let here = client.current_url().await.unwrap().to_string();
        if fits(&here) {
            return here;
        }
        assert!(Instant::now() < deadline, "still at {here}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Chooses in the filter form, applies it, and waits for the page it leads to.
pub(crate) async fn choose(client: &Client, name: &str, value: &str) {
    let form = client.form(Locator::Id("filters")).await.unwrap();
    let select = format!("select[name={name}]");
    let select = client.find(Locator::Css(&select)).await.unwrap();
    select.select_by_value(value).await.unwrap();
    form.submit().await.unwrap();
    let pair = format!("{name}={value}");
    arrive(client, |here| {
        here.split(['?', '&']).any(|found| found == pair)
    })
    .await;
}
