# Vulkan: a real adapter, asked for through Deno. Sourced by ./setup.
# shellcheck shell=sh

vulkan_probe() { # $1: vulkan or gl
  DENO_NO_UPDATE_CHECK=1 DENO_WEBGPU_BACKEND=$1 timeout 60 "$deno" run --no-config --no-lock -A toolchain/vulkan_probe.ts 2>/dev/null
}

vulkan_fits() {
  vulkan_missing=libvulkan1
  if [ -z "$deno" ]; then
    # Without Deno nothing can be asked. A loader and a driver that is not Debian 12's own are taken at their word
    # now, and asked once Deno is there.
    found="not asked yet (no Deno); loader or driver missing"
    ls /usr/lib/*/libvulkan.so.1 /usr/lib*/libvulkan.so.1 >/dev/null 2>&1 || return 1
    ls /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json >/dev/null 2>&1 || return 1
    mesa_is_old && return 1
    found="loader and driver are there; asked once Deno is"
    return 0
  fi
  vulkan_answer=$(vulkan_probe vulkan) || {
    if vulkan_probe gl >/dev/null; then
      found="none; Deno would silently fall back to OpenGL"
    else
      found="none"
    fi
    return 1
  }
  found=$(printf '%s' "$vulkan_answer" | sed -n 's/.*"description":"\([^"]*\)".*/\1/p')
  case $vulkan_answer in
  *'"software":true'*)
    if mesa_is_old; then
      found="$found on Mesa $(mesa_version), half as fast as 25"
      return 1
    fi
    ;;
  esac
  return 0
}

mesa_version() { dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null | sed 's/-.*//'; }

mesa_is_old() { has dpkg-query && installed mesa-vulkan-drivers && backports_wanted && ! at_least "$(mesa_version)" 25; }

vulkan_packages() {
  if backports_wanted; then
    echo 'libvulkan1 mesa-vulkan-drivers/bookworm-backports'
  else
    echo 'libvulkan1 mesa-vulkan-drivers'
  fi
}
