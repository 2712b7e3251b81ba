# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts: Debian packages, the Python environment of the tests. Sourced, not run.

packages_build="gcc libc6-dev cmake ninja-build pkg-config musl-tools \
libuv1-dev libcurl4-openssl-dev libssl-dev libexpat1-dev libjsmn-dev ca-certificates"
packages_run="python3 python3-venv"
packages_test="libcmocka-dev python3 python3-venv curl openssl util-linux procps iproute2 \
softhsm2 opensc libengine-pkcs11-openssl swtpm tpm2-tools tpm2-openssl"
packages_lint="clang-14 clang-format-14 clang-tidy-14 python3"
packages_bench="nginx-light valgrind python3 python3-venv curl"

say() { printf '==> %s\n' "$*" >&2; }

as_root() {
        if [ "$(id -u)" -eq 0 ]; then
                "$@"
        elif command -v sudo >/dev/null; then
                sudo -- "$@"
        else
                say "needs root or sudo for: $*"
                exit 1
        fi
}

# Installs the named Debian packages that are missing.
need_packages() {
        local missing=() name
        for name in "$@"; do
                dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'ok installed' || missing+=("$name")
        done
        [ ${#missing[@]} -gt 0 ] || return 0
        say "installing ${missing[*]}"
        as_root apt-get -q update >&2
        # RUNLEVEL: keeps packages from starting their services.
        as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
                apt-get -q -y --no-install-recommends install "${missing[@]}" >&2
}

need_llhttp() {
        if dpkg-query -W -f='${Status}' libllhttp-dev 2>/dev/null | grep -q 'ok installed' ||
                [ -e /usr/share/llhttp/llhttp.c ]; then
                return 0
        fi
        # Up to Debian 12 the C sources come with the package node-llhttp. Its own dependencies are not needed.
        if apt-cache show libllhttp-dev >/dev/null 2>&1; then
                need_packages libllhttp-dev
        else
                need_packages node-llhttp
        fi
}

need_build_tools() {
        # shellcheck disable=SC2086 # lists of words
        need_packages $packages_build
        need_llhttp
}

# need_venv FOLDER REQUIREMENTS: a Python environment with exactly these packages, created again when a list changes.
need_venv() {
        local folder=$1 requirements=$2 stamp
        stamp=$(cat tests/standin/requirements.txt "$requirements" | sha256sum | cut -d ' ' -f 1)
        [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
        say "installing the Python packages of $requirements"
        rm -rf "$folder"
        python3 -m venv "$folder"
        "$folder/bin/pip" --quiet --disable-pip-version-check install -r "$requirements" >&2
        printf '%s\n' "$stamp" >"$folder/.stamp"
}

build_preset() {
        say "building ($1)"
        cmake --preset "$1" >/dev/null
        cmake --build --preset "$1" >&2
}
