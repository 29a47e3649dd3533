//! What filters are made of: the choices of a field, and the chips of what was chosen.

use crate::domain::text::shown;

/// One choice of a field.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl Choice {
    pub(super) fn new(value: &str, label: &str, chosen: bool) -> Self {
        Self {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen,
        }
    }

    /// The sites by the names that people gave them; one that nobody knows stays chosen.
    pub(super) fn sites(names: &[(String, String)], chosen: Option<&str>) -> Vec<Self> {
        let chosen = chosen.unwrap_or_default();
        let mut sites = vec![Self::new("", "all sites", chosen.is_empty())];
        for (id, name) in names {
            sites.push(Self::new(id, &shown(name), id == chosen));
        }
        if !sites.iter().any(|choice| choice.chosen) {
            sites.push(Self::new(chosen, &shown(chosen), true));
        }
        sites
    }
}

/// An active filter, and the address without it.
pub(super) struct Chip {
    pub(super) label: String,
    pub(super) without: String,
}

impl Chip {
    /// For `active`, filters' names with their values: `label` says each, `None` where it has no
    /// chip; `address` leads to the page with the others.
    pub(super) fn all(
        active: &[(&'static str, String)],
        label: impl Fn(&str, &str) -> Option<String>,
        address: impl Fn(&[(&'static str, String)]) -> String,
    ) -> Vec<Self> {
        let without = |name: &str| {
            let rest = active.iter().filter(|(other, _)| *other != name);
            address(&rest.cloned().collect::<Vec<_>>())
        };
        active
            .iter()
            .filter_map(|(name, value)| {
                Some(Self {
                    label: label(name, value)?,
                    without: without(name),
                })
            })
            .collect()
    }
}

/// What people call the site.
pub(super) fn site_name(names: &[(String, String)], id: &str) -> String {
    let known = names.iter().find(|(known, _)| known == id);
    shown(known.map_or(id, |(_, name)| name))
}
