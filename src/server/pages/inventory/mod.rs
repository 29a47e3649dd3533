//! `/inventory`: what discovery found at each site, and what people say of it.

pub(crate) mod acts;
pub(in crate::server::pages) mod network;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use jiff::tz::TimeZone;

use self::network::{NetworkView, SuggestionView};
use super::choice::Choice;
use super::mark::Mark;
use super::{Frame, When, render};
use crate::clock;
use crate::domain::inventory::host::{Host, Service};
use crate::domain::inventory::judge::Standing;
use crate::domain::inventory::product::Confidence;
use crate::domain::inventory::suggestion::Decision;
use crate::domain::order;
use crate::domain::text::shown;
use crate::domain::timestamp::Timestamp;
use crate::flow::inventory::view::{self, Overview};
use crate::server::error::ServerError;
use crate::server::respond;
use crate::server::state::AppState;
use crate::store::hosts::{self, Marked};
use crate::store::{integration_suggestions, sites};

/// Hosts of one network that the page shows; the search finds the others.
const MOST: usize = 300;

#[derive(Template)]
#[template(path = "inventory.html")]
struct InventoryPage {
    frame: Frame,
    search: String,
    sites: Vec<Choice>,
    networks: Vec<NetworkPart>,
    /// Suggested integrations that wait for a decision, and those that are ignored.
    suggestions: Vec<SuggestionView>,
    ignored_suggestions: Vec<SuggestionView>,
    ignored: Vec<IgnoredView>,
    /// Whether it is empty because of the filters.
    narrowed: bool,
}

/// One network with its hosts.
struct NetworkPart {
    network: NetworkView,
    site: String,
    hosts: Vec<HostView>,
    roaming: Vec<HostView>,
    left_out: usize,
}

#[allow(clippy::struct_excessive_bools)] // a template asks each of them alone
struct HostView {
    id: i64,
    name: String,
    standing: StandingView,
    new: bool,
    watched: bool,
    known: bool,
    pinned: bool,
    /// What people call it, for the form.
    own_name: String,
    address: String,
    /// Its other addresses and names, and who made it.
    more: String,
    mac: String,
    services: Vec<ServiceView>,
    first: When,
    last: When,
}

/// Whether it is there: never colour alone.
struct StandingView {
    mark: Mark,
}

struct ServiceView {
    name: String,
    place: String,
    /// `?` where it is not sure, nothing where it is.
    doubt: &'static str,
    gone: bool,
    announced: bool,
    why: String,
}

struct IgnoredView {
    site_id: String,
    identity: String,
    called: String,
    by: String,
    when: When,
    /// As it stands in the form.
    shown_identity: String,
}

#[derive(Debug, Default)]
struct Query {
    site: Option<String>,
    search: String,
}

/// Shows it.
pub(crate) async fn show(
    request: HttpRequest,
    state: web::Data<AppState>,
    pairs: web::Query<Vec<(String, String)>>,
) -> Result<HttpResponse, ServerError> {
    let now = clock::now();
    let mut query = Query::default();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        match name.as_str() {
            "site" => query.site = Some(value.clone()),
            "q" => query.search = value.chars().take(200).collect(),
            _ => {}
        }
    }
    let site = query.site.clone();
    let (overview, ignored, suggestions, sites) = state
        .store
        .read(move |db| {
            Ok((
                view::overview(db, site.as_deref(), now)?,
                hosts::ignored(db)?,
                integration_suggestions::all(db)?,
                sites::all(db)?,
            ))
        })
        .await?;
    let names: Vec<(String, String)> = sites.into_iter().map(|site| (site.id, site.name)).collect();
    let zone = &state.config.timezone;
    let here = |site: &str| query.site.as_deref().is_none_or(|wanted| wanted == site);
    let (mut open, mut not_wanted) = (Vec::new(), Vec::new());
    for found in suggestions.iter().filter(|found| here(&found.site_id)) {
        match found.state {
            Decision::Open => open.push(SuggestionView::of(found)),
            Decision::Ignored => not_wanted.push(SuggestionView::of(found)),
            Decision::Accepted => {}
        }
    }
    let page = InventoryPage {
        frame: Frame::new(&state, &request, "Inventory"),
        search: query.search.clone(),
        sites: choices(&query, &names),
        networks: parts(overview, &query, &names, (now, zone)),
        suggestions: open,
        ignored_suggestions: not_wanted,
        ignored: ignored
            .iter()
            .filter(|marked| here(&marked.site_id))
            .map(|marked| ignored_view(marked, now, zone))
            .collect(),
        narrowed: query.site.is_some() || !query.search.is_empty(),
    };
    Ok(respond::html(&request, render(&page)?))
}

