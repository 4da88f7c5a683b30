"""The documents hold: links lead somewhere, examples are what the product takes, commands exist."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from checks.generated import GENERATED, stale
from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.access.pipelines import open_to_others
from groundwork.baseline.components.access.state import RoleState
from groundwork.contracts import AccountRequest, Change, StartedByHand, read_trigger
from groundwork.declaration import Declaration
from groundwork.declaration.component_names import camel
from groundwork.declaration.loading import HOME, load
from groundwork.errors import every_error, remedy_for
from local.console.diagram.graph import graph_of, meaning
from local.console.diagram.picture import picture
from local.events.patterns import Pattern
from prove import laid_down

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^([ ]*)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
ANSWER = {"accountName", "email", "execution"}
OUTPUT = {"accountId", "accountName", "email", "kind", "outcome", "changes"}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(language: str, path: Path) -> Iterator[str]:
    for indent, found, text in BLOCK.findall(path.read_text()):
        if found == language:
            yield "\n".join(line.removeprefix(indent) for line in text.splitlines())


def examples() -> list[Any]:
    return [json.loads(text) for path in DOCUMENTS for text in blocks("json", path)]


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_the_readme_names_every_document() -> None:
    linked = {
        (path.parent / link.partition("#")[0]).resolve()
        for path in (ROOT / "README.md", ROOT / "docs" / "decisions" / "README.md")
        for link in LINK.findall(path.read_text())
    }
    assert set(DOCUMENTS) - linked == {ROOT / "README.md"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_json_in_documents_is_json(path: Path) -> None:
    for text in blocks("json", path):
        json.loads(text)


def test_examples_of_requests_are_accepted() -> None:
    said = {"execution", "outcome", "noticeId"}
    requests = [each for each in examples() if "email" in each and not said & each.keys()]
    assert requests
    for each in requests:
        AccountRequest.model_validate(each)


def test_examples_of_starts_are_accepted() -> None:
    starts = [each for each in examples() if set(each) == {"accountId"}]
    assert starts
    for each in starts:
        assert isinstance(read_trigger(each), StartedByHand)


def test_examples_of_answers_are_whole() -> None:
    answers = [each for each in examples() if "execution" in each]
    assert {"outcome" in each for each in answers} == {True, False}
    for each in answers:
        assert set(each) >= ANSWER
        if "error" in each:
            assert each["error"] in {error.__name__ for error in every_error()}
            assert each["remedy"] == remedy_for(each["error"])
        else:
            assert set(each) >= OUTPUT
            [Change.model_validate(change) for change in each["changes"]]


def test_examples_of_patterns_match_the_answers_that_they_say() -> None:
    contract = [json.loads(text) for text in blocks("json", ROOT / "docs" / "contract.md")]
    every, first, access, grave = (Pattern(json.dumps(each)) for each in contract if "source" in each)
    answers = [each for each in contract if "execution" in each]
    of_prod = [each | {"accountName": "prod"} for each in answers]
    of_trail = [
        each | {"changes": [change for change in each["changes"] if change["component"] != "access"]}
        for each in of_prod
        if each.get("outcome") == "repaired"
    ]
    assert [kind_of(each) for each in answers if every.matches(event_of(each))] == [
        "Account Ready",
        "Account Ready",
        "Account Repaired",
        "Account Failed",
        "Account Drifted",
    ]
    assert [each.get("again") for each in answers if first.matches(event_of(each))] == [None]
    assert [kind_of(each) for each in of_prod if access.matches(event_of(each))] == [
        "Account Repaired",
        "Account Drifted",
    ]
    assert not any(access.matches(event_of(each)) for each in answers + of_trail)
    assert [kind_of(each) for each in answers if grave.matches(event_of(each))] == ["Account Drifted"]
    assert grave.matches(event_of({"error": "BaselineFailed"}))


def kind_of(answer: Mapping[str, Any]) -> str:
    outcome = "ready" if answer.get("again") else answer.get("outcome", "failed")
    return f"Account {outcome.capitalize()}"


def event_of(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {"source": "groundwork", "detail-type": kind_of(answer), "detail": answer}


def test_examples_of_outputs_are_whole() -> None:
    outputs = [each for each in examples() if "outcome" in each and "execution" not in each]
    assert outputs
    for each in outputs:
        assert set(each) == OUTPUT


@pytest.mark.parametrize("path", [ROOT / "README.md", ROOT / "docs" / "declare.md"], ids=name)
def test_examples_of_declarations_are_accepted(path: Path) -> None:
    """The first one adds to what is there; those after it stand in place of a key."""
    first, *others = blocks("yaml", path)
    declared = yaml.safe_load((HOME / "baseline.yaml").read_text())
    for key, added in yaml.safe_load(first)["access"].items():
        declared["access"][key] += added
    for text in others:
        declared |= yaml.safe_load(text)
    with_settings = {camel(name) for name, component in COMPONENTS.items() if component.settings}
    Declaration.model_validate({key: each for key, each in declared.items() if key not in with_settings})


def test_the_example_in_declare_loads_with_its_policies(tmp_path: Path) -> None:
    document = ROOT / "docs" / "declare.md"
    declared = yaml.safe_load((HOME / "baseline.yaml").read_text())
    example, *_ = blocks("yaml", document)
    for key, added in yaml.safe_load(example)["access"].items():
        declared["access"][key] += added
    (tmp_path / "baseline.yaml").write_text(yaml.safe_dump(declared))
    policies = tmp_path / "policies"
    policies.mkdir()
    for path in (HOME / "policies").glob("*.json"):
        (policies / path.name).write_text(path.read_text())
    named = re.findall(r"^`policies/([\w-]+\.json)`", document.read_text(), re.MULTILINE)
    for file, text in zip(named, policies_of_declare(), strict=True):
        (policies / file).write_text(text)
    assert load(tmp_path).has_policy("never-iam")


def policies_of_declare(*, trust: bool = False) -> list[str]:
    """The documents of `declare.md` in IAM's language: those that say who may come in, or those of `policies/`."""
    documents = [text for text in blocks("json", ROOT / "docs" / "declare.md") if '"Statement"' in text]
    return [text for text in documents if ('"Principal"' in text) is trust]


