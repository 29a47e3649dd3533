//! Files that come with the pages, embedded and named by their content: they may be kept for ever.

use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::error::ServerError;
use crate::domain::hash;

static STYLE: &str = include_str!("../../templates/static/style.css");
static ICON: &str = include_str!("../../templates/static/icon.svg");

struct Asset {
    name: String,
    kind: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, kind: &'static str, content: &'static str) -> Self {
        let version = &hash::name_of(&[content])[..12];
        Self {
            name: format!("{stem}-{version}.{extension}"),
            kind,
            content,
        }
    }
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    [
        Asset::new("style", "css", "text/css; charset=utf-8", STYLE),
        Asset::new("icon", "svg", "image/svg+xml", ICON),
    ]
});

/// The name of the style sheet.
pub(crate) fn style() -> &'static str {
    &ASSETS[0].name
}

/// The name of the icon.
pub(crate) fn icon() -> &'static str {
    &ASSETS[1].name
}

/// Answers with one of them.
pub(crate) async fn show(name: web::Path<String>) -> Result<HttpResponse, ServerError> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.name == *name)
        .ok_or_else(|| ServerError::NotFound("there is no such file".to_owned()))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, asset.kind))
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.content))
}
