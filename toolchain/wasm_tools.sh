# wasm-pack, wasm-bindgen and wasm-opt, and the module that they make of crates/. Sourced by ./setup.
# shellcheck shell=sh

wasm_pack_version=0.15.0
# The command line tool must be of the crate's own version.
wasm_bindgen_version=$(sed -n 's/^wasm-bindgen = "=\(.*\)"/\1/p' Cargo.toml)

# tool_fits NAME CRATE VERSION: on PATH, or built earlier into the cache.
tool_fits() {
  found="none of version $3"
  for tool_path in "$(command -v "$1" 2>/dev/null)" "$cache/$2-$3/bin/$1"; do
    [ -x "$tool_path" ] && [ "$(number "$("$tool_path" --version 2>/dev/null)")" = "$3" ] || continue
    tool=$tool_path
    found="$3 ($tool_path)"
    return 0
  done
  return 1
}

wasm_pack_fits() { tool_fits wasm-pack wasm-pack "$wasm_pack_version" && wasm_pack=$tool; }
wasm_bindgen_fits() { tool_fits wasm-bindgen wasm-bindgen-cli "$wasm_bindgen_version" && wasm_bindgen=$tool; }

# Unoptimised and without debug information: built in a third of the time, and still far faster than rustc beside them.
tool_install() { # $1: crate, $2: version, $3...: further arguments
  tool_root=$cache/$1-$2
  tool_crate=$1
  tool_version=$2
  shift 2
  rm -rf "$tool_root.part"
  CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=$cache/build cargo install --debug --root "$tool_root.part" \
    "$@" "$tool_crate" --version "=$tool_version" || return 1
  rm -rf "$tool_root"
  mv "$tool_root.part" "$tool_root"
}

wasm_opt_fits() {
  found="not in node_modules"
  [ -f node_modules/binaryen/bin/wasm-opt ] && [ -x "$tools/bin/wasm-opt" ] && found="binaryen in node_modules, run by Deno"
}

# The npm package's script is CommonJS without an ending that would say so, and Deno asks for one.
wasm_opt_install() {
  cp -f node_modules/binaryen/bin/wasm-opt "$tools/lib/wasm-opt.cjs"
  cat >"$tools/bin/wasm-opt" <<SH
#!/bin/sh
exec "$deno" run --no-config --no-lock -A "$tools/lib/wasm-opt.cjs" "\$@"
SH
  chmod +x "$tools/bin/wasm-opt"
}

wasm_module=crates/wasm/pkg

# Built, and no source of it touched since. What build.sh knows better, it decides by content.
module_fits() {
  found="not built, or older than crates/"
  [ -f "$wasm_module/.sources" ] || return 1
  [ -z "$(find crates Cargo.toml Cargo.lock \( -name pkg -o -name tests \) -prune -o -type f -newer "$wasm_module/.sources" -print 2>/dev/null | head -n 1)" ] &&
    found=$wasm_module
}

module_install() {
  # shellcheck disable=SC1091 # written by ./setup itself
  . "$tools/env"
  PATH=${CALQUE_WASM_RUST:+$CALQUE_WASM_RUST:}$PATH sh crates/wasm/build.sh && touch "$wasm_module/.sources"
}

# The crates compiled ahead, beside the tools' lane; wasm-pack finds them compiled.
crates_compile() {
  # shellcheck disable=SC1091 # written by ./setup itself
  . "$tools/env"
  PATH=${CALQUE_WASM_RUST:+$CALQUE_WASM_RUST:}$PATH cargo build --release --lib --target "$target" --manifest-path crates/wasm/Cargo.toml
}