def test_the_trusts_of_pipelines_in_declare_let_in_nobody_else() -> None:
    roles = [
        RoleState("pipeline", "/ci-cd/", trust=json.loads(text)) for text in policies_of_declare(trust=True)
    ]
    assert roles
    assert [call.reason for call in open_to_others(roles, laid_down.target("mgmt"))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "events").glob("*.json")), ids=name)
def test_events_are_requests(path: Path) -> None:
    (entry,) = json.loads(path.read_text())
    assert (entry["Source"], entry["DetailType"]) == ("groundwork", "Account Requested")
    AccountRequest.model_validate_json(entry["Detail"])


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_make_targets_and_files_named_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = path.read_text()
    assert set(re.findall(r"(?:`|\$ |^)make ([a-z-]+)", text, re.MULTILINE)) <= targets
    for file in re.findall(r"`((?:layers|functions|local|tests|docs|events|statemachines)/[\w./-]+)`", text):
        assert (ROOT / file).exists(), file


SECURITY = ROOT / "docs" / "security.md"
TESTED = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_test_that_a_threat_names_is_there() -> None:
    named = TESTED.findall(SECURITY.read_text())
    assert len(named) > 30
    missing = [
        f"{file}::{test}"
        for file, test in named
        if f"def {test}(" not in (ROOT / file).read_text() and (test or not (ROOT / file).exists())
    ]
    assert missing == []


def test_every_threat_has_a_control_and_a_test() -> None:
    """Or says in its control what is not held."""
    section = SECURITY.read_text().partition("## Threats")[2].partition("## What a stolen role")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| ")]
    threats = [[cell.strip() for cell in row] for row in rows if row[0].strip() != "Threat"]
    assert len(threats) > 20
    assert [threat for threat, control, _ in threats if not control] == []
    assert [threat for threat, _, tests in threats if not tests] == [
        "Names and e-mail addresses of accounts are read there"
    ]


