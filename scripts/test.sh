#!/usr/bin/env bash
# Usage: scripts/test.sh
# Formatting, clippy with warnings as errors, and every test.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo fmt --check
cargo clippy --all-targets --locked -- -D warnings
cargo nextest run --locked
