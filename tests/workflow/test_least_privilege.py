"""No role may more than its work needs: every statement taken out of a deployed role makes real work fail.

Each is taken out alone, and put back: the work is then finished by the next attempt.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workflow import statements
from tests.workflow.conftest import Cloud
from tests.workflow.errands import ERRANDS, UNIT, Place
from tests.workflow.statements import Statement, taken_out

OF_ROLES = statements.of_roles()


@pytest.fixture(scope="module")
def place(cloud: Cloud) -> Iterator[Place]:
    """Nothing happens by itself here: no CreateAccountResult comes, and nobody looks for lost accounts."""
    events, creation = cloud.aws.client("events"), cloud.aws.creation
    security = cloud.declared("security")
    copies, creation.event_copies = creation.event_copies, 0
    schedule = statements.physical(cloud, "FindAccountsRule")
    events.disable_rule(Name=schedule)
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email, organizationalUnit=UNIT)
    assert vended.status == "SUCCEEDED", vended
    yield Place(cloud, security, vended.output["accountId"], email)
    events.enable_rule(Name=schedule)
    creation.event_copies = copies


def test_every_statement_of_every_role_has_its_errand() -> None:
    assert sorted(map(str, OF_ROLES)) == sorted(ERRANDS)


@pytest.mark.parametrize("statement", OF_ROLES, ids=str)
def test_without_a_statement_work_fails_and_with_it_again_it_is_finished(
    place: Place, statement: Statement
) -> None:
    job = ERRANDS[str(statement)](place)
    with taken_out(place.cloud, statement):
        refused = job()
    assert any(action in refused for action in statement.actions), refused or "nothing failed"
    assert job() == ""
