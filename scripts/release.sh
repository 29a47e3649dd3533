#!/usr/bin/env bash
# Usage: scripts/release.sh [TARGET...] [-h]
#
# Builds the release binaries into target/dist/, with the version and the target in their names and
# SHA256SUMS beside them. Checks that each is for its machine, brings all its libraries, and stays
# under 12 MB. Without a TARGET, all of:
#   x86_64-unknown-linux-musl    by scripts/build-static.sh
#   aarch64-unknown-linux-musl   with zig as its linker
#   x86_64-pc-windows-gnu        with mingw-w64
# CARGO_TARGET_DIR is respected. Installs what is missing (scripts/setup.sh --release). Takes about
# ten minutes for each on two cores.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
fail() {
    printf 'release: %s\n' "$1" >&2
    exit 1
}

all=(x86_64-unknown-linux-musl aarch64-unknown-linux-musl x86_64-pc-windows-gnu)
targets=()
while (($#)); do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    *)
        [[ " ${all[*]} " == *" $1 "* ]] || {
            usage >&2
            exit 2
        }
        targets+=("$1")
        ;;
    esac
    shift
done
((${#targets[@]})) || targets=("${all[@]}")

cd "$(dirname "$0")/.."
export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
target_dir=${CARGO_TARGET_DIR:-target}
dist=$target_dir/dist
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n1)
# More is not copied to a hundred small hosts with pleasure.
most=12000000

./scripts/setup.sh --release

# build TARGET: the release binary, as build-static.sh makes it for this machine.
build() {
    local flags="'-Cforce-frame-pointers=yes'," folder
    cargo fetch --locked --target "$1"
    for folder in "${CARGO_HOME:-${HOME:-/root}/.cargo}"/registry/src/*/; do
        flags+="'--remap-path-prefix=$folder=',"
    done
    local options=(--release --locked --target "$1" --bin atlas-ops
        --config "target.$1.rustflags=[$flags]")
    case $1 in
    x86_64-unknown-linux-musl) ./scripts/build-static.sh ;;
    aarch64-unknown-linux-musl)
        # Kernels for ARM64 have pages of 4, 16 (Raspberry Pi 5) or 64 KiB: an allocator that was
        # built for the largest runs on all.
        PATH="$(realpath "$target_dir")/zig/bin:$PATH" JEMALLOC_SYS_WITH_LG_PAGE=16 cargo zigbuild "${options[@]}"
        ;;
    *) cargo build "${options[@]}" ;;
    esac
}

# is_self_contained TARGET FILE: it is for that machine, and nothing has to be installed for it.
is_self_contained() {
    local machine seen
    case $1 in
    *-linux-musl)
        machine='Advanced Micro Devices X86-64'
        [[ $1 == aarch64-* ]] && machine=AArch64
        readelf -hW "$2" | grep -q "Machine: *$machine$" || fail "$2 is not for $machine"
        # Static, with or without a fixed place: no interpreter, and no library by name.
        seen=$(readelf -lW "$2" | grep -w INTERP || true)
        seen+=$(readelf -dW "$2" | grep -w NEEDED || true)
        ;;
    *-windows-gnu)
        [[ $(LC_ALL=C x86_64-w64-mingw32-objdump -f "$2") == *pei-x86-64* ]] ||
            fail "$2 is no program for Windows"
        # Libraries of mingw-w64 and gcc are named so; Windows' own are not.
        seen=$(x86_64-w64-mingw32-objdump -p "$2" | grep -i 'DLL Name: *lib' || true)
        ;;
    esac
    [[ -z $seen ]] || fail "$2 needs what is not in it:
$seen"
}

mkdir -p "$dist"
rm -f "$dist"/SHA256SUMS
too_large=
for target in "${targets[@]}"; do
    from=$SECONDS
    build "$target"
    suffix=
    [[ $target == *-windows-* ]] && suffix=.exe
    name=atlas-ops-$version-$target$suffix
    install -m 755 "$target_dir/$target/release/atlas-ops$suffix" "$dist/$name"
    is_self_contained "$target" "$dist/$name"
    bytes=$(stat -c %s "$dist/$name")
    printf '%-52s %2d.%02d MB  %4d s\n' "$name" $((bytes / 1000000)) $((bytes % 1000000 / 10000)) \
        $((SECONDS - from))
    ((bytes < most)) || too_large+=" $name"
done
(cd "$dist" && sha256sum "atlas-ops-$version-"* >SHA256SUMS)
printf 'in %s, with SHA256SUMS\n' "$dist"
[[ -z $too_large ]] || fail "over 12 MB:$too_large"
