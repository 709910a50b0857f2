# Rust for this machine, and its standard library for wasm32-unknown-unknown. Sourced by ./setup.
# shellcheck shell=sh

rust_proxies=
rust_wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
target=wasm32-unknown-unknown

# Proxies of rustup without a toolchain behind them (HOME is another one, say) are no Rust: they leave PATH, and where the
# system's Rust is used, its programs come first through .tools/bin. Ubuntu keeps its newer ones in folders of their own.
rust_path() {
  if has rustup && ! rustc --version >/dev/null 2>&1; then
    rust_proxies=$(dirname "$(command -v rustup)")
    PATH=$(printf '%s' "$PATH" | tr ':' '\n' | grep -vx "$rust_proxies" | tr '\n' ':')
    PATH=${PATH%:}
  fi
  for rust_folder in $(ls -d /usr/lib/rust-*/bin 2>/dev/null | sort -V); do
    [ ! -x "$rust_folder/cargo" ] || has rustup || PATH=$rust_folder:$PATH
  done
}

rust_fits() {
  rust_path
  found="none of version $rust_wanted or later"
  has cargo && has rustc || return 1
  rust_version=$(number "$(rustc --version 2>/dev/null)")
  at_least "$rust_version" "$rust_wanted" && found="$rust_version ($(command -v rustc))"
}

# Distributions name a Rust newer than their own release `rustc-web` (Debian) or `rustc-1.NN` (Ubuntu).
# Sets rustc_package, cargo_package, source_package, and target_package, which few of them have.
rust_choose() {
  rustc_package=
  for rust_name in rustc rustc-web $(apt-cache pkgnames rustc-1. 2>/dev/null | sort -rV); do
    at_least "$(candidate "$rust_name" | sed 's/[+~-].*//')" "$rust_wanted" || continue
    rustc_package=$rust_name
    break
  done
  case $rustc_package in
  rustc)
    cargo_package=cargo
    target_package=libstd-rust-dev-wasm32
    source_package=rust-src
    ;;
  rustc-web)
    cargo_package=cargo-web
    target_package=libstd-rust-web-dev-wasm32
    source_package=rust-web-src
    ;;
  rustc-1.*)
    cargo_package=cargo-${rustc_package#rustc-}
    target_package=libstd-rust-${rustc_package#rustc-}-dev-wasm32
    source_package=rust-${rustc_package#rustc-}-src
    ;;
  *) return 1 ;;
  esac
}

rust_packages() {
  if rust_of_rustup; then stop "the Rust on PATH is older than $rust_wanted; run rustup update."; fi
  rust_choose || rust_unknown
  echo "$rustc_package $cargo_package gcc libc6-dev"
}

# The newest wasm linker there is.
wasm_linker() {
  for linker_path in $(ls -d /usr/bin/wasm-ld-* /usr/lib/llvm-*/bin/wasm-ld 2>/dev/null | sort -rV); do
    printf '%s' "$linker_path"
    return
  done
}

holds_wasm32() { ls "$1"/lib/rustlib/$target/lib/libstd-*.rlib >/dev/null 2>&1; }

# Three places may hold the standard library: the Rust on PATH, the system's Rust, and the copy built by ./setup.
# Sets wasm_rust to the folder that must come first on PATH for a wasm32 build; empty when PATH is right already.
wasm32_fits() {
  wasm_rust=
  wasm_linker=
  found="no standard library for $target"
  path_sysroot=$(rustc --print sysroot 2>/dev/null) || path_sysroot=
  if [ -n "$path_sysroot" ] && holds_wasm32 "$path_sysroot"; then
    found="in $path_sysroot"
    case $(command -v rustc) in /usr/*) wasm_linker=$(wasm_linker) ;; esac
    return 0
  fi
  built_sysroot=$(sysroot_folder) || return 1
  holds_wasm32 "$built_sysroot" || return 1
  wasm_linker=$(wasm_linker)
  [ -n "$wasm_linker" ] || { found="no wasm-ld"; return 1; }
  wasm_rust=$built_sysroot/bin
  found="in $built_sysroot"
}

# Where the copy for the system's Rust is, by its version: a folder of links to it, so that /usr stays as it is.
sysroot_folder() {
  system_rustc=$(system_program rustc) || return 1
  printf '%s/rust-%s' "$cache" "$(number "$("$system_rustc" --version)")"
}

# The distribution's own, even where rustup's comes first on PATH.
system_program() {
  for system_path in $(ls -d /usr/lib/rust-*/bin 2>/dev/null | sort -rV) /usr/bin; do
    [ -x "$system_path/$1" ] && at_least "$(number "$("$system_path/$1" --version 2>/dev/null)")" "$rust_wanted" || continue
    printf '%s' "$system_path/$1"
    return 0
  done
  return 1
}

