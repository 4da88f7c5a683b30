#!/usr/bin/env bash
# moto: its EventBridge fires other rules than EventBridge does, as soon as a pattern looks into a list or at a number.
#
# A rule that fires in a test against moto is expected to fire on AWS, and the reverse. That holds for texts. EventBridge looks
# through lists of objects, keeps a number apart from a boolean, and counts an empty list as no value (its user guide,
# "Creating event patterns", and event-ruler, the matcher that AWS published). moto's matcher looks into no object of a list,
# compares as Python does, where 1 == True, and finds an empty list existing. TestEventPattern answers without its `Result`.
#
# Seen with moto 5.2.5 on CPython 3.11:
#   a text:                             fires; EventBridge: fires
#   a field of the objects of a list:   does not fire; EventBridge: fires
#   the number 1 where true is sent:    fires; EventBridge: does not fire
#   exists, of an empty list:           fires; EventBridge: does not fire
#   TestEventPattern answers with:      nothing; EventBridge: Result
set -euo pipefail

VERSION=5.2.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "moto[events]==$VERSION" "boto3==1.44.5"

cat > "$work/patterns.py" <<'PYTHON'
import json
import os
import sys

import boto3
import moto

os.environ.update(AWS_ACCESS_KEY_ID="key", AWS_SECRET_ACCESS_KEY="secret", AWS_DEFAULT_REGION="us-east-1")
assert moto.__version__ == sys.argv[1]
ACCOUNT = "123456789012"
GROUP = "/aws/events/seen"
CASES = (
    ("a text", {"state": ["ready"]}, {"state": "ready"}, True, True),
    ("a field of the objects of a list", {"items": {"name": ["a"]}}, {"items": [{"name": "a"}]}, False, True),
    ("the number 1 where true is sent", {"count": [1]}, {"count": True}, True, False),
    ("exists, of an empty list", {"items": [{"exists": True}]}, {"items": []}, True, False),
)
SAYS = {True: "fires", False: "does not fire"}


@moto.mock_aws
def fires(pattern, detail):
    events, logs = boto3.client("events"), boto3.client("logs")
    logs.create_log_group(logGroupName=GROUP)
    events.put_rule(Name="seen", EventPattern=json.dumps({"detail": pattern}))
    target = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}"
    events.put_targets(Rule="seen", Targets=[{"Id": "log", "Arn": target}])
    events.put_events(Entries=[{"Source": "orders", "DetailType": "Placed", "Detail": json.dumps(detail)}])
    return bool(logs.filter_log_events(logGroupName=GROUP)["events"])


@moto.mock_aws
def result():
    event = {
        "id": "1",
        "detail-type": "Placed",
        "source": "orders",
        "account": ACCOUNT,
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {},
    }
    pattern = {"source": ["orders"]}
    return boto3.client("events").test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))


changed = False
for words, pattern, detail, moto_says, aws_says in CASES:
    found = fires(pattern, detail)
    print(f"{words + ':':<36}{SAYS[found]}; EventBridge: {SAYS[aws_says]}")
    changed |= found != moto_says
answer = "Result" if "Result" in result() else "nothing"
print(f"{'TestEventPattern answers with:':<36}{answer}; EventBridge: Result")
sys.exit("the behaviour has changed" if changed or answer != "nothing" else 0)
PYTHON
"$work/venv/bin/python" "$work/patterns.py" "$VERSION"
