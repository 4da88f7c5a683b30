"""quota-template: what AWS asks for in every new account, beside what others put into the template."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline import loop
from groundwork.baseline.components.organization import Organization
from groundwork.baseline.components.quota_template import (
    HOME,
    RESOURCE,
    SERVICE_QUOTAS,
    TRUSTED,
    Found,
    QuotaTemplate,
)
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check, load
from groundwork.errors import ComponentNotSettled, InvalidDeclaration, QuotaReached, RefusedByAws
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, prove, prove_complete, some_of, used_and_declared
from tests.component.without_aws import ON_ENGINE, PURE, target_without_aws

TEMPLATE = QuotaTemplate()
VPCS, GATEWAYS, PEERINGS = "L-F678F1CE", "L-FE5A380F", "L-7E9ECCDB"
ON_VPCS, ON_GATEWAYS = (f"{RESOURCE}: vpc {code} in eu-west-1" for code in (VPCS, GATEWAYS))


def quota(code: str = VPCS, value: float = 20, **more: Any) -> dict[str, Any]:
    return {"service": "vpc", "quota": code, "region": "eu-west-1", "value": value, **more}


def declaring(*quotas: Mapping[str, Any]) -> Declaration:
    declared = load()
    lines = {**declared.baseline, "management": [*declared.baseline["management"], TEMPLATE.name]}
    told = declared.model_copy(update={"baseline": lines})
    told._given = {TEMPLATE.name: {"quotas": list(quotas)}}
    told._settings = {}
    return check(told, {TEMPLATE.name: TEMPLATE})


TOLD = declaring(quota(), quota(GATEWAYS, 30))


def entry(code: str, **more: Any) -> dict[str, Any]:
    return {"ServiceCode": "vpc", "QuotaCode": code, "AwsRegion": "eu-west-1", **more}


def put(code: str, value: float) -> Callable[[World, Account], Any]:
    return lambda world, account: world.aws.client(
        "service-quotas"
    ).put_service_quota_increase_request_into_template(**entry(code, DesiredValue=value))


def remove(code: str) -> Callable[[World, Account], Any]:
    return lambda world, account: world.aws.client(
        "service-quotas"
    ).delete_service_quota_increase_request_from_template(**entry(code))


def disassociate(world: World, account: Account) -> None:
    world.aws.client("service-quotas").disassociate_service_quota_template()


def portrait(world: World) -> Any:
    quotas = world.aws.client("service-quotas")
    listed = quotas.list_service_quota_increase_requests_in_template()
    values = {
        each["QuotaCode"]: each["DesiredValue"]
        for each in listed["ServiceQuotaIncreaseRequestInTemplateList"]
    }
    try:
        found = quotas.get_association_for_service_quota_template()["ServiceQuotaTemplateAssociationStatus"]
    except quotas.exceptions.ServiceQuotaTemplateNotInUseException:
        found = None
    return values, found


WHOLE = ({VPCS: 20.0, GATEWAYS: 30.0}, "ASSOCIATED")


@pytest.fixture
def trusted(world: World) -> Iterator[World]:
    """An organization that trusts Service Quotas, with the template as it is declared, also at the end."""
    world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=SERVICE_QUOTAS)
    world.apply(TEMPLATE, world.management, declaration=TOLD)
    yield world
    world.apply(TEMPLATE, world.management, declaration=TOLD)


# -- from nothing --------------------------------------------------------------------------------------


def test_it_waits_for_trusted_access_which_organization_gives(world: World) -> None:
    world.aws.client("organizations").disable_aws_service_access(ServicePrincipal=SERVICE_QUOTAS)
    planned = world.planned(TEMPLATE, world.management, declaration=TOLD)
    assert [each.resource for each in planned] == [ON_VPCS, ON_GATEWAYS, RESOURCE]
    assert {each.call.after for each in planned if each.call} == {TRUSTED}
    with pytest.raises(ComponentNotSettled, match="would not settle"):
        world.apply(TEMPLATE, world.management, declaration=TOLD)
    assert TRUSTED in {
        each.resource for each in world.apply(Organization(), world.management, declaration=TOLD)
    }
    world.apply(TEMPLATE, world.management, declaration=TOLD)
    assert portrait(world) == WHOLE


def test_a_second_run_reads_twice_and_new_accounts_are_not_looked_into(trusted: World) -> None:
    world, mark = trusted, len(trusted.aws.calls)
    assert world.apply(TEMPLATE, world.management, declaration=TOLD) == []
    seen = sorted(call.operation for call in world.calls_since(mark) if call.service != "iam")
    assert seen == [
        "GetAssociationForServiceQuotaTemplate",
        "ListServiceQuotaIncreaseRequestsInTemplate",
    ]
    new = world.account()
    inside = world.client("service-quotas", new, "eu-west-1")
    asked = inside.list_requested_service_quota_change_history()["RequestedQuotas"]
    assert {each["QuotaCode"]: each["DesiredValue"] for each in asked} == WHOLE[0]


# -- drift ---------------------------------------------------------------------------------------------

SABOTAGES = (
    Sabotage("lower", put(VPCS, 6), ON_VPCS, "is asked for as 6 in new accounts; expected 20"),
    Sabotage("gone", remove(GATEWAYS), ON_GATEWAYS, "is not asked for in new accounts; expected 30"),
    Sabotage("disassociated", disassociate, RESOURCE, "is not associated with the organization"),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended_and_nothing_else(trusted: World, sabotage: Sabotage) -> None:
    prove(trusted, TEMPLATE, trusted.management, sabotage, lambda: portrait(trusted), declaration=TOLD)


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_the_plan_is_what_apply_does_from_any_state(trusted: World, sabotages: list[Sabotage]) -> None:
    for each in sabotages:
        each.do(trusted, trusted.management)
    prove_complete(trusted, TEMPLATE, trusted.management, declaration=TOLD)
    assert portrait(trusted) == WHOLE


def test_what_others_put_there_is_told_and_stays(trusted: World) -> None:
    world = trusted
    put(PEERINGS, 100)(world, world.management)
    disassociate(world, world.management)
    done, told = world.apply(TEMPLATE, world.management, declaration=TOLD)
    assert done.reason.endswith("in new accounts; what is there and not declared (1) comes with it")
    assert (told.action, told.severity) == ("report", "low")
    assert told.reason.startswith("is asked for as 100 in new accounts, and is not declared: declare it")
    assert portrait(world)[0][PEERINGS] == 100
    remove(PEERINGS)(world, world.management)


entries = st.dictionaries(
    st.tuples(st.just("vpc"), st.sampled_from([VPCS, GATEWAYS, PEERINGS]), st.just("eu-west-1")),
    st.sampled_from([5.0, 20.0, 30.0]),
)


@PURE
@given(entries, st.booleans(), st.booleans())
def test_its_calls_leave_nothing_to_do(
    values: dict[tuple[str, str, str], float], associated: bool, trusted: bool
) -> None:
    target = target_without_aws("management", declaration=TOLD)
    calls = list(TEMPLATE.diff(Found(trusted, values if trusted else {}, associated), target))
    assert all(bool(call.after) != trusted for call in calls if call.action != "report")
    done = dict(values)
    for call in calls:
        if call.operation.startswith("Put"):
            key = (call.parameters["ServiceCode"], call.parameters["QuotaCode"], call.parameters["AwsRegion"])
            done[key] = call.parameters["DesiredValue"]
    left = list(TEMPLATE.diff(Found(True, done, True), target))
    assert {call.action for call in left} <= {"report"}
    assert len(left) == sum(code == PEERINGS for _, code, _ in values)


# -- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("QuotaExceededException", QuotaReached, "as many quotas as AWS allows, ten"),
        ("NoSuchResourceException", RefusedByAws, "knows no such quota"),
        ("IllegalArgumentException", RefusedByAws, "it can be raised"),
        ("AWSServiceAccessNotEnabledException", ComponentNotSettled, "does not see yet"),
    ],
)
def test_a_refusal_says_what_to_do(
    trusted: World, monkeypatch: pytest.MonkeyPatch, code: str, error: type[Exception], words: str
) -> None:
    operation = "PutServiceQuotaIncreaseRequestIntoTemplate"
    put(VPCS, 6)(trusted, trusted.management)
    target = trusted.target(TEMPLATE, trusted.management, TOLD)

    def refuse(**given: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "No."}}, operation)

    client = target.client("service-quotas", HOME)
    monkeypatch.setattr(client, "put_service_quota_increase_request_into_template", refuse)
    with pytest.raises(error, match=words):
        loop.apply(TEMPLATE, target)


@pytest.mark.parametrize(
    ("quotas", "words"),
    [
        ([], "quotaTemplate.quotas: "),
        ([quota(region="eu-west")], "quotaTemplate.quotas.0.region: "),
        ([quota(value=0)], "quotaTemplate.quotas.0.value: 0 is too small; it must be more than 0"),
        ([quota("VPCs per Region")], "quotaTemplate.quotas.0.quota: 'VPCs per Region' is not right"),
        (
            [quota(), quota(value=30)],
            "quotaTemplate.quotas: has vpc L-F678F1CE in eu-west-1 twice; remove one",
        ),
        ([quota(f"L-{number}") for number in range(11)], "quotaTemplate.quotas: "),
    ],
)
def test_a_mistake_is_named(quotas: Sequence[Mapping[str, Any]], words: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        declaring(*quotas)
    assert words in str(refused.value)


def test_it_may_do_what_it_does_and_nothing_else(trusted: World) -> None:
    mark = len(trusted.aws.calls)
    for each in (put(VPCS, 6), disassociate):
        each(trusted, trusted.management)
    prove_complete(trusted, TEMPLATE, trusted.management, declaration=TOLD)
    used, declared = used_and_declared(trusted, TEMPLATE, mark)
    assert used == declared
