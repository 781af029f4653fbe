#!/bin/sh
# Prepares a checkout for the Makefile. Quick when there is nothing to do; needs nothing but a shell to start with.
#
#   sandbox/setup.sh packages   uv, Python 3.13 and the packages of uv.lock in .venv
#   sandbox/setup.sh servers    the same, then Azurite (npm, by lock file), OpenLDAP's slapd and Samba (apt)
#   sandbox/setup.sh suites     the same, then the public SCIM suites in .local/suites, by the locks in sandbox/conformance
#   sandbox/setup.sh infra      the packages, then what make infra-check needs: .local/infra and .local/checkov, by the
#                               locks in infra/checks
#   sandbox/setup.sh uv ...     uv alone, which then runs with the arguments
#
# What a step printed is in .local/setup/STEP.log; .local/setup/STEP.stamp holds what it was done for.
set -eu
cd "$(dirname "$0")/.."

made=.local/setup
mkdir -p "$made"

say() { printf '%s\n' "$*" >&2; }

# Two makes in one checkout prepare it one after the other (util-linux has flock; elsewhere this is left out).
if command -v flock >/dev/null 2>&1; then
    exec 9>"$made/lock"
    flock -n 9 || { say "waiting for another setup of this checkout"; flock 9; }
fi

# run STEP WORDS COMMAND...: say what is done, keep the output in a log, show its end when the command fails.
run() {
    step=$1 words=$2
    shift 2
    say "setup: $words"
    "$@" >"$made/$step.log" 2>&1 9>&- && return 0
    say "setup: this failed; the end of $made/$step.log:"
    tail -n 15 "$made/$step.log" | sed 's/^/    /' >&2
    return 1
}

# Run as root: directly, or by sudo where it asks no password or somebody is there to answer.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        sudo "$@"
    else
        echo "neither root nor sudo"
        return 1
    fi
}

apt_install() {
    command -v apt-get >/dev/null 2>&1 || { echo "apt-get is not here"; return 1; }
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@" && return 0
    # A fresh machine has no package lists yet, an old one has stale ones.
    as_root apt-get update && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# uv: the one in PATH unless it is too old for pyproject.toml, else one of our own under .local.
find_uv() {
    for uv in "$(command -v uv || true)" .local/uv/bin/uv; do
        [ -x "$uv" ] || continue
        case $("$uv" --version 2>/dev/null || true) in
            "" | "uv 0."[0-8].*) ;;
            *) return 0 ;;
        esac
    done
    uv=""
    return 1
}

uv_by_pip() {
    rm -rf .local/uv
    if ! python3 -m venv .local/uv; then
        rm -rf .local/uv
        # Debian ships venv apart from python3.
        if ! { apt_install python3-venv && python3 -m venv .local/uv; }; then
            rm -rf .local/uv
            python3 -m pip install --quiet --disable-pip-version-check --target .local/uv 'uv>=0.9,<1'
            return
        fi
    fi
    .local/uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
}

install_uv() {
    if ! command -v python3 >/dev/null 2>&1; then
        say "setup: python3 is missing: install it, or uv itself (https://docs.astral.sh/uv)"
        return 1
    fi
    if ! run uv "installing uv into .local/uv" uv_by_pip || ! find_uv; then
        say "setup: uv could not be installed: install it (https://docs.astral.sh/uv), or Debian's python3-venv"
        return 1
    fi
}

# Python 3.13: from PATH, from pyenv, else uv looks further and fetches one.
find_python() {
    for python in python3.13 python3 "${PYENV_ROOT:-${HOME:-/nonexistent}/.pyenv}"/versions/3.13.*/bin/python3.13; do
        if [ "$("$python" -c 'import sys; print(*sys.version_info[:2])' 2>/dev/null || true)" = "3 13" ]; then
            UV_PYTHON=$(command -v "$python")
            return
        fi
    done
    UV_PYTHON=3.13
}

packages() {
    find_uv || install_uv
    wanted=$(cat uv.lock pyproject.toml | cksum)
    if [ "$(cat "$made/packages.stamp" 2>/dev/null || true)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
        return 0
    fi
    [ -n "${UV_PYTHON:-}" ] || find_python
    export UV_PYTHON
    if ! run packages "installing the packages of uv.lock into .venv (Python: $UV_PYTHON)" "$uv" sync --frozen; then
        [ "$UV_PYTHON" != 3.13 ] || say "setup: if Python 3.13 could not be fetched, install it and put it into PATH"
        return 1
    fi
    echo "$wanted" >"$made/packages.stamp"
}

servers() {
    packages
    # Each says by itself what to install where it cannot; the local system goes on with what it has.
    .venv/bin/python -m sandbox install 9>&-
}

# In its folder: with --prefix, npm would look for the machine's own settings (proxy, certificates) below that.
newman() {
    (cd .local/suites/npm && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier)
}

suites() {
    locked=sandbox/conformance
    wanted=$(cat "$locked/requirements.txt" "$locked/npm/package-lock.json" | cksum)
    if [ "$(cat "$made/suites.stamp" 2>/dev/null || true)" = "$wanted" ] && .local/suites/bin/python -c '' 2>/dev/null; then
        return 0
    fi
    find_uv || install_uv
    run suites "making .local/suites for the public SCIM suites" "$uv" venv --clear --python .venv/bin/python .local/suites
    run suites "installing the public SCIM suites (Python)" \
        "$uv" pip install --python .local/suites/bin/python --require-hashes -r "$locked/requirements.txt"
    cp -R "$locked/npm" .local/suites/npm
    run suites "installing the public SCIM suites (npm)" newman
    echo "$wanted" >"$made/suites.stamp"
}

# The providers' schemas, as JSON: read from the wheels by the script that lies beside the project, where it does.
schemas() {
    (cd .local/infra && bin/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
        --dest wheels -r ../../infra/checks/providers.txt)
    [ -f "$reader" ] || { echo "no $reader: Terraform will not be checked"; return 0; }
    mkdir -p .local/infra/schema
    for provider in azurerm azuread azapi; do
        .local/infra/bin/python "$reader" .local/infra/wheels/cdktn_provider_"$provider"-*.whl "$provider" \
            ".local/infra/schema/$provider.json"
    done
}

# made_by_lock NAME WORDS: an environment .local/NAME with what the lock file holds, and nothing else.
made_by_lock() {
    run infra "making .local/$1 for $2" "$uv" venv --clear --python .venv/bin/python ".local/$1"
    run infra "installing $2" "$uv" pip install --python ".local/$1/bin/python" --require-hashes -r "$3"
}

infra() {
    reader=../shared/checks/tf_schema.py
    wanted=$(cat infra/checks/requirements.txt infra/checks/providers.txt infra/checks/checkov/requirements.txt \
        "$reader" 2>/dev/null | cksum)
    if [ "$(cat "$made/infra.stamp" 2>/dev/null || true)" = "$wanted" ] &&
        .local/infra/bin/python -c '' 2>/dev/null && .local/checkov/bin/python -c '' 2>/dev/null; then
        return 0
    fi
    find_uv || install_uv
    made_by_lock infra "the checks of the templates" infra/checks/requirements.txt
    made_by_lock checkov "the security scanner" infra/checks/checkov/requirements.txt
    run infra "reading the schemas of the Terraform providers" schemas
    echo "$wanted" >"$made/infra.stamp"
}

case "${1:-servers}" in
    packages) packages ;;
    infra)
        packages
        infra
        ;;
    uv)
        shift
        find_uv || install_uv
        exec "$uv" "$@" 9>&-
        ;;
    servers) servers ;;
    suites)
        servers
        suites
        ;;
    *)
        sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