def test_every_role_of_the_stack_is_in_the_table_of_thieves() -> None:
    section = SECURITY.read_text().partition("## What a stolen role")[2].partition("## What is not held")[0]
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    names = {"".join(part.capitalize() for part in folder.split("_")) for folder in functions}
    assert names <= set(re.findall(r"`(\w+)`", section))


def test_generated_documents_are_current() -> None:
    assert stale() == []
    assert {"docs/errors.md", "docs/permissions.md", "docs/vend_account.svg", "docs/roll_out.svg"} <= set(
        GENERATED
    )


# -- the picture -------------------------------------------------------------------------------------


MACHINES: dict[str, dict[str, Any]] = {
    name: json.loads((ROOT / "statemachines" / f"{name}.asl.json").read_text())
    for name in ("vend_account", "roll_out")
}
SVG = "{http://www.w3.org/2000/svg}"


def shown_of(machine: dict[str, Any]) -> Iterator[str]:
    """The states that are drawn: not what an inline Map does for each item, which its own box tells."""
    for name, state in machine["States"].items():
        yield name
        processor = state.get("ItemProcessor", {})
        distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        for inner in [*state.get("Branches", []), *([processor] if distributed else [])]:
            yield from shown_of(inner)


@pytest.mark.parametrize("machine", MACHINES)
def test_the_picture_shows_every_state(machine: str) -> None:
    drawn = ElementTree.fromstring(picture(MACHINES[machine]))
    words = {(text.text or "").partition(":")[0] for text in drawn.iter(f"{SVG}text")}
    assert set(shown_of(MACHINES[machine])) <= words


@pytest.mark.parametrize("machine", MACHINES)
def test_boxes_of_the_picture_do_not_overlap(machine: str) -> None:
    drawn = ElementTree.fromstring(picture(MACHINES[machine]))
    boxes = sorted(
        tuple(float(box.attrib[key]) for key in ("y", "x", "width", "height"))
        for box in drawn.iter(f"{SVG}rect")
        if not box.attrib["class"].endswith("group") and box.attrib["class"] != "Map"
    )
    assert boxes
    for (y, x, width, _), (other_y, other_x, *_) in pairwise(boxes):
        assert y != other_y or x + width <= other_x


@pytest.mark.parametrize("machine", MACHINES)
def test_no_way_of_the_picture_leads_through_a_state(machine: str) -> None:
    drawn = ElementTree.fromstring(picture(MACHINES[machine]))
    boxes = [
        tuple(float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        for box in drawn.iter(f"{SVG}rect")
        if not box.attrib["class"].endswith("group")
    ]
    for way in drawn.iter(f"{SVG}path"):
        if not way.attrib["class"].startswith("way"):
            continue
        points = [tuple(map(float, each.split())) for each in way.attrib["d"].lstrip("M").split(" L")]
        for (from_x, from_y), (to_x, to_y) in pairwise(points):
            for x, y, width, height in boxes:
                beside = max(from_x, to_x) < x + 5 or min(from_x, to_x) > x + width - 5
                over = max(from_y, to_y) < y + 5 or min(from_y, to_y) > y + height - 5
                assert beside or over, (way.attrib["d"], x, y)


@pytest.mark.parametrize(
    ("machine", "tail", "rescue"),
    [
        ("vend_account", ["RecordFailure", "SendFailure", "Failed"], "RecordFailure"),
        ("roll_out", ["Failed"], "SummarizeRollOut"),
    ],
)
def test_failure_is_a_line_of_its_own(machine: str, tail: list[str], rescue: str) -> None:
    graph = graph_of(MACHINES[machine])
    assert (graph.tail, graph.rescue) == (tail, rescue)
    assert not {name for rank in graph.ranks for name in rank} & set(graph.tail)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("{% $work.route = 'done' %}", "done"),
        ("{% $account.kind in ['tooling', 'workload'] %}", "tooling, workload"),
        ("{% $account.kind != 'management' and $count($r[outcome = 'changed']) > 0 %}", "changed"),
        ("{% $account.kind = 'management' or $enrolled.ready %}", "management, ready"),
        ("{% $exists($ended.notice) %}", "notice"),
        ("{% $ready %}", "$ready"),
    ],
)
def test_a_condition_in_a_word(condition: str, words: str) -> None:
    assert meaning(condition) == words
