#!/usr/bin/env bash
# AWS: a managed policy of its own has a policy variable where the user guide says that there can be none.
#
# A variable in Resource works after the fifth colon alone, in the name, says the IAM User Guide ("Variables and tags"): not in
# the account. Evaluators take it at its word: no match, or "unknown". Whoever holds policies against that rule finds it broken
# once in the 1,582 managed policies that moto has copied from AWS: AmazonTimestreamInfluxDBServiceRolePolicy, version 2 of
# 2026-07, allows kms:Decrypt on arn:*:kms:*:${aws:PrincipalAccount}:key/*. Either that statement does nothing, or the rule is
# none.
#
# Seen with the copy in moto 5.2.5, on CPython 3.11.
set -euo pipefail

VERSION=5.2.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "moto==$VERSION"

cat > "$work/read.py" <<'PYTHON'
import json
import sys

from moto.iam.aws_managed_policies import aws_managed_policies_data

FOUND = {"AmazonTimestreamInfluxDBServiceRolePolicy": "arn:*:kms:*:${aws:PrincipalAccount}:key/*"}


def listed(value):
    return value if isinstance(value, list) else [value]


policies = json.loads(aws_managed_policies_data)
early = {
    name: resource
    for name, policy in policies.items()
    for statement in listed(policy["Document"]["Statement"])
    for element in ("Resource", "NotResource")
    for resource in listed(statement.get(element, []))
    if "${" in resource and resource.partition("${")[0].count(":") < 5
}
print(f"{len(policies)} managed policies; with a variable before the fifth colon:", early)
sys.exit(early != FOUND and "the behaviour has changed")
PYTHON
"$work/venv/bin/python" "$work/read.py"
