"""`groundwork profiles` and `groundwork switch-links`, from a file that an operator made; ~/.aws/config stays its
owner's."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
import yaml
from typer.core import TyperGroup

from cli.app import loaded
from cli.declaration import declared
from cli.inventory import Entry
from cli.people import aws_config
from cli.people.entries import Door, People, Person, people
from cli.people.links import bookmarks, markdown, sign_in, switch
from cli.people.profiles import Tool, names, sections
from cli.trouble import Trouble
from groundwork.contracts import Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import HOME, load
from groundwork.doors.table import declared_doors
from prove.laid_down import ORGANIZATION
from tests.unit.cli.conftest import Told
from tests.unit.test_promised_doors import ACCOUNTS

SECURITY = "222222222222"
ADA, ADAS_DEVICE = f"arn:aws:iam::{SECURITY}:user/ada", f"arn:aws:iam::{SECURITY}:mfa/ada"


def entry(number: int, name: str, kind: Kind, unit: str, state: str = "ready") -> Entry:
    return Entry(
        account_id=str(number) * 12,
        name=name,
        email=f"aws+{name}@example.com",
        kind=kind,
        unit=unit,
        state=state,
        baseline=None if state == "in progress" else "7916ba17f655",
        drift=[],
        last_run=None,
        last_run_at=None,
        last_plan=None,
        last_plan_at=None,
    )


ENTRIES = [
    entry(1, "main", "management", ""),
    entry(2, "security", "security", "Security"),
    entry(3, "mgmt", "tooling", "Infrastructure"),
    entry(4, "dev", "workload", "Workloads/Development"),
    entry(5, "prod", "workload", "Workloads/Production", "failed"),
    entry(6, "new", "workload", "Workloads/Development", "in progress"),
    entry(7, "old", "workload", "Workloads/Development", "suspended"),
]
USERS = {
    "ada": Person(groups=["admin-external-accounts"]),
    "ben": Person(
        groups=["dev-external-accounts", "ro-external-accounts"], path="/people/", access_keys=False
    ),
    "cy": Person(groups=[]),
}


def organization(declaration: Declaration | None = None, partition: str = "aws") -> People:
    return people(declaration or load(), ENTRIES, partition).model_copy(update={"users": USERS})


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "aws" / "config"


@pytest.fixture
def profiles(
    tmp_path: Path, config: Path, groundwork: Callable[..., Told], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Told]:
    """The command of a user who was given a file."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    known = tmp_path / "people.json"
    known.write_text(organization().model_dump_json(by_alias=True, exclude_defaults=True))
    return lambda *given: groundwork("profiles", "--from", str(known), *given)


# -- which doors -------------------------------------------------------------------------------------


def test_there_is_a_door_where_a_group_enters_a_role_of_an_account_that_is_there() -> None:
    known = organization()
    assert [(each.account, each.role) for each in known.doors_of("ada")] == [
        ("security", "allow-support-from-security-account"),
        *(
            (name, f"allow-{role}-from-security-account")
            for name in ("mgmt", "dev", "prod")
            for role in ("admin", "support")
        ),
    ]
    assert {(each.account, each.role) for each in known.doors_of("ben")} == {
        ("dev", "allow-dev-from-security-account"),
        *((name, "allow-read-only-from-security-account") for name in ("mgmt", "dev", "prod")),
    }
    assert known.doors_of("cy") == []


ENTERING: dict[str, dict[str, Any]] = {
    "as shipped": {},
    "the tooling account": {"kinds": ["tooling"]},
    "workloads": {"kinds": ["workload"]},
    "by name": {"names": ["prod"]},
    "by a unit above": {"organizationalUnits": ["Workloads"]},
    "where the role is not": {"kinds": ["tooling"], "organizationalUnits": ["Workloads/Production"]},
}


@pytest.mark.parametrize("narrowed", ENTERING.values(), ids=ENTERING)
def test_every_profile_has_a_door_that_the_policies_open(narrowed: dict[str, Any], tmp_path: Path) -> None:
    """Asked of the evaluator, on the documents as they are laid down: whoever enters by a group's own `enter` has a
    profile for each of its doors, and nobody has one for a door that is shut."""
    given = yaml.safe_load((HOME / "baseline.yaml").read_text())
    developers = given["access"]["groups"][1]
    if narrowed:
        developers["enter"] = [{"role": "allow-dev-from-security-account", **narrowed}]
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(given))
    declaration = declared.load(tmp_path)
    known_by_name = {each.name: each.id for each in ACCOUNTS.values()}
    there = ORGANIZATION.model_copy(update={"named_accounts": known_by_name})
    found, _ = declared_doors(declaration, there, ACCOUNTS.values())
    entries = [
        entry(1, each.name, each.kind, each.unit).model_copy(update={"account_id": each.id})
        for each in ACCOUNTS.values()
    ]
    known = people(declaration, entries, "aws")
    for group, doors in known.groups.items():
        mine = {(door.account_id, door.role) for door in doors}
        open_ = {(door.account.id, door.role) for door in found if door.who == group and door.role}
        assert mine <= open_, group
        if group == developers["name"]:
            assert mine == open_


