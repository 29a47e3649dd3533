#!/usr/bin/env bash
# Usage: scripts/setup.sh [--build | --test | --bench | --release | --targets] [-h]
#
# Installs what a Debian 12 or 13 machine with git and a Rust toolchain lacks, and nothing else.
#   --build   what the static binary is built with (the default)
#   --test    that, and what scripts/test.sh drives: a browser, a Docker engine, nginx, Prometheus,
#             an MCP client (a Python environment below target/)
#   --bench   that of --build, and what scripts/bench.sh measures with
#   --release that of --build, and what scripts/release.sh builds for Windows and ARM64 with: mingw-w64,
#             zig (a Python environment below target/)
#   --targets that of --release, and what scripts/test-targets.sh runs those in: Wine, qemu
# Silent when nothing is missing. Needs root, or sudo, only when something is. Services that come
# with a package are neither started now nor enabled for the next boot.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
    say "$1"
    shift
    printf 'hint: %s\n' "$@" >&2
    exit 1
}

purpose=build
while (($#)); do
    case $1 in
    --build | --test | --bench | --release | --targets) purpose=${1#--} ;;
    -h | --help)
        usage
        exit 0
        ;;
    *)
        usage >&2
        exit 2
        ;;
    esac
    shift
done

cd "$(dirname "$0")/.."
target=x86_64-unknown-linux-musl
# Not on everybody's path: rustup's tools in a shell older than rustup, daemons for non-root users.
PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:/usr/sbin:/sbin"

# --- the Rust toolchain: asked for, never installed ------------------------------------------
[[ $(uname -m) == x86_64 ]] ||
    fail "this machine is $(uname -m); the static binary is built on x86_64" \
        "a plain 'cargo build --release' makes a dynamic binary for this machine"
command -v cargo >/dev/null || fail "there is no Rust toolchain here" \
    "install one from https://rustup.rs and run this again"
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d' ' -f2)
[[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n1) == "$wanted" ]] ||
    fail "Rust $found is too old; $wanted or newer is needed" "rustup update stable"

# --- Debian packages -------------------------------------------------------------------------
missing=()
# needs COMMAND PACKAGE...: without the command, the packages are missing. By command and not by
# package, since Docker's or nginx's own packages do as well as Debian's.
needs() {
    command -v "$1" >/dev/null || missing+=("${@:2}")
}
static_busybox() {
    local path
    path=$(command -v busybox) && ! ldd "$path" >/dev/null 2>&1
}

needs cc gcc libc6-dev
needs musl-gcc musl-tools
# The allocator of the static binary is built by its own makefile.
needs make make
case $purpose in
test)
    needs chromium chromium
    needs chromedriver chromium-driver
    needs dockerd docker.io
    # Debian 13 keeps the client in a package of its own, Debian 12 in docker.io.
    if ! command -v docker >/dev/null; then
        # shellcheck source=/dev/null
        if (. /etc/os-release && ((${VERSION_ID%%.*} >= 13))) 2>/dev/null; then
            missing+=(docker-cli)
        else
            missing+=(docker.io)
        fi
    fi
    needs podman podman
    needs ip iproute2
    # Runs the agent as nobody, without capabilities, in network namespaces of the tests.
    needs setpriv util-linux
    needs sysctl procps
    needs nginx nginx
    needs prometheus prometheus
    needs openssl openssl
    needs python3 python3
    # Debian's python3 makes no environments without a package of its own.
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    needs shellcheck shellcheck
    # systemd-analyze reads the units that `install` writes; nothing of it is started.
    needs systemd-analyze systemd
    # Test images hold one file, which therefore has to be static.
    static_busybox || missing+=(busybox-static)
    ;;
bench)
    needs wrk wrk
    needs python3 python3
    # Discovery is measured on a network of namespaces, against these two.
    needs ip iproute2
    needs nmap nmap
    needs fping fping
    ;;
