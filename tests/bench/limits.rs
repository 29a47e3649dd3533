//! What this machine could do at best, for `scripts/bench.sh` to hold the product against:
//! an HTTP handler that only reads a token and parses a signal, and SQLite alone with synced
//! commits. Nothing of the product's own code is used here.
//!
//! ```text
//! limits actix PORT           serve POST on 127.0.0.1:PORT until killed; the token is $BENCH_TOKEN
//! limits sqlite DIR SECONDS   rows per second, in transactions of 1 and of 100 rows, as JSON
//! limits engine PORT COUNT [flips]   a Docker Engine with that many containers, until killed
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)] // a program whose whole purpose is to print

mod engine;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use rusqlite::{Connection, params};
use serde::Deserialize;

/// As many as the machine that the targets were set on has cores.
const WORKERS: usize = 2;
/// The product's own bound on a body.
const MAX_BODY: usize = 512 * 1024;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args[..] {
        ["actix", port] => actix(port),
        ["sqlite", dir, seconds] => sqlite(Path::new(dir), seconds),
        ["engine", port, count] => engine::serve(port, count, false),
        ["engine", port, count, "flips"] => engine::serve(port, count, true),
        _ => {
            // `cargo bench` comes here: the measuring is done by the script.
            println!(
                "run scripts/bench.sh; by hand: limits actix PORT | limits sqlite DIR SECONDS"
            );
            return ExitCode::SUCCESS;
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("limits: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The fields a signal has on the wire.
#[derive(Deserialize)]
struct Signal {
    site_id: String,
    kind: String,
    summary: String,
    severity: String,
    source: String,
    detail: serde_json::Map<String, serde_json::Value>,
}

/// What a request is checked against.
struct Expected {
    authorization: String,
}

/// Checks the token, parses the body, and answers; stores nothing.
async fn parse(
    request: HttpRequest,
    expected: web::Data<Expected>,
    signal: web::Json<Signal>,
) -> HttpResponse {
    let given = request.headers().get(AUTHORIZATION);
    if given.is_none_or(|given| given.as_bytes() != expected.authorization.as_bytes()) {
        return HttpResponse::Unauthorized().finish();
    }
    // Every field is looked at, so that none is parsed in vain.
    let signal = signal.into_inner();
    let read = signal.site_id.len()
        + signal.kind.len()
        + signal.summary.len()
        + signal.severity.len()
        + signal.source.len()
        + signal.detail.len();
    HttpResponse::Created().json(serde_json::json!({ "read": read }))
}

fn actix(port: &str) -> Result<(), Box<dyn Error>> {
    let port: u16 = port.parse()?;
    let token = std::env::var("BENCH_TOKEN")?;
    let expected = web::Data::new(Expected {
        authorization: format!("Bearer {token}"),
    });
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            App::new()
                .app_data(expected.clone())
                .app_data(web::JsonConfig::default().limit(MAX_BODY))
                .route("/api/signals", web::post().to(parse))
        })
        .workers(WORKERS)
        .bind(("127.0.0.1", port))?
        .run()
        .await
    })?;
    Ok(())
}

fn sqlite(dir: &Path, seconds: &str) -> Result<(), Box<dyn Error>> {
    let duration = Duration::from_secs_f64(seconds.parse()?);
    let one = rows_per_second(&dir.join("limit-1.db"), 1, duration)?;
    let hundred = rows_per_second(&dir.join("limit-100.db"), 100, duration)?;
    println!(
        "{}",
        serde_json::json!({ "rows_1": one.round(), "rows_100": hundred.round() })
    );
    Ok(())
}

/// Inserts rows of a signal's size for that long: WAL, every commit synced, everything else as
/// SQLite has it by default. The file must not exist, and is gone afterwards.
fn rows_per_second(path: &Path, batch: usize, duration: Duration) -> Result<f64, Box<dyn Error>> {
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute_batch(
        "CREATE TABLE signals (
            id INTEGER PRIMARY KEY, site_id TEXT NOT NULL, kind TEXT NOT NULL,
            summary TEXT NOT NULL, detail TEXT NOT NULL, severity TEXT NOT NULL,
            source TEXT NOT NULL, received_at INTEGER NOT NULL)",
    )?;
    let detail = r#"{"host":"nas-01","mount":"/srv/data","used_pct":91.4,"free_gib":42.1}"#;
    let start = Instant::now();
    let mut rows = 0_u64;
    while start.elapsed() < duration {
        let transaction = db.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO signals
                    (site_id, kind, summary, detail, severity, source, received_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for _ in 0..batch {
                rows += 1;
                insert.execute(params![
                    "site-homelab",
                    "disk_full",
                    format!("Disk usage 91% on nas-01 /srv/data run {rows:08}"),
                    detail,
                    "warning",
                    "agent",
                    i64::try_from(rows)?,
                ])?;
            }
        }
        transaction.commit()?;
    }
    let rate = rows as f64 / start.elapsed().as_secs_f64();
    db.close().map_err(|(_, error)| error)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(rate)
}
