#!/usr/bin/env bash
# jsonata-python, jsonata-rs: two packages of PyPI, one import name, and pip says nothing when the second takes it over.
#
# Both are JSONata for Python, and both are imported as `jsonata`, with a class `Jsonata` that is made and asked alike. A program
# that was written for the one goes on with the other, one would think with the same answers. pip installs the second over
# the first without a word, `pip check` finds nothing broken, and the two differ in what they answer: a whole number from 10^15 on
# is written out in full by the one, in scientific notation by the other (the reference writes it out).
#
# Seen with jsonata-python 0.7.1 and jsonata-rs 0.1.4 on CPython 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip() { "$work/venv/bin/pip" --disable-pip-version-check "$@"; }

cat > "$work/ask.py" <<'PYTHON'
import jsonata

print(jsonata.Jsonata("$string(1000000000000000)").evaluate(None))
PYTHON

pip install --quiet jsonata-python==0.7.1
first=$("$work/venv/bin/python" "$work/ask.py")
pip install --quiet jsonata-rs==0.1.4
second=$("$work/venv/bin/python" "$work/ask.py")
checked=$(pip check)
echo "with jsonata-python: $first; with jsonata-rs installed, too: $second"
echo "pip check, with both installed: $checked"
if [ "$first" != 1e+15 ] || [ "$second" != 1000000000000000 ] || [ "$checked" != "No broken requirements found." ]; then
    echo "the behaviour has changed" >&2
    exit 1
fi
