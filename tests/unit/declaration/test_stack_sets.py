"""What may be declared of a StackSet: each thing that it cannot express is refused by its key, with a remedy."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.declaration.stacks import Stack, declared_in, stack_sets
from groundwork.declaration.stacks.mistakes import stack_mistakes
from groundwork.declaration.stacks.templates import Template, parsed

TOPIC = "Parameters:\n  Shown: {Type: String, Default: x}\nResources:\n  Topic: {Type: AWS::SNS::Topic}\n"
LARGE = f"{TOPIC}# {'x' * 51_200}\n"
TEMPLATES = {
    each: Template(body, parsed(body)) for each, body in {"topic.yaml": TOPIC, "large.yaml": LARGE}.items()
}
STACK = {"name": "alerts", "template": "topic.yaml", "mode": "stackSet"}
UNITS = {"organizationalUnits": ["Workloads"]}


def declared(*kinds: str, stacks: list[dict[str, Any]] | None = None, **given: Any) -> Declaration:
    default = load()
    baseline = {
        kind: [*line, *(["stack-sets"] if kind in kinds else [])] for kind, line in default.baseline.items()
    }
    made = [Stack.model_validate(each) for each in (stacks or [{**STACK, "where": UNITS, **given}])]
    return default.model_copy(update={"baseline": baseline, "stacks": made})


def mistakes(*kinds: str, **given: Any) -> list[str]:
    return list(stack_mistakes(declared(*(kinds or ("tooling",)), **given), TEMPLATES))


def test_units_regions_and_options_are_all_that_it_takes() -> None:
    options = {
        "maxConcurrent": "25%",
        "failureTolerance": 3,
        "regionsInParallel": True,
        "retainStacks": False,
    }
    assert mistakes(regions=["us-east-1"], stackSet=options, parameters={"Shown": "<security>"}) == []
    assert mistakes("security") == []
    made = declared("tooling").stacks[0].options
    assert (made.max_concurrent, made.failure_tolerance, made.retain_stacks) == ("10%", 0, True)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"where": {**UNITS, "kinds": ["workload"]}},
            "where.kinds: a StackSet is for all accounts of its units; take it out, or set mode: stack",
        ),
        (
            {"where": {**UNITS, "names": ["dev"]}},
            "where.names: a StackSet is for all accounts of its units; take it out, or set mode: stack",
        ),
        (
            {"where": {**UNITS, "tags": {"team": "a"}}},
            "where.tags: a StackSet is for all accounts of its units; take it out, or set mode: stack",
        ),
        (
            {"where": {**UNITS, "exceptOrganizationalUnits": ["Workloads/Production"]}},
            "where.exceptOrganizationalUnits: a StackSet is for all accounts of its units; take it out, or set mode: stack",
        ),
        (
            {"where": {}},
            "where.organizationalUnits: is missing; a StackSet is for whole units, and those below them: name them",
        ),
        (
            {"where": {"organizationalUnits": ["Workloads", "Workloads/Production"]}},
            "where.organizationalUnits: 'Workloads/Production' is below 'Workloads', which has it already; take it out",
        ),
        (
            {"where": {"organizationalUnits": ["Workload"]}},
            (
                "where.organizationalUnits: 'Workload' is not declared (did you mean 'Workloads'?); add it to organizationalUnits, or "
                "correct it"
            ),
        ),
        (
            {"managedPolicies": ["ReadOnlyAccess"]},
            "managedPolicies: a StackSet works by a role of AWS's with AdministratorAccess; take it out, or set mode: stack",
        ),
        (
            {"after": ["alerts"]},
            "after: CloudFormation deploys a StackSet to a new account when that comes; take it out, or set mode: stack",
        ),
        (
            {"terminationProtection": True},
            "terminationProtection: a StackSet has none; take it out, or set mode: stack",
        ),
        (
            {"driftDetection": True},
            (
                "driftDetection: drift of a StackSet is asked for stack by stack, and Groundwork does not; take it out, or set mode: "
                "stack"
            ),
        ),
        (
            {"parameters": {"Shown": "<account>"}},
            (
                "parameters.Shown: <account> is not filled in; write one of <management>, <organization>, <partition>, <security>, "
                "<tooling> (one value is for all accounts of a StackSet: AWS::AccountId and AWS::Region in the template are each "
                "account's own)"
            ),
        ),
        (
            {"parameters": {"Shown": "<tag:team>"}},
            (
                "parameters.Shown: <tag:...> differs from account to account, and one value is for all accounts of a StackSet; take "
                "it out, or set mode: stack"
            ),
        ),
        (
            {"stackSet": {"maxConcurrent": 0}},
            "stackSet.maxConcurrent: is 0, which is no account at all; write 1 or more, or 1% or more",
        ),
        (
            {"regions": ["eu-west-1"]},
            "regions: 'eu-west-1' is not governed; add it to regions.governed, or take it out",
        ),
    ],
)
def test_what_a_stack_set_cannot_express_is_refused(given: dict[str, Any], sentence: str) -> None:
    told = [each for each in mistakes(**given) if "waits for" not in each]
    assert told == [f"stacks alerts: {sentence}"]


@pytest.mark.parametrize(("kinds", "named"), [(("workload",), "neither"), (("security", "tooling"), "both")])
def test_one_account_administers_them(kinds: tuple[str, ...], named: str) -> None:
    assert mistakes(*kinds) == [
        (
            "stacks alerts: mode: stackSet needs the one account that administers StackSets, and "
            f"{named} of baseline.security and baseline.tooling has stack-sets; leave it in one of them"
        )
    ]


def test_a_stack_has_no_options_of_a_stack_set_and_waits_for_none() -> None:
    plain = {
        "name": "plain",
        "template": "topic.yaml",
        "where": {"kinds": ["workload"]},
        "managedPolicies": ["ReadOnlyAccess"],
        "stackSet": {},
        "after": ["alerts"],
    }
    told = mistakes("tooling", stacks=[{**STACK, "where": UNITS}, plain])
    assert "stacks plain: stackSet: is for mode: stackSet; set that, or take stackSet out" in told
    assert "stacks plain: after: 'alerts' is a StackSet, for which no account waits; take it out" in told
    without_kinds = mistakes("tooling", stacks=[{**plain, "where": {}, "after": [], "stackSet": None}])
    assert "stacks plain: where.kinds: is missing; name kinds of account, like [workload]" in without_kinds


@pytest.mark.parametrize("share", ["0", "00%", "ten", "101%", "-1%", -1, 1.5])
def test_a_share_is_a_number_or_a_percentage(share: object) -> None:
    with pytest.raises(ValidationError):
        declared(stackSet={"maxConcurrent": share})


def test_no_account_lays_a_stack_set_down_itself() -> None:
    made = declared("tooling").stacks
    account = Account(
        id="111111111111", name="dev", email="a@example.com", kind="workload", unit="Workloads/Development"
    )
    assert declared_in(made, account) == []
    assert [each.name for each in stack_sets(made)] == ["alerts"]


def test_a_template_that_is_too_long_to_be_sent_along_is_refused() -> None:
    (told,) = mistakes(template="large.yaml")
    assert told.endswith("which Groundwork sends along with a StackSet; make two of it, or set mode: stack")
