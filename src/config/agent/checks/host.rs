//! What is watched of the host itself, as the `checks:` section tells.

use crate::config::section::Section;

/// What is watched of the host itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HostChecks {}

/// Reads its keys of the section.
pub(super) fn read(_section: &mut Section<'_>) -> HostChecks {
    HostChecks {}
}
