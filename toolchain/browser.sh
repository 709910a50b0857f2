# A browser of Chromium's family, for tests/browser. Sourced by ./setup.
# shellcheck shell=sh

browser_fits() {
  found="no chromium or google-chrome"
  for browser_name in chromium chromium-browser google-chrome google-chrome-stable; do
    if has "$browser_name"; then
      found=$(command -v "$browser_name")
      return 0
    fi
  done
  return 1
}

# Ubuntu's package only points to a snap, which does not start in containers: named, and left to the user.
browser_packages() {
  case $(candidate chromium) in
  '' | *snap*) stop "no Chromium package in the package sources of this system; install Chromium or Chrome." ;;
  *) echo chromium ;;
  esac
}
