#!/usr/bin/env bash
# Usage: scripts/build-static.sh [-h]
#
# Builds the release binary for x86_64-unknown-linux-musl, checks that it is static and that it
# runs, and prints where it is and how large. CARGO_TARGET_DIR is respected. Needs what
# scripts/setup.sh installs.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
case ${1-} in
'') ;;
-h | --help)
    usage
    exit 0
    ;;
*)
    usage >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.."
PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
target=x86_64-unknown-linux-musl
binary=${CARGO_TARGET_DIR:-target}/$target/release/atlas-ops

# Where a package lay on this machine is in no message: the program is smaller, and the same
# wherever it is built.
# Its own linker, see there, reads the names of functions.
# With a frame pointer the tables for unwinding need a third less room, and the code no more.
cargo fetch --locked --target "$target"
flags="'-Clinker=$PWD/scripts/link-static.sh','-Csymbol-mangling-version=v0',"
flags+="'-Cforce-frame-pointers=yes',"
for folder in "${CARGO_HOME:-${HOME:-/root}/.cargo}"/registry/src/*/; do
    flags+="'--remap-path-prefix=$folder=',"
done
cargo build --release --locked --target "$target" --bin atlas-ops \
    --config "target.$target.rustflags=[$flags]"

# ldd fails on a static binary that cannot be moved, and not on one that can: its words decide.
linkage=$(LC_ALL=C ldd "$binary" 2>&1 || true)
case $linkage in
*"statically linked"* | *"not a dynamic executable"*) ;;
*)
    printf 'build-static: %s is not static; ldd says:\n%s\n' "$binary" "$linkage" >&2
    exit 1
    ;;
esac
version=$("$binary" --version)
bytes=$(stat -c %s "$binary")
printf '%s  %d.%02d MB  %s  %s\n' "$binary" $((bytes / 1000000)) $((bytes % 1000000 / 10000)) \
    "${linkage//[$'\t\n']/}" "$version"
