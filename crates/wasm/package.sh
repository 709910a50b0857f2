#!/bin/sh
# Packs dist/calque-VERSION.tgz as npm lays it out and prints its path as the last line.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)

"$here/build.sh"
version=$(sed -n 's/^ *"version": "\(.*\)",$/\1/p' "$here/js/package.json")
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
mkdir -p "$stage/package" "$root/dist"
cp "$here"/pkg/* "$stage/package/"
# Fixed owner, order and times: the same sources give the same archive.
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime='2026-01-01 00:00Z' \
  -cf - package | gzip -9n >"$root/dist/calque-$version.tgz"
echo "$root/dist/calque-$version.tgz"
