#!/bin/sh
# Builds crates/wasm/pkg: the module, its JavaScript and types. Does nothing when nothing changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
stamp=$here/pkg/.sources

sources() {
  cd "$root"
  find Cargo.toml Cargo.lock crates -type f \
    ! -path 'crates/wasm/pkg/*' ! -path '*/tests/*' -exec cksum {} + | sort -k3
}

now=$(sources)
if [ -f "$stamp" ] && [ "$now" = "$(cat "$stamp")" ]; then
  exit 0
fi

rm -rf "$here/pkg"
# wasm-opt: the one that ./setup put on PATH, else the npm package's, which needs Node.
PATH="$PATH:$root/node_modules/.bin" \
  wasm-pack build "$here" --release --mode no-install --target web --no-pack --no-typescript --out-dir pkg
# The generated loader stays as it is; the public interface lies beside it.
cp "$here"/js/* "$here/README.md" "$root/LICENSE" "$here/pkg/"
rm -f "$here/pkg/.gitignore"
printf '%s\n' "$now" >"$stamp"
