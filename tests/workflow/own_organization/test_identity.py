"""An account is its id: renamed, with another root e-mail, in another unit, it is the same; and one that is gone is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.tags import STATE_TAG
from local.organizations import organization_of
from prove.lost_memory import Memory
from prove.world import TIME_SCALE, World
from tests.workflow.conftest import Cloud, Execution, Slot, until

DEVELOPMENT, PRODUCTION = "Workloads/Development", "Workloads/Production"
PIPELINE = "allow-deploy-from-mgmt-account"


@pytest.fixture(scope="module")
def world(slot: Slot) -> Iterator[World]:
    world = World.deployed(slot.own(time_scale=TIME_SCALE))
    world.aws.client("organizations").enable_aws_service_access(ServicePrincipal="account.amazonaws.com")
    world.cloud.declared("mgmt")
    world.cloud.all_ended()
    yield world
    slot.close()


@pytest.fixture(autouse=True)
def nothing_lost(world: World) -> None:
    """A ledger that another test lost is rebuilt by looking."""
    if not world.cloud.ledger_item(f"account#{world.security}"):
        world.cloud.roll_out(mode="plan")


@pytest.fixture
def cloud(world: World) -> Cloud:
    return world.cloud


def rename(cloud: Cloud, account: str, name: str) -> None:
    cloud.aws.client("account").put_account_name(AccountId=account, AccountName=name)


def change_email(cloud: Cloud, account: str, email: str) -> None:
    client, organization = cloud.aws.client("account"), organization_of(account)
    assert organization is not None
    client.start_primary_email_update(AccountId=account, PrimaryEmail=email)
    _, code = organization.email_updates[account]
    client.accept_primary_email_update(AccountId=account, PrimaryEmail=email, Otp=code)


def move(cloud: Cloud, account: str, unit: str) -> None:
    """Into a unit by its path; into the root without one."""
    organizations = cloud.aws.client("organizations")
    root = place = organizations.list_roots()["Roots"][0]["Id"]
    for name in filter(None, unit.split("/")):
        units = organizations.list_organizational_units_for_parent(ParentId=place)["OrganizationalUnits"]
        place = next(each["Id"] for each in units if each["Name"] == name)
    (path,) = organizations.describe_account(AccountId=account)["Account"]["Paths"]
    above = path.strip("/").split("/")[-2]
    assert root in path
    organizations.move_account(AccountId=account, SourceParentId=above, DestinationParentId=place)


def made(cloud: Cloud, unit: str = "") -> tuple[str, str, str]:
    """A workload account of one's own: its name, e-mail and id."""
    name, email = cloud.fresh()
    ended = cloud.ask(accountName=name, email=email, **({"organizationalUnit": unit} if unit else {}))
    assert ended.status == "SUCCEEDED", str(ended)
    return name, email, str(ended.output["accountId"])


def look(cloud: Cloud) -> dict[str, Any]:
    """One discovery pass."""
    return dict(cloud.invoke("DiscoverAccountsFunction"))


def roles_of(cloud: Cloud, account: str) -> set[str]:
    """Those of services of AWS apart, which come when a service begins to work."""
    pages = cloud.inside("iam", account).get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"]]
    return {role["RoleName"] for role in roles if not role["Path"].startswith("/aws-service-role/")}


def reasons(ended: Execution) -> str:
    return " ".join(each["reason"] for each in ended.output.get("reports", []))