def test_a_role_for_certain_users_opens_for_them_alone() -> None:
    door = Door(account_id="4" * 12, account="dev", kind="workload", role="r", principals=["user/people/*"])
    known = organization().model_copy(
        update={
            "groups": {
                "admin-external-accounts": [door],
                "dev-external-accounts": [door],
                "ro-external-accounts": [],
            }
        }
    )
    assert known.doors_of("ada") == [] and known.doors_of("ben") == [door]


def test_without_a_security_account_nobody_enters() -> None:
    with pytest.raises(Trouble, match="There is no security account yet"):
        people(load(), ENTRIES[:1], "aws")


# -- which sections ----------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", [Tool.AWSUME, Tool.AWS_VAULT])
def test_by_key_every_section_carries_the_same_device(tool: Tool) -> None:
    """aws-vault asks for one code only where a role's `mfa_serial` is its source's, and it does not inherit it; neither
    tool is told a duration, with which they would pass over the user's session."""
    made = sections(organization(), "ada", tool, device=ADAS_DEVICE)
    assert {keys["mfa_serial"] for keys in made.values()} == {ADAS_DEVICE}
    assert made["profile security"] == {"mfa_serial": ADAS_DEVICE, "region": "us-east-1"}
    assert made["profile dev-admin"] == {
        "role_arn": f"arn:aws:iam::{'4' * 12}:role/allow-admin-from-security-account",
        "source_profile": "security",
        "mfa_serial": ADAS_DEVICE,
        "role_session_name": "ada",
        "region": "us-east-1",
    }


def test_by_aws_login_there_is_no_serial_for_which_a_code_would_be_asked() -> None:
    made = sections(
        organization(partition="aws-us-gov"), "ben", Tool.LOGIN, device="", prefix="g-", endpoint="http://e"
    )
    assert made["profile g-security"] == {
        "login_session": f"arn:aws-us-gov:iam::{SECURITY}:user/people/ben",
        "region": "us-east-1",
        "endpoint_url": "http://e",
    }
    assert list(made) == [
        "profile g-security",
        *(f"profile g-{name}" for name in ("dev-dev", "mgmt-read-only", "dev-read-only", "prod-read-only")),
    ]
    assert not any("mfa_serial" in keys for keys in made.values())


def test_every_name_is_one_doors_and_takes_no_quotes() -> None:
    assert names([("a b", "admin", "allow-admin-from-x", "1"), ("c", "ro", "ro", "2")]) == [
        "a-b-admin",
        "c-ro",
    ]
    assert names(
        [("a", "x", "allow-x-from-y", "1"), ("a", "x", "allow-x-from-z", "1"), ("b", "x", "x", "2")]
    ) == [
        "a-allow-x-from-y",
        "a-allow-x-from-z",
        "b-x",
    ]
    assert names([("a", "x", "x", "1"), ("a", "x", "x", "2"), ("b", "c", "c", "3")], "b-c") == [
        "a-1-x",
        "a-2-x",
        "b-3-c",
    ]


# -- the file ----------------------------------------------------------------------------------------

OTHERS = """\
# mine, as I like it
[default]
region=eu-west-1      ; here
output = json

[profile  "two words"]
s3 =
  max_concurrent_requests = 20
# the next one is of the other company
[profile theirs]
role_arn: arn:aws:iam::999999999999:role/x
source_profile = default"""


def test_what_others_wrote_stays_byte_for_byte(profiles: Callable[..., Told], config: Path) -> None:
    config.parent.mkdir()
    there = config.with_name("real")
    there.write_bytes(OTHERS.encode() + b"\n# \xff no UTF-8\n")
    there.chmod(0o640)
    config.symlink_to(there)
    before = there.read_bytes()

    assert profiles("--user", "ada").code == 0
    assert (
        config.is_symlink()
        and there.read_bytes().startswith(before)
        and there.stat().st_mode & 0o777 == 0o640
    )
    assert there.with_name("real.before-groundwork").read_bytes() == before
    written = there.read_bytes()
    assert "nothing to change" in profiles("--user", "ada").out and there.read_bytes() == written

    assert profiles("--user", "ben", "--prefix", "b-").code == 0
    assert there.read_bytes().startswith(written)
    assert profiles("--user", "cy", "--prefix", "c-").code == 0
    assert {each.name for each in there.parent.iterdir()} == {"config", "real", "real.before-groundwork"}


