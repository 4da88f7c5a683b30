"""The transform of serverless templates, and what is kept of it."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from local.stack.errors import StackError
from local.stack.template import sam, translator

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String, Default: test}
Resources:
  Table: {Type: AWS::Serverless::SimpleTable}
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Sub "${Stage}-topic"}}
"""


@pytest.fixture
def translations(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The templates that the translator was given; nothing is kept beforehand."""
    given: list[str] = []
    translate = translator.translated

    def translated(template: str, *rest: Any) -> str:
        given.append(template)
        return translate(template, *rest)

    monkeypatch.setattr(translator, "translated", translated)
    monkeypatch.setattr(sam, "KEPT", tmp_path / "templates")
    sam._translated.cache_clear()
    return given


def as_another_process(text: str = TEMPLATE, stage: str = "test", region: str = "us-east-1") -> Any:
    sam._translated.cache_clear()
    sam._code.cache_clear()
    return sam.transformed(sam.parsed(text), {"Stage": stage}, region)


def test_what_was_translated_is_kept_for_other_processes(translations: list[str]) -> None:
    made = as_another_process()
    assert made["Resources"]["Table"]["Type"] == "AWS::DynamoDB::Table"
    assert made["Resources"]["Topic"]["Properties"] == {"TopicName": {"Fn::Sub": "${Stage}-topic"}}
    assert as_another_process() == made
    assert len(translations) == 1


def test_nobody_else_sees_what_one_does_to_its_template(translations: list[str]) -> None:
    made = as_another_process()
    made["Resources"].clear()
    assert sam.transformed(sam.parsed(TEMPLATE), {"Stage": "test"}, "us-east-1")["Resources"]


@pytest.mark.parametrize(
    "other",
    [{"text": TEMPLATE.replace("topic", "news")}, {"stage": "production"}, {"region": "eu-west-1"}],
    ids=lambda other: next(iter(other)),
)
def test_another_template_or_place_is_translated_anew(translations: list[str], other: dict[str, str]) -> None:
    as_another_process()
    as_another_process(**other)
    assert len(translations) == 2


@pytest.mark.parametrize("package", ["aws-sam-translator", "moto"])
def test_another_version_translates_anew(
    translations: list[str], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    as_another_process()
    monkeypatch.setattr(sam, "version", lambda name: "0.0.1" if name == package else version(name))
    as_another_process()
    assert len(translations) == 2


def test_changed_code_translates_anew(
    translations: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    as_another_process()
    changed = tmp_path / "translator.py"
    changed.write_text(sam.TRANSLATOR.read_text() + "\n")
    monkeypatch.setattr(sam, "TRANSLATOR", changed)
    as_another_process()
    assert len(translations) == 2


def test_a_refusal_is_not_kept(translations: list[str]) -> None:
    wrong = TEMPLATE.replace("SimpleTable}", "SimpleTable, Properties: {Wrong: 1}}")
    for _ in range(2):
        with pytest.raises(StackError, match="Wrong"):
            as_another_process(wrong)
    assert len(translations) == 2
