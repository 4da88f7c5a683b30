"""`groundwork change`: what is wrong with it is told before anybody is asked, and a code is no argument."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.bus import codes
from cli.commands.change import _words
from cli.trouble import Trouble
from tests.unit.cli.conftest import Told

NEW = "new@example.com"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("- a", "holds no contact"),
        ("a: [", "is no YAML"),
        ("legal: {}", "contacts.legal is an unknown field"),
        (
            "security: {name: Ada, title: x, email: 'ada@private', phone: '1'}",
            "contacts.security.email is no e-mail",
        ),
    ],
)
def test_a_file_of_contacts_is_told_without_what_stands_in_it(
    groundwork: Callable[..., Told], tmp_path: Path, text: str | None, said: str
) -> None:
    path = tmp_path / "contacts.yaml"
    if text is not None:
        path.write_text(text)
    told = groundwork("change", "111111111111", "--contacts", str(path))
    assert (told.code, said in told.err) == (3, True), told
    assert "ada@private" not in told.err


def test_a_change_of_nothing_is_refused_before_it_is_asked_for(groundwork: Callable[..., Told]) -> None:
    told = groundwork("change", "111111111111")
    assert (told.code, "Nothing is to be changed" in told.err) == (3, True), told


def test_a_plan_accepts_nothing(groundwork: Callable[..., Told]) -> None:
    told = groundwork("change", "111111111111", "--email", NEW, "--accept-email", "--plan")
    assert (told.code, "--plan stands beside --accept-email" in told.err) == (3, True), told


class Aws:
    """Account Management, for an account that has an address."""

    def __init__(self, email: str, status: str = "ACCEPTED", shown: bool = True) -> None:
        self.email, self.given = email, list[dict[str, str]]()
        self.status, self.shown = status, shown

    def client(self, _: str) -> Any:
        return self

    def get_primary_email(self, **_: str) -> dict[str, str]:
        return {"PrimaryEmail": self.email}

    def accept_primary_email_update(self, **given: str) -> dict[str, str]:
        self.given.append(given)
        if self.shown:
            self.email = given["PrimaryEmail"]
        return {"Status": self.status}


def test_the_code_is_read_from_what_is_piped_in(monkeypatch: pytest.MonkeyPatch) -> None:
    aws: Any = Aws("old@example.com")
    for typed, gives in (("12345\n", 0), ("", 0), ("12ab56\n", 1)):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        if gives:
            codes.accept(aws, "111111111111", NEW)
        else:
            with pytest.raises(Trouble, match="no code of AWS"):
                codes.accept(aws, "111111111111", NEW)
        assert len(aws.given) == gives
    assert aws.given == [{"AccountId": "111111111111", "PrimaryEmail": NEW, "Otp": "12ab56"}]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": "FAILED", "shown": False}, "has not changed the address"),
        ({"shown": False}, "shows the former address still"),
    ],
)
def test_a_code_that_changed_nothing_yet_is_told(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], said: str
) -> None:
    aws: Any = Aws("old@example.com", **answer)
    monkeypatch.setattr("sys.stdin", io.StringIO("12ab56\n"))
    with pytest.raises(Trouble, match=said):
        codes.accept(aws, "111111111111", NEW)


def test_an_address_that_is_so_already_asks_for_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    aws: Any = Aws(NEW.upper())
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    codes.accept(aws, "111111111111", NEW)
    assert aws.given == []
    with pytest.raises(Trouble, match="stands without --email"):
        codes.accept(aws, "111111111111", None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Workloads/Staging", "Workloads/Staging"),
        ({"cost-center": "43", "owner": None}, "cost-center 43, owner none"),
        ({}, "none"),
        (None, "none"),
    ],
)
def test_what_was_changed_is_told_in_words(value: Any, words: str) -> None:
    assert _words(value) == words