def test_a_section_of_ours_is_changed_where_it_stands_and_goes_when_its_door_is_closed(
    profiles: Callable[..., Told], config: Path
) -> None:
    assert profiles("--user", "ada", "--for", "awsume").code == 0
    assert config.stat().st_mode & 0o777 == 0o600
    text = config.read_text()
    ours = text.replace("[profile dev-admin]", "# why?\n[profile dev-admin]").replace(
        "[profile prod-admin]\n", "[profile staging-admin]\n"
    )
    config.write_text(
        ours.replace("region = us-east-1\n", "region = us-east-1\noutput = yaml\n", 1) + "\n# end\n"
    )
    assert profiles("--user", "ada", "--for", "awsume", "--check").code == 2
    assert profiles("--user", "ada", "--for", "awsume").code == 0
    mended = config.read_text()
    assert "region = us-east-1\noutput = yaml\n\n" in mended and "# why?\n[profile dev-admin]\n" in mended
    assert "staging-admin" not in mended and "# end\n" in mended and mended.count("[profile prod-admin]") == 1
    assert profiles("--user", "ada", "--for", "awsume", "--check").code == 0


def test_check_shows_what_differs_and_no_line_of_others(profiles: Callable[..., Told], config: Path) -> None:
    config.parent.mkdir()
    config.write_text("[profile x]\naws_secret_access_key = secret\n")
    before = config.read_bytes()
    said = profiles("--user", "ada", "--check")
    assert said.code == 2 and "+[profile dev-admin]" in said.out and "secret" not in said.out
    assert config.read_bytes() == before
    said = profiles("--user", "ada", "--check", "--output", "json")
    assert said.code == 2 and json.loads(said.out)["differs"] is True


def test_print_shows_the_sections_alone(profiles: Callable[..., Told], config: Path) -> None:
    parser = configparser.ConfigParser()
    parser.read_string(profiles("--user", "ada", "--print").out)
    assert parser["profile security"]["login_session"] == ADA
    assert not config.exists()


def test_a_section_of_others_with_such_a_name_is_never_overwritten(
    profiles: Callable[..., Told], config: Path
) -> None:
    config.parent.mkdir()
    config.write_text("[profile security]\nregion = eu-west-1\n")
    before = config.read_bytes()
    said = profiles("--user", "ada")
    assert said.code == 3 and config.read_bytes() == before
    assert (
        f"has a section [profile security] that was not written for {ADA}, and it has no login_session"
        in said.err
    )
    assert "choose other names by --prefix" in said.err
    config.write_text(f"[profile security]\nlogin_session = {ADA}\nregion = us-east-1\noutput = json\n")
    assert profiles("--user", "ada").code == 0, "as `aws login` wrote it"
    assert config.read_text().count("[profile security]") == 1


def test_windows_ends_its_lines_its_own_way(tmp_path: Path) -> None:
    made = aws_config.merged(tmp_path, "[default]\r\nregion = x\r\n", "ada", {"profile a": {"region": "y"}})
    assert made.count("\r\n") == made.count("\n") == 6


def test_botocore_reads_what_was_written(
    profiles: Callable[..., Told], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.parent.mkdir()
    config.write_text(OTHERS.replace(" ; here", ""))
    assert profiles("--user", "ada", "--for", "aws-vault").code == 0
    read = botocore.session.Session().full_config["profiles"]
    assert (
        read["prod-admin"]["source_profile"] == "security" and read["theirs"]["source_profile"] == "default"
    )


# -- what goes wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        (["--user", "adda"], 3, "The declaration has no user 'adda' (did you mean 'ada'?)."),
        (
            ["--user", "ben", "--for", "aws-vault"],
            3,
            "aws-vault needs an access key, and the declaration lets ben have none",
        ),
        (["--user", "ada", "--for", "okta"], 3, "'okta' is not one of"),
        (
            ["--from", "/nonexistent", "--user", "ada"],
            3,
            "--from /nonexistent: cannot be read: No such file or directory.",
        ),
        (["--from", __file__, "--user", "ada"], 3, "is no file that `groundwork profiles --export` wrote"),
        ([], 4, "There are no AWS credentials."),
        (["--for", "sso"], 3, "needs to know where IAM Identity Center is"),
    ],
)
def test_what_is_wrong_is_told(
    given: list[str], code: int, told: str, profiles: Callable[..., Told], config: Path
) -> None:
    said = profiles(*given)
    assert said.code == code and told in said.err, said
    assert not config.exists()


@pytest.mark.parametrize("odd", ["\n", "\r", "\n[default]\n"])
@pytest.mark.parametrize("show", [(), ("--print",)])
def test_a_file_from_others_adds_no_line_of_its_own(
    odd: str, show: tuple[str, ...], profiles: Callable[..., Told], config: Path, tmp_path: Path
) -> None:
    """The AWS CLI runs what `credential_process` names."""
    theirs = tmp_path / "people.json"
    region = f"us-east-1{odd}credential_process = sh -c id"
    theirs.write_text(organization().model_copy(update={"region": region}).model_dump_json(by_alias=True))
    said = profiles("--from", str(theirs), "--user", "ada", *show)
    assert said.code == 3 and "would be more than one line" in said.err and not said.out
    assert not config.exists()


