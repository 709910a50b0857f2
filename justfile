# Every recipe first asks ./setup for what it needs; that takes a few milliseconds when it is there.

set shell := ["toolchain/shell"]
set positional-arguments

deno := "deno run -A --no-prompt"
calque := deno + " apps/cli/main.ts"

# List the recipes
default:
    @just --list --unsorted

# Install what all recipes need (./setup --help says how to install less)
setup *options:
    ./setup "$@"

# Everything that CI runs, and the checks that come before it: run this before a pull request
ready: (_setup "ready") lint check test package

# Type-check TypeScript and Rust
check: (_setup "check")
    deno check ts apps/api apps/cli apps/tools tests bench experiments
    cargo check --workspace --all-targets

# All tests; the last line sums them up
test: (_setup "test")
    toolchain/test.sh

# The tests of crates/
test-rust: (_setup "test-rust")
    toolchain/test.sh rust

# The tests of ts/, apps/ and tests/, or of the files named
test-ts *files: (_setup "test-ts")
    if [ $# -gt 0 ]; then deno test -A --no-prompt --no-check "$@"; else toolchain/test.sh ts; fi

# The WASM module in a headless browser
test-browser: (_setup "test-browser")
    deno test -A --no-prompt tests/browser

# Lint and formatting, nothing changed
lint: (_setup "lint")
    deno lint
    deno fmt --check
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# Format TypeScript and Rust
fmt: (_setup "fmt")
    deno fmt
    cargo fmt --all

# Format, and repair what the linters can
fix: (_setup "fix") fmt
    deno lint --fix
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged

# Build the WASM module from crates/
build-wasm: (_setup "build-wasm")
    PATH="${CALQUE_WASM_RUST:+$CALQUE_WASM_RUST:}$PATH" sh crates/wasm/build.sh

# Pack the WASM module as an npm package; the last line is the tarball's path
package: (_setup "package")
    PATH="${CALQUE_WASM_RUST:+$CALQUE_WASM_RUST:}$PATH" sh crates/wasm/package.sh

# Train the bundled model on the bundled tasks, or another recipe: just train recipes/parallel-sft.json --set seed=2
train *options: (_setup "train")
    case "${1:-}" in *.json | --resume*) ;; *) set -- recipes/quickstart.json "$@" ;; esac; exec {{ calque }} train "$@"

# Train the bundled model again, from nothing, into a run's folder: about 25 minutes on two cores
seed *options: (_setup "seed")
    {{ calque }} data corpus --out runs/seed-corpus --seed 1
    exec {{ calque }} train recipes/seed.json "$@"

# Measure a model on held-out tasks: just evaluate --model DIR --tasks DIR
evaluate *options: (_setup "evaluate")
    exec {{ calque }} evaluate "$@"

# Start the HTTP API
serve *options: (_setup "serve")
    exec {{ calque }} serve "$@"

# Measure speed: engine, tokenizer, sandbox or check; all of them without a name
bench name="" *options: (_setup "bench")
    if [ -n "${1:-}" ]; then name=$1; shift; exec {{ deno }} "bench/$name.ts" "$@"; fi; for file in bench/*.ts; do {{ deno }} "$file"; done

# Run the arms of experiments/NAME.json that have no result yet, and write docs/results.md (without NAME only that)
experiment *options: (_setup "train")
    exec {{ deno }} experiments/run.ts "$@"

# Bring what a recipe needs; silent when it is there
_setup purpose:
    @./setup --quiet --for {{ purpose }}
