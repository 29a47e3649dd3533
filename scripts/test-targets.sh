#!/usr/bin/env bash
# Usage: scripts/test-targets.sh [--dist] [-h]
#
# Runs the program as Windows and ARM64 machines do, under Wine and qemu, against a server of this
# machine: tests/other_targets.rs. Builds both without optimisation; with --dist it takes what
# scripts/release.sh left in target/dist/. Installs what is missing (scripts/setup.sh --targets).
# Not run here: Windows itself (its scheduler, its access rights, its disks), and ARM64's own kernel.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
dist=
case ${1-} in
'') ;;
--dist) dist=yes ;;
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
export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
target_dir=$(realpath -m "${CARGO_TARGET_DIR:-target}")
windows=x86_64-pc-windows-gnu
arm64=aarch64-unknown-linux-musl

./scripts/setup.sh --targets
if [[ -n $dist ]]; then
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n1)
    export ATLAS_OPS_WINDOWS_PROGRAM=$target_dir/dist/atlas-ops-$version-$windows.exe
    export ATLAS_OPS_ARM64_PROGRAM=$target_dir/dist/atlas-ops-$version-$arm64
else
    # No lines for a debugger: half the time of the linkers.
    export CARGO_PROFILE_DEV_DEBUG=false
    cargo build --quiet --locked --bin atlas-ops --target "$windows"
    PATH="$target_dir/zig/bin:$PATH" JEMALLOC_SYS_WITH_LG_PAGE=16 \
        cargo zigbuild --quiet --locked --bin atlas-ops --target "$arm64"
    unset CARGO_PROFILE_DEV_DEBUG
    export ATLAS_OPS_WINDOWS_PROGRAM=$target_dir/$windows/debug/atlas-ops.exe
    export ATLAS_OPS_ARM64_PROGRAM=$target_dir/$arm64/debug/atlas-ops
fi

# A Windows of its own, without a desktop; what Wine starts for it ends with this script.
WINEPREFIX=$(mktemp -d)
export WINEPREFIX WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
unset DISPLAY WAYLAND_DISPLAY
wineserver=$(command -v wineserver || echo /usr/lib/wine/wineserver)
end_wine() {
    "$wineserver" -k 2>/dev/null || true
    rm -rf "$WINEPREFIX"
}
trap end_wine EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
# Its first start complains of the 32 bits that are not installed.
wine wineboot --init >/dev/null 2>&1
system=$WINEPREFIX/drive_c/windows/system32
if [[ ! -e $system/bcryptprimitives.dll ]]; then
    x86_64-w64-mingw32-gcc -shared -Os -o "$system/bcryptprimitives.dll" \
        tests/fixtures/wine/bcryptprimitives.c -ladvapi32
fi
# Else each program would start Wine's services anew.
"$wineserver" -p 2>/dev/null || true

cargo nextest run --locked --test other_targets