release | targets)
    needs x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
    needs readelf binutils
    needs python3 python3
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    ;;
esac
if [[ $purpose == targets ]]; then
    # Its 64 bits alone; the 32 are another architecture's packages, and not asked for.
    needs wine wine wine64
    needs qemu-aarch64 qemu-user
fi

root=()
become_root() {
    ((EUID == 0)) && return
    if ! command -v sudo >/dev/null; then
        fail "not root, and there is no sudo" "as root: apt-get update && apt-get install -y $*"
    fi
    root=(sudo)
    # Without a terminal a password prompt would wait for ever.
    [[ -t 0 ]] || root=(sudo -n)
}

# While packages are installed, Debian asks this file before it starts a service.
policy=/usr/sbin/policy-rc.d
policy_ours=
policy_saved=
hold_services() {
    local verdict=0
    if [[ -e $policy ]]; then
        "$policy" docker start >/dev/null 2>&1 || verdict=$?
        ((verdict == 101)) && return # it forbids already
        policy_saved=$policy.before-atlas-ops-setup
        "${root[@]}" mv "$policy" "$policy_saved"
    fi
    policy_ours=yes
    printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee "$policy" >/dev/null
    "${root[@]}" chmod 755 "$policy"
}
release_services() {
    [[ -n $policy_ours ]] || return 0
    "${root[@]}" rm -f "$policy"
    [[ -z $policy_saved ]] || "${root[@]}" mv "$policy_saved" "$policy"
    policy_ours=
}

if ((${#missing[@]})); then
    command -v apt-get >/dev/null ||
        fail "apt-get is not here, and these are missing: ${missing[*]}" \
            "install what your system calls them and run this again"
    become_root "${missing[@]}"
    say "installing ${missing[*]}"
    trap release_services EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    hold_services
    apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
        apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
    "${apt[@]}" -qq update
    "${apt[@]}" -qq install -y --no-install-recommends "${missing[@]}" >/dev/null
    release_services
    trap - EXIT INT TERM
    # Installed for the tests, which start their own: not for every boot of this machine.
    if command -v systemctl >/dev/null; then
        for package in "${missing[@]}"; do
            case $package in
            docker.io) units=(docker.service docker.socket containerd.service) ;;
            podman) units=(podman.service podman.socket podman-restart.service podman-auto-update.timer) ;;
            nginx | prometheus) units=("$package.service") ;;
            *) continue ;;
            esac
            "${root[@]}" systemctl disable --quiet "${units[@]}" 2>/dev/null || true
            say "$package is installed, but neither started nor enabled"
        done
    fi
fi

# --- what cargo and rustup install -----------------------------------------------------------
targets=("$target")
case $purpose in release | targets) targets+=(aarch64-unknown-linux-musl x86_64-pc-windows-gnu) ;; esac
for target in "${targets[@]}"; do
    [[ -d $(rustc --print sysroot)/lib/rustlib/$target ]] && continue
    command -v rustup >/dev/null || fail "Rust's library for $target is missing, and so is rustup" \
        "add the target by the means this Rust came with"
    say "adding the Rust target $target"
    rustup --quiet target add "$target"
done
if [[ $purpose == test ]] && ! command -v cargo-nextest >/dev/null; then
    say "building cargo-nextest, once; this takes some minutes"
    cargo install --quiet --locked cargo-nextest
fi

# --- Python packages, pinned, in environments of their own -------------------------------------
# environment FOLDER LIST WHAT: the folder holds what the list names.
environment() {
    # The list is copied last: an environment that was left half made is made anew.
    cmp -s "$2" "$1/requirements.txt" && return
    say "installing $3 into $1"
    rm -rf "$1"
    python3 -m venv "$1"
    "$1/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: -r "$2"
    cp "$2" "$1/requirements.txt"
}
folder=${CARGO_TARGET_DIR:-target}
case $purpose in
test) environment "$folder/mcp-client" tests/mcp/requirements.txt 'the MCP client of the tests' ;;
release | targets) environment "$folder/zig" scripts/release.requirements.txt 'zig, for ARM64' ;;
esac
