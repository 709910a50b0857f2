#!/bin/sh
# Builds crates/wasm/pkg: the module, its JavaScript and types. Does nothing when nothing changed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
stamp=$here/pkg/.sources

sources() {
  cd "$root"
  find Cargo.toml Cargo.lock crates -type f \
    ! -path 'crates/wasm/pkg*' ! -path '*/tests/*' -exec cksum {} + | sort -k3
}

now=$(sources)
if [ -f "$stamp" ] && [ "$now" = "$(cat "$stamp")" ]; then
  exit 0
fi

# Built beside and renamed at the end: importers never see half of it.
next=$here/pkg.next
rm -rf "$next"
# wasm-opt: the one that ./setup put on PATH, else the npm package's, which needs Node.
PATH="$PATH:$root/node_modules/.bin" \
  wasm-pack build "$here" --release --mode no-install --target web --no-pack --no-typescript --out-dir pkg.next
# The generated loader stays as it is; the public interface lies beside it.
cp "$here"/js/* "$here/README.md" "$root/LICENSE" "$next/"
rm -f "$next/.gitignore"
printf '%s\n' "$now" >"$next/.sources"
rm -rf "$here/pkg"
mv "$next" "$here/pkg"
