"""Access Analyzer in the embedded AWS: what a policy allows to strangers, and that moto has no such thing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.support import plain_moto, policy

STRANGER, PROVIDER = "999999999999", "saml-provider/okta"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


def trust(principal: Any, **conditions: Any) -> str:
    return policy(
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": conditions}
    )


def findings(analyzer: Any, arn: str, **filters: Any) -> dict[str, Any]:
    """The principals by the last part of their resource's ARN."""
    found = analyzer.list_findings(analyzerArn=arn, filter=filters)["findings"]
    return {each["resource"].rpartition(":")[2]: each["principal"] for each in found}


def test_an_accounts_analyzer_finds_whoever_is_of_another_account(engine: Engine) -> None:
    member, other = new_member(engine), new_member(engine)
    credentials = administrator(member)
    iam, s3, sqs = (engine.client(each, credentials=credentials) for each in ("iam", "s3", "sqs"))
    for name, principal in (
        ("stranger", {"AWS": f"arn:aws:iam::{STRANGER}:root"}),
        ("neighbour", {"AWS": f"arn:aws:iam::{other}:root"}),
        ("own", {"AWS": f"arn:aws:iam::{member}:root"}),
        ("service", {"Service": "ec2.amazonaws.com"}),
        ("people", {"Federated": f"arn:aws:iam::{member}:{PROVIDER}"}),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal))
    s3.create_bucket(Bucket=f"open-{member}")
    reading = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::open-{member}/*",
    }
    s3.put_bucket_policy(Bucket=f"open-{member}", Policy=policy(reading))
    sending = {
        "Effect": "Allow",
        "Principal": {"AWS": STRANGER},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    sqs.create_queue(QueueName="open", Attributes={"Policy": policy(sending)})
    analyzer = engine.client("accessanalyzer", credentials=credentials)
    arn = analyzer.create_analyzer(analyzerName="own", type="ACCOUNT")["arn"]
    (listed,) = analyzer.list_analyzers()["analyzers"]
    assert (listed["arn"], listed["type"], listed["status"]) == (arn, "ACCOUNT", "ACTIVE")
    assert findings(analyzer, arn) == {
        "role/stranger": {"AWS": STRANGER},
        "role/neighbour": {"AWS": other},
        "role/people": {"Federated": f"arn:aws:iam::{member}:{PROVIDER}"},
        "role/OrganizationAccountAccessRole": {"AWS": engine.management_account},
        f"open-{member}": {"AWS": "*"},
        "open": {"AWS": STRANGER},
    }
    public = analyzer.list_findings(analyzerArn=arn, filter={"resourceType": {"eq": ["AWS::S3::Bucket"]}})
    assert [each["isPublic"] for each in public["findings"]] == [True]
    assert findings(analyzer, arn, resourceType={"neq": ["AWS::IAM::Role"]}).keys() == {
        f"open-{member}",
        "open",
    }
    assert (
        code_of(analyzer.create_analyzer, analyzerName="two", type="ACCOUNT")
        == "ServiceQuotaExceededException"
    )
    assert code_of(analyzer.create_analyzer, analyzerName="all", type="ORGANIZATION") == "ValidationException"
    assert (
        engine.client("accessanalyzer", region="eu-central-1", credentials=credentials).list_analyzers()[
            "analyzers"
        ]
        == []
    )


def test_the_organizations_analyzer_trusts_the_organization(engine: Engine) -> None:
    member, other = new_member(engine), new_member(engine)
    iam = engine.client("iam", credentials=administrator(member))
    organization = engine.client("organizations").describe_organization()["Organization"]["Id"]
    for name, principal, conditions in (
        ("outside", {"AWS": STRANGER}, {}),
        ("inside", {"AWS": other}, {}),
        ("held", "*", {"StringEquals": {"aws:PrincipalOrgID": organization}}),
        ("held-to-others", "*", {"StringEquals": {"aws:PrincipalOrgID": "o-theirs12345"}}),
    ):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(principal, **conditions))
    topics = engine.client("sns", credentials=administrator(member))
    topics.create_topic(
        Name="as-it-is-made"
    )  # with AWS's own policy, for everybody whose aws:SourceOwner is the account
    analyzer = engine.client("accessanalyzer")
    arn = analyzer.create_analyzer(analyzerName="all", type="ORGANIZATION")["arn"]
    found = findings(analyzer, arn, status={"eq": ["ACTIVE"]})
    assert {"role/outside", "role/held-to-others"} <= found.keys()
    assert found.keys().isdisjoint({"role/inside", "role/held", "role/OrganizationAccountAccessRole"})
    assert not [each for each in found if each.endswith("as-it-is-made")]
    assert code_of(analyzer.list_findings, analyzerArn=f"{arn}-gone") == "ResourceNotFoundException"


def test_whoever_is_delegated_analyzes_the_organization_and_rests_when_no_longer(engine: Engine) -> None:
    principal = "access-analyzer.amazonaws.com"
    organizations, member = engine.client("organizations"), new_member(engine)
    analyzer = engine.client("accessanalyzer", region="eu-west-1", credentials=administrator(member))
    new = {"analyzerName": "all", "type": "ORGANIZATION"}
    organizations.enable_aws_service_access(ServicePrincipal=principal)
    assert code_of(analyzer.create_analyzer, **new) == "ValidationException"
    given = {"AccountId": member, "ServicePrincipal": principal}
    organizations.register_delegated_administrator(**given)
    linked = {"AWSServiceName": principal}
    roles = engine.client("iam").list_roles(PathPrefix=f"/aws-service-role/{principal}/")["Roles"]
    if not roles:
        assert code_of(analyzer.create_analyzer, **new) == "ValidationException"
        engine.client("iam").create_service_linked_role(**linked)
    arn = analyzer.create_analyzer(**new)["arn"]
    assert code_of(analyzer.create_analyzer, **new) == "ConflictException"
    unused = {"analyzerName": "unused", "type": "ORGANIZATION_UNUSED_ACCESS"}
    assert code_of(analyzer.create_analyzer, **unused) == "ValidationException"
    analyzer.create_analyzer(**unused, configuration={"unusedAccess": {"unusedAccessAge": 90}})
    organizations.deregister_delegated_administrator(**given)
    first, _ = analyzer.list_analyzers()["analyzers"]
    assert (first["status"], first["statusReason"]["code"]) == (
        *("DISABLED", "DELEGATED_ADMINISTRATOR_DEREGISTERED"),
    )
    assert analyzer.list_findings(analyzerArn=arn)["findings"] == []
    organizations.register_delegated_administrator(**given)
    analyzer.delete_analyzer(analyzerName="all")
    assert [each["name"] for each in analyzer.list_analyzers()["analyzers"]] == ["unused"]
    assert code_of(analyzer.delete_analyzer, analyzerName="all") == "ResourceNotFoundException"


def test_an_organization_has_five_of_its_analyzers_in_a_region(engine: Engine) -> None:
    analyzer = engine.client("accessanalyzer", region="eu-central-1")
    for number in range(5):
        analyzer.create_analyzer(analyzerName=f"all-{number}", type="ORGANIZATION")
    sixth = {"analyzerName": "all-5", "type": "ORGANIZATION"}
    assert code_of(analyzer.create_analyzer, **sixth) == "ServiceQuotaExceededException"


def test_plain_moto_still_falls_short() -> None:
    observed = plain_moto("""
        try: client("accessanalyzer").list_analyzers()
        except Exception as e: print("no analyzers")
    """)
    assert observed == "no analyzers"
