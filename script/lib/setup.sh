# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts: their options, Debian packages, the Python environment of the tests. Sourced, not run.

packages_build="gcc libc6-dev cmake ninja-build pkg-config musl-tools \
libuv1-dev libcurl4-openssl-dev libssl-dev libexpat1-dev libjsmn-dev ca-certificates"
packages_run="python3 python3-venv curl"
packages_test="libcmocka-dev python3 python3-venv curl fish openssl util-linux procps iproute2 \
softhsm2 opensc libengine-pkcs11-openssl swtpm tpm2-tools tpm2-openssl"
packages_lint="clang-14 clang-format-14 clang-tidy-14 python3"
packages_bench="nginx-light valgrind python3 python3-venv curl"

say() { printf '==> %s\n' "$*" >&2; }

wants_help() {
        local argument
        for argument in "$@"; do
                case $argument in -h | --help) return 0 ;; esac
        done
        return 1
}

# refuse_unknown "OPTIONS" ARGUMENT...: ends the script for an option that it does not have, before anything is installed
# or built. OPTIONS are words such as --quick, or --seed= where a value follows. Like getopt_long(), takes beginnings.
refuse_unknown() {
        local known=$1 argument name option found
        shift
        while [ $# -gt 0 ]; do
                argument=$1 name=${1%%=*} found=
                shift
                case $name in
                --) refuse_usage "unknown argument: $argument" ;;
                -*) ;;
                *) refuse_usage "unknown argument: $argument" ;;
                esac
                for option in $known; do
                        case ${option%=} in
                        "$name") found=$option && break ;;
                        "$name"*) found=$option ;;
                        esac
                done
                [ -n "$found" ] && [ "$name" != - ] || refuse_usage "unknown option: $argument"
                if [ "${found%=}" != "$found" ] && [ "$argument" = "$name" ]; then
                        [ $# -gt 0 ] || refuse_usage "this option needs a value: $argument"
                        shift
                fi
        done
}

refuse_usage() {
        printf '%s: %s\nTry %s --help.\n' "script/${0##*/}" "$1" "script/${0##*/}" >&2
        exit 2
}

# with_progress WHAT COMMAND...: runs it, and says every half minute that it still runs, for steps that may be silent.
with_progress() {
        local what=$1 status=0 waiting
        shift
        say "$what"
        (
                seconds=0
                # It ends with the script, which Ctrl-C may end; this shell ignores that.
                while sleep 5 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
                        seconds=$((seconds + 5))
                        [ $((seconds % 30)) -ne 0 ] || say "$what: $seconds s"
                done
        ) &
        waiting=$!
        "$@" || status=$?
        kill "$waiting" 2>/dev/null || true
        wait "$waiting" 2>/dev/null || true
        return "$status"
}

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
        say "installing Debian packages: ${missing[*]}"
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

# Prints the name of each package.
install_named() {
        "$1/bin/pip" --disable-pip-version-check install --progress-bar off -r "$2" |
                sed -u -n '/^\(Collecting\|Building\|Installing\) /{ s/ (from .*//; s/^/    /p }'
}

# need_venv FOLDER REQUIREMENTS: a Python environment with exactly these packages, created again when a list changes.
need_venv() {
        local folder=$1 requirements=$2 stamp
        stamp=$(cat tests/standin/requirements.txt "$requirements" | sha256sum | cut -d ' ' -f 1)
        [ "$(cat "$folder/.stamp" 2>/dev/null)" != "$stamp" ] || return 0
        rm -rf "$folder"
        with_progress "creating $folder" python3 -m venv "$folder"
        with_progress "installing the Python packages of $requirements" install_named "$folder" "$requirements" >&2
        printf '%s\n' "$stamp" >"$folder/.stamp"
}

# Ends the script for what pytest would refuse after everything is built. Needs build-asan/venv.
refuse_pytest_arguments() {
        build-asan/venv/bin/python - "script/${0##*/}" "$@" <<'PY' || exit 2
import sys
script = sys.argv.pop(1)
sys.argv[0] = "pytest"
from _pytest.config import UsageError, get_config
try:
    get_config().parse(["--noconftest", "-p", "no:cacheprovider", *sys.argv[1:]])
except UsageError as error:
    sys.exit(f"{script}: {error}")
PY
}

build_preset() {
        cmake --preset "$1" >/dev/null
        with_progress "building ($1)" cmake --build --preset "$1" >&2
}
