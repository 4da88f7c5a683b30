"""sensitive-data: Amazon Macie in every account, run from the security account, and nothing of what others run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.component import Component
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.guardrails import Guardrails
from groundwork.baseline.components.organization import TRUSTED_SERVICES
from groundwork.baseline.components.sensitive_data import Found, Listed, Region, SensitiveData
from groundwork.contracts import NOT_TOLD, Account, Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import check
from groundwork.errors import ComponentNotSettled, RefusedByAws
from local.services.macie.backend import Macie, denied
from tests.component.conftest import World
from tests.component.crashing import crash
from tests.component.delegated import prove_designated, prove_put_back
from tests.component.sabotage import (
    Sabotage,
    independent,
    prove,
    prove_all,
    prove_complete,
    reports,
    used_and_declared,
    words,
)
from tests.component.without_aws import MANAGEMENT, MEMBER, ON_ENGINE, PURE, SECURITY, target_without_aws

DATA, DELEGATION = SensitiveData(), Delegation()
HOME, ELSEWHERE, OFF = "us-east-1", "eu-west-1", "me-south-1"
EMAIL = "@example.com"


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """An organization has one administrator of Macie."""
    for service in chain(*TRUSTED_SERVICES.values()):
        own_world.aws.client("organizations").enable_aws_service_access(ServicePrincipal=service)
    return own_world


@pytest.fixture
def untouched(world: World) -> World:
    """Trusted access, and nothing else of Macie."""
    for region in (HOME, ELSEWHERE):
        for administrator in administrators(world, region):
            take_off(world, administrator, region)
        for account in accounts(world):
            client = world.client("macie2", account, region)
            if is_on(client):
                client.disable_macie()
    return world


@pytest.fixture
def ready(untouched: World) -> World:
    """The security account administers Macie in the home Region."""
    designate(untouched, untouched.security)
    return untouched


@pytest.fixture
def kept(ready: World) -> World:
    """As it is declared."""
    ready.apply(DATA, ready.security, declaration=declared(ready))
    return ready


def accounts(world: World) -> list[Account]:
    """All of the organization."""
    pages = world.aws.client("organizations").get_paginator("list_accounts").paginate()
    return [
        world.management
        if each["Id"] == world.management.id
        else Account(id=each["Id"], name=each["Name"], email=each["Email"], kind="workload")
        for page in pages
        for each in page["Accounts"]
    ]


def to_be_members(world: World) -> set[str]:
    return {each.id for each in accounts(world)} - {world.security.id, world.management.id}


def designate(world: World, account: Account, region: str = HOME) -> None:
    client = world.aws.client("macie2", region=region)
    client.enable_organization_admin_account(adminAccountId=account.id)


def administrators(world: World, region: str = HOME) -> list[str]:
    found = world.aws.client("macie2", region=region).list_organization_admin_accounts()["adminAccounts"]
    return [each["accountId"] for each in found]


def take_off(world: World, account: str, region: str = HOME) -> None:
    client = world.aws.client("macie2", region=region)
    client.disable_organization_admin_account(adminAccountId=account)


def is_on(client: Any) -> bool:
    try:
        return bool(client.get_macie_session()["status"] == "ENABLED")
    except client.exceptions.AccessDeniedException:
        return False


def declaring(
    declaration: Declaration,
    governed: Sequence[str] = (HOME,),
    kinds: Sequence[Kind] = ("security",),
    **settings: Any,
) -> Declaration:
    """In the lines of these kinds, with these settings, in these governed Regions."""
    baseline = {kind: [*names] for kind, names in declaration.baseline.items()}
    for kind in kinds:
        baseline[kind] = [*baseline[kind], DATA.name]
    regions = declaration.regions.model_copy(update={"governed": list(governed)})
    made = declaration.model_copy(update={"regions": regions, "baseline": baseline})
    made._given = {**declaration._given, DATA.name: settings}
    made._settings = dict(made._settings)
    return check(made, {DATA.name: DATA})


def declared(world: World, *given: Any, **settings: Any) -> Declaration:
    return declaring(world.declaration, *given, **settings)


def members(world: World, region: str = HOME) -> dict[str, str]:
    client = world.client("macie2", world.security, region)
    found = client.list_members(onlyAssociated="false")["members"]
    return {each["accountId"]: each["relationshipStatus"] for each in found}


def portrait(world: World, region: str = HOME) -> Any:
    """What the security account holds."""
    client = world.client("macie2", world.security, region)
    session = client.get_macie_session()
    return (
        (session["status"], session["findingPublishingFrequency"]),
        client.describe_organization_configuration()["autoEnable"],
        client.get_automated_discovery_configuration()["status"],
        client.get_findings_publication_configuration()["securityHubConfiguration"],
        members(world, region),
    )


# -- the administrator ---------------------------------------------------------------------------------


def test_the_security_account_is_designated_in_every_governed_region(untouched: World) -> None:
    declaration = declared(untouched, [HOME, ELSEWHERE, OFF])
    prove_designated(
        *(untouched, "macie2", administrators, declaration),
        regions=[HOME, ELSEWHERE],
        off=OFF,
    )


def test_an_administrator_that_was_taken_off_is_named_and_put_back(ready: World) -> None:
    prove_put_back(
        *(ready, "macie2", administrators, declared(ready)),
        region=HOME,
        take_off=take_off,
    )


def test_nobody_needs_an_administrator_that_is_no_longer_declared(ready: World) -> None:
    told = reports(ready.apply(DELEGATION, ready.security))
    assert [each for each in told if "delegated administrator of macie.amazonaws.com" in each]


def test_before_it_is_delegated_it_waits(untouched: World) -> None:
    declaration = declared(untouched)
    after = f"administrator of macie2 in {HOME} is security"
    planned = untouched.planned(DATA, untouched.security, declaration=declaration)
    told = [(change.call.operation, change.call.after) for change in planned if change.call]
    assert told[:3] == [
        ("EnableMacie", None),
        ("UpdateAutomatedDiscoveryConfiguration", None),
        ("UpdateOrganizationConfiguration", after),
    ]
    assert {*told[3:]} <= {
        ("CreateMember", after)
    }  # where it administers something else, it may list accounts
    with pytest.raises(ComponentNotSettled, match="auto-enable of Macie"):
        untouched.apply(DATA, untouched.security, declaration=declaration)
    assert is_on(untouched.client("macie2", untouched.security))
    assert not is_on(untouched.client("macie2", untouched.tooling))


def test_where_another_account_administers_it_all_is_left_alone(untouched: World) -> None:
    declaration, theirs = (
        declared(untouched, [HOME, ELSEWHERE], ["management", "security"]),
        untouched.tooling,
    )
    designate(untouched, theirs, ELSEWHERE)
    mark = len(untouched.aws.calls)
    everywhere: list[tuple[Component[Any], Account]] = [
        *((DELEGATION, untouched.security), (DATA, untouched.management), (DATA, untouched.security)),
    ]
    for component, account in everywhere:
        changes = untouched.apply(component, account, declaration=declaration)
        (ours,) = [each for each in changes if "acie" in each.resource]
        assert ours.action == "report"
        (told,) = words([ours])
        assert f"account {theirs.id}" in told
        assert "Take sensitive-data out of the baseline" in told
        assert "disable-organization-admin-account" in told
    assert [call for call in untouched.calls_since(mark) if call.mutating and call.service == "macie2"] == []


def test_what_another_account_runs_is_no_undoing(untouched: World) -> None:
    """The guard rails let it change what it has."""
    guardrails, declaration = Guardrails(), declared(untouched)
    for administrator, others in ((untouched.security, set()), (untouched.tooling, {DATA.name})):
        for each in administrators(untouched):
            take_off(untouched, each)
        designate(untouched, administrator)
        target = untouched.target(guardrails, untouched.management, declaration)
        assert guardrails.read(target).run_by_others == others


# -- from nothing --------------------------------------------------------------------------------------


def test_every_account_that_is_there_becomes_a_member(ready: World) -> None:
    account, declaration = ready.account(), declared(ready)
    done = prove_complete(ready, DATA, ready.security, declaration=declaration)
    ids = to_be_members(ready)
    assert {change.resource for change in done} == {
        *(f"Macie of account {each} in {HOME}" for each in ids),
        *(f"auto-enable of Macie in {HOME}", f"automated discovery in {HOME}"),
    }
    assert members(ready) == dict.fromkeys(ids, "Enabled")
    assert is_on(ready.client("macie2", account))
    assert not is_on(ready.client("macie2", account, ELSEWHERE))
    items = ready.client("macie2", ready.security).list_automated_discovery_accounts()["items"]
    assert {each["status"] for each in items} == {"DISABLED"}


def test_a_second_run_reads_little_and_writes_nothing(kept: World) -> None:
    mark = len(kept.aws.calls)
    assert kept.apply(DATA, kept.security, declaration=declared(kept)) == []
    assert kept.operations_of(DATA.name, mark) == [
        *("DescribeOrganizationConfiguration", "GetAutomatedDiscoveryConfiguration"),
        *("GetFindingsPublicationConfiguration", "GetMacieSession", "ListAccounts"),
        *("ListDelegatedAdministrators", "ListMembers"),
    ]


def test_a_vended_account_costs_no_call(kept: World) -> None:
    assert not {"workload", "tooling"} & {*DATA.kinds}
    account = kept.account()
    assert is_on(kept.client("macie2", account))
    mark = len(kept.aws.calls)
    assert kept.apply(DATA, kept.security, declaration=declared(kept)) == []
    assert "CreateMember" not in kept.operations_of(DATA.name, mark)
    assert members(kept)[account.id] == "Enabled"


def test_nobody_reads_an_e_mail_address_in_a_plan(ready: World) -> None:
    planned = ready.planned(DATA, ready.security, declaration=declared(ready))
    told = [change for change in planned if change.call and change.call.operation == "CreateMember"]
    assert {str(each.call and each.call.parameters["account"]) for each in told} == {NOT_TOLD}
    assert not [each for each in planned if EMAIL in each.model_dump_json()]


def test_an_account_that_has_it_already_is_added_as_it_is(ready: World) -> None:
    ready.client("macie2", ready.tooling).enable_macie(findingPublishingFrequency="SIX_HOURS")
    ready.apply(DATA, ready.security, declaration=declared(ready))
    assert members(ready)[ready.tooling.id] == "Enabled"


def test_in_each_governed_region(untouched: World) -> None:
    declaration = declared(untouched, [HOME, ELSEWHERE, OFF])
    for region in (HOME, ELSEWHERE):
        designate(untouched, untouched.security, region)
    prove_complete(untouched, DATA, untouched.security, declaration=declaration)
    assert members(untouched) == members(untouched, ELSEWHERE)
    told = reports(untouched.apply(DATA, untouched.security, declaration=declaration))
    assert [each for each in told if OFF in each and "not enabled in this account" in each]


# -- settings ------------------------------------------------------------------------------------------


def test_automated_discovery_in_all_accounts_where_it_is_declared(kept: World) -> None:
    declaration = declared(kept, automatedDiscovery=True)
    (done,) = prove_complete(kept, DATA, kept.security, declaration=declaration)
    assert done.reason == "is off: Macie looks into no bucket; expected on"
    security = kept.client("macie2", kept.security)
    assert {each["status"] for each in security.list_automated_discovery_accounts()["items"]} == {"ENABLED"}
    security.update_automated_discovery_configuration(status="ENABLED", autoEnableOrganizationMembers="NEW")
    (done,) = prove_complete(kept, DATA, kept.security, declaration=declaration)
    assert done.reason == "is on by itself in NEW members; expected all"


@pytest.mark.parametrize(("wanted", "before"), [(True, False), (False, True)])
def test_findings_of_sensitive_data_go_to_security_hub_as_declared(
    kept: World, wanted: bool, before: bool
) -> None:
    """Those about buckets go as they went."""
    security = kept.client("macie2", kept.security)
    there = {"publishClassificationFindings": before, "publishPolicyFindings": False}
    security.put_findings_publication_configuration(securityHubConfiguration=there)
    assert kept.apply(DATA, kept.security, declaration=declared(kept)) == []
    prove_complete(kept, DATA, kept.security, declaration=declared(kept, securityHub=wanted))
    found = security.get_findings_publication_configuration()["securityHubConfiguration"]
    assert found == {"publishClassificationFindings": wanted, "publishPolicyFindings": False}


def test_who_is_excepted_is_left_as_it_is(ready: World) -> None:
    account = ready.account()
    spared = declared(ready, exceptAccounts=[ready.tooling.name, account.id])
    prove_complete(ready, DATA, ready.security, declaration=spared)
    assert not {ready.tooling.id, account.id} & members(ready).keys()
    assert not is_on(ready.client("macie2", account))
    (told,) = ready.plan(DATA, ready.security, declaration=declared(ready, exceptAccounts=["nobody"]))
    assert told.reason == (
        "are left as they are: sensitiveData.exceptAccounts names 'nobody', and no account is called so: correct it"
    )


# -- the management account ------------------------------------------------------------------------------


def test_the_management_account_switches_it_on_itself_and_is_added_then(ready: World) -> None:
    both = declared(ready, kinds=["management", "security"])
    with pytest.raises(RefusedByAws, match="it is the management account, where Macie is not on"):
        ready.apply(DATA, ready.security, declaration=both)
    done = prove_complete(ready, DATA, ready.management, declaration=both)
    assert [change.resource for change in done] == [f"Macie in {HOME}", f"automated discovery in {HOME}"]
    assert is_on(ready.client("macie2", ready.management))
    prove_complete(ready, DATA, ready.security, declaration=both)
    assert members(ready)[ready.management.id] == "Enabled"
    assert ready.apply(DATA, ready.management, declaration=both) == []
    ready.client("macie2", ready.security).update_member_session(id=ready.management.id, status="PAUSED")
    assert ready.apply(DATA, ready.management, declaration=both) == []  # its administrator's to mend
    assert ready.apply(DATA, ready.security, declaration=both) != []
    assert members(ready)[ready.management.id] == "Enabled"


def test_a_management_account_by_itself_is_mended(untouched: World) -> None:
    both = declared(untouched, kinds=["management", "security"])
    macie = untouched.client("macie2", untouched.management)
    macie.enable_macie(status="PAUSED", findingPublishingFrequency="ONE_HOUR")
    done = prove_complete(untouched, DATA, untouched.management, declaration=both)
    assert [change.resource for change in done] == [f"Macie in {HOME}", f"automated discovery in {HOME}"]
    assert "is suspended" in done[0].reason
    assert "publishes findings again by ONE_HOUR; expected FIFTEEN_MINUTES" in done[0].reason
    assert done[1].reason == "is on, and AWS bills what it looks at; expected off"


def test_a_management_account_without_the_component_is_none_of_its_business(kept: World) -> None:
    macie = kept.client("macie2", kept.management)
    macie.enable_macie()
    assert kept.apply(DATA, kept.security, declaration=declared(kept)) == []
    assert kept.management.id not in members(kept)


# -- one at a time ---------------------------------------------------------------------------------------


def by_security(operation: str, **parameters: Any) -> Callable[[World, Account], None]:
    """`tooling` stands for that account's id."""

    def do(world: World, account: Account) -> None:
        filled = {
            name: world.tooling.id if value == "tooling" else value for name, value in parameters.items()
        }
        getattr(world.client("macie2", account), operation)(**filled)

    return do


