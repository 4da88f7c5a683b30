"""conformance-pack: packs of the organization in every governed Region, and what others put stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from moto.config.models import MANAGED_RULES

from groundwork.aws import sessions
from groundwork.baseline.components.conformance_pack import SETUP, ConformancePack, Found, Region
from groundwork.baseline.components.conformance_pack.templates import OURS
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.errors import (
    ComponentNotSettled,
    GroundworkError,
    InvalidDeclaration,
    QuotaReached,
    RefusedByAws,
)
from local.organizations import organization_of
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

PACKS = ConformancePack()
HERE, ABROAD = "us-east-1", "eu-west-1"
EXAMPLE = {"name": "example", "template": "example"}
RESOURCE = f"conformance pack example in {HERE}"
OTHER = "Resources: {Mfa: {Type: AWS::Config::ConfigRule, Properties: {ConfigRuleName: mfa}}}"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    own_world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=SETUP)
    return own_world


def declared(
    declaration: Declaration,
    *packs: Mapping[str, Any],
    governed: Sequence[str] = (HERE,),
    files: Mapping[str, str] | None = None,
) -> Declaration:
    """Without packs, the component is there and has none."""
    baseline = {
        kind: [*components, *(["conformance-pack"] if kind == "security" else [])]
        for kind, components in declaration.baseline.items()
    }
    regions = declaration.regions.model_copy(update={"governed": [*governed]})
    made = declaration.model_copy(update={"baseline": baseline, "regions": regions})
    made._given, made._settings = {"conformance-pack": {"packs": [*packs]}}, {}
    made._conformance_packs = {**declaration.conformance_packs, **(files or {})}
    return check(made, {"conformance-pack": PACKS})


def record(world: World, account: Account) -> None:
    iam = world.client("iam", account)
    role = iam.create_service_linked_role(AWSServiceName="config.amazonaws.com")["Role"]["Arn"]
    recorder = {"name": "default", "roleARN": role}
    for region in (HERE, ABROAD):
        world.client("config", account, region).put_configuration_recorder(ConfigurationRecorder=recorder)


def delegate(world: World, done: bool = True) -> None:
    organizations = world.aws.client("organizations")
    given = {"AccountId": world.security.id, "ServicePrincipal": SETUP}
    there = organizations.list_delegated_administrators(ServicePrincipal=SETUP)["DelegatedAdministrators"]
    if done and not there:
        organizations.register_delegated_administrator(**given)
    if there and not done:
        organizations.deregister_delegated_administrator(**given)


@pytest.fixture
def delegated(world: World) -> Iterator[World]:
    """The security account administers packs; afterwards it has none. All accounts record."""
    delegate(world)
    management = world.security.model_copy(
        update={"id": world.organization.management_account_id, "kind": "management"}
    )
    for account in (management, world.security, world.tooling):
        if not world.client("config", account).describe_configuration_recorders()["ConfigurationRecorders"]:
            record(world, account)
    yield world
    for region in (HERE, ABROAD):
        client = world.client("config", world.security, region)
        for name in packs(world, region):
            client.delete_organization_conformance_pack(OrganizationConformancePackName=name)


def packs(world: World, region: str = HERE) -> dict[str, Any]:
    """What is put, by name: parameters and exceptions."""
    client = world.client("config", world.security, region)
    return {
        each["OrganizationConformancePackName"]: (
            {one["ParameterName"]: one["ParameterValue"] for one in each["ConformancePackInputParameters"]},
            each["ExcludedAccounts"],
        )
        for each in client.describe_organization_conformance_packs()["OrganizationConformancePacks"]
    }


def deployed(world: World, account: Account) -> list[str]:
    found = world.client("config", account).describe_conformance_pack_status()["ConformancePackStatusDetails"]
    return [each["ConformancePackState"] for each in found]


# -- from nothing --------------------------------------------------------------------------------------


def test_every_account_gets_the_pack_in_each_governed_region(delegated: World) -> None:
    both = declared(delegated.declaration, EXAMPLE, governed=(HERE, ABROAD))
    done = prove_complete(delegated, PACKS, delegated.security, declaration=both)
    assert (
        words(done)[0]
        == f"create {RESOURCE.replace(HERE, ABROAD)}: does not exist: Config checks no account by it"
    )
    assert packs(delegated).keys() == packs(delegated, ABROAD).keys() == {"example"}
    assert deployed(delegated, delegated.tooling) == ["CREATE_COMPLETE"]
    mark = len(delegated.aws.calls)
    assert delegated.apply(PACKS, delegated.security, declaration=both) == []
    made = sorted(call.operation for call in delegated.calls_since(mark))
    looks = ["DescribeOrganizationConformancePackStatuses", "DescribeOrganizationConformancePacks"]
    assert made == sorted([*looks * 2, "DescribeRegions"])


def test_a_new_account_gets_it_without_a_call_of_ours(delegated: World) -> None:
    declaration = declared(delegated.declaration, EXAMPLE)
    delegated.apply(PACKS, delegated.security, declaration=declaration)
    account = delegated.account()
    (told,) = delegated.apply(PACKS, delegated.security, declaration=declaration)
    assert words([told]) == [f"report {RESOURCE}: Config is at work on it (UPDATE_IN_PROGRESS)"]
    with pytest.raises(ComponentNotSettled):  # Config takes no change meanwhile: the machine asks again
        delegated.apply(
            PACKS,
            delegated.security,
            declaration=declared(delegated.declaration, EXAMPLE | {"exceptAccounts": [account.id]}),
        )
    record(delegated, account)
    assert deployed(delegated, account) == ["CREATE_COMPLETE"]
    assert delegated.apply(PACKS, delegated.security, declaration=declaration) == []


def test_who_is_excepted_by_name_or_id_does_not_get_it(delegated: World) -> None:
    spared = [delegated.tooling.name, delegated.security.id]
    declaration = declared(delegated.declaration, EXAMPLE | {"exceptAccounts": spared})
    prove_complete(delegated, PACKS, delegated.security, declaration=declaration)
    assert deployed(delegated, delegated.tooling) == deployed(delegated, delegated.security) == []
    (told,) = delegated.plan(
        PACKS,
        delegated.security,
        declaration=declared(delegated.declaration, EXAMPLE | {"exceptAccounts": ["nobody"]}),
    )
    assert told.reason.startswith("is left as it is: conformancePack.packs names the account 'nobody'")


def test_of_two_accounts_of_a_name_the_open_one_is_excepted(delegated: World) -> None:
    spared = EXAMPLE | {"exceptAccounts": [delegated.tooling.name]}
    declaration = declared(delegated.declaration, spared)
    prove_complete(delegated, PACKS, delegated.security, declaration=declaration)
    namesake = delegated.account()
    (closed,) = (each for each in accounts_of(delegated) if each.id == namesake.id)
    closed.name, closed.state = delegated.tooling.name, "CLOSED"
    assert delegated.plan(PACKS, delegated.security, declaration=declaration) == []


def test_before_it_is_delegated_it_waits(world: World) -> None:
    delegate(world, done=False)
    declaration = declared(world.declaration, EXAMPLE)
    (planned,) = world.planned(PACKS, world.security, declaration=declaration)
    assert planned.call is not None
    assert planned.call.after == f"delegated administrator of {SETUP}"
    with pytest.raises(ComponentNotSettled):
        world.apply(PACKS, world.security, declaration=declaration)


def test_its_permissions_fit_a_session() -> None:
    assert len(sessions.session_policy([*PACKS.reads, *PACKS.writes], "012345678901", "aws")) <= 2048


# -- one at a time -------------------------------------------------------------------------------------


def deleted(world: World, account: Account) -> None:
    client = world.client("config", account)
    client.delete_organization_conformance_pack(OrganizationConformancePackName="example")


def put(*, excluded: Sequence[str] = (), **parameters: str) -> Callable[[World, Account], None]:
    """Puts the pack as it is, but for these parameters and exceptions."""

    def do(world: World, account: Account) -> None:
        given = packs(world)["example"][0] | parameters
        body = {"Parameters": {name: {"Type": "String"} for name in given}, **yaml.safe_load(OTHER)}
        world.client("config", account).put_organization_conformance_pack(
            OrganizationConformancePackName="example",
            TemplateBody=json.dumps(body),
            ConformancePackInputParameters=[
                {"ParameterName": name, "ParameterValue": value} for name, value in given.items()
            ],
            ExcludedAccounts=excluded,
        )

    return do


def _by_others(world: World, account: Account) -> None:
    world.client("config", account).put_organization_conformance_pack(
        OrganizationConformancePackName="example", TemplateBody=OTHER
    )


SABOTAGES = [
    Sabotage("template", put(**{OURS: "other"}), RESOURCE, "has another template"),
    Sabotage(
        *("parameter", put(AccessKeyDays="900"), RESOURCE),
        "its parameter AccessKeyDays is 900; expected 60",
    ),
    Sabotage(
        *("parameter more", put(UnusedCredentialDays="900"), RESOURCE),
        "its parameter UnusedCredentialDays is 900; expected the default",
    ),
    Sabotage("excluded", put(excluded=[SECURITY]), RESOURCE, f"leaves out {SECURITY}"),
    Sabotage("taken over by others", _by_others, RESOURCE, "was put by others, and is taken over"),
    Sabotage("deleted", deleted, RESOURCE, "does not exist: Config checks no account by it"),
]


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda each: each.name)
def test_what_is_done_behind_its_back_is_named_and_mended(delegated: World, sabotage: Sabotage) -> None:
    declaration = declared(delegated.declaration, EXAMPLE | {"parameters": {"AccessKeyDays": "60"}})
    delegated.apply(PACKS, delegated.security, declaration=declaration)
    prove(
        *(delegated, PACKS, delegated.security, sabotage),
        lambda: packs(delegated),
        declaration=declaration,
    )


@ON_ENGINE
@given(sabotages=some_of(SABOTAGES))
def test_a_plan_tells_all_that_apply_does_from_any_state(delegated: World, sabotages: list[Sabotage]) -> None:
    declaration = declared(delegated.declaration, EXAMPLE | {"parameters": {"AccessKeyDays": "60"}})
    delegated.apply(PACKS, delegated.security, declaration=declaration)
    good = packs(delegated)
    for each in sabotages:
        each.do(delegated, delegated.security)
    assert prove_complete(delegated, PACKS, delegated.security, declaration=declaration)
    assert packs(delegated) == good


def test_another_template_or_exception_is_put(delegated: World) -> None:
    before = declared(delegated.declaration, EXAMPLE)
    delegated.apply(PACKS, delegated.security, declaration=before)
    spared = EXAMPLE | {"exceptAccounts": [delegated.tooling.id]}
    after = declared(delegated.declaration, spared, files={"example": OTHER})
    (done,) = prove_complete(delegated, PACKS, delegated.security, declaration=after)
    assert done.reason == f"has another template; does not leave out {delegated.tooling.id}"
    assert before.version != after.version


def test_what_is_taken_out_of_the_declaration_goes_as_prune_says(delegated: World) -> None:
    client = delegated.client("config", delegated.security)
    client.put_organization_conformance_pack(OrganizationConformancePackName="theirs", TemplateBody=OTHER)
    delegated.apply(PACKS, delegated.security, declaration=declared(delegated.declaration, EXAMPLE))
    without = declared(delegated.declaration)
    (told,) = delegated.plan(PACKS, delegated.security, declaration=without)
    assert (told.action, told.resource) == ("report", RESOURCE)
    assert "is ours, and no longer declared" in told.reason
    pruning = without.model_copy(update={"prune": {"conformance-pack": "remove"}})
    pruning._settings = without._settings
    (gone,) = differences(delegated.apply(PACKS, delegated.security, declaration=pruning))
    assert gone.action == "delete"
    assert packs(delegated).keys() == {"theirs"}


def test_a_component_that_is_taken_out_tells_what_stays(delegated: World) -> None:
    delegated.apply(PACKS, delegated.security, declaration=declared(delegated.declaration, EXAMPLE))
    before = delegated.before(delegated.security)
    (told,) = delegated.plan(PACKS, before, declaration=delegated.declaration)
    assert (told.action, told.resource) == ("report", RESOURCE)


# -- where it failed -----------------------------------------------------------------------------------


def test_an_account_without_a_recorder_is_told(delegated: World) -> None:
    silent, declaration = delegated.account(), declared(delegated.declaration, EXAMPLE)
    delegated.apply(PACKS, delegated.security, declaration=declaration)
    (told,) = delegated.plan(PACKS, delegated.security, declaration=declaration)
    assert told.reason.startswith(
        f"failed in account {silent.id} (NoAvailableConfigurationRecorder: There is no configuration recorder available.): "
        "see to it that AWS Config records there"
    )
    (closed,) = (each for each in accounts_of(delegated) if each.id == silent.id)
    closed.state = "CLOSED"
    assert delegated.plan(PACKS, delegated.security, declaration=declaration) == []
    closed.state = "ACTIVE"
    record(delegated, silent)


def accounts_of(world: World) -> list[Any]:
    """As Organizations has them."""
    organization = organization_of(world.aws.management_account)
    assert organization is not None
    return organization.accounts


def failed(ago: timedelta, now: datetime) -> Found:
    target = replace(
        target_without_aws("security"), declaration=declared(target_without_aws().declaration, EXAMPLE)
    )
    (template,) = PACKS.rendered(target.declaration)
    given = [{"ParameterName": name, "ParameterValue": value} for name, value in template.parameters.items()]
    status = {"Status": "UPDATE_FAILED", "LastUpdateTime": now - ago}
    accounts = [{"AccountId": f"{number:012}", "ErrorCode": "Late"} for number in range(12)]
    region = Region(
        {"example": {"ConformancePackInputParameters": given}}, {"example": status}, {"example": accounts}
    )
    return Found({HERE: region}, now=now)


@pytest.mark.parametrize(("minutes", "action"), [(59, "report"), (61, "update")])
def test_where_it_failed_it_is_put_again_an_hour_later(minutes: int, action: str) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)
    target = replace(
        target_without_aws("security"), declaration=declared(target_without_aws().declaration, EXAMPLE)
    )
    (call,) = PACKS.diff(failed(timedelta(minutes=minutes), now), target)
    assert call.action == action
    assert call.reason.startswith("failed in account 000000000000 (Late), account 000000000001 (Late)")
    assert "account 000000000009 (Late) and 2 more" in call.reason
    assert ("the first execution after 2026-11-30 12:01 puts it again" in call.reason) == (action == "report")


def test_a_pack_that_is_being_deleted_is_not_deleted_again() -> None:
    target = replace(target_without_aws("security"), declaration=declared(target_without_aws().declaration))
    pack = {"ConformancePackInputParameters": [{"ParameterName": OURS, "ParameterValue": "x"}]}
    region = Region({"example": pack}, {"example": {"Status": "DELETE_IN_PROGRESS"}})
    assert list(PACKS.diff(Found({HERE: region}), target)) == []


# -- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "error", "sentence"),
    [
        (
            "MaxNumberOfOrganizationConformancePacksExceededException",
            QuotaReached,
            "quota 'Conformance packs per",
        ),
        (
            "OrganizationConformancePackTemplateValidationException",
            RefusedByAws,
            "Correct the file in conformance-packs/",
        ),
        ("InsufficientPermissionsException", RefusedByAws, "iam:CreateServiceLinkedRole"),
        ("ValidationException", RefusedByAws, "Correct it under conformancePack"),
        ("OrganizationAccessDeniedException", ComponentNotSettled, "administers conformance packs"),
    ],
)
def test_a_refusal_is_a_sentence(
    delegated: World, monkeypatch: pytest.MonkeyPatch, code: str, error: type[GroundworkError], sentence: str
) -> None:
    from local.services.config.conformance_packs import ConformancePacks
    from local.services.config.errors import ConfigError

    def refuse(*_: Any, **__: Any) -> Any:
        raise ConfigError(code, "AWS's words")

    monkeypatch.setattr(ConformancePacks, "put_organization_conformance_pack", refuse)
    with pytest.raises(error, match=sentence):
        delegated.apply(PACKS, delegated.security, declaration=declared(delegated.declaration, EXAMPLE))


# -- templates -----------------------------------------------------------------------------------------


def test_the_example_is_of_rules_that_aws_manages() -> None:
    declaration = declared(target_without_aws().declaration, EXAMPLE)
    (template,) = PACKS.rendered(declaration)
    read = yaml.safe_load(template.body)
    rules = [each["Properties"] for each in read["Resources"].values()]
    assert {each["Source"]["SourceIdentifier"] for each in rules} <= MANAGED_RULES["ManagedRules"].keys()
    assert read["Parameters"].keys() == {"AccessKeyDays", "UnusedCredentialDays", OURS}


RULE = "{Type: AWS::Config::ConfigRule}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Resources: {}", r"t\.yaml: Resources: is missing or empty; add at least one rule"),
        ("- a", r"Resources: is missing or empty"),
        ("Resources: [", r"t\.yaml: is no YAML"),
        ("Resources:\n  A: !Ref B", r"line 2: !Ref is a short form; write it in full"),
        (f"Resources: {{A: {RULE}, A: {RULE}}}", r"line 1: holds the key 'A' twice"),
        ("Resources: {A: {Type: AWS::S3::Bucket}}", r"Resources\.A: Type: AWS::S3::Bucket is nothing that"),
        (
            f"Parameters: {{P: {{Type: String}}}}\nResources: {{A: {RULE}}}",
            r"P has no Default; add one, or set it",
        ),
        (
            f"Parameters: {{{OURS}: {{Default: x}}}}\nResources: {{A: {RULE}}}",
            r"is Groundwork's own; rename it",
        ),
        (
            f"Parameters: {{{', '.join(f'P{n}: {{Default: x}}' for n in range(60))}}}\nResources: {{A: {RULE}}}",
            r"has 60, and Config takes 60",
        ),
        (f"Description: {'x' * 51_200}\nResources: {{A: {RULE}}}", r"bytes, and Config takes 51,200"),
    ],
)
def test_a_template_that_config_would_not_take_is_said_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidDeclaration, match=sentence):
        declared(target_without_aws().declaration, {"name": "t", "template": "t"}, files={"t": text})


@pytest.mark.parametrize(
    ("pack", "sentence"),
    [
        (EXAMPLE | {"template": "none"}, r"packs\.0\.template: 'none' is no file in conformance-packs/"),
        (
            EXAMPLE | {"parameters": {"No": "1"}},
            r"has no No, which conformancePack\.packs\.0\.parameters sets",
        ),
        (EXAMPLE | {"name": "1st"}, r"conformancePack\.packs\.0\.name: '1st' must begin with a letter"),
    ],
)
def test_what_cannot_be_declared_is_said_in_one_sentence(pack: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidDeclaration, match=sentence):
        declared(target_without_aws().declaration, pack)


def test_without_config_nobody_administers_it() -> None:
    without = target_without_aws().declaration.model_copy(
        update={"baseline": {"management": [], "security": [], "tooling": [], "workload": []}}
    )
    with pytest.raises(
        InvalidDeclaration, match=r"baseline\.security: conformance-pack needs config: add it"
    ):
        declared(without, EXAMPLE)


def test_two_packs_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidDeclaration, match=r"packs: two are called 'example'; rename one"):
        declared(target_without_aws().declaration, EXAMPLE, EXAMPLE)


# -- permissions ---------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(delegated: World) -> None:
    used, may = used_and_declared(delegated, PACKS)
    assert used == may
