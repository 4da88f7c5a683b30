#!/usr/bin/env bash
# moto: deleting a configuration of an S3 bucket that moto does not have deletes the bucket.
#
# Where moto lacks an operation it raises NotImplementedError, one would think, since nearly all services do. S3's
# operations on a bucket share one address and one method, and are told apart by a name in the query, as in
# DELETE /bucket?analytics. moto looks for the names that it knows; where it finds none, the request is about the bucket
# itself: DELETE deletes it, PUT creates it, GET lists its objects. Each of these answers is a success. A test that takes a
# bucket's analytics configuration away is green, and its next step says that there is no such bucket.
#
# Seen with moto 5.2.5 and boto3 1.44.5 on CPython 3.11.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "moto[s3]==5.2.5" "boto3==1.44.5" "botocore==1.44.5"

cat > "$work/see.py" <<'PYTHON'
import sys

import boto3
from moto import mock_aws


def buckets():
    return [each["Name"] for each in s3.list_buckets()["Buckets"]]


with mock_aws():
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret")
    s3.create_bucket(Bucket="kept")
    s3.delete_bucket_analytics_configuration(Bucket="kept", Id="weekly")
    after_delete = buckets()
    print(f"kept is made, an analytics configuration of it is deleted; there are {after_delete}")
    s3.put_bucket_request_payment(Bucket="asked-for", RequestPaymentConfiguration={"Payer": "Requester"})
    after_put = buckets()
    print(f"who pays for the bucket asked-for, which nobody made, is set; there are {after_put}")

if (after_delete, after_put) != ([], ["asked-for"]):
    sys.exit("the behaviour has changed")
PYTHON
AWS_ACCESS_KEY_ID=key AWS_SECRET_ACCESS_KEY=secret "$work/venv/bin/python" "$work/see.py"
