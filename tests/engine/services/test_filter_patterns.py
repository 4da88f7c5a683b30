"""Filter patterns of CloudWatch Logs about JSON: what they match, and what is no pattern."""

from __future__ import annotations

import json

import pytest

from local.services.cloudwatch.filter_patterns import InvalidPattern, matcher, matches

EVENT = {
    "eventName": "ConsoleLogin",
    "errorCode": "Client.UnauthorizedOperation",
    "userIdentity": {"type": "Root"},
    "responseElements": None,
    "count": 3,
    "ready": True,
    "resources": [{"type": "AWS::S3::Object"}],
}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{ $.eventName = ConsoleLogin }", True),
        ('{ $.eventName = "ConsoleLogin" }', True),
        ("{ $.eventName = consolelogin }", False),
        ("{ $.eventName != ConsoleLogin }", False),
        ("{ $.eventName != Other }", True),
        ('{ $.errorCode = "*UnauthorizedOperation" }', True),
        ('{ $.errorCode = "AccessDenied*" }', False),
        ("{ $.userIdentity.type = Root }", True),
        ("{ $.resources[0].type = AWS::S3::Object }", True),
        ("{ $.resources[1].type = AWS::S3::Object }", False),
        ("{ $.userIdentity.invokedBy NOT EXISTS }", True),
        ("{ $.userIdentity.type EXISTS }", True),
        ("{ $.responseElements IS NULL }", True),
        ("{ $.ready IS TRUE }", True),
        ("{ $.ready = true }", True),
        ("{ $.count > 2 && $.count <= 3 }", True),
        ("{ $.count < 3 }", False),
        ("{ $.missing = a }", False),
        ("{ $.missing != a }", False),
        ("{ $.responseElements.ConsoleLogin = Success }", False),
        ("{ ($.eventName = A) || ($.eventName = ConsoleLogin) }", True),
        ("{ ($.eventName = A || $.eventName = ConsoleLogin) && $.count = 4 }", False),
        ("{ $.eventName = A || $.eventName = ConsoleLogin && $.count = 3 }", True),
        ("", True),
    ],
)
def test_a_pattern_matches_what_it_says(pattern: str, expected: bool) -> None:
    assert matches(pattern, json.dumps(EVENT)) is expected


def test_a_line_that_is_no_json_matches_nothing() -> None:
    assert not matches("{ $.a = 1 }", "START RequestId: 1")


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.a = 1",
        "{ $.a }",
        "{ a = 1 }",
        "{ $.a = }",
        "{ ($.a = 1 }",
        "{ $.a = 1 } and more",
        "{ $.a SOUNDS LIKE }",
        "{ $.a == && }",
        "{ $.a = 'b' }",
        f"{{ $.a = {'b' * 1024} }}",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidPattern):
        matcher(pattern)


def test_words_are_no_business_of_this_module() -> None:
    with pytest.raises(InvalidPattern, match="is about words"):
        matches("ERROR", "ERROR: no")