fn choices(query: &Query, names: &[(String, String)]) -> Vec<Choice> {
    let chosen = query.site.as_deref().unwrap_or_default();
    let mut sites = vec![Choice::new("", "all sites", chosen.is_empty())];
    for (id, name) in names {
        sites.push(Choice::new(id, &shown(name), id == chosen));
    }
    if !sites.iter().any(|choice| choice.chosen) {
        sites.push(Choice::new(chosen, &shown(chosen), true));
    }
    sites
}

fn parts(
    overview: Overview,
    query: &Query,
    names: &[(String, String)],
    (now, zone): (Timestamp, &TimeZone),
) -> Vec<NetworkPart> {
    let words: Vec<String> = query.search.split_whitespace().map(str::to_owned).collect();
    let Overview { networks, hosts } = overview;
    let mut parts = Vec::new();
    for network in &networks {
        let mut found: Vec<&Host> = hosts
            .iter()
            .filter(|host| host.network_id == network.id && !host.ignored)
            .filter(|host| host.holds_all(&words))
            .collect();
        if found.is_empty() && !words.is_empty() {
            continue;
        }
        // New ones and missing ones first; the others stay by address.
        order::sort_by_key(&mut found, |host| {
            (!host.new, host.state != Standing::Absent || !host.watched)
        });
        let (roaming, hosts): (Vec<&Host>, Vec<&Host>) =
            found.into_iter().partition(|host| host.roaming);
        let view = |all: &[&Host]| -> Vec<HostView> {
            let shown = all.iter().take(MOST);
            shown.map(|host| host_view(host, now, zone)).collect()
        };
        let site = names.iter().find(|(id, _)| *id == network.site_id);
        parts.push(NetworkPart {
            left_out: hosts.len().saturating_sub(MOST) + roaming.len().saturating_sub(MOST),
            hosts: view(&hosts),
            roaming: view(&roaming),
            site: shown(site.map_or(&network.site_id, |(_, name)| name)),
            network: NetworkView::of(network, now, zone),
        });
    }
    parts
}

fn host_view(host: &Host, now: Timestamp, zone: &TimeZone) -> HostView {
    let mut addresses = host.addresses.iter().map(|known| known.address.as_str());
    let address = addresses.next().unwrap_or_default().to_owned();
    let more: Vec<&str> = addresses
        .chain(host.names.iter().map(String::as_str))
        .chain(host.vendor.as_deref())
        .filter(|text| *text != host.name)
        .collect();
    let own_name = !host.names.contains(&host.name)
        && !host
            .addresses
            .iter()
            .any(|known| known.address == host.name);
    HostView {
        id: host.id,
        name: shown(&host.name),
        standing: StandingView::of(host),
        new: host.new,
        watched: host.watched,
        known: host.known,
        pinned: host.pinned,
        own_name: if own_name {
            shown(&host.name)
        } else {
            String::new()
        },
        more: shown(&more.join(" · ")),
        address,
        mac: shown(host.mac.as_deref().unwrap_or_default()),
        services: host.services.iter().map(service_view).collect(),
        first: When::new(host.first_seen, now, zone),
        last: When::new(host.last_seen, now, zone),
    }
}

impl StandingView {
    fn of(host: &Host) -> Self {
        let (word, icon) = match host.state {
            Standing::Present => ("ok", "✓"),
            Standing::Absent if host.watched => ("warning", "◆"),
            Standing::Absent | Standing::Unknown => ("unknown", "?"),
        };
        Self {
            mark: Mark { word, icon },
        }
    }

    fn words(&self) -> &'static str {
        match self.mark.word {
            "ok" => "present",
            "warning" => "gone",
            _ => "not seen",
        }
    }
}

fn service_view(service: &Service) -> ServiceView {
    let place = format!("{}/{}", service.protocol, service.port);
    let mut why = vec![format!("confidence {}", service.confidence.as_str())];
    let evidence = service.evidence.iter();
    why.extend(evidence.map(|(key, value)| format!("{key}: {value}")));
    if let Some(shown) = &service.certificate {
        let (subject, end) = (&shown.subject, shown.not_after);
        why.push(format!("certificate of {subject} until {end}"));
    }
    ServiceView {
        name: shown(service.product.as_deref().unwrap_or_default()),
        place,
        doubt: if service.confidence == Confidence::Medium {
            "?"
        } else {
            ""
        },
        gone: service.gone,
        announced: !service.open,
        why: shown(&why.join("; ")),
    }
}

fn ignored_view(marked: &Marked, now: Timestamp, zone: &TimeZone) -> IgnoredView {
    IgnoredView {
        site_id: marked.site_id.clone(),
        identity: marked.identity.clone(),
        shown_identity: shown(&marked.identity),
        called: shown(&marked.called),
        by: shown(&marked.by),
        when: When::new(marked.at, now, zone),
    }
}
