#!/usr/bin/env bash
# botocore: waiting for the deletion of a stack goes on for an hour after CloudFormation has given it up.
#
# A stack whose export another one imports is not deleted: DeleteStack answers, and moments later the stack has the status
# again that it had before (https://github.com/USSBA/aws-cft-tools/issues/27). The waiter `stack_delete_complete` would see
# that, one would think: it ends at once with an error where the status is UPDATE_COMPLETE. But not where it is
# CREATE_COMPLETE, which is how every stack stands that nobody has updated yet: that is taken for a deletion that has not
# begun, and asked about 120 times, every 30 seconds. `aws cloudformation wait stack-delete-complete`, `sam delete` and
# boto3 wait by this model.
#
# Seen with botocore 1.44.5 on CPython 3.11.
set -euo pipefail

VERSION=1.44.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "botocore==$VERSION"

cat > "$work/wait.py" <<'PYTHON'
import sys
from datetime import UTC, datetime

import botocore
from botocore.exceptions import WaiterError
from botocore.session import Session
from botocore.stub import Stubber

assert botocore.__version__ == sys.argv[1]
session = Session()
session.set_credentials("key", "secret")
client = session.create_client("cloudformation", region_name="us-east-1")


def polls(status):
    """How often a stack with a status is asked about before the waiter ends; at most its own 120 times."""
    stack = {"StackName": "network", "CreationTime": datetime.now(UTC), "StackStatus": status}
    with Stubber(client) as answers:
        for _ in range(120):
            answers.add_response("describe_stacks", {"Stacks": [stack]})
        try:
            client.get_waiter("stack_delete_complete").wait(StackName="network", WaiterConfig={"Delay": 0})
        except WaiterError as ended:
            print(f"{status}: {ended.last_response and ended.kwargs['reason']}")
        return 120 - len(answers._queue)


seen = {status: polls(status) for status in ("UPDATE_COMPLETE", "CREATE_COMPLETE")}
print(f"asked so often: {seen}")
if seen != {"UPDATE_COMPLETE": 1, "CREATE_COMPLETE": 120}:
    sys.exit("the behaviour has changed")
PYTHON
"$work/venv/bin/python" "$work/wait.py" "$VERSION"
