"""docs/getting-started.md: what it says of the laptop is typed here, one command after the other, and says what it shows.

Accounts of these names are other tests', too, so that they get a prefix here. What starts the embedded AWS is tried by
`tests/engine`; the commands on AWS, and those of all other documents, are read here, each with its options.
"""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.app import COMMANDS, loaded
from tests.workflow.command_line import CommandLine, Said, shell_of
from tests.workflow.conftest import ROOT, Cloud

DOCUMENT = ROOT / "docs" / "getting-started.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(?:console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"(?<![\w-])(dev|stage|prod)(?![\w-])")
ASKS_FOR_THE_CODE = "; echo $?"


def laptop() -> str:
    text = DOCUMENT.read_text()
    return text[text.index("## On your laptop") : text.index("## On AWS")]


def typed() -> Iterator[tuple[str, list[str]]]:
    """Each command of the laptop's console, and the lines that it is shown to answer."""
    for block in re.findall(r"^```console\n(.*?)^```$", laptop(), re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", OURS.sub(r"start-\1", block), flags=re.MULTILINE)[1:]:
            command, *answer = part.splitlines()
            yield command, [line for line in answer if line and line != "..."]


@pytest.fixture
def shell(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CommandLine:
    """A person's, in a folder with the declaration and the file of accounts that the document shows."""
    cloud.declared("security")
    cloud.declared("mgmt")
    (accounts,) = re.findall(r"^```yaml\n(.*?)^```$", laptop(), re.MULTILINE | re.DOTALL)
    (tmp_path / "accounts.yaml").write_text(OURS.sub(r"start-\1", accounts))
    (tmp_path / "layers").symlink_to(ROOT / "layers")
    monkeypatch.chdir(tmp_path)
    return shell_of(cloud, cloud.aws.administrator, monkeypatch)


def run(shell: CommandLine, command: str) -> Said:
    words = shlex.split(command.removesuffix(ASKS_FOR_THE_CODE))
    match words:
        case ["groundwork", *arguments]:
            return shell(*(each for each in arguments if each != "--local"), AWS_REGION="us-east-1")
        case ["sed", "-i.old", change, file]:
            _, old, new, _ = change.split("/")
            shutil.copy(file, f"{file}.old")
            Path(file).write_text(Path(file).read_text().replace(old, new))
        case ["mv", old, new]:
            Path(old).rename(new)
        case _:
            pytest.fail(f"nobody types this here: {command}")
    return Said(0, "", "")


def test_what_it_says_of_the_laptop(shell: CommandLine) -> None:
    commands = list(typed())
    assert len(commands) > 10
    for command, answer in commands:
        said = run(shell, command)
        code = int(answer.pop()) if command.endswith(ASKS_FOR_THE_CODE) else 0
        if "doctor" not in command:  # other tests let things fail here, which it tells
            assert said.code == code, (command, said)
        for line in answer:
            alike = r"\s+".join(
                re.sub(r"[0-9a-f]{12}|\d+", "[0-9a-f]+", re.escape(word)) for word in line.split()
            )
            assert re.search(alike, said.out), (line, said.out)


def written() -> Iterator[tuple[str, str]]:
    """The document and the command, of every `groundwork ...` in a block of any document."""
    for path in DOCUMENTS:
        for block in BLOCK.findall(path.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                for part in line.removeprefix("$ ").split(" && "):
                    if part.startswith("groundwork ") and part.split()[1] != "...":
                        yield path.name, part.split("; ")[0].split(" #")[0].split(" | ")[0].split(" > ")[0]


@pytest.mark.parametrize(("document", "command"), sorted(set(written())))
def test_a_command_in_a_document_is_one(document: str, command: str) -> None:
    _, name, *arguments = shlex.split(command)
    if name.startswith("--"):
        return
    assert name in COMMANDS, (document, command)
    loaded(name).make_context(name, arguments)
