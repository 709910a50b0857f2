# Speaking to the person at the terminal, and timing. Sourced by ./setup.
# shellcheck shell=sh

# Descriptor 3 is where the story goes: stderr, or stdout when the report itself was asked for (--check).
say() { printf '%s\n' "$*" >&3; }
row() { printf '  %-5s %-16s %s\n' "$1" "$2" "$3" >&3; }

stop() {
  printf 'setup: %s\n' "$*" >&2
  exit 4
}

now_s() { date +%s; }

# step LABEL COMMAND...: runs COMMAND with its output in a log, prints the seconds it took, and on failure the log's end.
step() {
  step_label=$1
  shift
  step_log=$tools/log/$(printf '%s' "$step_label" | tr -c 'A-Za-z0-9.\n' '-').log
  step_start=$(now_s)
  if "$@" >"$step_log" 2>&1 </dev/null; then
    row done "$(($(now_s) - step_start)) s" "$step_label"
  else
    row FAIL "$(($(now_s) - step_start)) s" "$step_label"
    tail -n 25 "$step_log" | sed 's/^/        /' >&3
    say "  the whole log: ${step_log#"$root"/}"
    return 1
  fi
}

# at_least HAVE WANT: version comparison of dotted numbers.
at_least() {
  [ -n "$1" ] && [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]
}

# number TEXT: the first dotted number in it (`deno 2.9.6 (stable...)` gives 2.9.6).
number() {
  printf '%s\n' "$1" | sed -n 's/^[^0-9]*\([0-9][0-9]*\(\.[0-9][0-9]*\)*\).*/\1/p' | head -n 1
}

has() { command -v "$1" >/dev/null 2>&1; }
