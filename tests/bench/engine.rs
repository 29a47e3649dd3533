//! A Docker Engine that is fast and holds as many containers as it is told, for `scripts/bench.sh`
//! to measure what watching them costs the agent. All of them run; with `flips` all of them stop
//! and start again by turns, each time they are listed.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

/// What is served.
struct Engine {
    containers: usize,
    flips: bool,
    listed: AtomicU64,
}

impl Engine {
    /// Whether the containers run now.
    fn run(&self) -> bool {
        !self.flips || self.listed.load(Ordering::Relaxed) % 2 == 1
    }

    fn row(&self, number: usize) -> Value {
        let (state, status) = if self.run() {
            ("running", "Up 2 hours")
        } else {
            ("exited", "Exited (1) 2 hours ago")
        };
        json!({
            "Id": id(number), "Names": [format!("/service-{number}")], "Image": "registry.lan/app:1.4",
            "ImageID": format!("sha256:{:064x}", number % 40), "Command": "/app --serve", "Created": 1_790_000_000,
            "State": state, "Status": status, "Ports": [],
            "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": format!("service-{number}")},
        })
    }

    fn inspection(&self, number: usize) -> Value {
        let up = self.run();
        json!({
            "Id": id(number), "Name": format!("/service-{number}"), "RestartCount": 0,
            "Created": "2026-11-01T00:00:00.000000000Z", "Image": format!("sha256:{:064x}", number % 40),
            "State": {"Status": if up { "running" } else { "exited" }, "Running": up, "OOMKilled": false,
                "ExitCode": i32::from(!up), "StartedAt": "2026-11-22T00:00:00.123456789Z",
                "FinishedAt": if up { "0001-01-01T00:00:00Z" } else { "2026-11-23T00:00:00.123456789Z" }},
            "HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 0}},
            "Config": {"Image": "registry.lan/app:1.4", "Labels": {"com.docker.compose.project": "shop"}},
        })
    }
}

fn id(number: usize) -> String {
    format!("{number:064x}")
}

async fn list(engine: web::Data<Engine>) -> HttpResponse {
    engine.listed.fetch_add(1, Ordering::Relaxed);
    let rows: Vec<Value> = (0..engine.containers)
        .map(|number| engine.row(number))
        .collect();
    HttpResponse::Ok().json(rows)
}

async fn inspect(engine: web::Data<Engine>, request: HttpRequest) -> HttpResponse {
    let id = request.match_info().get("id").unwrap_or_default();
    match usize::from_str_radix(id, 16) {
        Ok(number) if number < engine.containers => {
            HttpResponse::Ok().json(engine.inspection(number))
        }
        _ => HttpResponse::NotFound().json(json!({"message": "No such container"})),
    }
}

async fn version() -> HttpResponse {
    HttpResponse::Ok()
        .json(json!({"Version": "28.0.0", "ApiVersion": "1.47", "MinAPIVersion": "1.24"}))
}

async fn info() -> HttpResponse {
    HttpResponse::Ok().json(json!({"ID": "bench", "SystemTime": "2026-11-26T00:00:00.000000000Z"}))
}

/// No events: the end of the stream at once.
async fn events() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body("")
}

/// Serves until it is killed.
pub(crate) fn serve(port: &str, containers: &str, flips: bool) -> Result<(), Box<dyn Error>> {
    let port: u16 = port.parse()?;
    let engine = web::Data::new(Engine {
        containers: containers.parse()?,
        flips,
        listed: AtomicU64::new(0),
    });
    actix_web::rt::System::new().block_on(async move {
        HttpServer::new(move || {
            let calls = || {
                web::scope("")
                    .route("/version", web::get().to(version))
                    .route("/info", web::get().to(info))
                    .route("/events", web::get().to(events))
                    .route("/containers/json", web::get().to(list))
                    .route("/containers/{id}/json", web::get().to(inspect))
            };
            App::new()
                .app_data(engine.clone())
                .service(web::scope("/v{version:[0-9.]+}").service(calls()))
                .service(calls())
        })
        .workers(1)
        .bind(("127.0.0.1", port))?
        .run()
        .await
    })?;
    Ok(())
}