def _removed_and_deleted(world: World, account: Account) -> None:
    by_security("disassociate_member", id="tooling")(world, account)
    by_security("delete_member", id="tooling")(world, account)


def sabotages(tooling: str) -> Sequence[Sabotage]:
    member = f"Macie of account {tooling} in {HOME}"
    return (
        Sabotage(
            "auto-enable off",
            by_security("update_organization_configuration", autoEnable=False),
            f"auto-enable of Macie in {HOME}",
            "is off: new accounts have Macie where somebody switches it on",
        ),
        Sabotage(
            "automated discovery on",
            by_security("update_automated_discovery_configuration", status="ENABLED"),
            f"automated discovery in {HOME}",
            "is on, and AWS bills what it looks at; expected off",
        ),
        Sabotage(
            "frequency",
            by_security("update_macie_session", findingPublishingFrequency="SIX_HOURS"),
            f"Macie in {HOME}",
            "publishes findings again by SIX_HOURS; expected FIFTEEN_MINUTES",
        ),
        Sabotage(
            *("member suspended", by_security("update_member_session", id="tooling", status="PAUSED")),
            *(member, "is suspended: Macie sees none of its buckets"),
        ),
        Sabotage(
            *("member removed", by_security("disassociate_member", id="tooling")),
            *(member, "was taken off: nobody sees which of its buckets"),
        ),
        Sabotage(
            *("member deleted", _removed_and_deleted),
            *(member, "is not looked at from the security account"),
        ),
    )


