#!/usr/bin/env bash
# Usage: scripts/bench.sh [--seconds N] [--quick] [--docker ENDPOINT] [--before BINARY] [-h]
#
# Measures the static release binary on this machine and prints one table: each figure, what the
# machine itself could do in the same minute, and the target. Only loopback and network namespaces
# of its own (which need root), only its own processes, and a folder of its own under target/, on
# the disk of the checkout, that is removed.
#   --seconds N         length of each load [default: 8]
#   --quick             3 s, one round instead of three: to see that it works, not to quote
#   --docker ENDPOINT   engine the agent watches [default: the local socket, if there is one]
#   --before BINARY     an earlier build of the program, whose ingest is measured in turns with this
# Takes about five minutes, and more where something has to be installed or built first. The
# exit code is 1 when a target is missed. Wants an otherwise idle machine, and says when it is not.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
misuse() {
    usage >&2
    exit 2
}

options=()
seconds=
quick=
while (($#)); do
    case $1 in
    --seconds)
        seconds=${2-}
        [[ $seconds =~ ^[1-9][0-9]{0,2}$ ]] || misuse
        shift
        ;;
    --quick)
        quick=yes
        options+=(--quick)
        ;;
    --docker)
        [[ -n ${2-} ]] || misuse
        options+=(--docker "$2")
        shift
        ;;
    --before)
        [[ -x ${2-} ]] || misuse
        options+=(--before "$(realpath "$2")")
        shift
        ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) misuse ;;
    esac
    shift
done
seconds=${seconds:-${quick:+3}}
options+=(--seconds "${seconds:-8}")

cd "$(dirname "$0")/.."
PATH="$PATH:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
target=x86_64-unknown-linux-musl
target_dir=${CARGO_TARGET_DIR:-target}

./scripts/setup.sh --bench
limits=$(cargo build --release --locked --target "$target" --bench limits \
    --message-format=json-render-diagnostics |
    sed -n 's/.*"executable":"\([^"]*\/limits-[^"]*\)".*/\1/p')
echo "One signal against 200 runbooks (target: match_us_p50 under 50):"
cargo bench --quiet --locked --target "$target" --bench matching
# Last, since the lines above may leave a binary with the tests' features in its place.
./scripts/build-static.sh >&2

# Becomes the measuring program, so that ending this ends it; it removes its folder.
export PYTHONDONTWRITEBYTECODE=1
exec python3 tests/bench/bench.py --binary "$target_dir/$target/release/atlas-ops" \
    --limits "$limits" --folder "$target_dir" "${options[@]}"
