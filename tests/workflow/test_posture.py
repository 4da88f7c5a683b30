"""Security Hub in accounts that are vended: there from their first moment, without a call in them."""

from __future__ import annotations

from tests.workflow.conftest import Cloud

FSBP, CIS = "aws-foundational-security-best-practices/v/1.0.0", "cis-aws-foundations-benchmark/v/5.0.0"


def standards(cloud: Cloud, account: str) -> set[str]:
    found = cloud.inside("securityhub", account).get_enabled_standards()["StandardsSubscriptions"]
    return {each["StandardsArn"].partition("/")[2] for each in found}


def test_a_vended_account_is_checked_without_a_call_in_it(cloud: Cloud) -> None:
    security = cloud.declared("security")
    cloud.all_ended()
    mark = len(cloud.aws.calls)
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email).output["accountId"]
    assert [
        call.operation
        for call in cloud.aws.calls[mark:]
        if call.service == "securityhub" and call.account == vended
    ] == []
    assert standards(cloud, vended) == standards(cloud, security) == {FSBP, CIS}
    assert standards(cloud, cloud.aws.management_account) == {FSBP, CIS}
