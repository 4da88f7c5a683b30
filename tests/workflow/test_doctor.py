"""`groundwork doctor` on a good organization, as whoever carries groundwork-operator, and as somebody who may nothing."""

from __future__ import annotations

import pytest

from tests.workflow.command_line import shell_of
from tests.workflow.conftest import Cloud
from tests.workflow.people import join


def test_an_operator_may_look_at_everything(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    key = join(cloud, cloud.aws.management_account, "dora")
    cloud.aws.client("iam").attach_user_policy(UserName="dora", PolicyArn=cloud.outputs["OperatorPolicyArn"])
    said = shell_of(cloud, key, monkeypatch)("doctor", "--output", "json", AWS_REGION="us-east-1")
    found = {each["check"]: (each["verdict"], each["found"]) for each in said.data}
    assert "unknown" not in {verdict for verdict, _ in found.values()}, found
    for check in (
        *("Credentials", "Account", "Region", "Features of the organization", "Policy types of the root"),
        *("Service control policies on the root", "Trusted access", "Root users of member accounts"),
        *("The trail that tells of new accounts", "The stack groundwork in us-east-1", "Version"),
        *("State machine groundwork-vend-account", "State machine groundwork-roll-out"),
        *("The management account", "Plan of every account"),
    ):
        assert found[check][0] == "good", (check, found[check])
    assert found["Who may ask for accounts"][1].startswith(
        "whoever may post events in the management account; "
    )
    assert said.code == (1 if "bad" in {verdict for verdict, _ in found.values()} else 0)


def test_what_somebody_may_not_see_is_said_and_the_rest_goes_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = shell_of(cloud, join(cloud, cloud.aws.management_account, "nora"), monkeypatch)("doctor")
    assert "unknown  Credentials" in said.out
    assert "DescribeOrganization is not permitted" in said.out
    assert "ListAccounts is not permitted" in said.out
    assert "Use credentials that carry the managed policy groundwork-operator." in said.out
    assert said.out.count("unknown") > 10
    assert said.code == 0
