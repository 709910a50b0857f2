# The system's package manager: what distribution this is, and one transaction for all that is missing. Sourced by ./setup.
# shellcheck shell=sh

distribution=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-}") || distribution=
release=$(. /etc/os-release 2>/dev/null && printf '%s' "${VERSION_CODENAME:-}") || release=

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# candidate PACKAGE: the version that apt would install, empty when there is none.
candidate() {
  LC_ALL=C apt-cache policy "$1" 2>/dev/null | sed -n 's/^  Candidate: //p' | grep -v '(none)' || true
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# first_of PACKAGE...: the first one that apt can install.
first_of() {
  for first_candidate; do
    if [ -n "$(candidate "$first_candidate")" ]; then
      printf '%s' "$first_candidate"
      return
    fi
  done
}

packages_possible() {
  if ! has apt-get; then
    stop "no apt-get here. Install what is marked 'miss' above with your own package manager, then run ./setup again."
  fi
  if [ "$(id -u)" != 0 ] && ! has sudo; then
    stop "system packages are missing and this user is neither root nor able to use sudo. Run ./setup as root once."
  fi
}

packages_update() { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q; }

packages_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Debian 12's Mesa 22.3 computes at half the speed of 25.x, and Dawn refuses it: 25.x is in bookworm-backports.
backports_wanted() { [ "$distribution" = debian ] && [ "$release" = bookworm ]; }

# The mirror that this machine already uses for bookworm.
debian_mirror() {
  # shellcheck disable=SC2016 # apt's own placeholders
  apt-get indextargets --format '$(RELEASE) $(SITE) $(REPO_URI)' 2>/dev/null |
    awk '$1 == "bookworm" { print $NF; exit }'
}

backports_add() {
  # shellcheck disable=SC2016 # apt's own placeholder
  if apt-get indextargets --format '$(RELEASE)' 2>/dev/null | grep -qx bookworm-backports; then
    return
  fi
  backports_mirror=$(debian_mirror)
  backports_file=/etc/apt/sources.list.d/bookworm-backports.list
  say "  adding the package source bookworm-backports, for Mesa 25 only (22.3 is half as fast): $backports_file"
  printf 'deb %s bookworm-backports main\n' "${backports_mirror:-http://deb.debian.org/debian}" |
    as_root tee "$backports_file" >/dev/null
}