NAMES = [each.name for each in sabotages("")]


@pytest.mark.parametrize("name", NAMES)
def test_every_sabotage_is_named_and_put_right(kept: World, name: str) -> None:
    (sabotage,) = [each for each in sabotages(kept.tooling.id) if each.name == name]
    prove(
        *(kept, DATA, kept.security, sabotage, lambda: portrait(kept)),
        declaration=declared(kept),
    )


@ON_ENGINE
@given(chosen=st.data())
def test_a_plan_tells_all_that_apply_does_from_any_state(world: World, chosen: st.DataObject) -> None:
    if world.security.id not in administrators(world):
        designate(world, world.security)
    world.apply(DATA, world.security, declaration=declared(world))
    these = chosen.draw(independent(sabotages(world.tooling.id)))
    prove_all(
        *(world, DATA, world.security, these, lambda: portrait(world)),
        declaration=declared(world),
    )


def test_where_it_was_switched_off_it_is_switched_on(untouched: World) -> None:
    """Nobody can while there are members."""
    designate(untouched, untouched.security)
    untouched.client("macie2", untouched.security).disable_macie()
    declaration = declared(untouched, publishingFrequency="one-hour")
    done = prove_complete(untouched, DATA, untouched.security, declaration=declaration)
    assert f"update automated discovery in {HOME}: is not known; expected off" in words(done)
    found = untouched.client("macie2", untouched.security).get_macie_session()
    assert (found["status"], found["findingPublishingFrequency"]) == ("ENABLED", "ONE_HOUR")
    assert untouched.tooling.id in members(untouched)


