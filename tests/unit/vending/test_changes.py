"""What lies between what an account is and what it is asked to be, told before anything is done."""

from __future__ import annotations

import pytest

from groundwork.contracts import Account
from groundwork.declaration.loading import load
from groundwork.vending.changes.difference import Condition, changed, in_words
from groundwork.vending.work import Wish

DECLARED = load()
DEVELOPMENT, PRODUCTION = "Workloads/Development", "Workloads/Production"
DEV = Account(id="400000000004", name="dev", email="aws+dev@example.com", kind="workload", unit=DEVELOPMENT)
NOW = Condition(account_name="dev", organizational_unit=DEVELOPMENT, tags={"team": "a", "old": "yes"})


def told(wish: Wish) -> list[str]:
    return [each.reason for each in in_words(DEV, NOW, NOW.after(wish), DECLARED)]


def test_what_is_left_out_stays() -> None:
    assert NOW.after(Wish()) == NOW
    assert NOW.after(Wish(tags={"team": "b"}, untag=["old", "never"])).tags == {"team": "b"}


def test_what_is_so_already_is_no_difference() -> None:
    same = Wish(account_name="dev", organizational_unit=DEVELOPMENT, tags={"team": "a"}, untag=["never"])
    assert (changed(NOW, NOW.after(same)), told(same)) == ([], [])


def test_of_the_tags_those_alone_are_told_that_differ() -> None:
    now = NOW.after(Wish(tags={"team": "a", "late": "1"}, untag=["old"]))
    (tags,) = changed(NOW, now)
    assert (tags.field, tags.was, tags.now) == ("tags", {"old": "yes"}, {"late": "1"})


def test_a_move_tells_both_units_and_the_doors_between() -> None:
    (move,) = told(Wish(organizational_unit=PRODUCTION))
    for words in (
        f"is in the unit {DEVELOPMENT!r}, and the unit {PRODUCTION!r} is asked for",
        "role allow-dev-from-security-account has observe, not PowerUserAccess and workload-roles",
        "group dev-external-accounts enters it by allow-dev-from-security-account no longer",
    ):
        assert words in move


def test_a_name_that_groups_enter_is_a_door() -> None:
    groups = DECLARED.access.groups
    named = (
        groups[0].enter[0].model_copy(update={"names": ["payments"], "organizational_units": [], "kinds": []})
    )
    group = groups[0].model_copy(update={"enter": [named]})
    access = DECLARED.access.model_copy(update={"groups": [group]})
    declaration = DECLARED.model_copy(update={"access": access})
    now = NOW.after(Wish(account_name="payments"))
    (renamed,) = in_words(DEV, NOW, now, declaration)
    assert f"group {group.name} enters it by {named.role}" in renamed.reason
    assert renamed.severity == "medium"


@pytest.mark.parametrize("wish", [Wish(account_name="dev-2"), Wish(tags={"team": "b"}, untag=["old"])])
def test_who_finishes_a_change_tells_what_it_was_when_it_began(wish: Wish) -> None:
    """And no more: what was not asked for others may have changed since."""
    half = NOW.after(wish).model_copy(update={"organizational_unit": PRODUCTION})
    begun = half.as_begun(NOW, wish)
    assert begun.organizational_unit == PRODUCTION
    assert changed(begun, half.after(wish)) == changed(NOW, NOW.after(wish))


def test_another_day_of_expiry_is_told_and_none_is_never() -> None:
    expiring = NOW.after(Wish(expires="2026-12-31"))
    (change,) = in_words(DEV, NOW, expiring, DECLARED)
    assert change.reason == "expires never, and '2026-12-31' is asked for"
    later, never = (expiring.after(Wish(expires=day)) for day in ("2027-03-31", "never"))
    assert changed(expiring, later)[0].to_json() == {
        "field": "expires",
        "was": "2026-12-31",
        "is": "2027-03-31",
    }
    assert changed(expiring, never)[0].now == "never"
    assert NOW.as_begun(expiring, Wish(expires="never")).expires == "2026-12-31"
