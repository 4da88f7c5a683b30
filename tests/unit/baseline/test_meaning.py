"""Policies are compared by what they say: no false alarm, and none left out."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.baseline.documents import CLOSES, OPENS, differences, widens
from groundwork.declaration.loading import load
from prove.asked import engine_allows
from prove.rewritings import a_policy, cases, changed, requests, rewritten

MANY = settings(
    max_examples=2_000 if settings.get_current_profile_name() == "prove" else 300,
    deadline=None,
    derandomize=True,
    database=None,
)
STATEMENT: dict[str, Any] = {
    "Sid": "Friends",
    "Effect": "Allow",
    "Principal": {"AWS": ["arn:aws:iam::222222222222:root", "*"]},
    "Action": ["s3:GetObject", "s3:Put*"],
    "Resource": "arn:aws:s3:::logs/*",
    "Condition": {
        "StringEquals": {"aws:PrincipalOrgID": "o-ours"},
        "Bool": {"aws:SecureTransport": "true"},
        "ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/a", "arn:aws:iam::*:role/b"]},
    },
}
DENIAL = {"Sid": "OnlyOverTLS", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
WANTED = {"Version": "2012-10-17", "Statement": [STATEMENT, DENIAL]}

Change = Callable[[dict[str, Any]], Any]


def after(change: Change) -> dict[str, Any]:
    found = copy.deepcopy(WANTED)
    change(found)
    return found


def friends(**elements: Any) -> Change:
    return lambda found: found["Statement"][0].update(elements)


def asks(**operators: Any) -> Change:
    return lambda found: found["Statement"][0]["Condition"].update(operators)


def _in_two(found: dict[str, Any]) -> None:
    first, rest = found["Statement"][0], found["Statement"][1:]
    found["Statement"] = [{**first, "Sid": each[3:6], "Action": each} for each in first["Action"]] + rest


@pytest.mark.parametrize(
    "change",
    [
        friends(Sid="Other"),
        friends(Action=["S3:PUT*", "s3:getobject"]),
        friends(Action=["s3:GetObject", "s3:Put*", "s3:GetObject", "s3:PutObject"]),
        friends(Principal={"AWS": ["*", "222222222222"]}),
        friends(Principal="*"),
        friends(Resource=["arn:aws:s3:::logs/*", "arn:aws:s3:::logs/a"]),
        asks(StringEquals={"AWS:principalorgid": ["o-ours"]}),
        asks(Bool={"aws:SecureTransport": True}),
        lambda found: found["Statement"].reverse(),
        lambda found: found.update(Version="2008-10-17", Id="x"),
        lambda found: found["Statement"][1].update(Principal={"AWS": "*"}),
        lambda found: found["Statement"][0]["Condition"]["ArnLike"]["aws:PrincipalArn"].reverse(),
        lambda found: found["Statement"].append(copy.deepcopy(STATEMENT)),
        _in_two,
    ],
)
def test_what_aws_takes_as_one_is_no_difference(change: Change) -> None:
    assert differences(after(change), WANTED) == ""
    assert not widens(after(change), WANTED)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda found: found["Statement"].pop(),
            f"policy lacks the statement OnlyOverTLS (Deny s3:* to everybody); it {OPENS}",
        ),
        (
            lambda found: found["Statement"].pop(0),
            ("policy lacks the statement Friends (Allow s3:GetObject, s3:Put* to account 222222222222, everybody); "
            f"it {CLOSES}"),
        ),
        (
            friends(Action=["s3:*"]),
            ("policy differs in the statement Friends: Action is s3:*, expected s3:GetObject, s3:Put*; "
            f"it {OPENS}"),
        ),
        (
            friends(Action=["s3:Put*", "s3:Delete*"]),
            ("policy differs in the statement Friends: Action has s3:Delete* besides and lacks s3:GetObject; "
            f"it {OPENS} and {CLOSES}"),
        ),
        (
            asks(StringEquals={"aws:PrincipalOrgID": ["o-ours", "o-theirs"]}),
            f"policy differs in the statement Friends: StringEquals aws:PrincipalOrgID has o-theirs besides; it {OPENS}",
        ),
        (
            asks(IpAddress={"aws:SourceIp": "10.0.0.0/8"}),
            ("policy differs in the statement Friends: IpAddress aws:SourceIp is 10.0.0.0/8, which is not declared; "
            f"it {CLOSES}"),
        ),
        (
            lambda found: found["Statement"][1].update(NotAction=found["Statement"][1].pop("Action")),
            ("policy differs in the statement OnlyOverTLS: Action is missing, expected s3:*, NotAction is s3:*, which is "
            f"not declared; it {OPENS} and {CLOSES}"),
        ),
    ],
)  # fmt: skip
def test_what_it_does_not_is_told_by_what_it_opens_and_closes(change: Change, words: str) -> None:
    assert differences(after(change), WANTED) == words
    assert widens(after(change), WANTED) is (OPENS in words)


def test_a_deleted_principal_is_told_as_such_and_opens_nothing() -> None:
    found = after(
        friends(Principal={"AWS": ["*", "222222222222", "AROAEXAMPLEID1234567", "AIDAEXAMPLEID1234567"]})
    )
    assert differences(found, WANTED) == (
        "policy names the deleted user AIDAEXAMPLEID1234567, the deleted role AROAEXAMPLEID1234567, to whom nothing is "
        "opened any more"
    )
    assert not widens(found, WANTED)


def test_a_policy_variable_is_one_by_its_version() -> None:
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::home/${aws:username}/*"}
    wanted = {"Version": "2012-10-17", "Statement": own}
    assert OPENS in differences({**wanted, "Version": "2008-10-17"}, wanted)


def test_what_is_declared_differs_from_nothing_but_itself() -> None:
    for name in load().policy_names:
        assert differences(load().policy(name), load().policy(name)) == ""


# -- any policy ---------------------------------------------------------------------------------------


@MANY
@given(st.randoms(use_true_random=False))
def test_no_rewriting_is_a_difference(random: Random) -> None:
    document = a_policy(random)
    other = rewritten(random, document)
    assert differences(other, document) == differences(document, other) == ""
    asked = requests(random, 20)
    for one, two in zip(cases(document, asked), cases(other, asked), strict=True):
        assert engine_allows(one) == engine_allows(two)


@MANY
@given(st.randoms(use_true_random=False))
def test_whatever_an_evaluator_tells_apart_is_a_difference(random: Random) -> None:
    wanted = a_policy(random)
    found = changed(random, wanted)
    words = differences(found, wanted)
    asked = requests(random, 40)
    for case, expected in zip(cases(found, asked), cases(wanted, asked), strict=True):
        now, declared = engine_allows(case), engine_allows(expected)
        if now and not declared:
            assert OPENS in words
            assert widens(found, wanted)
        if declared and not now:
            assert CLOSES in words
