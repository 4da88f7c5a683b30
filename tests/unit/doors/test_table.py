"""Who enters what by the default declaration: as the demo's promises have it, which know nothing of the evaluator."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from demo import promises
from demo.promises import Visitor, promised
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import Account
from groundwork.declaration.loading import check, load
from groundwork.declaration.stacks import Stack
from groundwork.doors.declared import declared
from groundwork.doors.people import MEMBERS_ACCOUNT, STRANGERS_ACCOUNT, Someone
from groundwork.doors.power import Power
from groundwork.doors.premises import Place, Premises
from groundwork.doors.table import Door, Doors, declared_doors, doors
from prove.laid_down import ORGANIZATION
from tests.unit.test_promised_doors import ACCOUNTS

DECLARATION = check(load(), COMPONENTS)


def default() -> Premises:
    return declared(DECLARATION, ORGANIZATION, ACCOUNTS.values(), {})


def visitors() -> list[tuple[Someone, Visitor]]:
    """Everybody whom the promises know, as both have them. An administrator at home is in no group."""
    premises = default()
    security = premises.places[ORGANIZATION.security_account_id or ""]
    found = []
    for group, mfa in product(security.groups, (False, True)):
        someone = Someone(group.name, "group", security.account.id, identity=tuple(security.documents(group)))
        found.append((someone, Visitor("user/any", security.account, (group.name,), mfa)))
    machines = [(name, role) for name in ACCOUNTS for role in ("ci-cd/pipeline", "builder")]
    found += [
        (
            Someone(f"{role} of {name}", "principal", ACCOUNTS[name].id, f"role/{role}"),
            Visitor(f"role/{role}", ACCOUNTS[name]),
        )
        for name, role in machines
        if name != "management"
    ]
    for mfa in (False, True):
        owner = Someone("owner", "principal", ORGANIZATION.management_account_id)
        found.append((owner, Visitor("user/any", ACCOUNTS["management"], mfa=mfa)))
        stranger = Someone("stranger", "stranger", STRANGERS_ACCOUNT)
        found.append((stranger, Visitor("user/any", None, mfa=mfa)))
    return found


def test_the_doors_are_those_that_are_promised() -> None:
    premises = default()
    asked = Doors(premises)
    compared = 0
    for place, (who, visitor) in product(premises.places.values(), visitors()):
        for promised_door in promises.doors_of(place.account, DECLARATION):
            role = place.role(promised_door.role_name)
            assert role is not None
            found = asked.into(place, role, who)
            power = found.with_mfa if visitor.mfa else found.without_mfa
            assert power == promised(visitor, promised_door, DECLARATION), (who.words, visitor, promised_door)
            compared += 1
    assert compared == 500


def test_nobody_else_enters() -> None:
    """Strangers, other accounts of the organization, and whoever is in a role already."""
    found = doors(default())
    assert {door.who for door in found} == {
        "admin-external-accounts",
        "dev-external-accounts",
        "ro-external-accounts",
        "role/ci-cd/* of mgmt",
        "administrators of security",
        "administrators of the management account",
        "role/groundwork-* of the management account",
    }


def opened_by(trust: dict[str, object]) -> dict[str, Door]:
    """Who enters an account by a role with this trust, by their words."""
    role = RoleState("extra", trust={"Version": "2012-10-17", "Statement": [trust]})
    place = Place(ACCOUNTS["prod"], "prod", roles=[role])
    premises = default()
    premises = replace(premises, places={**premises.places, place.account.id: place})
    return {door.who: door for door in doors(premises) if door.role == "extra"}


def allowing(principal: object, action: str = "sts:AssumeRole", **condition: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {**statement, "Condition": condition} if condition else statement


def test_a_trust_in_everybody_lets_strangers_in() -> None:
    found = opened_by(allowing("*"))
    assert found["strangers"].without_mfa == Power.ENTER
    assert "administrators of other accounts of the organization" in found


def test_a_trust_in_the_organization_lets_its_accounts_in_and_no_stranger() -> None:
    found = opened_by(allowing({"AWS": "*"}, StringEquals={"aws:PrincipalOrgID": ORGANIZATION.id}))
    assert "administrators of other accounts of the organization" in found
    assert "strangers" not in found


def test_a_foreign_account_is_named_with_what_it_must_bring() -> None:
    root = "arn:aws:iam::123456789012:root"
    found = opened_by(allowing({"AWS": root}, StringEquals={"sts:ExternalId": "abc"}))
    assert list(found) == ["administrators of account 123456789012"]
    assert not found["administrators of account 123456789012"].needs_mfa


def test_a_foreign_account_may_have_to_show_mfa() -> None:
    principal = {"AWS": "arn:aws:iam::123456789012:root"}
    found = opened_by(allowing(principal, Bool={"aws:MultiFactorAuthPresent": "true"}))
    assert found["administrators of account 123456789012"].needs_mfa


def test_identities_of_a_provider_come_with_its_token() -> None:
    provider = "arn:aws:iam::666666666666:oidc-provider/token.actions.githubusercontent.com"
    key = "token.actions.githubusercontent.com"
    found = opened_by(
        allowing(
            {"Federated": provider},
            "sts:AssumeRoleWithWebIdentity",
            StringEquals={f"{key}:aud": "sts.amazonaws.com"},
            StringLike={f"{key}:sub": "repo:example/*"},
        )
    )
    assert list(found) == [f"repo:example/any of oidc-provider/{key}"]


def test_a_service_is_nobody() -> None:
    assert opened_by(allowing({"Service": "ec2.amazonaws.com"})) == {}


def test_nobody_brings_along_what_aws_says_of_them() -> None:
    root = "arn:aws:iam::123456789012:root"
    assert opened_by(allowing({"AWS": root}, StringEquals={"aws:PrincipalOrgID": ORGANIZATION.id})) == {}


def test_a_policy_of_which_nothing_is_known_counts_as_everything() -> None:
    role = RoleState("extra", attached=frozenset(["arn:aws:iam::aws:policy/BrandNew"]), trust=allowing("*"))
    place = Place(ACCOUNTS["prod"], "prod", roles=[replace(role, trust={"Statement": [role.trust]})])
    premises = replace(default(), places={place.account.id: place})
    assert doors(premises)[0].power.words == "reads, writes and grants"
    assert place.unknown == {"arn:aws:iam::aws:policy/BrandNew"}


def test_accounts_that_no_rule_tells_apart_have_the_same_doors() -> None:
    more = [
        Account(id=f"7{number:011}", name=f"app{number}", email="a@example.com", kind="workload", unit=unit)
        for number, unit in enumerate(
            (
                *("Workloads/Production", "Workloads/Development", "Workloads/Production"),
                *("Workloads/Production/Payments", "Workloads/Development/Payments", "Sandbox", ""),
            )
        )
    ]
    accounts = [*ACCOUNTS.values(), *more]
    found, _ = declared_doors(DECLARATION, ORGANIZATION, accounts)
    each_alone = doors(declared(DECLARATION, ORGANIZATION, accounts, {}))
    assert sorted(found, key=repr) == sorted(each_alone, key=repr)
    assert MEMBERS_ACCOUNT not in {door.account.id for door in found}


def test_who_administers_stack_sets_is_told_beside_the_doors() -> None:
    topic = {"name": "alerts", "template": "topic.yaml", "mode": "stackSet"}
    stacks = [Stack.model_validate({**topic, "where": {"organizationalUnits": ["Workloads"]}})]
    line = {"tooling": [*DECLARATION.baseline["tooling"], "stack-sets"]}
    declaring = DECLARATION.model_copy(update={"stacks": stacks, "baseline": DECLARATION.baseline | line})
    made = declared(declaring, ORGANIZATION, ACCOUNTS.values(), {})
    (told,) = set(made.notes) - set(default().notes)
    tooling = next(each.words for each in made.places.values() if each.account.kind == "tooling")
    assert told.startswith(
        f"{tooling} administers StackSets: once it is delegated, whoever may make one there"
    )
