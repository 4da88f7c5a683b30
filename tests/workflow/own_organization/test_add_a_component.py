"""The page "Add a component" at its word: a module, an entry, a branch, and nothing else."""

from __future__ import annotations

import filecmp
import json
import re
from pathlib import Path

import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.component_names import camel
from tests.workflow.conftest import (
    ROOT,
    SHIPPED,
    TIME_SCALE,
    Cloud,
    Slot,
    bootstrapped,
    deployed,
    groundwork_of_ones_own,
)

PAGE = (ROOT / "docs" / "add-a-component.md").read_text()
NAME = "image-scanning"
MODULE = Path("layers/groundwork/baseline/components/image_scanning.py")
DECLARATION = Path("layers/baseline/baseline.yaml")
MACHINE = Path("statemachines/vend_account.asl.json")


def block(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def with_the_component(home: Path) -> Path:
    template = groundwork_of_ones_own(home)
    (home / MODULE).write_text(block("python"))
    declared, entry = yaml.safe_load((home / DECLARATION).read_text()), yaml.safe_load(block("yaml"))
    declared["baseline"] |= entry.pop("baseline")
    (home / DECLARATION).write_text(yaml.safe_dump(declared | entry))
    machine = json.loads((home / MACHINE).read_text())
    branches = machine["States"]["Baseline"]["Branches"]
    copied = json.dumps(next(each for each in branches if each["StartAt"] == "AccountSettings"))
    branches.append(
        json.loads(copied.replace("AccountSettings", "ImageScanning").replace("account-settings", NAME))
    )
    (home / MACHINE).write_text(json.dumps(machine))
    return template


def touched(home: Path) -> set[Path]:
    """The files of the copy that are not as they were."""
    files = {
        path.relative_to(home) for folder in SHIPPED for path in (home / folder).rglob("*") if path.is_file()
    }
    return {
        each
        for each in files
        if not (ROOT / each).is_file() or not filecmp.cmp(home / each, ROOT / each, shallow=False)
    }


def scanned(cloud: Cloud, account: str) -> list[str]:
    """What is scanned when it is pushed."""
    found = cloud.inside("ecr", account).get_registry_scanning_configuration()["scanningConfiguration"]
    return [each["filter"] for rule in found["rules"] for each in rule["repositoryFilters"]]


def test_three_things_make_a_component(slot: Slot, tmp_path: Path) -> None:
    template = with_the_component(tmp_path)
    assert touched(tmp_path) == {MODULE, DECLARATION, MACHINE}
    cloud = bootstrapped(deployed(slot.own(time_scale=TIME_SCALE), template))
    cloud.declared("security")
    name, email = cloud.fresh()
    vended = cloud.ask(accountName=name, email=email)
    assert (vended.status, vended.output["outcome"]) == ("SUCCEEDED", "ready"), str(vended)
    account = str(vended.output["accountId"])
    declared = yaml.safe_load(block("yaml"))[camel(NAME)]
    assert scanned(cloud, account) == declared["repositories"]

    cloud.inside("ecr", account).put_registry_scanning_configuration(scanType="BASIC", rules=[])
    planned = cloud.start(accountId=account, mode="plan", components=[NAME])
    assert [each["reason"] for each in planned.output["changes"]] == ["is done for no repository; expected *"]
    assert cloud.start(accountId=account).output["outcome"] == "repaired"
    assert scanned(cloud, account) == declared["repositories"]
    assert cloud.start(accountId=account).output["outcome"] == "unchanged"


def test_branches_differ_by_their_names_alone() -> None:
    """So that a new one is a copy of any other; one that AWS goes on with by itself retries that, too."""
    branches = json.loads((ROOT / MACHINE).read_text())["States"]["Baseline"]["Branches"]
    shapes = set()
    for branch in branches:
        state = branch["States"][branch["StartAt"]]
        kebab = state["Arguments"]["Payload"]["component"]
        if lasting := COMPONENTS[kebab].lasting:
            (waits,) = (
                each["ErrorEquals"] for each in state["Retry"] if lasting.__name__ in each["ErrorEquals"]
            )
            waits.remove(lasting.__name__)
        for each in branch["States"].values():
            each.pop("Comment", None)
        shapes.add(json.dumps(branch).replace(branch["StartAt"], "X").replace(f'"{kebab}"', '"x"'))
    assert len(shapes) == 1
