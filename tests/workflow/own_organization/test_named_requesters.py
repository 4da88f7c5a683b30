"""The parameter Requesters: who may post `Account Requested` at all."""

from __future__ import annotations

from local.identity.credentials import Credentials
from tests.workflow.conftest import APPLYING, ROOT, Cloud, Slot
from tests.workflow.test_requesters import entry, put


def test_requesters_that_are_named_ask_and_nobody_else(slot: Slot) -> None:
    """The parameter Requesters holds even an administrator."""
    with slot.own() as aws:
        named = f"arn:aws:iam::{aws.management_account}:user/requesters/*"
        cloud = Cloud(
            aws, aws.deploy(ROOT / "template.yaml", parameters={**APPLYING, "Requesters": named}), ""
        )
        iam = aws.client("iam")
        keys = {}
        for path in ("/requesters/", "/"):
            name = f"user-of-{path.strip('/')}"
            iam.create_user(UserName=name, Path=path)
            iam.attach_user_policy(UserName=name, PolicyArn=cloud.outputs["RequesterPolicyArn"])
            key = iam.create_access_key(UserName=name)["AccessKey"]
            keys[path] = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        asking = entry({"accountName": "x", "email": "refused"})
        assert put(cloud, keys["/requesters/"], asking)
        assert put(cloud, keys["/"], asking) == []
        assert put(cloud, aws.administrator, asking) == []
        assert put(cloud, aws.administrator, asking | {"Source": "their.own"})
