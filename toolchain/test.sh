#!/bin/sh
# test.sh [rust] [ts]: runs the test runners named (both, if none is), lets each print its own summary, and ends with
# the sum of them: `N passed, N failed`. A runner that fails makes this fail, even one whose count cannot be read.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed_runners=

runner() { # $1: name, then the command
  name=$1
  shift
  { "$@" 2>&1 && echo 0 >"$folder/$name.status" || echo 1 >"$folder/$name.status"; } | tee "$folder/$name.log"
  [ "$(cat "$folder/$name.status")" = 0 ] || failed_runners="$failed_runners $name"
}

[ $# -gt 0 ] || set -- rust ts
for suite; do
  case $suite in
  rust) runner rust cargo test --workspace --no-fail-fast ;;
  # Types once: a test run that checks them does it again for each Worker that it starts.
  ts)
    runner types deno check --quiet ts apps/api apps/cli apps/tools tests bench experiments
    runner ts env NO_COLOR=1 deno test -A --no-prompt --no-check --ignore=tests/browser ts apps tests experiments
    ;;
  *)
    printf "test.sh: no suite named '%s'; expected rust or ts\n" "$suite" >&2
    exit 2
    ;;
  esac
done

# cargo: `test result: ok. 12 passed; 0 failed; ...` for each crate; Deno: `ok | 34 passed (5 steps) | 1 failed (2s)`.
sum() {
  cat "$folder"/*.log | grep -E '^(test result:|ok \||FAILED \|)' | grep -oE "[0-9]+ $1" | awk '{ n += $1 } END { print n + 0 }'
}
passed=$(sum passed)
failed=$(sum failed)
if [ -n "$failed_runners" ] && [ "$failed" = 0 ]; then
  echo "failed without a count:$failed_runners"
fi
echo "$passed passed, $failed failed"
[ -z "$failed_runners" ] && [ "$failed" = 0 ]
