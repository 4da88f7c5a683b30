#!/usr/bin/env bash
# jsonata-python: a port that passes nearly all of JSONata's own tests answers ordinary expressions otherwise.
#
# Step Functions names JSONata 2.0.6, which is JavaScript. jsonata-python, through which machines are tried out on a laptop, says
# that 5.5 % 2 is 1, counts no element in null, takes true and 1 for the same, keeps the groups by which a text is split, rounds
# halves up where the reference rounds to even, and writes 10^15 with an exponent. Nothing fails: a choice goes the other way.
#
# Seen with jsonata-python 0.7.1 on CPython 3.11, and npm's jsonata 2.0.6.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "jsonata-python==0.7.1"
npm install --silent --no-audit --no-fund --ignore-scripts "jsonata@2.0.6" > /dev/null

cat > ask.cjs <<'JAVASCRIPT'
const jsonata = require("jsonata");
jsonata(process.argv[2]).evaluate(null).then((found) => console.log(JSON.stringify(found)));
JAVASCRIPT
cat > ask.py <<'PYTHON'
import json
import sys

import jsonata

print(json.dumps(jsonata.Jsonata(sys.argv[1]).evaluate(None), separators=(",", ":")))
PYTHON

expect() {
  local reference port
  reference=$(node ask.cjs "$1")
  port=$(venv/bin/python ask.py "$1")
  printf '%-30s jsonata %-20s jsonata-python %s\n' "$1" "$reference" "$port"
  [[ $reference == "$2" && $port == "$3" ]] || { echo "the behaviour has changed"; exit 1; }
}

expect '5.5 % 2' 1.5 1
expect '$count(null)' 1 0
expect '$count($distinct([true, 1]))' 2 1
expect '$split("a1b", /([0-9])/)' '["a","b"]' '["a","1","b"]'
expect '$formatNumber(2.5, "0")' '"2"' '"3"'
expect '$string(1000000000000000)' '"1000000000000000"' '"1e+15"'
