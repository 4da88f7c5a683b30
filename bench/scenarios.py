"""The standard scenarios. Each is a function of a deployment, may be repeated, and leaves what was good good."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from bench.deployment import Deployment, Measured

NEW, AGAIN, OF_A_ROLL_OUT = "new account", "re-run", "roll-out plan, each account"
MARKS: Mapping[str, int] = {NEW: 100, AGAIN: 30}
"""AWS API calls that a scenario may cost at most, however many accounts there are."""


def heard_of(deployment: Deployment) -> Measured:
    """CreateAccountResult, which AWS sends for every new account; here it comes after `Account Ready`."""
    return deployment.hear_of(deployment.good)


def again(deployment: Deployment) -> Measured:
    return deployment.run(deployment.good)


def plan(deployment: Deployment) -> Measured:
    return deployment.run(deployment.good, mode="plan")


def plan_of_a_sabotaged_one(deployment: Deployment) -> Measured:
    """Without one of its roles, and with its trail stopped. It is mended afterwards."""
    iam, role = deployment.inside(deployment.good, "iam"), "allow-read-only-from-security-account"
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=role)
    deployment.inside(deployment.good, "cloudtrail").stop_logging(Name="groundwork")
    planned = plan(deployment)
    deployment.run(deployment.good)
    return planned


def security_again(deployment: Deployment) -> Measured:
    return deployment.run(deployment.security)


def management_again(deployment: Deployment) -> Measured:
    return deployment.run(deployment.aws.management_account)


def each_of_a_roll_out(deployment: Deployment) -> Measured:
    """What one more account adds to a roll-out in plan mode."""
    one, two = (deployment.roll_out(deployment.workloads[:number], mode="plan") for number in (1, 2))
    return replace(two, tally=two.tally - one.tally, seconds=two.seconds - one.seconds)


SCENARIOS: Mapping[str, Callable[[Deployment], Measured]] = {
    NEW: Deployment.ask,
    "its result event": heard_of,
    AGAIN: again,
    "plan": plan,
    "plan of a sabotaged one": plan_of_a_sabotaged_one,
    "re-run of security": security_again,
    "re-run of management": management_again,
    OF_A_ROLL_OUT: each_of_a_roll_out,
}
"""By the words that stand over them."""
