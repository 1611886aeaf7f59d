#!/bin/sh
# Make .venv, or bring it up to date: scripts/venv.sh EXTRA, where EXTRA is demo or dev.
# Needs no root. PYTHON and CC are obeyed as in preflight.sh.
set -eu
extra=$1

# The rule engine is C of 2020: CPython 3.13 no longer has PyEval_CallObject, and the define gives it the successor's
# name. Only CC reaches every compiler line of its setup.py; CFLAGS does not. See docs/adr/0003.
engine_cc="${CC:-gcc} -DPyEval_CallObject=PyObject_CallObject"

install() { CC="$engine_cc" .venv/bin/python -m pip --disable-pip-version-check install --quiet --use-pep517 "$@"; }
engine_loads() { .venv/bin/python -c 'import durable_rules_engine' 2>/dev/null; }

python=$(scripts/preflight.sh)
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --clear .venv
fi

echo "Menyiapkan .venv, sekali saja / preparing .venv, once: $(.venv/bin/python --version), [$extra]" >&2
install --editable ".[$extra]"

# pip keeps the wheels it built. One built without the define installs well and does not load.
if ! engine_loads; then
    install --no-cache-dir --force-reinstall --no-deps --no-binary durable-rules "durable-rules==2.0.28"
    engine_loads
fi
