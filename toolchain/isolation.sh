# bubblewrap: started for real, since kernels, AppArmor and container runtimes may forbid it. Sourced by ./setup.
# shellcheck shell=sh

isolation_try() {
  bwrap --unshare-all --die-with-parent --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib \
    --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp /usr/bin/true 2>&1
}

isolation_fits() {
  isolation_advice=
  if ! has bwrap; then
    found="bubblewrap is not installed"
    return 1
  fi
  # The process that starts, bounds and measures programs is a Python script.
  if ! has python3; then
    found="python3 is not installed"
    return 1
  fi
  if isolation_answer=$(isolation_try); then
    found="$(bwrap --version), starts a sandbox"
    return 0
  fi
  found="bwrap cannot start: $(printf '%s' "$isolation_answer" | head -n 1)"
  isolation_advice=$(isolation_reason)
  return 1
}

setting() { cat "/proc/sys/$1" 2>/dev/null || true; }

# What forbids it, and what to change. Nothing here is changed by ./setup: it weakens or strengthens a machine's rules.
isolation_reason() {
  if [ "$(setting kernel/apparmor_restrict_unprivileged_userns)" = 1 ]; then
    cat <<'TEXT'
AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns=1). Either give bwrap a profile:
  apt install apparmor-profiles
  cp /usr/share/apparmor/extra-profiles/bwrap-userns-restrict /etc/apparmor.d/
  apparmor_parser -r /etc/apparmor.d/bwrap-userns-restrict
or lift the restriction for all programs: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0
TEXT
  elif [ "$(setting kernel/unprivileged_userns_clone)" = 0 ]; then
    echo "This kernel reserves user namespaces to root. Allow them: sysctl -w kernel.unprivileged_userns_clone=1"
  elif [ "$(setting user/max_user_namespaces)" = 0 ]; then
    echo "No user namespaces are allowed here. Allow some: sysctl -w user.max_user_namespaces=15000"
  elif [ -f /.dockerenv ] || [ -f /run/.containerenv ] || grep -qE '^Seccomp:[[:space:]]*[12]' /proc/self/status; then
    echo "A container's seccomp filter or masked /proc forbids it. Start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined (or --privileged)."
  else
    echo "Neither AppArmor, a sysctl nor seccomp explains it; run the line below by hand: bwrap --unshare-all --ro-bind / / true"
  fi
}
