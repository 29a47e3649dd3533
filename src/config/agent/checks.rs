//! What the checks are told: the `checks:` section below `agent:`.

use crate::config::section::Section;

/// What the checks are told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChecksConfig {}

/// Reads the section.
pub(super) fn read(_section: &mut Section<'_>) -> ChecksConfig {
    ChecksConfig {}
}