def test_where_it_is_suspended_it_goes_on_whatever_macie_says_meanwhile(
    untouched: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No page says what it answers then."""

    def silent(ask: Callable[[Macie], Any]) -> Callable[[Macie], Any]:
        def asked(macie: Macie) -> Any:
            if macie.session["status"] == "PAUSED":
                raise denied("Macie is suspended")
            return ask(macie)

        return asked

    designate(untouched, untouched.security)
    untouched.client("macie2", untouched.security).update_macie_session(status="PAUSED")
    monkeypatch.setattr(Macie, "as_administrator", silent(Macie.as_administrator))
    monkeypatch.setattr(Macie, "as_discoverer", silent(Macie.as_discoverer))
    done = prove_complete(untouched, DATA, untouched.security, declaration=declared(untouched))
    assert f"Macie in {HOME}" in {change.resource for change in done}
    assert untouched.tooling.id in members(untouched)


@pytest.mark.parametrize("after", range(4))
def test_a_function_that_dies_is_followed_by_one_that_finishes(untouched: World, after: int) -> None:
    designate(untouched, untouched.security)
    untouched.client("macie2", untouched.security).disable_macie()
    others = sorted(to_be_members(untouched) - {untouched.tooling.id})
    declaration = declared(untouched, exceptAccounts=others)
    assert crash(untouched, untouched.security, after, declaration, DATA)
    assert prove_complete(untouched, DATA, untouched.security, declaration=declaration)
    assert members(untouched) == {untouched.tooling.id: "Enabled"}


def test_a_component_that_is_taken_out_tells_what_stays(kept: World) -> None:
    (told,) = kept.plan(DATA, kept.before(kept.security), declaration=kept.declaration)
    assert (told.action, told.resource) == ("report", "component sensitive-data")
    assert "what it did stays" in told.reason
    assert is_on(kept.client("macie2", kept.tooling))


# -- refusals --------------------------------------------------------------------------------------------


def test_an_account_that_macie_does_not_take_is_told_and_the_others_are_added(ready: World) -> None:
    closed = ready.account()
    ready.client("macie2", closed).enable_macie(status="PAUSED")
    with pytest.raises(ComponentNotSettled, match=f"account {closed.id} in {HOME}.*name it in"):
        ready.apply(DATA, ready.security, declaration=declared(ready))
    spared = declared(ready, exceptAccounts=[closed.id])
    ready.apply(DATA, ready.security, declaration=spared)
    assert members(ready)[ready.tooling.id] == "Enabled"
    ready.client("macie2", closed).disable_macie()


def test_whom_iam_lets_not_look_does_not_take_it_for_off(kept: World) -> None:
    class Blind(SensitiveData):
        reads = tuple(  # type: ignore[assignment]
            each for each in DATA.reads if "macie2:GetMacieSession" not in each.actions
        )

    with pytest.raises(ClientError, match="not authorized to perform: macie2:GetMacieSession"):
        kept.plan(Blind(), kept.security, declaration=declared(kept))


# -- any state -------------------------------------------------------------------------------------------

STATES = ("", "Enabled", "Paused", "Created", "Removed", "Resigned", "RegionDisabled", "AccountSuspended")
REGIONS = st.builds(
    Region,
    st.sampled_from(("", "ENABLED", "PAUSED")),
    st.sampled_from(("FIFTEEN_MINUTES", "SIX_HOURS")),
    st.none() | st.tuples(st.booleans(), st.sampled_from(("ALL", "NEW", "NONE"))),
    auto_enable=st.none() | st.booleans(),
    members=st.dictionaries(st.sampled_from((MEMBER, MANAGEMENT)), st.sampled_from(STATES)),
)


@PURE
@given(region=REGIONS, discovery=st.booleans(), spared=st.booleans())
def test_whatever_is_found_only_what_is_declared_is_changed(
    region: Region, discovery: bool, spared: bool
) -> None:
    target = target_without_aws("security")
    settings: dict[str, Any] = {"automatedDiscovery": discovery, "exceptAccounts": [MEMBER] if spared else []}
    target = replace(target, declaration=declaring(target.declaration, **settings))
    accounts = {each: Listed(each, f"{each}{EMAIL}") for each in (MANAGEMENT, SECURITY, MEMBER)}
    calls = [*DATA.diff(Found({HOME: region}, accounts=accounts), target)]
    made = {call.operation: call for call in calls if call.action != "report"}
    state = region.members.get(MEMBER, "")
    assert ("EnableMacie" in made) == (not region.status)
    right = region.status == "ENABLED" and region.frequency == "FIFTEEN_MINUTES"
    assert ("UpdateMacieSession" in made) == (bool(region.status) and not right)
    assert ("UpdateMemberSession" in made) == (state == "Paused" and not spared)
    left = spared or state in ("Enabled", "Paused", "Created", "RegionDisabled", "AccountSuspended")
    assert ("CreateMember" in made) == (not left)
    assert not [call for call in calls if MANAGEMENT in call.resource or SECURITY in call.resource]
    assert not [call for call in calls if EMAIL in call.reason + call.resource]
    for operation, call in made.items():
        waits = operation in ("CreateMember", "UpdateMemberSession", "UpdateOrganizationConfiguration")
        assert bool(call.after) == (waits and region.auto_enable is None)


# -- permissions -----------------------------------------------------------------------------------------


def test_it_may_do_what_it_does_and_nothing_else(world: World) -> None:
    used, may = used_and_declared(world, DATA)
    assert used == may
