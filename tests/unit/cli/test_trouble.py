"""What a person reads who has made a mistake, or whom AWS refuses: one or two sentences, and an exit code by kind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, UnauthorizedSSOTokenError

from cli.app import COMMANDS, loaded, main
from cli.trouble import explained
from groundwork.errors import AccountUnknown


@pytest.fixture(autouse=True)
def _nobodys_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_ENDPOINT_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def answer(code: str, message: str = "It says why", operation: str = "ListAccounts") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [
        ("ExpiredToken", 4, "The session has expired. Sign in again (`aws login`, `aws sso login`"),
        ("InvalidClientTokenId", 4, "AWS does not know these credentials: It says why. Check the profile"),
        (
            "AccessDeniedException",
            4,
            "ListAccounts is not permitted: It says why. Use credentials that carry",
        ),
        (
            "AWSOrganizationsNotInUseException",
            4,
            "This account has no organization. Use a profile of the management",
        ),
        ("TooManyRequestsException", 5, "AWS asks to come back later: It says why. Repeat the command."),
        ("ThrottlingException", 5, "AWS asks to come back later"),
        ("StateMachineDoesNotExist", 1, "ListAccounts failed: StateMachineDoesNotExist: It says why."),
    ],
)
def test_what_aws_answers(code: str, exit_code: int, words: str) -> None:
    trouble = explained(answer(code))
    assert trouble is not None
    assert str(trouble).startswith(words)
    assert trouble.code == exit_code


def test_an_error_of_the_domain_has_its_remedy() -> None:
    trouble = explained(AccountUnknown("Account 999999999999 is not in this organization."))
    assert trouble is not None
    assert trouble.code == 3
    assert str(trouble).startswith("Account 999999999999 is not in this organization. Check the id")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), "There are no AWS credentials."),
        (UnauthorizedSSOTokenError(), "The session of IAM Identity Center has ended."),
    ],
)
def test_credentials_that_are_not_there(error: Exception, words: str) -> None:
    trouble = explained(error)
    assert trouble is not None
    assert trouble.what == words
    assert trouble.code == 4


def test_a_fault_of_our_own_is_not_explained_away() -> None:
    assert explained(KeyError("x")) is None


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(arguments)
    return code, capsys.readouterr().err.strip()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ["accounts"],
            4,
            "There are no AWS credentials. Give --profile, sign in with `aws login`, or take --local",
        ),
        (
            ["accounts", "--profile", "nobody"],
            4,
            "The config profile (nobody) could not be found. Name one of",
        ),
        (["accounts", "--local"], 5, "No embedded AWS is running on port 4566. Start it: groundwork local."),
        (
            ["acounts"],
            3,
            "There is no command 'acounts' (did you mean 'accounts'?). `groundwork --help` lists them.",
        ),
        (["accounts", "--filter", "x"], 3, "No such option: --filter (Possible options: --profile) See `"),
        (["show"], 3, "Missing argument 'account'. See `groundwork show --help`."),
        (["plan"], 3, "Which accounts? Name some by id, name or e-mail, or give --all."),
        (["plan", "dev", "--all"], 3, "Which accounts?"),
        (["apply", "dev"], 3, "There is no terminal to ask on. Give --yes; `groundwork plan` only looks."),
        (["request"], 3, "An account needs a name and an e-mail. Like: groundwork request dev --email"),
        (["request", "dev", "--email", "x"], 3, "email 'x' has 1 characters; AWS takes 6 to 64."),
        (
            ["request", "dev", "--email", "aws+dev@example.com", "--kind", "boss"],
            3,
            "kind 'boss' is unknown; it must be",
        ),
        (
            ["request", "dev", "--email", "aws+dev@example.com", "--tag", "x"],
            3,
            "--tag 'x' is no tag. Write it as",
        ),
        (
            ["request", "dev", "--file", "accounts.yaml"],
            3,
            "--file stands alone: it says of each account all",
        ),
        (
            ["request", "--file", "nowhere.yaml"],
            3,
            "nowhere.yaml cannot be read: No such file or directory. Name a",
        ),
    ],
)
def test_mistakes_of_a_person(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    ended, told = said(capsys, *arguments)
    assert told.startswith(words)
    assert ended == code
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("accounts: [", "is no YAML: while parsing"),
        ("accounts: {}", "holds {'accounts': {}}. It must be a list under `accounts:`"),
        (
            '[{"Source": "groundwork", "DetailType": "Account Requested", "Detail": "{}"}]',
            "holds events as they are put on the bus. Post them by aws events",
        ),
        ("- {name: dev, email: aws+dev@example.com, ou: X}", "account 1: ou is an unknown field; known are"),
        ("- {name: dev}", "account 1: email is missing; it is required."),
        (
            "- {name: dev, email: aws+dev@example.com}\n- {name: dev2, email: AWS+dev@example.com}",
            "asks for 'aws+dev@example.com' twice. Remove one of the two accounts.",
        ),
    ],
)
def test_mistakes_in_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, words: str
) -> None:
    file = tmp_path / "accounts.yaml"
    file.write_text(text)
    code, told = said(capsys, "request", "--file", str(file))
    assert words in told
    assert code == 3


def test_an_endpoint_where_nobody_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody")
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
        code, told = said(capsys, "request", "dev", "--email", "aws+dev@example.com")
    assert told.startswith("AWS cannot be reached: Could not connect to the endpoint URL")
    assert "groundwork local" in told
    assert code == 5


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does_with_an_example(name: str) -> None:
    command = loaded(name)
    texts = [each.help or "" for each in getattr(command, "commands", {}).values()] or [command.help or ""]
    for text in texts:
        assert "Example: groundwork " in text
    assert (command.help or "").startswith(COMMANDS[name])
