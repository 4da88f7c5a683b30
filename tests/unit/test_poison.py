"""A few hundred of the hostile inputs of `make prove`, and what they once found."""

from __future__ import annotations

from typing import Any

import pytest

from groundwork.contracts import Created, read_roll_out, read_trigger
from groundwork.errors import InvalidRequest
from prove.chapter import Chapter
from prove.poison import parse, unclear


def test_what_control_tower_enrolled_is_taken() -> None:
    assert read_trigger(enrolled(ENROLLED)) == Created(request_id="1", account_id="2" * 12)


def test_hostile_inputs_are_refused_in_a_clear_sentence() -> None:
    chapter = Chapter("Poison", "hostile inputs")
    parse(chapter, seed=4, triggers=300, roll_outs=100)
    assert chapter.failures == []
    assert chapter.tried >= 400


def event(source: Any = "groundwork", kind: Any = "Account Requested", **more: Any) -> dict[str, Any]:
    return {"id": "1", "source": source, "detail-type": kind, **more}


def asked(**changed: Any) -> dict[str, Any]:
    return event(detail={"accountName": "dev", "email": "aws+dev@example.com", **changed})


def told(status: Any, name: str = "CreateAccountResult") -> dict[str, Any]:
    detail = {"eventName": name, "serviceEventDetails": {"createAccountStatus": status}}
    return event("aws.organizations", "AWS Service Event via CloudTrail", detail=detail)


def enrolled(status: Any, name: str = "CreateManagedAccount") -> dict[str, Any]:
    detail = {"eventName": name, "serviceEventDetails": {"createManagedAccountStatus": status}}
    return event("aws.controltower", "AWS Service Event via CloudTrail", detail=detail)


ENROLLED = {"state": "SUCCEEDED", "account": {"accountId": "2" * 12}}
DONE = {"id": "car-12345678", "state": "SUCCEEDED", "accountId": "2" * 12}
NESTED: Any = None
for _ in range(3000):
    NESTED = [NESTED]

REFUSED = {
    "an ARN for a name": (asked(accountName="arn:aws:iam::123456789012:role/Admin"), "is an ARN; give a name"),
    "a wildcard": (asked(accountName="dev*"), "holds *, which stands for something else"),
    "a wildcard in the e-mail": (asked(email="*@example.com"), "holds *, which stands for"),
    "a placeholder": (asked(accountName="${AWS::AccountId}"), "holds $, which stands for"),
    "an expression": (asked(organizationalUnit="{% $states.input %}"), "holds {, which stands for"),
    "a page": (asked(accountName="<b>dev</b>"), "holds <, which stands for"),
    "a request in a name": (asked(accountName='{"a": 1}'), "holds {, which stands for"),
    "a way up": (asked(organizationalUnit="../Security"), "has the segment ..; write the whole path"),
    "a tag of two lines": (asked(tags={"a": "b\nc"}), "a character AWS does not take at the key 'a'"),
    "a long key": (asked(tags={"groundwork:" + "x" * 90_000: "1"}), "xxx...; keys that begin with groundwork:"),
    "a field named by Python": (asked(organizational_unit="Security"), "organizational_unit is an unknown field"),
    "a field of two lines": (asked(**{"a\nb": 1}), r"'a\nb' is an unknown field"),
    "a request nested deeply": (asked(tags=NESTED), "tags [[[[[[[...]]]]]]] is not right"),
    "half a character": (asked(accountName="\ud800"), r"accountName '\ud800' may hold printable ASCII"),
    "an event without id": (asked() | {"id": None}, "id None is not right"),
    "an event's long id": (asked() | {"id": "x" * 65}, "is no event's id"),
    "a detail that is a list": (event(detail=[]), "The event's detail is []; it must be an object"),
    "no detail": (event(), "The event's detail is None; it must be an object"),
    "an enrolment that is a text": (enrolled("SUCCEEDED"), "starts nothing"),
    "an enrolment that failed": (enrolled(ENROLLED | {"state": "FAILED"}), "starts nothing"),
    "an enrolment of another kind": (enrolled(ENROLLED, "UpdateManagedAccount"), "starts nothing"),
    "an enrolment of nobody": (enrolled(ENROLLED | {"account": []}), "accountId"),
    "a status that is a text": (told("SUCCEEDED"), "starts nothing"),
    "a status that failed": (told(DONE | {"state": "FAILED"}), "starts nothing"),
    "a result of GovCloud": (told(DONE, "CreateGovCloudAccountResult"), "starts nothing"),
    "a foreign id": (told(DONE | {"id": "../etc"}), "is no id of a CreateAccount request"),
    "what was too long": ({"id": "1", "tooLong": 262_144}, "has 262144 characters, more than fit; ask for less"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_named_on_one_line(case: str) -> None:
    raw, words = REFUSED[case]
    with pytest.raises(InvalidRequest) as refused:
        read_trigger(raw)
    assert words in str(refused.value)
    assert unclear(str(refused.value)) == ""


def test_a_roll_out_too_long_to_read_says_so() -> None:
    with pytest.raises(InvalidRequest, match="has 250000 characters, more than fit; ask for less"):
        read_roll_out({"tooLong": 250_000})


def test_names_that_people_give_are_taken() -> None:
    detail = {
        "accountName": "R&D (Bob's) #1",
        "email": "aws+r_d=1@example.com",
        "tags": {"Kosten stelle": "4\u00b2"},
    }
    assert read_trigger(asked(**detail))
