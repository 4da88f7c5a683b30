"""What the declaration promises of a door, and how a broken promise looks."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rich.console import Console

from demo.callers import Caller
from demo.doors import Try, door_table
from demo.promises import Door, NotForetold, Visitor, doors_of, promised
from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import HOME, load
from groundwork.doors.power import EVERYTHING, Power
from local.identity.credentials import Credentials

READ = Power.ENTER | Power.READ
WRITE = READ | Power.WRITE
ADMIN, DEV, READER, DEPLOY, SUPPORT = (
    "allow-admin-from-security-account",
    "allow-dev-from-security-account",
    "allow-read-only-from-security-account",
    "allow-deploy-from-mgmt-account",
    "allow-support-from-security-account",
)


def account(name: str, kind: Kind = "workload", unit: str = "") -> Account:
    ids = {"management": "1", "security": "2", "mgmt": "3", "dev": "4", "stage": "5", "prod": "6"}
    return Account(id=ids[name] * 12, name=name, email=f"aws+{name}@example.com", kind=kind, unit=unit)


ACCOUNTS = {
    "management": account("management", "management"),
    "security": account("security", "security", "Security"),
    "mgmt": account("mgmt", "tooling", "Infrastructure"),
    "dev": account("dev", unit="Workloads/Development"),
    "stage": account("stage", unit="Workloads/Staging/Europe"),
    "prod": account("prod", unit="Workloads/Production"),
}


def user(group: str, mfa: bool = True) -> Visitor:
    return Visitor("user/ada", ACCOUNTS["security"], (group,), mfa)


def machine(home: str, role: str = "ci-cd/pipeline") -> Visitor:
    return Visitor(f"role/{role}", ACCOUNTS[home])


def door(where: str, role_name: str, declaration: Declaration | None = None) -> Door:
    doors = doors_of(ACCOUNTS[where], declaration or load())
    return next(each for each in doors if each.role_name == role_name)


@pytest.mark.parametrize(
    ("visitor", "where", "role", "power"),
    [
        (user("admin-external-accounts"), "prod", ADMIN, EVERYTHING),
        (user("admin-external-accounts"), "mgmt", ADMIN, EVERYTHING),
        (user("admin-external-accounts"), "prod", READER, READ),  # AdministratorAccess at home opens it
        (user("admin-external-accounts", mfa=False), "prod", ADMIN, Power.SHUT),
        (user("admin-external-accounts"), "prod", DEPLOY, Power.SHUT),
        (
            user("admin-external-accounts"),
            "prod",
            SUPPORT,
            Power.ENTER,
        ),  # cases of AWS Support, and nothing else
        (user("admin-external-accounts"), "security", SUPPORT, Power.ENTER),
        (user("admin-external-accounts", mfa=False), "security", SUPPORT, Power.SHUT),
        (user("dev-external-accounts"), "dev", SUPPORT, Power.SHUT),
        (user("admin-external-accounts"), "dev", DEV, WRITE),
        (user("admin-external-accounts"), "prod", DEV, READ),  # where no developer works, the role only looks
        (user("admin-external-accounts"), "mgmt", DEV, READ),
        (user("dev-external-accounts"), "dev", DEV, WRITE),
        (user("dev-external-accounts"), "stage", DEV, WRITE),  # a unit below the declared one
        (user("dev-external-accounts"), "prod", DEV, Power.SHUT),
        (user("dev-external-accounts"), "mgmt", DEV, Power.SHUT),
        (user("dev-external-accounts"), "dev", ADMIN, Power.SHUT),
        (user("ro-external-accounts"), "mgmt", READER, READ),
        (user("ro-external-accounts"), "dev", DEV, Power.SHUT),
        (user("ro-external-accounts", mfa=False), "dev", READER, Power.SHUT),
        (machine("mgmt"), "prod", DEPLOY, WRITE),
        (machine("mgmt"), "prod", ADMIN, Power.SHUT),
        (machine("mgmt", "builder"), "prod", DEPLOY, Power.SHUT),
        (machine("dev"), "prod", DEPLOY, Power.SHUT),
        (machine("dev", "admin"), "stage", READER, Power.SHUT),
        (Visitor("user/owner", ACCOUNTS["management"]), "prod", ADMIN, Power.SHUT),
        (Visitor("user/owner", ACCOUNTS["management"]), "prod", "OrganizationAccountAccessRole", EVERYTHING),
        (user("admin-external-accounts"), "prod", "OrganizationAccountAccessRole", Power.SHUT),
        (Visitor("user/stranger", None), "prod", READER, Power.SHUT),
        (Visitor("user/stranger", None, mfa=True), "security", "OrganizationAccountAccessRole", Power.SHUT),
    ],
)
def test_the_default_declaration(visitor: Visitor, where: str, role: str, power: Power) -> None:
    assert promised(visitor, door(where, role), load()) == power


def test_doors_are_where_they_are_declared() -> None:
    names = {name: [each.role_name for each in doors_of(where, load())] for name, where in ACCOUNTS.items()}
    entry = "OrganizationAccountAccessRole"
    assert names == {
        "management": [],
        "security": [SUPPORT, entry],
        "mgmt": [ADMIN, DEV, READER, SUPPORT, entry],
        **{name: [ADMIN, DEV, READER, DEPLOY, SUPPORT, entry] for name in ("dev", "stage", "prod")},
    }


def declared(tmp_path: Path, **role: object) -> Declaration:
    """The default declaration with another role beside the default ones, for everybody in ro-external-accounts."""
    raw = yaml.safe_load((HOME / "baseline.yaml").read_text())
    trust = {"account": "security", "mfa": "required"}
    raw["access"]["roles"].append({"name": "extra", "where": {"kinds": ["workload"]}, "trust": trust, **role})
    raw["access"]["groups"][2]["enter"].append({"role": "extra", "names": ["dev"]})
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(raw))
    (tmp_path / "policies").mkdir()
    for policy in (HOME / "policies").glob("*.json"):
        (tmp_path / "policies" / policy.name).write_text(policy.read_text())
    return load(tmp_path)


def test_a_boundary_takes_away(tmp_path: Path) -> None:
    declaration = declared(
        tmp_path, managedPolicies=["AdministratorAccess"], permissionsBoundary="ReadOnlyAccess"
    )
    assert promised(user("ro-external-accounts"), door("dev", "extra", declaration), declaration) == READ


def test_a_group_that_names_accounts_enters_only_these(tmp_path: Path) -> None:
    declaration = declared(tmp_path, managedPolicies=["ReadOnlyAccess"])
    assert promised(user("ro-external-accounts"), door("dev", "extra", declaration), declaration) == READ
    assert (
        promised(user("ro-external-accounts"), door("prod", "extra", declaration), declaration) == Power.SHUT
    )


def test_a_policy_nobody_knows_is_no_promise(tmp_path: Path) -> None:
    declaration = declared(tmp_path, managedPolicies=["AmazonS3FullAccess"])
    with pytest.raises(NotForetold, match="AmazonS3FullAccess"):
        promised(user("ro-external-accounts"), door("dev", "extra", declaration), declaration)


# -- the table -------------------------------------------------------------------------------------


def tried(found: Power, wanted: Power) -> Try:
    caller = Caller(user("ro-external-accounts"), Credentials("AKIA", "secret"), "cleo\nMFA", "cleo")
    return Try(caller, door("dev", ADMIN), found, wanted)


def shown(*tries: Try) -> str:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(door_table(tries))
    return capture.get()


def test_a_kept_promise_is_shown_beside_what_was_found() -> None:
    table = shown(tried(READ, READ))
    assert "R=R" in table
    assert "✓ 1 tries" in table


@pytest.mark.parametrize(
    ("found", "wanted", "sign"),
    [
        (EVERYTHING, READ, "A≠R"),
        (Power.SHUT, READ, "·≠R"),
        (READ, Power.SHUT, "R≠·"),
        (Power.ENTER | Power.WRITE, READ, "?≠R"),
    ],
)
def test_a_broken_promise_is_marked_and_said(found: Power, wanted: Power, sign: str) -> None:
    table = shown(tried(found, wanted), tried(READ, READ))
    assert sign in table
    assert "✗ 1 of 2 tries" in table
    assert f"dev {ADMIN}, cleo: the door" in table
