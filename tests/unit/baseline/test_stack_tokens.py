"""CloudFormation takes a token for the same request again: each operation of an execution on a stack has one of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from groundwork.baseline.components.stacks import denied
from groundwork.baseline.components.stacks.calls import CREATE, DELETE, Place
from groundwork.baseline.components.stacks.roles import role_name
from groundwork.baseline.components.stacks.state import Seen
from tests.component.without_aws import target_without_aws

FIRST = Place(name="alerts", region="us-east-1", execution="one")
AGAIN = Place(name="alerts", region="us-east-1", execution="one", again=True)


def token(place: Place, operation: str) -> str:
    return str(place.call(operation, "create", "").parameters["ClientRequestToken"])


def test_what_is_deleted_and_made_anew_after_a_denial_is_another_request() -> None:
    """A stack that an earlier execution left may have been deleted by this one before."""
    tokens = [token(place, operation) for place in (FIRST, AGAIN) for operation in (CREATE, DELETE)]
    assert len(set(tokens)) == len(tokens)
    for place in (FIRST, AGAIN):
        assert all(place.has_asked(Seen("alerts", "ROLLBACK_COMPLETE", token=each)) for each in tokens)
    assert [AGAIN.is_first(Seen("alerts", "ROLLBACK_COMPLETE", token=each)) for each in tokens] == [
        *(True, False, False, False)
    ]


@pytest.mark.parametrize(
    ("failure", "again"),
    [("Topic: is not authorized to perform", True), ("Topic: the name is taken", False)],
)
def test_only_what_was_denied_is_asked_for_again(failure: str, again: bool) -> None:
    notes = dict[str, str]()
    target = replace(target_without_aws(), execution="one", notes=notes)
    seen = Seen(
        "alerts", "ROLLBACK_COMPLETE", role_name("alerts"), failure=failure, token=token(FIRST, CREATE)
    )
    found = denied.once({FIRST.region: {"alerts": seen}}, [("alerts", FIRST.region)], target)
    assert (bool(found), bool(notes)) == (again, again)