Change = Callable[[Cloud, str], None]
LABELS: dict[str, tuple[Change, Change, str]] = {
    "renamed": (
        lambda cloud, account: rename(cloud, account, "Security Tooling"),
        lambda cloud, account: rename(cloud, account, "security"),
        "is called 'Security Tooling', not 'security'",
    ),
    "another e-mail": (
        lambda cloud, account: change_email(cloud, account, "team@example.com"),
        lambda cloud, account: change_email(cloud, account, "aws+security@example.com"),
        "has the e-mail 'team@example.com', not 'aws+security@example.com'",
    ),
    "moved": (
        lambda cloud, account: move(cloud, account, ""),
        lambda cloud, account: move(cloud, account, "Security"),
        "is in the root; baseline.yaml declares 'Security'",
    ),
}


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "ledger lost"])
@pytest.mark.parametrize("case", LABELS)
def test_the_security_account_stays_it_whatever_it_is_called(world: World, case: str, lost: bool) -> None:
    cloud, (change, back, words) = world.cloud, LABELS[case]
    before = roles_of(cloud, world.security)
    change(cloud, world.security)
    if lost:
        Memory(world).lose()
    planned = cloud.start(accountId=world.security, mode="plan")
    assert (planned.output["kind"], planned.output["changes"]) == ("security", []), planned
    assert words in reasons(planned)
    rolled = cloud.roll_out()
    assert rolled.output["accounts"].keys() == {"unchanged"}, rolled.output
    assert roles_of(cloud, world.security) == before
    assert cloud.tags_of(world.security)["groundwork:kind"] == "security"
    back(cloud, world.security)
    cloud.start(accountId=world.security)  # which remembers where it is
    assert "reports" not in cloud.start(accountId=world.security, mode="plan").output


def test_the_tooling_account_stays_it_and_the_ledgers_loss_changes_nothing(world: World) -> None:
    cloud, tooling = world.cloud, world.cloud.declared("mgmt")
    before = roles_of(cloud, tooling)
    rename(cloud, tooling, "Tools")
    change_email(cloud, tooling, "tools@example.com")
    Memory(world).lose()
    applied = cloud.start(accountId=tooling)
    assert (applied.output["kind"], applied.output["outcome"]) == ("tooling", "unchanged"), applied
    assert PIPELINE not in roles_of(cloud, tooling)
    assert roles_of(cloud, tooling) == before
    _, _, workload = made(cloud)
    trusted = cloud.inside("iam", workload).get_role(RoleName=PIPELINE)["Role"]["AssumeRolePolicyDocument"]
    assert tooling in str(trusted)
    rename(cloud, tooling, "mgmt")
    change_email(cloud, tooling, "aws+mgmt@example.com")


@pytest.mark.parametrize("lost", [False, True], ids=["remembered", "ledger lost"])
def test_no_event_makes_a_second_security_account(world: World, lost: bool) -> None:
    cloud = world.cloud
    change_email(cloud, world.security, "team@example.com")
    if lost:
        Memory(world).lose()
    accounts = set(cloud.accounts())
    ended = cloud.ask(accountName="security", email="aws+security@example.com", kind="security")
    assert (ended.error, set(cloud.accounts())) == ("InvalidRequest", accounts)
    assert world.security in ended.cause
    assert "team@example.com" in ended.cause
    # And whoever has the address now is no security account by it.
    made_behind = cloud.aws.client("organizations").create_account
    made_behind(AccountName="security", Email="aws+security@example.com")
    stranger = until(
        lambda: str(cloud.accounts().get("aws+security@example.com", {}).get("Id", "")), "the account"
    )
    planned = cloud.start(accountId=stranger, mode="plan")
    assert planned.output["kind"] == "workload"
    change_email(cloud, stranger, f"{stranger}@example.com")
    rename(cloud, stranger, f"renamed-{stranger}")
    change_email(cloud, world.security, "aws+security@example.com")
    assert cloud.start(accountId=stranger).output["kind"] == "workload"


def test_a_lost_ledger_is_rebuilt_by_looking_and_nothing_is_changed(world: World) -> None:
    cloud, (_, _, workload) = world.cloud, made(world.cloud)
    management, memory = cloud.aws.management_account, Memory(world)
    ready = {each: cloud.ledger_item(f"account#{each}") for each in (management, world.security, workload)}
    memory.lose()
    assert set(look(cloud)["started"]) <= {management}
    planned = cloud.roll_out(mode="plan")
    assert planned.output["accounts"].keys() == {"unchanged"}
    for each, before in ready.items():
        after = cloud.ledger_item(f"account#{each}")
        assert after["state"] == {"S": "ready"}
        assert {key: after[key] for key in ("name", "email", "kind", "unit")} == {
            key: before[key] for key in ("name", "email", "kind", "unit")
        }
    assert look(cloud) == {"started": [], "forgotten": []}
    assert cloud.ledger_item("pinned")["security"] == {"S": world.security}


