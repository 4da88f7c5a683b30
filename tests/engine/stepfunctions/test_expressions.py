"""JSONata is evaluated as the reference evaluates it, also where other engines of Python differ from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.stepfunctions import expressions
from local.stepfunctions.expressions import EvaluationFailed, check_engine, check_syntax, evaluate

ROOT = Path(__file__).parents[3]
ANSWERS: Mapping[str, Any] = {
    "5.5 % 2": 1.5,
    "-5 % 3": -2,
    "$distinct([1, true, 1, false, 0])": [1, True, False, 0],
    "$distinct([[7], [7]])": [[7]],
    "$count(null)": 1,
    "$count([])": 0,
    "$replace('aaa', 'a', '$0b')": "$0b$0b$0b",
    "$replace('aaa', /a/, '$0b')": "ababab",
    "$split('a1b2c', /([0-9])/)": ["a", "b", "c"],
    "$formatNumber(2.5, '0')": "2",
    "$formatNumber(3.5, '0')": "4",
    "$formatNumber(0.125, '0.00')": "0.12",
    "$round(2.5)": 2,
    "$string(1000000000000000)": "1000000000000000",
    "$string(1e20)": "100000000000000000000",
    "$string(1e21)": "1e+21",
    "$string(0.1 + 0.2)": "0.3",
    "1 /* one */ + 1": 2,
    "$toMillis('2023-02-30T00:00:00.000Z')": 1677715200000,
    "$base64encode('hé')": "aOk=",
    "$number('12345678901234567890')": 12345678901234567000,
    "$match('abc', /(?<x>b)/)": {"match": "b", "index": 1, "groups": ["b"]},
    "$string({'a': 1.0, 'b': [1, 2.5e10]})": '{"a":1,"b":[1,25000000000]}',
    "$substring('\U0001f600ab', 1, 1)": "a",
    "[1, 2, 3][-1]": 3,
    "{'a': [{'b': 1}, {'b': 2}]}.a.b": [1, 2],
    "[{'k': 'x', 'v': 1}, {'k': 'x', 'v': 2}]{k: v}": {"x": [1, 2]},
    "[3, 1, 2]^(>$)": [3, 2, 1],
    "$sift({'a': 1, 'b': 2}, function($v) {$v > 1})": {"b": 2},
    "null = null": True,
    "'1' = 1": False,
    "1 in [1, 2]": True,
}
"""Facts about the reference; `make prove ONLY=expressions` asks it."""


@pytest.mark.parametrize("expression", ANSWERS)
def test_the_references_answers(expression: str) -> None:
    found = evaluate(expression, {})
    assert json.dumps(found) == json.dumps(ANSWERS[expression])


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("$nothing", "returned nothing"),
        ("1 + 'a'", "T2002"),
        ("1 / 0", "D1001"),
        ("$eval('1')", "threw an error"),
        ("$hash({'a': 1}, 'MD5')", "only text is hashed"),
        ("$hash('a', 'MD6')", "MD6 is none of"),
        ("$range(1, 5, 0)", "must not be 0"),
        ("$range(1, 5000, 1)", "more than 1000"),
        ("$range(0, 5, 1.5)", "threw an error.*1.5 is no integer"),
        ("$range(0, 5, 0.25)", "0.25 is no integer"),
        ("$range(0.5, 5, 1)", "0.5 is no integer"),
        ("$range(0, '5', 1)", "5 is no integer"),
        ("$partition([1], 0)", "at least 1"),
        ("$partition([1, 2], 1.5)", "1.5 is no integer"),
        ("$parse('{')", "threw an error"),
        ("$f(1)", "T1006"),
        ("$sum(", "no valid JSONata"),
    ],
)
def test_what_fails_says_why(expression: str, told: str) -> None:
    with pytest.raises(EvaluationFailed, match=told):
        evaluate(expression, {})


@pytest.mark.parametrize(
    "expression",
    [
        "$match('a/b', /[/]?:/)",
        "$match('a', /(?:a)??[/]?:b?$/)",
        "'??' & \"?:\" /* a ?? b */",
        "$states.`a??b`",
        "function($x)<s?:n>{1}('a')",
    ],
)
def test_what_only_looks_like_newer_operators(expression: str) -> None:
    check_syntax(expression)


@pytest.mark.parametrize("operator", ["??", "?:"])
@pytest.mark.parametrize("rest", ["1", "-1", "(1)", "[1]", "{'a': 1}", "/b/", "'?:'", "$states.b"])
def test_newer_operators_are_refused(operator: str, rest: str) -> None:
    for space in ("", " "):
        with pytest.raises(EvaluationFailed, match="newer than JSONata"):
            check_syntax(f"'a' & $match('x', /[/]?:/) & ($states.input.a{space}{operator}{space}{rest})")


def test_variables_are_json_of_any_kind() -> None:
    given = {
        "a": None,
        "states": {"input": {"n": [1, None, "x"], "b": False}, "context": {"unread": object()}},
    }
    assert evaluate("$a", given) is None
    assert evaluate("$type($states.input.n[1]) & $states.input.n[2]", given) == "nullx"
    assert evaluate("$count($states.input.n)", given) == 3


def test_another_program_of_the_same_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    check_engine()
    monkeypatch.setattr(expressions, "jlens", SimpleNamespace())
    with pytest.raises(RuntimeError, match=r"jlens answers to `import jlens`.*pip uninstall it"):
        check_engine()

    class Expression:
        def __init__(self, text: str) -> None: ...

        def evaluate_json(self) -> str:
            return "1"

    monkeypatch.setattr(expressions, "jlens", SimpleNamespace(Expression=Expression, JlensError=ValueError))
    with pytest.raises(RuntimeError, match=r"makes 1 of the JSONata '5.5 % 2', which is 1.5"):
        check_engine()


def test_only_one_engine_of_jsonata_is_installed() -> None:
    """jsonata-python and jsonata-rs share an import name; neither is asked any more."""
    locked = (ROOT / "requirements-dev.txt").read_text()
    assert "jlens==" in locked and "\njsonata" not in locked
