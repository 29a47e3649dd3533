#!/usr/bin/env bash
# Usage: scripts/link-static.sh ARGUMENT...
#
# The linker of scripts/build-static.sh; rustc calls it as it would call cc. It takes the linker
# that comes with the Rust toolchain, where there is one, for two things cc's own does not do:
#   - functions that came out the same become one;
#   - what only the server runs lies behind the rest. The kernel maps a program's code in pieces of
#     64 KB around what is run, and an agent that sleeps on somebody's host should not hold the
#     pages of a board it never shows.
# Names of functions say which crate they are of: v0 mangling, which build-static.sh asks for.
set -euo pipefail
export LC_ALL=C

linkers=$(rustc --print sysroot)/lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld
[[ -x $linkers/ld.lld ]] || exec cc "$@"

# Crates, and modules of this one with the length of their name before them.
server='actix|sqlite|refinery|rmcp|askama|pulldown_cmark|clap_complete|cookie|regex|aho_corasick'
server+='|argon2|blake2|schemars|addr2line|gimli'
server+='|9atlas_ops[^ ]*(6server|5store|4flow|3mcp|7catalog|3llm|3run|7runbook|7context|8matching|6digest|6redact)'
# Functions of the standard library and its like, made for types of those: many came out the same
# as the agent's and are now one with them. Not the ones that run or drop what is the server's.
shared='^_R(I|N[a-z]|M|X|Y|s[0-9a-zA-Z]*_|_)*C(s[0-9a-zA-Z]*_)?[0-9]+(core|alloc|std|hashbrown|serde_core|serde_json|tokio|futures_util)[0-9]'
runs='13drop_in_place|begin_short_backtrace|4call|4poll'

parts=()
for argument; do
    [[ $argument == *.o || $argument == *.rlib ]] && parts+=("$argument")
done
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
nm -f just-symbols "${parts[@]}" 2>/dev/null | grep -E '^[^:]+$' | sort -u >"$folder/all"
{
    grep -vE "$server" "$folder/all"
    grep -E "$server" "$folder/all" | grep -E "$shared" | grep -vE "$runs"
} >"$folder/order"
cc "$@" -fuse-ld=lld -B"$linkers" -Wl,--icf=all -Wl,-O2 \
    -Wl,--symbol-ordering-file="$folder/order" -Wl,--no-warn-symbol-ordering