def test_an_address_that_an_account_gave_up_is_free(cloud: Cloud) -> None:
    name, email, first = made(cloud)
    change_email(cloud, first, f"new-{email}")
    other, _ = cloud.fresh()
    ended = cloud.ask(accountName=other, email=email)
    assert (ended.status, ended.output["outcome"]) == ("SUCCEEDED", "ready"), str(ended)
    assert ended.output["accountId"] != first
    assert cloud.accounts()[email]["Id"] == ended.output["accountId"]
    again = cloud.ask(accountName=name, email=email)
    assert again.error == "EmailBelongsToAnotherAccount"


@pytest.mark.parametrize("case", ["at once", "after a pass", "ledger lost"])
def test_an_event_that_comes_again_gets_the_account_it_got(world: World, case: str) -> None:
    cloud = world.cloud
    name, email = cloud.fresh()
    asked = {"accountName": name, "email": email}
    first = cloud.execution_of(cloud.post(**asked))
    account = cloud.ended(first).output["accountId"]
    later = cloud.execution_of(cloud.post(**asked))
    cloud.ended(later)
    change_email(cloud, account, f"new-{email}")
    if case == "after a pass":
        look(cloud)
    if case == "ledger lost":  # the account's tag says which event made it, and nothing which others got it
        Memory(world).lose()
        cloud.start(accountId=account, mode="plan")
    accounts = set(cloud.accounts())

    def come_again() -> None:
        for arn in [first] if case == "ledger lost" else [first, later]:
            again = cloud.start(**cloud.input_of(arn))
            assert (again.status, again.output["accountId"]) == ("SUCCEEDED", account), again
            detail = cloud.answer("Account Ready", execution=again.arn)["detail"]
            assert detail["differs"]["email"] == {"asked": email, "is": f"new-{email}"}

    come_again()
    assert set(cloud.accounts()) == accounts
    other, _ = cloud.fresh()
    anew = cloud.ask(accountName=other, email=email)
    assert (anew.status, anew.output["outcome"]) == ("SUCCEEDED", "ready"), anew
    accounts = set(cloud.accounts())
    come_again()
    assert set(cloud.accounts()) == accounts


def test_an_event_that_finishes_its_account_under_another_address_keeps_the_one_it_asked_with(
    cloud: Cloud,
) -> None:
    name, email = cloud.fresh()
    first = cloud.execution_of(cloud.post(accountName=name, email=email))
    account = str(cloud.ended(first).output["accountId"])
    change_email(cloud, account, f"new-{email}")
    cloud.aws.client("organizations").tag_resource(
        ResourceId=account, Tags=[{"Key": STATE_TAG, "Value": "enrolled"}]
    )
    for _ in range(2):
        again = cloud.start(**cloud.input_of(first))
        assert (again.status, again.output["accountId"]) == ("SUCCEEDED", account), again
        look(cloud)  # after which nobody knows a request by the address that was given up


def test_the_ledgers_memory_of_emails_follows_each_pass(cloud: Cloud) -> None:
    name, email, account = made(cloud)
    change_email(cloud, account, f"new-{email}")
    look(cloud)
    assert cloud.ledger_item(f"email#new-{email}")["accountId"]["S"] == account
    assert cloud.ledger_item(f"email#{email}") == cloud.ledger_item(f"request#{email}") == {}
    again = cloud.ask(accountName=name, email=f"new-{email}")
    assert (again.status, again.output["accountId"]) == ("SUCCEEDED", account), again


def test_a_renamed_account_is_asked_for_by_either_name(cloud: Cloud) -> None:
    name, email, account = made(cloud)
    rename(cloud, account, f"renamed-{name}")
    for asked in (name, f"renamed-{name}"):
        event = cloud.post(accountName=asked, email=email)
        detail = cloud.answer("Account Ready", requestId=event)["detail"]
        assert (detail["accountId"], detail["accountName"]) == (account, f"renamed-{name}")
    refused = cloud.ask(accountName=f"other-{name}", email=email)
    assert refused.error == "EmailBelongsToAnotherAccount"


def leave(cloud: Cloud, account: str) -> None:
    cloud.aws.client("organizations").remove_account_from_organization(AccountId=account)


