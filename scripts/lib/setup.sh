# shellcheck shell=bash
# Installs what a bare Debian or Ubuntu with Rust lacks. Sourced by the scripts; they run under `set -euo pipefail`.
#
# Use: call the need_* functions, then install_missing. Nothing is installed that is there already.

RUST_MINIMUM=1.94       # as rust-version in Cargo.toml
PYTHON_MINIMUM=3.11     # what the pinned schemathesis asks for
SCHEMATHESIS_VERSION=4.32.5

missing_packages=()     # Debian package names
missing_checks=()       # functions that must succeed once they are installed

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

heading() {
    printf '\n==> %s\n' "$*"
}

# version_at_least 1.95.0 1.94
version_at_least() {
    local -a have want
    IFS=. read -ra have <<<"$1"
    IFS=. read -ra want <<<"$2"
    local i h w
    for i in "${!want[@]}"; do
        h=${have[i]:-0} w=${want[i]}
        h=${h%%[!0-9]*}
        ((10#${h:-0} == 10#$w)) || { ((10#${h:-0} > 10#$w)); return; }
    done
}

need_rust() {
    if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
        export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
    fi
    local program
    for program in cargo rustc; do
        command -v "$program" >/dev/null ||
            fail "$program not found: install Rust $RUST_MINIMUM or newer (rustup is the usual way), then run this again"
    done
    local version
    version=$(rustc --version) || fail "'rustc --version' failed: install Rust $RUST_MINIMUM or newer"
    version=${version#rustc }
    version=${version%% *}
    version_at_least "$version" "$RUST_MINIMUM" ||
        fail "Rust $version is too old: Rust $RUST_MINIMUM or newer is needed (with rustup: 'rustup update stable')"
}

# need CHECK PACKAGE...: if CHECK fails, the packages are to be installed, and then it must succeed.
need() {
    local check=$1
    shift
    if ! "$check"; then
        missing_packages+=("$@")
        missing_checks+=("$check")
    fi
}

# A compiler without the C library's headers is of no use, so this compiles something.
has_c_compiler() {
    command -v cc >/dev/null &&
        printf '#include <stdio.h>\nint main(void) { return 0; }\n' | cc -x c -o /dev/null - >/dev/null 2>&1
}
has_sqlite3() { command -v sqlite3 >/dev/null; }
has_curl() { command -v curl >/dev/null; }
has_python() { [[ -n $(find_python) ]]; }

# Prints the first Python that is new enough and can make virtual environments (Debian packages that apart).
find_python() {
    local candidate
    for candidate in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if command -v "$candidate" >/dev/null && "$candidate" - "$PYTHON_MINIMUM" >/dev/null 2>&1 <<'PYTHON'; then
import sys, venv, ensurepip
sys.exit(sys.version_info[:2] < tuple(map(int, sys.argv[1].split("."))))
PYTHON
            command -v "$candidate"
            return
        fi
    done
}

need_c_compiler() { need has_c_compiler build-essential; } # compiles the bundled SQLite, and links
need_sqlite3() { need has_sqlite3 sqlite3; }
need_curl() { need has_curl curl; }
need_python() { need has_python python3 python3-venv; }

install_missing() {
    ((${#missing_packages[@]})) || return 0

    local hint="install these packages, then run this again: ${missing_packages[*]}"
    command -v apt-get >/dev/null || fail "no apt-get here; $hint (the names are Debian's)"
    local -a as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "neither root nor sudo; $hint"
        as_root=(sudo)
        # Without a terminal sudo could only wait for a password that nobody types.
        [[ -t 0 ]] || as_root=(sudo -n)
        "${as_root[@]}" true || fail "sudo was refused; $hint"
    fi

    heading "installing ${missing_packages[*]}"
    # One source that does not answer need not matter; if it does, the installation fails.
    "${as_root[@]}" apt-get update || printf 'warning: apt-get update failed\n' >&2
    # Another database server that is here already is not put aside for ours.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends --no-remove "${missing_packages[@]}" ||
        fail "apt-get install failed; $hint"
    hash -r

    local check
    for check in "${missing_checks[@]}"; do
        "$check" && continue
        if [[ $check == has_python ]]; then
            fail "Python $PYTHON_MINIMUM or newer with its venv module is needed; this system's python3 is older or" \
                "lacks it: install one (for example the packages python3.11 and python3.11-venv), then run this again"
        fi
        fail "what was installed does not do: $check still fails"
    done
    missing_packages=() missing_checks=()
}

# need_schemathesis DIR: a virtual environment in DIR with the pinned schemathesis, made once; sets DBVSG_SCHEMATHESIS.
need_schemathesis() {
    local venv=$1
    export DBVSG_SCHEMATHESIS=$venv/bin/schemathesis
    # The version test also finds an environment that was moved, or whose Python is gone.
    [[ -x $DBVSG_SCHEMATHESIS && $("$DBVSG_SCHEMATHESIS" --version 2>/dev/null) == *" $SCHEMATHESIS_VERSION" ]] && return

    heading "installing schemathesis $SCHEMATHESIS_VERSION into $venv"
    local python
    python=$(find_python)
    mkdir -p "$(dirname "$venv")"
    "$python" -m venv --clear "$venv" || fail "cannot make a virtual environment in $venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION" ||
        fail "cannot install schemathesis $SCHEMATHESIS_VERSION with pip"
    "$DBVSG_SCHEMATHESIS" --version || fail "schemathesis does not run"
}
