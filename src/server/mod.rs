//! The HTTP server: binds, serves, and stops without losing what was answered. It translates
//! between HTTP and `flow`; it decides nothing about signals.

mod address;
mod api;
mod assets;
mod auth;
mod body;
mod client;
mod clockwork;
mod csrf;
mod edge;
mod error;
mod guessing;
mod handler;
mod model;
mod nightly;
mod openapi;
mod origin;
mod pages;
mod passwords;
mod principal;
mod respond;
pub mod routes;
mod session;
mod state;
mod watch;

use std::io::ErrorKind;
use std::time::Duration;

use actix_cors::Cors;
use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};

use crate::aside;
use crate::clock;
use crate::config::backend::{Auth, BackendConfig};
use crate::domain::token;
use crate::error::Error;
use crate::flow::catalogue::Catalogue;
use crate::store::{Store, sessions, users};
use crate::wire;

use self::state::AppState;

/// How long a request's head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests in flight may take when the server is told to stop.
const STOP_SECONDS: u64 = 10;
/// Threads for reading, for each worker.
const BLOCKING_THREADS: usize = 4;

/// Serves until SIGTERM or SIGINT, then answers what is in flight, writes the log back into the
/// database and returns. `say` prints a line for the person who started it.
///
/// # Errors
/// The address cannot be used.
pub fn run(
    config: BackendConfig,
    store: Store,
    catalogue: Catalogue,
    say: &dyn Fn(&str),
) -> Result<(), Error> {
    actix_web::rt::System::new().block_on(serve(config, store, catalogue, say))
}

async fn serve(
    config: BackendConfig,
    store: Store,
    catalogue: Catalogue,
    say: &dyn Fn(&str),
) -> Result<(), Error> {
    let address = (config.host.clone(), config.port);
    let state = web::Data::new(AppState::new(config, store.clone(), catalogue));
    let shared = state.clone();
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .wrap(cors(&shared.config.allowed_origins))
            .wrap(from_fn(edge::outgoing))
            .configure(|services| routes::configure(services, &shared.config.base_path))
    };
    let attempt = format!("listen on {}:{}", address.0, address.1);
    let server = HttpServer::new(app)
        .worker_max_blocking_threads(BLOCKING_THREADS)
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(STOP_SECONDS)
        .bind(&address)
        .map_err(|error| cannot_bind(attempt, &error))?;
    let bound = server
        .addrs()
        .first()
        .map_or(address.1, std::net::SocketAddr::port);
    let server = server.run();
    clockwork::start(&state);
    let watching = watch::start(state.clone());
    announce(&state, bound, say).await?;
    let nightly = actix_web::rt::spawn(nightly::run(state.clone()));
    let outcome = server.await;
    nightly.abort();
    tracing::info!("stopping: what is in flight is answered, then the database is closed");
    watching.abort();
    drop(state);
    aside::run(move || store.close()).await.ok();
    outcome.map_err(|error| Error::new("serve", error))
}

fn cannot_bind(attempt: String, error: &std::io::Error) -> Error {
    let hint = match error.kind() {
        ErrorKind::AddrInUse => {
            "another program uses the port: choose one with --port, or see: ss -ltnp"
        }
        ErrorKind::PermissionDenied => "ports below 1024 are root's: choose one with --port 8000",
        _ => "backend.host must be an address of this machine: 127.0.0.1, 0.0.0.0, or see: ip addr",
    };
    Error::new(attempt, error).hint(hint)
}

/// Says where the board is, with the one-time address that logs its admin in.
async fn announce(state: &AppState, port: u16, say: &dyn Fn(&str)) -> Result<(), Error> {
    let config = &state.config;
    let base = config.address(port);
    state.reached_at(&base);
    tracing::info!(
        address = %config.host, port, database = %state.store.path().display(),
        version = env!("CARGO_PKG_VERSION"), "serving"
    );
    let admin = state
        .store
        .read(users::oldest_admin)
        .await
        .map_err(|error| Error::new("find the admin", error))?;
    let Some(admin) = admin.filter(|_| config.auth == Auth::Password) else {
        say(&format!("open the board: {base}/"));
        return Ok(());
    };
    let code = clock::random()
        .map(token::one_time_code)
        .map_err(|error| Error::new("make a one-time address", error))?;
    let (hash, now) = (token::digest(&code), clock::now());
    let until = now.plus_millis(sessions::CODE_MS);
    state
        .store
        .write(move |db| sessions::offer_code(db, &hash, admin.id, now, until))
        .await
        .map_err(|error| Error::new("store the one-time address", error))?;
    say(&format!("open the board: {base}/welcome/{code}"));
    say(&format!(
        "(this address logs you in as {} once, within a day; a restart prints a new one)",
        admin.name
    ));
    Ok(())
}

fn cors(origins: &[String]) -> Cors {
    origins
        .iter()
        .fold(Cors::default(), |cors, origin| cors.allowed_origin(origin))
        .allowed_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers(["authorization", "content-type", wire::IDEMPOTENCY_KEY])
        .max_age(3600)
}