def close_for_good(cloud: Cloud, account: str) -> None:
    organizations = cloud.aws.client("organizations")
    organizations.close_account(AccountId=account)

    def gone() -> bool:
        try:
            organizations.describe_account(AccountId=account)
        except ClientError as error:
            return error.response["Error"]["Code"] == "AccountNotFoundException"
        return False

    until(gone, f"{account} to be gone")


@pytest.mark.parametrize("go", [leave, close_for_good])
def test_an_account_that_is_gone_leaves_the_ledger_and_does_not_stand_in_anybodys_way(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, go: Callable[[Cloud, str], None]
) -> None:
    monkeypatch.setattr(cloud.aws.creation, "minimum_age", 0)
    monkeypatch.setattr(cloud.aws.creation, "closed_seconds", 1)
    name, email, account = made(cloud, DEVELOPMENT)
    freed_name, given_up = cloud.fresh()
    asked_first = cloud.execution_of(cloud.post(accountName=freed_name, email=given_up))
    freed = cloud.ended(asked_first).output["accountId"]
    change_email(cloud, freed, f"new-{given_up}")
    for each in (account, freed):
        go(cloud, each)
    # Before any pass AWS is asked, and says what is so: this address is still an AWS account's.
    asked = cloud.ask(accountName=name, email=email)
    assert (asked.error, asked.cause.split(":")[0]) == ("AccountRefused", "EMAIL_ALREADY_EXISTS"), asked
    assert "invite that account" in asked.cause
    assert sorted(look(cloud)["forgotten"]) == sorted([account, freed])
    for key in (f"account#{account}", f"account#{freed}", f"email#{email}", f"request#{given_up}"):
        assert cloud.ledger_item(key) == {}, key
    over = cloud.start(**cloud.input_of(asked_first))
    assert (over.error, f"got the account {freed}, which is no longer" in over.cause) == (
        "InvalidRequest",
        True,
    )
    again = cloud.ask(accountName=name, email=given_up)
    assert (again.status, again.output["outcome"]) == ("SUCCEEDED", "ready"), str(again)
    planned = cloud.roll_out(mode="plan")
    assert {account, freed}.isdisjoint(planned.output["behind"])
    assert sum(planned.output["accounts"].values()) == len(cloud.accounts())


def test_a_moved_account_is_told_which_doors_change_with_the_unit(cloud: Cloud) -> None:
    _, email, account = made(cloud, DEVELOPMENT)
    move(cloud, account, PRODUCTION)
    planned = cloud.start(accountId=account, mode="plan")
    (report,) = planned.output["reports"]
    assert report["severity"] == "medium"
    for words in (
        f"is in the unit {PRODUCTION!r} and was in the unit {DEVELOPMENT!r}",
        "role allow-dev-from-security-account has observe, not PowerUserAccess and workload-roles",
        "group dev-external-accounts enters it by allow-dev-from-security-account no longer",
    ):
        assert words in report["reason"]
    assert any(report["reason"] in line for line in planned.output["plan"])
    applied = cloud.start(accountId=account)
    assert applied.output["outcome"] == "repaired"
    assert report["reason"] in reasons(applied)
    assert cloud.answer("Account Repaired", accountId=account)["detail"]["reports"] == [report]
    assert "reports" not in cloud.start(accountId=account).output
    assert cloud.unit_of(email) == PRODUCTION


def test_a_tooling_account_that_has_left_may_be_replaced_and_until_then_is_the_one(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud.aws.creation, "minimum_age", 0)
    declared, first = cloud.declaration.tooling, cloud.declared("mgmt")
    assert declared is not None
    change_email(cloud, first, "tools@example.com")
    asked = {"accountName": declared.name, "email": declared.email}
    assert cloud.ask(**asked).error == "InvalidRequest"
    leave(cloud, first)
    second = cloud.ask(**asked)
    assert (second.status, second.output["kind"]) == ("SUCCEEDED", "tooling"), second
    cloud.all_ended()
    assert cloud.ledger_item("pinned")["tooling"] == {"S": second.output["accountId"]}
    tags = cloud.tags_of(cloud.aws.management_account)
    assert tags["groundwork:tooling"] == second.output["accountId"]
