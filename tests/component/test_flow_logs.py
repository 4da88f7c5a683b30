"""flow-logs: the organization's telemetry rule in every governed Region, and what others run stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from groundwork.aws import sessions
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.flow_logs import LOGS, RULE, SERVICE, VPC, FlowLogs, Found, Region
from groundwork.baseline.components.organization import TRUSTED_SERVICES
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.errors import ComponentNotSettled, GroundworkError, InvalidDeclaration, QuotaReached
from tests.component.conftest import World
from tests.component.sabotage import (
    Sabotage,
    differences,
    prove,
    prove_complete,
    some_of,
    used_and_declared,
    words,
)
from tests.component.without_aws import ON_ENGINE, SECURITY, target_without_aws

FLOW_LOGS, DELEGATION = FlowLogs(), Delegation()
HERE, ABROAD = "us-east-1", "eu-west-1"
RESOURCE, EVALUATION = f"telemetry rule {RULE} in {HERE}", f"telemetry evaluation in {HERE}"
ROLE = "AWSServiceRoleForObservabilityAdmin"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """AWS has one administrator of the service in an organization."""
    organizations = own_world.aws.client("organizations")
    for service in (*TRUSTED_SERVICES["config"], *TRUSTED_SERVICES["flow-logs"]):
        organizations.enable_aws_service_access(ServicePrincipal=service)
    return own_world


def declared(
    declaration: Declaration,
    *,
    governed: Sequence[str] = (HERE,),
    components: Sequence[str] = ("delegation", "config", "flow-logs"),
    **settings: Any,
) -> Declaration:
    baseline = {**declaration.baseline, "security": [*components]}
    baseline["management"] = [each for each in baseline["management"] if each in ("organization", "trail")]
    regions = declaration.regions.model_copy(update={"governed": [*governed]})
    made = declaration.model_copy(update={"baseline": baseline, "regions": regions})
    made._given, made._settings = {"flow-logs": settings}, {}
    return check(made, {"flow-logs": FLOW_LOGS})


@pytest.fixture
def delegated(world: World) -> Iterator[World]:
    """The security account administers the service; afterwards it has no rule, and nothing runs."""
    world.apply(DELEGATION, world.security, declaration=declared(world.declaration))
    yield world
    for region in (HERE, ABROAD):
        client = world.client("observabilityadmin", world.security, region)
        for name in rules(world, region):
            client.delete_telemetry_rule_for_organization(RuleIdentifier=name)
        client.stop_telemetry_evaluation_for_organization()


def rules(world: World, region: str = HERE) -> dict[str, Any]:
    client = world.client("observabilityadmin", world.security, region)
    listed = client.list_telemetry_rules_for_organization()["TelemetryRuleSummaries"]
    return {
        each["RuleName"]: client.get_telemetry_rule_for_organization(RuleIdentifier=each["RuleName"])[
            "TelemetryRule"
        ]
        for each in listed
    }


def held(world: World) -> tuple[str, dict[str, Any]]:
    client = world.client("observabilityadmin", world.security)
    return client.get_telemetry_evaluation_status_for_organization()["Status"], rules(world)


def flow_logs(world: World, account: Account, region: str = HERE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.client("ec2", account, region).describe_flow_logs()["FlowLogs"]
    return found


# -- from nothing --------------------------------------------------------------------------------------


def test_delegation_makes_the_role_that_aws_does_not_make_in_the_management_account(world: World) -> None:
    done = prove_complete(world, DELEGATION, world.security, declaration=declared(world.declaration))
    assert {f"role {ROLE} in the management account", f"delegated administrator of {SERVICE}"} <= {
        change.resource for change in done
    }
    assert world.aws.client("iam").get_role(RoleName=ROLE)


def test_every_vpc_of_every_account_gets_a_flow_log_in_each_governed_region(delegated: World) -> None:
    account = delegated.account()
    both = declared(delegated.declaration, governed=(HERE, ABROAD))
    done = prove_complete(delegated, FLOW_LOGS, delegated.security, declaration=both)
    assert {change.resource for change in done} == {
        *(RESOURCE, EVALUATION),
        *(RESOURCE.replace(HERE, ABROAD), EVALUATION.replace(HERE, ABROAD)),
    }
    for region in (HERE, ABROAD):
        (made,) = flow_logs(delegated, account, region)
        assert (made["TrafficType"], made["MaxAggregationInterval"]) == ("ALL", 600)
    mark = len(delegated.aws.calls)
    assert delegated.apply(FLOW_LOGS, delegated.security, declaration=both) == []
    looks = [
        "GetTelemetryEvaluationStatusForOrganization",
        "GetTelemetryRuleForOrganization",
        "ListTelemetryRulesForOrganization",
    ]
    made_calls = sorted(call.operation for call in delegated.calls_since(mark))
    assert made_calls == sorted(["DescribeRegions", *looks * 2])
    assert len(flow_logs(delegated, delegated.account())) == 1  # a new account: without a call of ours


def test_before_it_is_delegated_it_waits(world: World) -> None:
    organizations = world.aws.client("organizations")
    given = {"AccountId": world.security.id, "ServicePrincipal": SERVICE}
    if organizations.list_delegated_administrators(ServicePrincipal=SERVICE)["DelegatedAdministrators"]:
        organizations.deregister_delegated_administrator(**given)
    planned = world.planned(FLOW_LOGS, world.security, declaration=declared(world.declaration))
    assert [change.call.after for change in planned if change.call] == [
        f"delegated administrator of {SERVICE}",
        f"{EVALUATION} runs",
    ]
    with pytest.raises(ComponentNotSettled):
        world.apply(FLOW_LOGS, world.security, declaration=declared(world.declaration))


def test_its_permissions_fit_a_session() -> None:
    for component in (FLOW_LOGS, DELEGATION):
        permissions = [*component.reads, *component.writes]
        assert len(sessions.session_policy(permissions, "012345678901", "aws")) <= 2048


# -- what others run -----------------------------------------------------------------------------------


def test_another_administrator_is_told_and_left_alone(world: World) -> None:
    organizations, declaration = world.aws.client("organizations"), declared(world.declaration)
    world.apply(DELEGATION, world.security, declaration=declaration)
    ours = {"AccountId": world.security.id, "ServicePrincipal": SERVICE}
    theirs = ours | {"AccountId": world.tooling.id}
    organizations.deregister_delegated_administrator(**ours)
    organizations.register_delegated_administrator(**theirs)
    (told,) = world.apply(DELEGATION, world.security, declaration=declaration)
    assert told.reason.startswith(f"is account {world.tooling.id}, and there can be one: what it has stays.")
    (told,) = world.apply(FLOW_LOGS, world.security, declaration=declaration)
    assert told.reason.startswith(f"is not put: account {world.tooling.id} administers {SERVICE}")
    organizations.deregister_delegated_administrator(**theirs)


def test_a_rule_of_others_serves(delegated: World) -> None:
    client = delegated.client("observabilityadmin", delegated.security)
    client.start_telemetry_evaluation_for_organization()
    theirs = {"ResourceType": VPC, "TelemetryType": LOGS}
    client.create_telemetry_rule_for_organization(RuleName="theirs", Rule=theirs)
    (told,) = delegated.apply(FLOW_LOGS, delegated.security, declaration=declared(delegated.declaration))
    assert words([told]) == [
        f"report {RESOURCE}: is not put: theirs of others is for VPCs' flow logs, and is left alone"
    ]
    assert rules(delegated) == {"theirs": theirs}


def state(status: str, **more: Any) -> Found:
    return Found({HERE: Region(status, **more)}, administrator=SECURITY)


OURS: Mapping[str, Any] = {
    "ResourceType": VPC,
    "TelemetryType": LOGS,
    "DestinationConfiguration": {
        "DestinationType": "cloud-watch-logs",
        "RetentionInDays": 365,
        "VPCFlowLogParameters": {"TrafficType": "ALL", "MaxAggregationInterval": 600},
    },
    "AllowFieldUpdates": True,
}


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (state("RUNNING", rule=OURS), []),
        (state("RUNNING", rule=OURS, others=("b", "a")), [("report", "", "may be without effect, as b, a")]),
        (
            state("RUNNING", rule={**OURS, "Scope": "ou-1"}),
            [("update", "", "is only for Scope ou-1; expected")],
        ),
        (state("STARTING"), [("create", f"{EVALUATION} runs", "does not exist: nobody sees")]),
        (
            state("STOPPING", rule=OURS),
            [("update", "telemetry evaluation has stopped", "is STOPPING: CloudWatch looks")],
        ),
        (
            state("FAILED_START", rule=OURS, why="no trust"),
            [("update", "", "is FAILED_START (no trust): CloudWatch looks")],
        ),
    ],
)
def test_what_is_done_in_each_state(found: Found, told: list[tuple[str, str, str]]) -> None:
    target = replace(target_without_aws("security"), declaration=declared(target_without_aws().declaration))
    calls = list(FLOW_LOGS.diff(found, target))
    assert [(call.action, call.after) for call in calls] == [(action, after) for action, after, _ in told]
    assert all(call.reason.startswith(reason) for call, (_, _, reason) in zip(calls, told, strict=True))


class OfAnotherKind:
    """CloudWatch with a rule of our name that somebody has made one for other resources, and with one of others."""

    def get_telemetry_evaluation_status_for_organization(self) -> dict[str, str]:
        return {"Status": "RUNNING"}

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self) -> list[dict[str, Any]]:
        kind = {"ResourceType": "AWS::EKS::Cluster", "TelemetryType": LOGS}
        return [{"TelemetryRuleSummaries": [{"RuleName": name, **kind} for name in (RULE, "theirs")]}]

    def get_telemetry_rule_for_organization(self, **_: str) -> dict[str, Any]:
        return {"TelemetryRule": {**OURS, "ResourceType": "AWS::EKS::Cluster"}}


def test_a_rule_of_our_name_for_something_else_is_mended() -> None:
    declaration = declared(target_without_aws().declaration)
    target = replace(
        target_without_aws("security"), declaration=declaration, client=lambda *_: OfAnotherKind()
    )
    (call,) = FLOW_LOGS.diff(FLOW_LOGS.read(target), target)
    assert (call.operation, call.reason) == (
        "UpdateTelemetryRuleForOrganization",
        "its ResourceType is AWS::EKS::Cluster; expected AWS::EC2::VPC",
    )


# -- one at a time -------------------------------------------------------------------------------------


def updated(**changes: Any) -> Callable[[World, Account], None]:
    def do(world: World, account: Account) -> None:
        client = world.client("observabilityadmin", account)
        client.update_telemetry_rule_for_organization(RuleIdentifier=RULE, Rule=rules(world)[RULE] | changes)

    return do


def logs(**changes: Any) -> dict[str, Any]:
    return {**OURS["DestinationConfiguration"], **changes}


def deleted(world: World, account: Account) -> None:
    world.client("observabilityadmin", account).delete_telemetry_rule_for_organization(RuleIdentifier=RULE)


def stopped(world: World, account: Account) -> None:
    world.client("observabilityadmin", account).stop_telemetry_evaluation_for_organization()


SABOTAGES = [
    Sabotage(
        *("retention", updated(DestinationConfiguration=logs(RetentionInDays=1)), RESOURCE),
        "its RetentionInDays is 1; expected 365",
    ),
    Sabotage(
        "traffic",
        updated(DestinationConfiguration=logs(VPCFlowLogParameters={"TrafficType": "REJECT"})),
        RESOURCE,
        "its TrafficType is REJECT; expected ALL; its MaxAggregationInterval is None; expected 600",
    ),
    Sabotage(
        *("drift", updated(AllowFieldUpdates=False), RESOURCE),
        "its AllowFieldUpdates is False; expected True",
    ),
    Sabotage("deleted", deleted, RESOURCE, "does not exist: nobody sees what a VPC sends"),
    Sabotage("stopped", stopped, EVALUATION, "is STOPPED: CloudWatch looks for no VPC"),
]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_what_is_done_behind_its_back_is_named_and_mended(delegated: World, sabotage: Sabotage) -> None:
    declaration = declared(delegated.declaration)
    delegated.apply(FLOW_LOGS, delegated.security, declaration=declaration)
    prove(
        *(delegated, FLOW_LOGS, delegated.security, sabotage),
        lambda: held(delegated),
        declaration=declaration,
    )


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_a_plan_tells_all_that_apply_does_from_any_state(delegated: World, sabotages: list[Sabotage]) -> None:
    declaration = declared(delegated.declaration)
    delegated.apply(FLOW_LOGS, delegated.security, declaration=declaration)
    good = held(delegated)
    for each in sabotages:
        each.do(delegated, delegated.security)
    assert prove_complete(delegated, FLOW_LOGS, delegated.security, declaration=declaration)
    assert held(delegated) == good


def test_other_settings_are_put(delegated: World) -> None:
    delegated.apply(FLOW_LOGS, delegated.security, declaration=declared(delegated.declaration))
    more = declared(delegated.declaration, retentionDays=30, traffic="reject", intervalSeconds=60)
    (done,) = prove_complete(delegated, FLOW_LOGS, delegated.security, declaration=more)
    assert done.reason == (
        "its RetentionInDays is 365; expected 30; its TrafficType is ALL; expected REJECT; "
        "its MaxAggregationInterval is 600; expected 60"
    )


def test_what_is_taken_out_of_the_declaration_goes_as_prune_says(delegated: World) -> None:
    delegated.apply(FLOW_LOGS, delegated.security, declaration=declared(delegated.declaration))
    before, without = delegated.before(delegated.security), delegated.declaration
    (told,) = delegated.plan(FLOW_LOGS, before, declaration=without)
    assert (told.action, told.resource) == ("report", RESOURCE)
    assert "is ours, and no longer declared; the flow logs that it made stay" in told.reason
    pruning = without.model_copy(update={"prune": {"flow-logs": "remove"}})
    (gone,) = differences(delegated.apply(FLOW_LOGS, before, declaration=pruning))
    assert gone.action == "delete"
    assert rules(delegated) == {}


# -- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [
        ("ServiceQuotaExceededException", QuotaReached, "as many telemetry rules as it may"),
        ("ConflictException", ComponentNotSettled, "take one of them off"),
        ("ValidationException", ComponentNotSettled, "while telemetry evaluation does not run everywhere"),
        ("AccessDeniedException", ComponentNotSettled, "whether the organization trusts"),
    ],
)
def test_a_refusal_is_a_sentence(
    delegated: World, monkeypatch: pytest.MonkeyPatch, code: str, error: type[GroundworkError], sentence: str
) -> None:
    from local.services.telemetry import Telemetry, TelemetryError

    def refuse(*_: Any, **__: Any) -> Any:
        raise TelemetryError(code, "AWS's words")

    monkeypatch.setattr(Telemetry, "put", refuse)
    with pytest.raises(error, match=sentence):
        delegated.apply(FLOW_LOGS, delegated.security, declaration=declared(delegated.declaration))


def test_what_cannot_be_declared_is_said_in_one_sentence() -> None:
    with pytest.raises(InvalidDeclaration, match=r"flowLogs\.traffic: 'dropped' is unknown"):
        declared(target_without_aws().declaration, traffic="dropped")


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(delegated: World) -> None:
    used, may = used_and_declared(delegated, FLOW_LOGS)
    assert used == may
