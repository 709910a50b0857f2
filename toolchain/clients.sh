# Programs of others that the tests hold Calque against: PyPI's openai client, TensorBoard's reader. Sourced by ./setup.
# shellcheck shell=sh

clients_wanted="openai==3.22.1 tensorboard==2.21.0"
clients_python=$tools/python/bin/python
clients_refused=

# Without them their tests are skipped and say so; nothing else wants them, so a machine without pip is complete.
clients_fits() {
  found="not installed"
  if [ "$(cat "$tools/python/wanted" 2>/dev/null)" = "$clients_wanted" ] && [ -x "$clients_python" ]; then
    found="$clients_wanted (.tools/python)"
  elif ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    found="python3 has no pip here: their tests are skipped"
  elif [ -n "$clients_refused" ]; then
    found="pip cannot get them: their tests are skipped"
  else
    return 1
  fi
}

clients_install() {
  rm -rf "$tools/python"
  # shellcheck disable=SC2086 # one package a word
  if python3 -m venv "$tools/python" && "$clients_python" -m pip install --quiet --disable-pip-version-check $clients_wanted; then
    printf '%s' "$clients_wanted" >"$tools/python/wanted"
  else
    rm -rf "$tools/python"
    return 1
  fi
}
