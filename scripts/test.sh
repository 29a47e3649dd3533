#!/usr/bin/env bash
# Usage: scripts/test.sh [-h]
#
# Everything that has to hold, as CI runs it: shell and Python scripts, formatting, clippy with
# warnings as errors, the static release binary, the program for Windows and ARM64 under Wine and
# qemu, and every test. Installs what a Debian machine lacks for it (scripts/setup.sh --test and
# --targets), prints how long each stage took, skips nothing, and ends what it started. The tests
# come last, so that their closing line stands at the end.
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
# As in setup.sh: rustup's tools, and the daemons that tests start.
export PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin:/usr/sbin:/sbin"

# Each stage has a process group of its own, so that ending this script ends all of it.
declare -A running=()
beside=
end_stages() {
    local child
    for child in "${!running[@]}"; do
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    done
    [[ -z $beside ]] || rm -f "$beside"
}
trap end_stages EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

timings=()
# Waits for a stage: its name, its process, when it began, and where it wrote to instead of here.
finish() {
    local name=$1 child=$2 from=$3 code=0
    wait "$child" || code=$?
    # What the stage itself left behind, if anything.
    kill -TERM -- "-$child" 2>/dev/null || true
    unset "running[$child]"
    [[ -z ${4-} ]] || cat "$4"
    timings+=("$(printf '%-8s %4d s' "$name" $((SECONDS - from)))")
    if ((code)); then
        printf '\n== %s failed with exit code %d after %d s\n' "$name" "$code" $((SECONDS - from)) >&2
        exit "$code"
    fi
}

stage() {
    local name=$1 from=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    set -m
    "$@" </dev/null &
    set +m
    running[$!]=yes
    finish "$name" $! "$from"
}

# A stage beside the others: the static binary is made by one thread for most of its time. What it
# says is printed once it is waited for.
begin_beside() {
    beside=$(mktemp)
    beside_from=$SECONDS
    set -m
    "$@" </dev/null >"$beside" 2>&1 &
    set +m
    beside_child=$!
    running[$!]=yes
}
finish_beside() {
    printf '\n== %s\n' "$1"
    finish "$1" "$beside_child" "$beside_from" "$beside"
}

scripts() {
    local files
    mapfile -t files < <(git ls-files '*.sh' .ci/run)
    shellcheck "${files[@]}"
    mapfile -t files < <(git ls-files '*.py')
    python3 -c 'import ast, sys
for name in sys.argv[1:]:
    ast.parse(open(name).read(), name)' "${files[@]}"
}

# --- the stages ------------------------------------------------------------------------------
stage setup ./scripts/setup.sh --test
stage scripts scripts
stage format cargo fmt --check
begin_beside ./scripts/build-static.sh
stage clippy cargo clippy --all-targets --locked -- -D warnings
# Builds are not the tests' time.
stage compile cargo nextest run --locked --no-run
finish_beside static
stage targets ./scripts/test-targets.sh
printf '\n'
printf '   %s\n' "${timings[@]}"
# On a shared machine a test may starve: what fails is tried once more, and the summary names it
# as flaky where it passes then.
stage tests cargo nextest run --locked --no-fail-fast --retries 1
printf '   %s\n' "${timings[-1]}"
