"""A file of accounts, and what is wrong in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.bus.requests import read_file
from cli.trouble import Trouble


def of(home: Path, account: str) -> Path:
    file = home / "accounts.yaml"
    file.write_text(f"accounts:\n  - {{name: dev, email: aws+dev@example.com, {account}}}\n")
    return file


def test_a_day_may_stand_without_quotes(tmp_path: Path) -> None:
    (asked,) = read_file(of(tmp_path, "expires: 2999-12-31"))
    assert asked.given["expires"] == "2999-12-31"


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("tags: {cost-center: 42}", "tags.'cost-center' 42 is not right: it is not text; put it in quotes."),
        ("kind: yes", "kind True"),
        ("organizationalUnit: 7", "organizationalUnit 7 is not right: it is not text; put it in quotes."),
    ],
)
def test_what_yaml_does_not_read_as_text_is_to_be_quoted(tmp_path: Path, account: str, said: str) -> None:
    with pytest.raises(Trouble, match=r"accounts\.yaml, account 1: ") as wrong:
        read_file(of(tmp_path, account))
    assert said in str(wrong.value)
