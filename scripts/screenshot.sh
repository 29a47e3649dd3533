#!/usr/bin/env bash
# Usage: scripts/screenshot.sh [OUTPUT.png]
# Takes the README's picture of the board (packaging/board.png): demo data, 1440 pixels wide, light.
# Needs chromium; makes the file smaller with pngquant where that is installed.
set -euo pipefail
cd "$(dirname "$0")/.."
output=$(realpath -m "${1:-packaging/board.png}")
cargo build --quiet --locked
binary=${CARGO_TARGET_DIR:-$PWD/target}/debug/atlas-ops
chromium=$(command -v chromium || command -v chromium-browser) || {
  echo "error: chromium is not installed" >&2
  echo "hint: ./scripts/setup.sh" >&2
  exit 1
}

work=$(mktemp -d)
server=
finish() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap finish EXIT

cd "$work"
# Its own config and no variables: a board that is installed here is not to be touched.
printf 'backend:\n  db_url: sqlite:///atlas_ops.db\n' >atlas_ops.config.yaml
: >out
env -i "$binary" serve --config atlas_ops.config.yaml --demo --port 0 >out 2>log &
server=$!
address=
for _ in $(seq 100); do
  address=$(sed -n 's/^open the board: //p' out)
  [ -n "$address" ] && break
  kill -0 "$server" || { cat log >&2; exit 1; }
  sleep 0.1
done
[ -n "$address" ] || { echo "error: the server printed no address within 10 s" >&2; exit 1; }

timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
  --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars \
  --user-data-dir="$work/profile" --window-size=1440,1080 --screenshot="$work/board.png" \
  "$address" 2>"$work/chromium" || { cat "$work/chromium" >&2; exit 1; }

if command -v pngquant >/dev/null; then
  pngquant --force --strip --quality 80-98 --output "$work/board.png" "$work/board.png"
fi
mkdir -p "$(dirname "$output")"
mv "$work/board.png" "$output"
echo "$output: $(stat -c %s "$output") bytes"
