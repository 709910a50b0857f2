# Languages that programs may be written in: the command that shows one is there, and the package that brings it.
# Sourced by ./setup.
# shellcheck shell=sh

# Those of the bundled tasks.
bundled_languages="python javascript lua c perl php"

# What else most trainers ask for; and every language that the sandbox knows.
core_languages="$bundled_languages typescript cpp rust go java ruby bash"
all_languages="$core_languages csharp scala haskell ocaml r d fortran julia kotlin nim racket elixir swift"

# languages_named TEXT: `all`, `core`, or names with commas between them, as words.
languages_named() {
  case $1 in
  all) echo "$all_languages" ;;
  core) echo "$core_languages" ;;
  *) printf '%s' "$1" | tr ',' ' ' ;;
  esac
}

# language_offered NAME: it is here, or the package manager has it. Not every release of a distribution has every language.
language_offered() {
  language_fits "$1" && return 0
  for language_package in $(language_packages "$1"); do
    [ -n "$(candidate "$language_package")" ] || return 1
  done
}

# language_commands NAME: any one of these on PATH is enough.
language_commands() {
  case $1 in
  python) echo "python3" ;;
  javascript | typescript) echo "deno node" ;;
  lua) echo "lua5.4 lua" ;;
  c) echo "clang-19 clang gcc cc" ;;
  cpp) echo "clang++-19 clang++ g++ c++" ;;
  perl) echo "perl" ;;
  php) echo "php" ;;
  bash) echo "bash" ;;
  ruby) echo "ruby" ;;
  rust) echo "rustc" ;;
  go) echo "go" ;;
  java) echo "javac" ;;
  csharp) echo "mcs" ;;
  scala) echo "scalac" ;;
  haskell) echo "ghc" ;;
  ocaml) echo "ocamlopt ocaml" ;;
  r) echo "Rscript" ;;
  d) echo "ldc2 gdc" ;;
  fortran) echo "gfortran" ;;
  julia) echo "julia" ;;
  kotlin) echo "kotlinc" ;;
  nim) echo "nim" ;;
  racket) echo "racket" ;;
  elixir) echo "elixir" ;;
  swift) echo "swiftc" ;;
  *) return 1 ;;
  esac
}

# language_packages NAME: Debian's and Ubuntu's package, empty where they have none.
language_packages() {
  case $1 in
  python) echo "python3" ;;
  lua) echo "lua5.4" ;;
  c) echo "gcc libc6-dev" ;;
  cpp) echo "g++" ;;
  perl) echo "perl" ;;
  php) echo "php-cli" ;;
  bash) echo "bash" ;;
  ruby) echo "ruby" ;;
  rust) echo "rustc" ;;
  go) echo "golang-go" ;;
  java) echo "default-jdk-headless" ;;
  csharp) echo "mono-mcs" ;;
  scala) echo "scala" ;;
  haskell) echo "ghc" ;;
  ocaml) echo "ocaml-nox" ;;
  r) echo "r-base-core" ;;
  d) echo "ldc" ;;
  fortran) echo "gfortran" ;;
  julia) echo "julia" ;;
  kotlin) echo "kotlin" ;;
  nim) echo "nim" ;;
  racket) echo "racket" ;;
  elixir) echo "elixir" ;;
  swift) echo "swiftlang" ;;
  esac
}

# within_reach COMMAND: its path, as the sandbox sees it. Root's programs run there as nobody, to whom what root installed in
# its own folder (a toolchain of rustup, say) is not there.
within_reach() {
  if [ "$(id -u)" = 0 ] && has setpriv; then
    # shellcheck disable=SC2016 # the inner shell expands it
    setpriv --reuid 65534 --regid 65534 --clear-groups sh -c 'command -v "$1"' sh "$1"
  else
    command -v "$1"
  fi
}

language_fits() { # $1: language
  for language_command in $(language_commands "$1"); do
    # Deno may lie in .tools/, which is not on PATH yet.
    if [ "$language_command" = deno ] && [ -n "$deno" ]; then
      found=$deno
      return 0
    fi
    found=$(within_reach "$language_command") && return 0
  done
  found="none of: $(language_commands "$1")"
  return 1
}
