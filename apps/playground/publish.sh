#!/bin/sh
# Lays the playground out for any static file server, in dist/playground or the folder named.
#
#   apps/playground/publish.sh [FOLDER]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${1:-$root/dist/playground}

mkdir -p "$out/calque"
cp "$here"/*.html "$here"/*.css "$here"/*.js "$out/"
cp "$root/assets/seed/tokenizer.json" "$out/"
for file in browser.js calque.js calque_wasm.js calque_wasm_bg.wasm LICENSE; do
  cp "$root/crates/wasm/pkg/$file" "$out/calque/"
done
echo "$out"
