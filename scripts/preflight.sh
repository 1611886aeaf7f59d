#!/bin/sh
# Name what this machine lacks before anything is built, in one line a technician can act on.
#
# Prints the Python to use on stdout and exits 0; or prints one line on stderr and exits 1.
# PYTHON and CC choose an interpreter and a compiler other than the first that fits.
set -eu

in_range() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; }

# Plain python3 first: it is the one whose -venv and -dev packages the system keeps in step.
pick_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if in_range "$candidate"; then
            echo "$candidate"
            return
        fi
    done
}

# python3.12 -> python3.12; python3, /some/where/python -> python3: what Debian calls its packages.
package_stem() {
    case "${1##*/}" in
        python3.1[1-3]) echo "${1##*/}" ;;
        *) echo python3 ;;
    esac
}

can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

header_folder() { "$1" -c 'import sysconfig; print(sysconfig.get_paths()["include"])'; }

compiles() { echo "#include <$1>" | $compiler -I"$include" -fsyntax-only -x c - 2>/dev/null; }

missing=
packages=
lack() {
    missing="${missing:+$missing, }$1"
    packages="$packages $2"
}

python=$(pick_python)
stem=$(package_stem "${python:-python3}")
compiler=${CC:-gcc}
include=/nonexistent

if [ -z "$python" ]; then
    lack "Python 3.11-3.13${PYTHON:+ (PYTHON=$PYTHON)}" python3
else
    include=$(header_folder "$python")
fi
if [ -z "$python" ] || ! can_make_venv "$python"; then
    lack "venv" "$stem-venv"
fi
if ! command -v "${compiler%% *}" >/dev/null; then
    lack "C compiler (${compiler%% *})" "gcc libc6-dev"
elif ! compiles limits.h; then
    lack "C headers" libc6-dev
fi
if ! [ -e "$include/Python.h" ]; then
    lack "Python.h" "$stem-dev"
fi

if [ -n "$missing" ]; then
    echo "Belum ada / missing: $missing. Pasang dulu / install first:  sudo apt install$packages" >&2
    exit 1
fi
echo "$python"
