#!/usr/bin/env bash
# Installs what run_autograder needs, once, when Gradescope builds the image of this autograder.
set -euo pipefail

ROOT="${AUTOGRADER_ROOT:-/autograder}"
SOURCE="${AUTOGRADER_SOURCE:-$ROOT/source}"
PYTHON="${AUTOGRADER_PYTHON:-python3}"

if ! "$PYTHON" -c 'import sys, venv, ensurepip; assert sys.version_info >= (3, 10)' 2>/dev/null; then
    apt-get update
    apt-get install -y python3 python3-pip python3-venv
fi
"$PYTHON" -m venv "$ROOT/backsym-venv"
"$PYTHON" -m zipfile -e "$SOURCE/backsym.zip" "$ROOT/backsym-files"
# All that marking needs; backsym itself lies beside this file, and is not taken from a package index.
"$ROOT/backsym-venv/bin/python" -m pip install @NEEDED@
