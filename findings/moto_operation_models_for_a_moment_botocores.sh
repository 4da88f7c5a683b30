#!/usr/bin/env bash
# moto and botocore: while moto makes its model of an operation, whoever else asks for it gets botocore's.
#
# moto's ServiceModel.operation_model calls that of botocore, from which it inherits, and gives back a class of its own with
# http_trait. Both are decorated with botocore's instance_cache, which keeps answers under the method's name and arguments:
# the two share one entry. The inner answer is kept first, and replaced when the outer one is made. A second thread that asks
# in between gets the inner one for the same service and operation, without http_trait: the first calls of a service that come
# at the same time, as of a client in several Regions, end in AttributeError, an HTTP 500. Here the second look is made in the
# same thread, while the class of moto's is made.
#
# Seen with moto 5.2.5 and botocore 1.44.5, on CPython 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "moto==5.2.5" "botocore==1.44.5" "boto3==1.44.5"

cat > "$work/look.py" <<'PYTHON'
import sys

from moto.core import model
from moto.core.utils import get_service_model

service, seen = get_service_model("guardduty"), []


class Looking(model.OperationModel):
    def __init__(self, *given):
        seen.append(service.operation_model("ListDetectors"))
        super().__init__(*given)


model.OperationModel = Looking
after = service.operation_model("ListDetectors")
found = [(type(each).__module__, hasattr(each, "http_trait")) for each in (*seen, after)]
print("while it is made, and afterwards:", found)
sys.exit(found != [("botocore.model", False), ("__main__", True)] and "the behaviour has changed")
PYTHON
"$work/venv/bin/python" "$work/look.py"
