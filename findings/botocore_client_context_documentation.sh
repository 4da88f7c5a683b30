#!/usr/bin/env bash
# botocore: a service's model works without its documentation, but for that of its client context parameters.
#
# Whoever ships botocore to Lambda cuts its models down to the operations that are called, and takes the texts out, which
# are most of the bytes. Nothing reads a text when a client is made or called, one would think; for operations, shapes and
# members that holds. The entries of `clientContextParams`, which S3 and S3 Control have, are read with their
# `documentation` taken as given: the client is made all the same, and its first call fails before anything is sent.
#
# Seen with botocore 1.44.5 on CPython 3.11: KeyError: 'documentation'.
set -euo pipefail

VERSION=1.44.5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "botocore==$VERSION"

cat > "$work/trim.py" <<'PYTHON'
import json
import sys
from pathlib import Path

import botocore
from botocore.loaders import Loader
from botocore.session import Session
from botocore.stub import Stubber

folder, version = Path(sys.argv[1]), sys.argv[2]
assert botocore.__version__ == version
whole = Loader().load_service_model("s3control", "service-2")


def without_texts(value, keep):
    if isinstance(value, list):
        return [without_texts(part, keep) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        name: part if name in keep else without_texts(part, keep)
        for name, part in value.items()
        if name != "documentation" or not isinstance(part, str)
    }


def first_call(keep):
    place = folder / (keep or "nothing")
    models = place / "s3control" / "2018-08-20"
    models.mkdir(parents=True)
    (models / "service-2.json").write_text(json.dumps(without_texts(whole, keep)))
    session = Session()
    session.set_config_variable("data_path", str(place))
    session.set_credentials("key", "secret")
    client = session.create_client("s3control", region_name="us-east-1")
    with Stubber(client) as answers:
        answers.add_response("get_public_access_block", {"PublicAccessBlockConfiguration": {}})
        client.get_public_access_block(AccountId="111111111111")


first_call(keep="clientContextParams")
print("no text but those of clientContextParams: the client is made, and answers")
try:
    first_call(keep="")
except KeyError as error:
    print(f"none at all: the client is made, and its first call raises KeyError: {error}")
else:
    sys.exit("the behaviour has changed: it works without them")
PYTHON
"$work/venv/bin/python" "$work/trim.py" "$work/models" "$VERSION"
