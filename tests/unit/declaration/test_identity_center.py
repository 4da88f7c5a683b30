"""People of IAM Identity Center: what is refused in the declaration, and who is assigned what where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.contracts import Account, Kind
from groundwork.declaration import Declaration
from groundwork.declaration.identity_center import assignments
from groundwork.declaration.loading import FILE, load
from groundwork.errors import InvalidDeclaration


def declared(home: Path, *, roles: dict[int, dict[str, Any]], **keys: Any) -> Declaration:
    """The default declaration with both components, and with these keys of roles, by their place."""
    raw = yaml.safe_load((home / FILE).read_text())
    raw["baseline"]["security"] += ["permission-sets", "account-assignments"]
    raw["baseline"]["workload"].append("account-assignments")
    for place, given in roles.items():
        raw["access"]["roles"][place] |= given
    (home / FILE).write_text(yaml.safe_dump(raw | keys))
    load.cache_clear()
    return load(home)


ADMIN = {"permissionSet": "Administrator"}
REFUSED: list[tuple[dict[int, dict[str, Any]], dict[str, Any], str]] = [
    ({0: {"permissionSet": "x" * 33}}, {}, "is no permission set's name; use 1 to 32"),
    ({0: {"permissionSet": "arn:aws:sso:::permissionSet/a"}}, {}, "is an ARN; give the name alone"),
    ({0: ADMIN | {"relayState": "nöwhere"}}, {}, "is no relay state; write a page of the console"),
    ({0: {"relayState": "https://console.aws.amazon.com/"}}, {}, "relayState is a permission set's"),
    ({0: ADMIN, 3: {"permissionSet": "administrator"}}, {}, "is declared twice"),
    ({4: ADMIN}, {}, "is for people, and the role trusts others"),
    ({0: ADMIN | {"permissionsBoundary": "ReadOnlyAccess"}}, {}, "no permissions boundary"),
    ({0: ADMIN | {"where": {"kinds": ["management", "workload"]}}}, {}, "take management out of where.kinds"),
    ({0: ADMIN | {"description": "x" * 701}}, {}, "the description has 701 characters"),
    ({0: ADMIN | {"policies": ["deploy", "deploy"]}}, {}, "have the Sid"),
    ({}, {}, "and none has; name one under access.roles"),
    ({0: ADMIN}, {"identityCenter": {"groups": {"nobody": "x"}}}, "'nobody' is no declared group"),
    (
        {0: ADMIN},
        {"identityCenter": {"groups": {"ro-external-accounts": " "}}},
        "is no display name of a group",
    ),
    ({0: ADMIN}, {"baseline": {"workload": ["account-assignments"]}}, "assigns what permission-sets makes"),
]


@pytest.mark.parametrize(("roles", "keys", "words"), REFUSED, ids=[words[:40] for _, _, words in REFUSED])
def test_a_mistake_is_named_with_its_remedy(
    home: Path, roles: dict[int, dict[str, Any]], keys: dict[str, Any], words: str
) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        declared(home, roles=roles, **keys)
    assert words in str(refused.value)


def test_a_policy_that_names_the_account_in_a_not_resource_is_refused(home: Path) -> None:
    statement = '{"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:<partition>:iam::<account>:role/a"}'
    (home / "policies/none.json").write_text(f'{{"Version": "2012-10-17", "Statement": [{statement}]}}')
    with pytest.raises(InvalidDeclaration, match="has <account> in a NotResource"):
        declared(home, roles={0: ADMIN | {"policies": ["none"]}})


def account(kind: Kind, unit: str) -> Account:
    return Account(id="123456789012", name="a", email="a@example.com", kind=kind, unit=unit)


def test_a_group_has_what_it_may_enter(home: Path) -> None:
    roles = {place: {"permissionSet": name} for place, name in enumerate(("Admin", "Dev", "Look", "Read"))}
    groups = {"ro-external-accounts": "Readers of all"}
    made = declared(home, roles=roles, identityCenter={"groups": groups})
    admins, readers = ("Admin", "admin-external-accounts"), ("Read", "Readers of all")
    assert assignments(made, account("workload", "Workloads/Production")) == [admins, readers]
    assert assignments(made, account("workload", "Workloads/Staging/Web")) == [
        admins,
        ("Dev", "dev-external-accounts"),
        readers,
    ]
    assert assignments(made, account("tooling", "Infrastructure")) == [admins, readers]
    assert assignments(made, account("security", "Security")) == []
