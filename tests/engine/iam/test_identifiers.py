"""IAM's unique identifiers say what they are of."""

from __future__ import annotations

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, new_member
from tests.engine.support import plain_moto, policy

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def test_identifiers_begin_with_what_they_are_of() -> None:
    with Engine(time_scale=0.01) as aws:
        iam = aws.client("iam")
        document = policy({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
        found = (
            iam.create_user(UserName="ada")["User"]["UserId"],
            iam.get_user(UserName="administrator")["User"]["UserId"],
            iam.create_group(GroupName="readers")["Group"]["GroupId"],
            iam.create_policy(PolicyName="own", PolicyDocument=document)["Policy"]["PolicyId"],
            iam.create_instance_profile(InstanceProfileName="own")["InstanceProfile"]["InstanceProfileId"],
        )
        assert [each[:4] for each in found] == ["AIDA", "AIDA", "AGPA", "ANPA", "AIPA"]
        assert {len(each) for each in found} == {21}
        assert aws.client("sts").get_caller_identity()["UserId"] == found[1]
        theirs = aws.client("iam", credentials=administrator(new_member(aws)))
        here, there = (each.get_policy(PolicyArn=ADMINISTRATOR_ACCESS) for each in (iam, theirs))
        assert here["Policy"]["PolicyId"] == there["Policy"]["PolicyId"]
        assert here["Policy"]["PolicyId"].startswith("ANPA")


def test_plain_moto_makes_them_up() -> None:
    made = """
        iam = client("iam")
        print(iam.create_user(UserName="ada")["User"]["UserId"].startswith("AIDA"))
    """
    assert plain_moto(made) == "False"