def test_a_config_that_nobody_can_read_is_told(profiles: Callable[..., Told], config: Path) -> None:
    config.mkdir(parents=True)
    assert f"{config} cannot be read: Is a directory." in profiles("--user", "ada").err
    config.rmdir()
    config.write_text("region = x\n[default]\n")
    assert "is no configuration that the AWS CLI can read: " in profiles("--user", "ada").err
    config.write_text("[profile a]\n[profile a]\n")
    assert "already exists" in profiles("--user", "ada").err
    config.unlink()
    config.parent.rmdir()
    config.parent.write_text("")
    said = profiles("--user", "ada")
    assert said.code == 3 and "Nothing was changed." in said.err


# -- links -------------------------------------------------------------------------------------------


def test_the_links_of_a_group_as_text_markdown_and_bookmarks(
    tmp_path: Path, groundwork: Callable[..., Told]
) -> None:
    known = tmp_path / "people.json"
    known.write_text(organization().model_dump_json(by_alias=True))
    given = ("switch-links", "--from", str(known), "--group", "dev-external-accounts")
    link = (
        f"https://signin.aws.amazon.com/switchrole?account={'4' * 12}&roleName=allow-dev-from-security-account"
        "&displayName=dev-dev&color=b7ca9d"
    )
    text = groundwork(*given).out
    assert f"\n    {link}\n" in text and f"https://{SECURITY}.signin.aws.amazon.com/console" in text
    assert (
        f"| dev | {'4' * 12} | workload | [allow-dev-from-security-account]({link}) |"
        in groundwork(*given, "--format", "markdown").out
    )
    file = groundwork(*given, "--format", "bookmarks").out
    found: list[str | None] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.extend(v for k, v in attrs if k == "href")  # type: ignore[method-assign]
    parser.feed(file)
    assert file.startswith("<!DOCTYPE NETSCAPE-Bookmark-file-1>\n") and found == [link]
    assert json.loads(groundwork(*given, "--output", "json").out)[0]["link"] == link
    said = groundwork("switch-links", "--from", str(known), "--user", "ada", "--group", "x")
    assert said.code == 3 and "--user and --group exclude each other." in said.err
    said = groundwork("switch-links", "--from", str(known), "--group", "dev-external-account")
    assert said.code == 3 and "did you mean 'dev-external-accounts'?" in said.err


def test_a_name_is_no_markup() -> None:
    """Whoever may make accounts elsewhere names them as they like."""
    door = Door(account_id="4" * 12, account="<img src=x>|[a](b)`&", kind="workload", role="r")
    page = markdown("aws", {"_all_": [door]})
    assert "\\<img src=x\\>\\|\\[a\\](b)\\`\\&" in page and "## \\_all\\_" in page
    assert "<img" not in bookmarks("aws", {"<img>": [door]})


def test_each_partition_has_its_own_sign_in_and_a_role_its_path() -> None:
    door = Door(account_id="4" * 12, account="dev", kind="security", role="r", path="/teams/data/")
    for partition, host in (("aws-cn", "signin.amazonaws.cn"), ("aws-us-gov", "signin.amazonaws-us-gov.com")):
        link = urlsplit(switch(partition, door))
        assert link.hostname == host and parse_qs(link.query)["roleName"] == ["teams/data/r"]
        assert sign_in(partition, SECURITY) == f"https://{SECURITY}.{host}/console"


# -- the page ----------------------------------------------------------------------------------------


def documented() -> list[str]:
    page = (Path(__file__).parents[3] / "docs" / "people.md").read_text()
    return re.findall(r"^ *(groundwork [^#>\n]+)", page, re.MULTILINE)


@pytest.mark.parametrize("line", documented())
def test_the_page_has_commands_that_there_are(line: str) -> None:
    name, *given = shlex.split(line)[1:]
    command = loaded(name)
    if isinstance(command, TyperGroup):
        name, *given = given
        command = command.commands[name]
    command.make_context(name, given)


def test_nobody_is_shown_into_an_account_that_waits_to_be_closed() -> None:
    shut = entry(8, "leftover", "workload", "Workloads/Development", "closing")
    known = people(load(), [*ENTRIES, shut], "aws")
    assert shut.account_id not in {door.account_id for doors in known.groups.values() for door in doors}
    again = shut.model_copy(update={"state": "ready"})
    had_back = people(load(), [*ENTRIES, again], "aws")
    assert shut.account_id in {door.account_id for doors in had_back.groups.values() for door in doors}