# Whether the Rust on PATH is rustup's.
rust_of_rustup() {
  has rustup && has rustc || return 1
  case $(readlink -f "$(command -v rustc)") in /usr/*) return 1 ;; esac
}

# Tried before the package manager: where rustup can, no other Rust is needed.
wasm32_from_rustup() { timeout 120 rustup target add "$target"; }

# Whether all is there that building the standard library takes.
wasm32_buildable() {
  system_program rustc >/dev/null && system_program cargo >/dev/null && [ -n "$(wasm_linker)" ] && has gcc && has apt-get
}

rust_unknown() {
  stop "no package of Rust $rust_wanted or later in the package sources of this system; install one with rustup (https://rustup.rs)."
}

wasm32_packages() {
  rust_choose || rust_unknown
  echo "$rustc_package $cargo_package $(first_of "$target_package") gcc libc6-dev $(first_of lld-22 lld-21 lld-20 lld-19 lld-18 lld-17 lld)"
}

# Builds the standard library from the distribution's own sources and their vendored crates. The package of sources is
# unpacked beside, not installed: a tenth of its files is needed, and only here.
wasm32_build() {
  build_rustc=$(system_program rustc) || return 1
  build_cargo=$(system_program cargo) || return 1
  build_sysroot=$(sysroot_folder)
  build_part=$build_sysroot.part
  build_lib=$build_part/lib/rustlib
  rm -rf "$build_part"
  mkdir -p "$build_part/bin" "$build_lib/$target/lib" "$build_part/scratch/src" "$build_part/scratch/.cargo" || return 1

  # Machines made from images often come without the lists of packages.
  [ -n "$(candidate cargo)" ] || packages_update || return 1
  rust_choose || return 1
  # The source's version: a package that was only built anew carries +b1, its sources do not.
  build_version=$(dpkg-query -W -f '${source:Version}' "$rustc_package") || return 1
  (cd "$build_part/scratch" && apt-get download "$source_package=$build_version" &&
    dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './usr/src/*/library' && rm ./*.deb) || return 1
  build_sources=$(ls -d "$build_part"/scratch/usr/src/*) || return 1

  # A sysroot of links to the system's, so that /usr stays as it is.
  for build_entry in "$("$build_rustc" --print sysroot)"/lib/rustlib/*; do
    case ${build_entry##*/} in "$target" | src) ;; *) ln -s "$build_entry" "$build_lib/" ;; esac
  done
  mkdir "$build_lib/src"
  ln -s "$build_sources" "$build_lib/src/rust"
  ln -s "$build_cargo" "$build_part/bin/cargo"
  rustc_wrapper "$build_part"

  : >"$build_part/scratch/src/lib.rs"
  cat >"$build_part/scratch/Cargo.toml" <<TOML
[package]
name = "scratch"
version = "0.0.0"
edition = "2021"
[lib]
crate-type = ["cdylib"]
[profile.release]
panic = "abort"
TOML
  cat >"$build_part/scratch/.cargo/config.toml" <<TOML
[source.crates-io]
replace-with = "vendored"
[source.vendored]
directory = "$build_sources/library/vendor"
[target.$target]
linker = "$(wasm_linker)"
# With bitcode, or the module could not be optimised as a whole.
rustflags = ["-Clinker-flavor=wasm-ld", "-Cembed-bitcode=yes"]
TOML
  (cd "$build_part/scratch" && RUSTC_BOOTSTRAP=1 RUSTC=$build_part/bin/rustc CARGO_TARGET_DIR=$build_part/scratch/target \
    "$build_cargo" build --release --target "$target" -Zbuild-std=std,panic_abort --offline) || return 1

  cp "$build_part"/scratch/target/$target/release/deps/*.rlib "$build_lib/$target/lib/" || return 1
  rm -rf "$build_part/scratch" "$build_lib/src" "$build_sysroot"
  mv "$build_part" "$build_sysroot" && rustc_wrapper "$build_sysroot" || return 1
  # Compiled against another build of the library, which is gone; cargo cannot tell.
  rm -rf "$root/target/$target"
}

rustc_wrapper() { # $1: sysroot
  printf '#!/bin/sh\nexec %s --sysroot %s "$@"\n' "$build_rustc" "$1" >"$1/bin/rustc" && chmod +x "$1/bin/rustc"
}
