# Programs of others that the tests hold Calque against: PyPI's openai client, TensorBoard's reader, and Bun, under which the
# tests of the engine run a second time. Sourced by ./setup.
# shellcheck shell=sh

# An environment of their own: it is made anew when they change, and runtime.sh may have put Deno into the other one.
clients_wanted="openai==3.22.1 tensorboard==2.21.0"
clients_python=$tools/clients/bin/python
clients_refused=

# Without them their tests are skipped and say so; nothing else wants them, so a machine without pip is complete.
clients_fits() {
  found="not installed"
  if [ "$(cat "$tools/clients/wanted" 2>/dev/null)" = "$clients_wanted" ] && [ -x "$clients_python" ]; then
    found="$clients_wanted (.tools/clients)"
  elif ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    found="python3 has no pip here: their tests are skipped"
  elif [ -n "$clients_refused" ]; then
    found="pip cannot get them: their tests are skipped"
  else
    return 1
  fi
}

clients_install() {
  rm -rf "$tools/clients"
  # shellcheck disable=SC2086 # one package a word
  if python3 -m venv "$tools/clients" && "$clients_python" -m pip install --quiet --disable-pip-version-check $clients_wanted; then
    printf '%s' "$clients_wanted" >"$tools/clients/wanted"
  else
    rm -rf "$tools/clients"
    return 1
  fi
}

bun_wanted=1.4
bun_version=1.4.5
bun_refused=

# As with the clients: without it its tests are skipped and say so.
bun_fits() {
  find_program bun "$bun_wanted" && return
  if ! has npm; then
    found="npm is not here: its tests are skipped"
  elif [ -n "$bun_refused" ]; then
    found="npm cannot get it: its tests are skipped"
  else
    return 1
  fi
}

bun_install() {
  npm install --prefix "$tools/npm" --no-audit --no-fund --save-exact "bun@$bun_version" &&
    "$tools/npm/node_modules/.bin/bun" --version &&
    ln -sf "$tools/npm/node_modules/.bin/bun" "$tools/bin/bun"
}
