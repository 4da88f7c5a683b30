#!/usr/bin/env bash
# asl-validator: an expression of JSONata on two lines is refused, and so is an empty text.
#
# A state machine's JSONata may be as long as it likes, and in YAML, or with \n in JSON, stands on several lines; Step Functions
# takes it, and any other string as it is. asl-validator's schema wants `.+` between `{% ` and ` %}`, and `.+` for a string that is
# no expression: a dot is no line break in JavaScript, and there must be one character. So an expression, or a plain text, with a
# line break is "invalid", and "" too, with a message that names no line break: "must match exactly one schema in oneOf".
#
# Seen with asl-validator 4.0.0.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --ignore-scripts "asl-validator@4.0.0" > /dev/null

verdict() {
  echo "{\"QueryLanguage\": \"JSONata\", \"StartAt\": \"A\", \"States\": {\"A\": {\"Type\": \"Pass\", \"Output\": $1, \"End\": true}}}" > a.json
  local said
  said=$(node_modules/.bin/asl-validator --json-path a.json 2>&1) || true
  [[ $said == *"is valid"* ]] && echo valid || echo invalid
}

expect() {
  local found
  found=$(verdict "$2")
  printf '%-8s %s\n' "$found" "$2"
  [[ $found == "$1" ]] || { echo "the behaviour has changed"; exit 1; }
}

expect valid '"{% ($one := 1; $one) %}"'
expect invalid '"{% ($one := 1;\n$one) %}"'
expect valid '{"note": "one line"}'
expect invalid '{"note": "one line\nand another"}'
expect invalid '{"note": ""}'
