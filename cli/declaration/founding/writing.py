"""The files of a declaration: the shipped ones, with their comments, and the answers in them."""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.declaration.founding.answers import Answers, Owned
from cli.home import HOME as REPOSITORY
from cli.trouble import Trouble
from groundwork.declaration.loading import FILE
from groundwork.declaration.loading import HOME as SHIPPED

SAMCONFIG, SCHEMA, POLICIES = "samconfig.toml", "baseline.schema.json", "policies"


def written(folder: Path, answers: Answers) -> list[Path]:
    """The files, made in this folder. Raises `Trouble` where one of them is there, and writes none; and for a declaration
    that is not valid."""
    from cli.declaration.declared import checked

    paths = [folder / name for name in (FILE, SAMCONFIG, SCHEMA, POLICIES)]
    if there := next((path for path in paths if path.exists()), None):
        raise Trouble(
            f"{there} is there already, and is not overwritten.", "Name another folder, or remove it."
        )
    if folder.exists() and not folder.is_dir():
        raise Trouble(f"{folder} is no folder.", "Name one that is there, or is to be made.")
    text = baseline(answers)
    checked(SHIPPED, text)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(text, encoding="utf-8")
    (folder / SAMCONFIG).write_text(samconfig(answers), encoding="utf-8")
    shutil.copyfile(SHIPPED / SCHEMA, folder / SCHEMA)
    shutil.copytree(SHIPPED / POLICIES, folder / POLICIES)
    return paths


def samconfig(answers: Answers) -> str:
    """What `sam deploy` is told."""
    shipped = (REPOSITORY / SAMCONFIG).read_text(encoding="utf-8")
    return shipped + (f'parameter_overrides = "NoticesEmail={answers.notices}"\n' if answers.notices else "")


def baseline(answers: Answers) -> str:
    """The text of `baseline.yaml`."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), lambda made, _: made.represent_scalar(NULL, "null"))
    declared: Any = yaml.load((SHIPPED / FILE).read_text(encoding="utf-8"))
    _accounts(declared, answers)
    _put(declared["organizationalUnits"], answers.all_units)
    declared["regions"]["home"] = answers.home
    _put(declared["regions"]["governed"], answers.governed)
    _access(declared["access"], answers)
    declared["accountSettings"]["alias"] = answers.alias
    declared["logArchive"]["expireAfterDays"] = answers.keep_days
    lock = declared["logArchive"]["objectLock"]
    lock["days"] = min(lock["days"], answers.keep_days)
    out = io.StringIO()
    yaml.dump(declared, out)
    text = out.getvalue()
    return (
        text
        if answers.keep_days == SEVEN_YEARS
        else text.replace("# seven years", "# after that they are deleted")
    )


SEVEN_YEARS, NULL = 2557, "tag:yaml.org,2002:null"


def _accounts(declared: Any, answers: Answers) -> None:
    security, tooling = declared["accounts"]
    _account(security, answers.security, answers)
    if answers.tooling:
        _account(tooling, answers.tooling, answers)
    else:
        declared["accounts"].remove(tooling)


def _account(declared: Any, owned: Owned, answers: Answers) -> None:
    declared["name"], declared["email"] = owned.name, answers.email_of(owned)
    if owned.unit:
        declared["organizationalUnit"] = owned.unit
    else:
        del declared["organizationalUnit"]
    if owned.id:
        from ruamel.yaml.scalarstring import DoubleQuotedScalarString

        declared["id"] = DoubleQuotedScalarString(owned.id)


def _access(access: Any, answers: Answers) -> None:
    """Developers change things in their units; where there are none, they look everywhere. Without a tooling account no
    pipeline comes from it; and who comes by IAM Identity Center needs neither group nor role of ours."""
    roles, units = access["roles"], answers.of_developers
    for role in list(roles):
        of, where = role["trust"]["account"], role["where"]
        nobody = (of == "tooling" and not answers.tooling) or (of == "security" and answers.identity_center)
        if nobody or ("organizationalUnits" in where and not units):
            roles.remove(role)
        for key in ("organizationalUnits", "exceptOrganizationalUnits"):
            _narrow(where, key, units)
        if of == "tooling" and answers.tooling:
            role["description"] = role["description"].replace("mgmt", answers.tooling.name)
    if answers.identity_center:
        _put(access["groups"], [])
    for group in access["groups"]:
        for enter in group.get("enter", ()):
            _narrow(enter, "organizationalUnits", units)


def _narrow(where: Any, key: str, units: Sequence[str]) -> None:
    if key in where and units:
        _put(where[key], units)
    elif key in where:
        del where[key]


def _put(there: Any, values: Sequence[Any]) -> None:
    """Other values in a list, whose style stays, and what stands behind its last item."""
    behind = there.ca.items.get(len(there) - 1)
    while there:
        there.pop()
    there.extend(values)
    there.ca.items.clear()
    if behind and there:
        there.ca.items[len(there) - 1] = behind
