# Languages that programs may be written in: the command that shows one is there, and the package that brings it.
# Sourced by ./setup.
# shellcheck shell=sh

# Those of the bundled tasks.
bundled_languages="python javascript lua c perl php"

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
  csharp) echo "dotnet mcs" ;;
  scala) echo "scala scala-cli" ;;
  haskell) echo "ghc" ;;
  ocaml) echo "ocamlfind ocamlc" ;;
  r) echo "Rscript" ;;
  d) echo "ldc2 gdc dmd" ;;
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

language_fits() { # $1: language
  for language_command in $(language_commands "$1"); do
    # Deno may lie in .tools/, which is not on PATH yet.
    if [ "$language_command" = deno ] && [ -n "$deno" ]; then
      found=$deno
      return 0
    fi
    if has "$language_command"; then
      found=$(command -v "$language_command")
      return 0
    fi
  done
  found="none of: $(language_commands "$1")"
  return 1
}
