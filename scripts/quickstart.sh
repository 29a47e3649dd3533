#!/usr/bin/env bash
# Usage: scripts/quickstart.sh [--port N] [--dir DIR] [-h]
#        scripts/quickstart.sh --stop [--dir DIR]
#
# From a fresh checkout to a board with this machine's own data: installs what is missing, builds
# the static binary, creates a database, starts the server in the background, runs the agent once,
# and prints the address of the board.
#   --port N    port to listen on [default: 8000, or the next free one]
#   --dir DIR   folder for database, configuration and log [default: .quickstart, ignored by git]
#   --stop      end the server that an earlier run started from that folder
# Run it again at any time: the server is replaced, the database is kept.
set -euo pipefail

usage() { sed -n '2,/^set /{s/^# \{0,1\}//p}' "$0"; }
say() { printf 'quickstart: %s\n' "$*" >&2; }
fail() {
    say "$1"
    shift
    if (($#)); then printf 'hint: %s\n' "$@" >&2; fi
    exit 1
}
misuse() {
    say "$1"
    usage >&2
    exit 2
}

# A command as it is to be typed, quoted where it has to be.
as_typed() { printf '%q ' "$@"; }

started_in=$PWD
port=
dir=
stop=
while (($#)); do
    case $1 in
    --port)
        port=${2-}
        if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || ((port > 65535)); then
            misuse "--port takes a number from 1 to 65535"
        fi
        shift
        ;;
    --dir)
        dir=${2-}
        [[ -n $dir ]] || misuse "--dir takes a folder"
        [[ $dir == /* ]] || dir=$started_in/$dir
        shift
        ;;
    --stop) stop=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) misuse "unknown argument $1" ;;
    esac
    shift
done

cd "$(dirname "$0")/.."
repo=$PWD
dir=${dir:-$PWD/.quickstart}
pid_file=$dir/serve.pid
log=$dir/serve.log

# The pid of the server that an earlier run left behind: an atlas-ops whose working directory is
# our folder. A number in a file alone proves nothing, it may be another process's by now.
running_pid() {
    local pid exe
    pid=$(cat "$pid_file" 2>/dev/null) || return 1
    [[ $pid =~ ^[0-9]+$ ]] || return 1
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    exe=${exe% (deleted)} # a newer build has taken its name
    [[ ${exe##*/} == atlas-ops && $(readlink "/proc/$pid/cwd") == "$dir" ]] || return 1
    printf '%s\n' "$pid"
}

# Asks the server to end, which it does once the requests in flight are answered.
stop_server() {
    local pid=$1
    kill -TERM "$pid"
    for _ in {1..150}; do
        if ! running_pid >/dev/null; then
            rm -f "$pid_file"
            return
        fi
        sleep 0.1
    done
    fail "the server (pid $pid) did not end within 15 s" "see $log; kill -9 $pid ends it at once"
}

if [[ -n $stop ]]; then
    [[ ! -d $dir ]] || dir=$(cd "$dir" && pwd -P)
    if pid=$(running_pid); then
        stop_server "$pid"
        echo "stopped the server (pid $pid); its data stays in $dir"
    else
        rm -f "$pid_file"
        echo "no server of $dir is running"
    fi
    exit 0
fi

./scripts/setup.sh --build
./scripts/build-static.sh
binary=${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-musl/release/atlas-ops
[[ $binary == /* ]] || binary=$PWD/$binary

# Database, token and the board's address are nobody else's business.
umask 077
mkdir -p "$dir"
dir=$(cd "$dir" && pwd -P)
pid_file=$dir/serve.pid
log=$dir/serve.log
cd "$dir"

if pid=$(running_pid); then
    say "replacing the server that is running (pid $pid)"
    stop_server "$pid"
fi

# Neither this shell's settings nor this machine's own installation are meant here.
for name in "${!ATLAS_OPS_@}"; do unset "$name"; done
if [[ -e /etc/atlas-ops/atlas_ops.config.yaml ]]; then
    printf 'backend:\n  db_url: sqlite:///atlas_ops.db\n' >atlas_ops.config.yaml
fi

taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
if [[ -n $port ]]; then
    ! taken "$port" || fail "port $port is in use" "leave --port out to take the next free one"
else
    port=8000
    while taken "$port"; do
        ((++port <= 8100)) || fail "the ports from 8000 to 8100 are all in use" "name one by --port"
    done
    ((port == 8000)) || say "port 8000 is in use: taking $port"
fi
url=http://127.0.0.1:$port

# A token without its database opens nothing, and neither does half a file.
[[ -e atlas_ops.db ]] || rm -f agent.token
"$binary" db init
if [[ ! -s agent.token ]]; then
    "$binary" token create --scope ingest --label quickstart --json |
        tr ',{}' '\n' | sed -n 's/^[[:space:]]*"token"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' >agent.token
    [[ -s agent.token ]] || fail "token create gave no token" \
        "cd $(as_typed "$dir")&& $(as_typed "$binary")token create --scope ingest --json"
fi

# In a session of its own: it outlives this terminal, and a Ctrl-C here is not meant for it.
setsid "$binary" serve --host 127.0.0.1 --port "$port" </dev/null >"$log" 2>&1 &
pid=$!
echo "$pid" >"$pid_file"
give_up() {
    kill -TERM "$pid" 2>/dev/null || true
    rm -f "$pid_file"
    tail -n 20 "$log" >&2
    fail "$1" "the log above is from $log"
}
trap 'give_up "interrupted"' INT TERM

ready=
for _ in {1..100}; do
    kill -0 "$pid" 2>/dev/null || give_up "the server ended while starting"
    if "$binary" health --url "$url" >/dev/null 2>&1; then
        ready=yes
        break
    fi
    sleep 0.1
done
[[ -n $ready ]] || give_up "the server was not ready within 10 s"
board=
for _ in {1..20}; do
    board=$(sed -n 's/^open the board: *\(http[^ ]*\).*/\1/p' "$log" | tail -n 1)
    [[ -z $board ]] || break
    sleep 0.1
done
account=$(sed -n 's/^made the first account: *//p' "$log" | tail -n 1)
trap - INT TERM

"$binary" install agent --yes --force --config "$dir/agent_config.yaml" \
    --backend-url "$url" --token-file "$dir/agent.token" >/dev/null
stop_again=("$repo/scripts/quickstart.sh" --stop)
[[ $dir == "$repo/.quickstart" ]] || stop_again+=(--dir "$dir")
agent=("$binary" agent run --once --config "$dir/agent_config.yaml")
agent_code=0
"${agent[@]}" || agent_code=$?

cat <<END

The board (this address works once; restart for another):
    ${board:-see $log}

${account:+log in later           $account (shown this once)
}run the agent again   $(as_typed "${agent[@]}")
server                pid $pid, log $log
stop it               $(as_typed "${stop_again[@]}")
data                  $dir (delete it to start afresh)
END
if ((agent_code)); then
    fail "the agent ended with exit code $agent_code; the server is running" \
        "$(as_typed "${agent[@]}")-v"
fi
