# Deno, just and node_modules: what runs everything else. Sourced by ./setup.
# shellcheck shell=sh

deno_wanted=2.9
deno_version=2.9.6 # what is installed where there is none
just_wanted=1.30
just_version=1.57.0

# find_program NAME WANTED: sets `program` and `found` to the first NAME of at least version WANTED.
find_program() {
  program=
  found="none of version $2 or later"
  for find_directory in "$tools/bin" "$tools/npm/node_modules/.bin" "$tools/python/bin" $(printf '%s' "$PATH" | tr ':' ' '); do
    [ -x "$find_directory/$1" ] || continue
    find_version=$(number "$(DENO_NO_UPDATE_CHECK=1 "$find_directory/$1" --version 2>/dev/null | head -n 1)")
    if at_least "$find_version" "$2"; then
      program=$find_directory/$1
      found="$find_version ($program)"
      return 0
    fi
  done
  return 1
}

deno_fits() { find_program deno "$deno_wanted" && deno=$program; }
just_fits() { find_program just "$just_wanted" && just=$program; }

# Both carry their binaries inside packages on npm and on PyPI.
runtime_packages() { has npm || echo "python3-venv"; }

runtime_install() { # $1: deno or just
  case $1 in
  deno) set -- deno deno deno "$deno_version" ;;
  just) set -- just rust-just rust-just "$just_version" ;;
  esac
  if has npm && npm install --prefix "$tools/npm" --no-audit --no-fund --save-exact "$2@$4" &&
    "$tools/npm/node_modules/.bin/$1" --version; then
    ln -sf "$tools/npm/node_modules/.bin/$1" "$tools/bin/$1"
    return
  fi
  [ -x "$tools/python/bin/pip" ] || python3 -m venv "$tools/python" || return 1
  "$tools/python/bin/pip" install -q "$3==$4" || return 1
  ln -sf "$tools/python/bin/$1" "$tools/bin/$1"
}

modules_fits() {
  found="node_modules is missing or older than package.json and deno.lock"
  [ -d node_modules/effect ] && [ -f "$tools/modules" ] && [ "$(cat "$tools/modules")" = "$(modules_state)" ] &&
    found="node_modules"
}

modules_state() { cat package.json deno.lock | cksum; }

modules_install() {
  "$deno" install --frozen || return 1
  modules_state >"$tools/modules"
}
