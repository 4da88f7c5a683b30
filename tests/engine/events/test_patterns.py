"""Event patterns match, and are refused, as by event-ruler, the library that EventBridge is built on.

`patterns.json` has its verdicts, seen on running it. One of them is not taken over: there a number is within the
network 0.0.0.0/0, which the user guide keeps for addresses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from local.events.patterns import LONGEST, InvalidPattern, Pattern
from tests.engine.support import plain_moto

CASES = json.loads((Path(__file__).parent / "patterns.json").read_text())
EVENT = {
    "id": "1",
    "account": "123456789012",
    "source": "groundwork",
    "time": "2026-11-29T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Account Repaired",
    "detail": {"changes": [{"component": "trail"}, {"component": "access"}]},
}
LOOKS_INTO_CHANGES = {"detail": {"changes": {"component": ["access"]}}}


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(organization=None) as running:
        yield running


@pytest.mark.parametrize("about", CASES["matching"])
def test_it_matches(about: str) -> None:
    case = CASES["matching"][about]
    pattern = Pattern(json.dumps(case["pattern"]))
    assert [event for event in case["matched"] if not pattern.matches(event)] == []
    assert [event for event in case["not matched"] if pattern.matches(event)] == []


@pytest.mark.parametrize("pattern", CASES["refused"], ids=json.dumps)
def test_it_is_refused(pattern: Any) -> None:
    with pytest.raises(InvalidPattern):
        Pattern(json.dumps(pattern))


@pytest.mark.parametrize("text", ["", "{", '{"a": [NaN]}', '{"a": ["x"]} more', "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(InvalidPattern):
        Pattern(text)


def test_there_are_enough_cases() -> None:
    matching = CASES["matching"].values()
    assert sum(len(case["matched"]) + len(case["not matched"]) for case in matching) >= 150
    assert all(case["matched"] and case["not matched"] for case in matching)


def test_a_rule_may_look_into_a_list_of_objects(aws: Engine) -> None:
    answer = aws.client("events").test_event_pattern(
        EventPattern=json.dumps(LOOKS_INTO_CHANGES), Event=json.dumps(EVENT)
    )
    assert answer["Result"] is True


@pytest.mark.parametrize(
    "pattern", [{"detail": {"a": [{"foo": "x"}]}}, {"detail": {}}, {"a": ["x" * LONGEST]}]
)
def test_no_rule_is_made_of_what_is_refused(aws: Engine, pattern: Any) -> None:
    events = aws.client("events")
    with pytest.raises(ClientError, match=r"InvalidEventPatternException.*Event pattern is not valid"):
        events.put_rule(Name="refused", EventPattern=json.dumps(pattern))
    assert events.list_rules(NamePrefix="refused")["Rules"] == []


@pytest.mark.parametrize("pattern", ['{"source": ["a"', '["source"]', '{"source": 1}'])
def test_what_is_no_pattern_is_refused_by_eventbridge(aws: Engine, pattern: str) -> None:
    with pytest.raises(ClientError, match="InvalidEventPatternException"):
        aws.client("events").put_rule(Name="none", EventPattern=pattern)


@pytest.mark.parametrize(
    "event", ["{", "[]", json.dumps({**EVENT, "id": "1"}).replace('"region"', '"Region"')]
)
def test_an_event_to_test_with_must_be_one(aws: Engine, event: str) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        aws.client("events").test_event_pattern(EventPattern='{"a": ["x"]}', Event=event)


def test_plain_moto_still_does_not() -> None:
    """It takes an operator that there is not, and does not look into a list of objects."""
    assert (
        plain_moto(f"""
        import boto3
        from moto.events.models import EventPattern

        boto3.client("events", "us-east-1").put_rule(Name="taken", EventPattern='{{"a": [{{"foo": "x"}}]}}')
        print(EventPattern.load({json.dumps(LOOKS_INTO_CHANGES)!r}).matches_event({EVENT!r}))
    """).strip()
        == "False"
    )
