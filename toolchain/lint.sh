# clippy and rustfmt, of the Rust on PATH. Sourced by ./setup.
# shellcheck shell=sh

lint_fits() {
  found="no clippy or no rustfmt"
  cargo clippy --version >/dev/null 2>&1 && cargo fmt --version >/dev/null 2>&1 && found=$(cargo clippy --version)
}

lint_from_rustup() { timeout 120 rustup component add clippy rustfmt; }

lint_packages() {
  rust_choose || rust_unknown
  case $rustc_package in
  rustc) echo "rust-clippy rustfmt" ;;
  rustc-web) echo "rust-web-clippy rustfmt-web" ;;
  rustc-1.*) echo "rust-${rustc_package#rustc-}-clippy rustfmt-${rustc_package#rustc-}" ;;
  esac
}
