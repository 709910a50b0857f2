# clang and opt of one version, 17 or later: they make the IR groups. Sourced by ./setup.
# shellcheck shell=sh

clang_majors="19 20 21 22 18 17"

# Sets llvm_folder to the folder that holds `clang` and `opt` of one version.
clang_fits() {
  llvm_folder=
  found="no clang with its opt of version 17 or later"
  for clang_major in $clang_majors; do
    [ -x "/usr/lib/llvm-$clang_major/bin/clang" ] && [ -x "/usr/lib/llvm-$clang_major/bin/opt" ] || continue
    llvm_folder=/usr/lib/llvm-$clang_major/bin
    found="$clang_major ($llvm_folder)"
    return 0
  done
  has clang && has opt || return 1
  clang_version=$(number "$(clang --version | sed -n 's/.*clang version //p')")
  opt_version=$(number "$(opt --version | sed -n 's/.*LLVM version //p')")
  at_least "$clang_version" 17 && [ "$clang_version" = "$opt_version" ] && found="$clang_version ($(command -v clang))"
}

clang_packages() {
  for clang_major in $clang_majors; do
    if [ -n "$(candidate "clang-$clang_major")" ] && [ -n "$(candidate "llvm-$clang_major")" ]; then
      echo "clang-$clang_major llvm-$clang_major libc6-dev"
      return
    fi
  done
  stop "no package of clang 17 or later in the package sources of this system."
}
