"""From the files to the declaration: read, and checked, so that every mistake is named before anything is touched.

`load` needs no component. What components alone know, their own settings and the kinds of account they are for, `check`
is told by those it is given: all of them before work begins, and the one in work where it is done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

from pydantic import ValidationError

from groundwork.contracts import Kind, Model
from groundwork.declaration import Declaration, own_policies
from groundwork.declaration.aws_names import did_you_mean
from groundwork.declaration.component_names import camel, component_names
from groundwork.declaration.identity_center import identity_center_mistakes
from groundwork.declaration.mistakes import mistakes, own_policy_faults
from groundwork.declaration.policy_files import (
    ENTER,
    MFA_SELF_SERVICE,
    Document,
    escalation,
    read_policy,
    statements,
)
from groundwork.declaration.stacks.mistakes import stack_mistakes
from groundwork.declaration.stacks.templates import read_template, template_files
from groundwork.declaration.yaml_text import parsed
from groundwork.errors import InvalidDeclaration
from groundwork.fields import shown
from groundwork.parsing import what_is_wrong

HOME = Path(__file__).parents[2] / "baseline"
"""Beside this package, in the repository as in Lambda."""
FILE, AS_JSON = "baseline.yaml", "baseline.json"
"""What the owner writes, and what a build makes of it: the same, read without YAML."""
POLICIES, CONFORMANCE_PACKS = "policies", "conformance-packs"
FOLDERS = (POLICIES, CONFORMANCE_PACKS)
"""Beside it: what is shipped, and the owner's on top."""

M = TypeVar("M", bound=Model)


@cache
def load(home: Path = HOME) -> Declaration:
    """The declaration in this folder. Raises `InvalidDeclaration`, which names file, key, value and remedy."""
    raw = _read(home)
    given = _given(raw)
    declaration = _validated(Declaration, raw)
    declaration._given.update(given)
    declaration._policies.update({path.stem: read_policy(path) for path in policy_files(home)})
    declaration._conformance_packs.update(_conformance_packs(home))
    own = own_policies.policy_files(home)
    declaration._own_documents.update({path.stem: own_policies.read_policy(path) for path in own})
    if declaration.stacks:
        declaration._templates.update({path.name: read_template(path) for path in template_files(home)})
    if found := list(mistakes_in(declaration)):
        raise InvalidDeclaration("\n".join(found))
    return declaration


def all_mistakes(home: Path, components: Mapping[str, Declarable]) -> Iterator[str]:
    """Every mistake in this folder, each a sentence with its file: what can be left out is left out, to see the rest."""
    policies: dict[str, Document] = {}
    own: dict[str, Document] = {}
    broken: set[str] = set()
    for files, read, into in (
        (policy_files(home), read_policy, policies),
        (own_policies.policy_files(home), own_policies.read_policy, own),
    ):
        for path in files:
            try:
                into[path.stem] = read(path)
            except InvalidDeclaration as invalid:
                broken.add(path.stem)
                yield from str(invalid).splitlines()
    try:
        raw = _read(home)
    except InvalidDeclaration as invalid:
        yield str(invalid)
        return
    given = _given(raw)
    declaration, wrong = _without_mistakes(raw)
    yield from wrong
    if declaration is None:
        return
    declaration._given.update(given)
    declaration._policies.update(policies)
    declaration._conformance_packs.update(_conformance_packs(home))
    declaration._own_documents.update(own)
    for path in template_files(home) if declaration.stacks else ():
        try:
            declaration._templates[path.name] = read_template(path)
        except InvalidDeclaration as invalid:
            broken.add(path.name)
            yield from str(invalid).splitlines()
    found = [
        *(
            each
            for each in mistakes_in(declaration)
            if not any(f"{name!r} is no file" in each for name in broken)
        ),
        *component_mistakes(declaration, components),
    ]
    yield from found
    if not (found or broken or wrong):
        yield from refused(declaration, components)


def policy_files(home: Path) -> list[Path]:
    return sorted((home / POLICIES).glob("*.json"))


def _conformance_packs(home: Path) -> dict[str, str]:
    """The component that has them reads them as YAML."""
    return {path.stem: path.read_text() for path in sorted((home / CONFORMANCE_PACKS).glob("*.yaml"))}


def _given(raw: dict[str, Any]) -> dict[str, Any]:
    """What stands under the names of components that may have settings of their own, taken out."""
    fields = {field.alias for field in Declaration.model_fields.values()}
    names = [name for name in component_names() if camel(name) in raw and camel(name) not in fields]
    return {name: raw.pop(camel(name)) for name in names}


def mistakes_in(declaration: Declaration) -> Iterator[str]:
    """What no key shows by itself, each a sentence with its file."""
    for each in (
        *mistakes(declaration),
        *_policy_mistakes(declaration, declaration._policies),
        *stack_mistakes(declaration, declaration._templates),
        *identity_center_mistakes(declaration, declaration._policies),
    ):
        yield f"{FILE}: {each}."
    for each in own_policy_faults(declaration):
        yield f"{each}."


def _without_mistakes(raw: dict[str, Any]) -> tuple[Declaration | None, list[str]]:
    """The declaration without what is wrong in it, or None where it says nothing without; and the sentences about what is
    wrong."""
    wrong: list[str] = []
    left_out: set[tuple[int | str, ...]] = set()
    while True:
        try:
            return Declaration.model_validate(raw), wrong
        except ValidationError as invalid:
            errors = [
                error
                for error in _errors(invalid)
                if not any(place[: len(error["loc"])] == error["loc"] for place in left_out)
            ]
        told = {error["loc"]: _sentence(error) for error in errors}
        wrong += (f"{FILE}: {sentence}" for sentence in told.values())
        places = sorted(told, key=str, reverse=True)
        if not places or not all(_leave_out(raw, place, told[place]) for place in places):
            return None, wrong
        left_out.update(places)


def _leave_out(raw: Any, place: Sequence[int | str], sentence: str) -> bool:
    """Whether it could be, or its key be corrected. What others name could not: they would be told that it is not there."""
    if not place or place[0] == "organizationalUnits":
        return False
    try:
        for step in place[:-1]:
            raw = raw[step]
        value = raw[place[-1]]
        meant = re.search(r"is an unknown key \(did you mean '(.+?)'\?\)", sentence)
        if isinstance(value, dict | list) and not meant:
            return False
        del raw[place[-1]]
        if meant:
            raw.setdefault(meant[1], value)
    except (LookupError, TypeError):
        return False
    return True


class Declarable(Protocol):
    """What the declaration must know of a component."""

    @property
    def kinds(self) -> tuple[Kind, ...]: ...

    @property
    def settings(self) -> type[Model] | None: ...

    def rendered(self, declaration: Declaration) -> Sequence[object]: ...


def check(declaration: Declaration, components: Mapping[str, Declarable]) -> Declaration:
    """The declaration, with the settings of these components. Raises `InvalidDeclaration` for what is wrong in them, for
    one that is declared for a kind of account that it is not for, and for what it makes that AWS would refuse."""
    found = list(component_mistakes(declaration, components)) or list(refused(declaration, components))
    if found:
        raise InvalidDeclaration("\n".join(found))
    return declaration


def component_mistakes(declaration: Declaration, components: Mapping[str, Declarable]) -> Iterator[str]:
    """Each a sentence with its file. The settings that are right are noted in the declaration."""
    for name, component in components.items():
        if component.settings and declaration.has_component(name):
            given = declaration._given.get(name, {})
            try:
                declaration._settings[name] = _validated(component.settings, given, camel(name))
            except InvalidDeclaration as invalid:
                yield from str(invalid).splitlines()
        elif name in declaration._given and not component.settings:
            yield f"{FILE}: {_unknown(camel(name), [camel(name)])}"
    for kind, names in declaration.baseline.items():
        for name in names:
            if name in components and kind not in components[name].kinds:
                kinds = " and ".join(components[name].kinds)
                yield f"{FILE}: baseline.{kind}: {name} is for accounts of kind {kinds}; take it out."


def settings_of(declaration: Declaration, component: str, model: type[M]) -> M:
    """What is declared for a component, for another one to read: `check` may have been told of that one alone. Raises
    `InvalidDeclaration`."""
    return _validated(model, declaration._given.get(component, {}), camel(component))


def refused(declaration: Declaration, components: Mapping[str, Declarable]) -> Iterator[str]:
    """What these components would make of a declaration without mistakes and AWS would refuse, each a sentence."""
    for name, component in components.items():
        if declaration.has_component(name):
            try:
                component.rendered(declaration)
            except InvalidDeclaration as invalid:
                yield from str(invalid).splitlines()


def _read(home: Path) -> dict[str, Any]:
    built = home / AS_JSON
    raw = json.loads(built.read_text()) if built.exists() else _read_yaml(home)
    if not isinstance(raw, dict):
        raise InvalidDeclaration(
            f"{FILE}: holds {shown(raw)}; it must be a mapping of keys, see baseline.schema.json."
        )
    return raw


def _read_yaml(home: Path) -> Any:
    try:
        text = (home / FILE).read_text()
    except FileNotFoundError:
        raise InvalidDeclaration(
            f"{FILE}: is missing in {home.name}/; restore it from the repository."
        ) from None
    return parsed(text, FILE)


def _validated(model: type[M], raw: Any, *within: str) -> M:
    quoting = not model.model_config.get("hide_input_in_errors")
    try:
        return model.model_validate(raw)
    except ValidationError as invalid:
        raise InvalidDeclaration(
            "\n".join(f"{FILE}: {_sentence(error, *within, quoting=quoting)}" for error in _errors(invalid))
        ) from None


FORMS = {"list_type": "a list", "model_type": "a mapping of keys"}


def _errors(invalid: ValidationError) -> Iterator[Any]:
    """Each mistake once, at the key where it stands. Of a value that may be a word or have another form, pydantic tells
    what is wrong with either, with the form's name in the place: here it is the one that was meant."""
    errors = invalid.errors()
    words = {
        each["loc"][:-1]: each
        for each in errors
        if ".".join(map(str, each["loc"][-1:])).startswith("literal[")
    }
    for error in errors:
        place = next((each for each in words if error["loc"][: len(each)] == each != error["loc"]), None)
        if place is None:
            yield error
        elif error is not words[place]:
            meant = isinstance(words[place]["input"], dict | list) and error["type"] not in FORMS
            if meant:
                yield {**error, "loc": (*place, *error["loc"][len(place) + 1 :])}
            elif error["type"] in FORMS:
                expected = f"{words[place]['ctx']['expected']} or {FORMS[error['type']]}"
                yield {**words[place], "loc": place, "ctx": {"expected": expected}}


def _sentence(error: Any, *within: str, quoting: bool = True) -> str:
    """Personal data, of a model that hides its input in errors, is not quoted."""
    key = ".".join(str(part) for part in (*within, *error["loc"]))
    given = shown(error["input"]) if quoting else "what is given"
    match error["type"]:
        case "missing":
            return f"{key}: is missing; add it."
        case "extra_forbidden":
            return _unknown(key, error["loc"])
        case "string_type" if isinstance(error["input"], int | float | date):
            return f"{key}: {given} is no text; put it in quotes."
        case "value_error" if not isinstance(error["input"], dict | list | Model):
            return f"{key}: {given} {error['ctx']['error']}."
        case "value_error":
            return f"{key + ': ' if key else ''}{error['ctx']['error']}."
        case "model_type":
            return f"{key}: {given} is not right: it must be a mapping of keys."
        case "literal_error":
            expected = error["ctx"]["expected"]
            close = did_you_mean(str(error["input"]), re.findall(r"'([^']+)'", expected))
            return f"{key}: {given} is unknown{close}; it must be {expected}."
        case _:
            return f"{key}: {given} {what_is_wrong(error)}."


def _unknown(key: str, place: Sequence[int | str]) -> str:
    close = did_you_mean(str(place[-1]), _keys_beside(place))
    return f"{key}: is an unknown key{close}; remove it, or see baseline.schema.json for the right name."


def _keys_beside(place: Sequence[int | str]) -> Iterator[str]:
    """The keys that may stand where this one does."""
    schema = Declaration.model_json_schema()

    def resolved(part: Any) -> Iterator[Any]:
        for each in part.get("anyOf", [part]):
            yield schema["$defs"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each

    here = [schema]
    for step in place[:-1]:
        inner = (
            each.get("items") if isinstance(step, int) else each.get("properties", {}).get(step)
            for each in here
        )
        here = [each for part in inner if part for each in resolved(part)]
    for each in here:
        yield from each.get("properties", {})


# -- policies ---------------------------------------------------------------------------------------


def _policy_mistakes(declaration: Declaration, policies: Mapping[str, Document]) -> Iterator[str]:
    """Policies that are missing, or that may not be used where they are."""
    if declaration.access.groups:
        yield from _unknown_policies(policies, "access.groups", [MFA_SELF_SERVICE])
    paths = {each.name: each.roles_below for each in declaration.access.boundaries}
    for boundary in declaration.access.boundaries:
        key = f"access.boundaries {boundary.name}"
        if boundary.name in policies:
            yield f"{key}: is the name of a file of policies/, too; choose another"
        yield from _unknown_policies(policies, f"{key}: policies", boundary.policies)
        ids = [
            statement["Sid"]
            for name in boundary.policies
            for statement in statements(policies.get(name, {}))
            if "Sid" in statement
        ]
        if twice := sorted({each for each in ids if ids.count(each) > 1}):
            yield (
                f"{key}: policies: two statements have the Sid {twice[0]}, and they become one policy; "
                "rename one of them"
            )
    for role in declaration.access.roles:
        if role.permissions_boundary is None and "IAMFullAccess" in role.managed_policies:
            yield (
                f"access.roles {role.name}: IAMFullAccess is a way to any power; set permissionsBoundary, "
                "or take it out"
            )
        yield from _unknown_policies(policies, f"access.roles {role.name}: policies", role.policies)
        for name in role.policies if role.permissions_boundary is None else ():
            if way := escalation(policies.get(name, {}), paths):
                yield (
                    f"access.roles {role.name}: policies/{name}.json gives it {way}, a way to any "
                    f"power; set permissionsBoundary, or take {way} out"
                )
    yield from _cdk_mistakes(declaration, policies, paths)
    for stack in declaration.stacks:
        yield from _unknown_policies(policies, f"stacks {stack.name}: policies", stack.policies)
    for group in declaration.access.groups:
        yield from _unknown_policies(policies, f"access.groups {group.name}: policies", group.policies)
        for name in group.policies:
            if name.startswith(ENTER):
                yield (
                    f"access.groups {group.name}: policies: {name!r} begins with {ENTER}, as "
                    "Groundwork's own policies do; rename the file"
                )


def _cdk_mistakes(
    declaration: Declaration, policies: Mapping[str, Document], paths: Mapping[str, str]
) -> Iterator[str]:
    """What apps are deployed with opens no way to any power, either."""
    if not declaration.has_component("cdk"):
        return
    named = (("policies", declaration.cdk.policies), ("lookupPolicies", declaration.cdk.lookup_policies))
    for key, names in named:
        yield from _unknown_policies(policies, f"cdk.{key}", names)
        for name in names:
            if way := escalation(policies.get(name, {}), paths):
                yield f"cdk.{key}: policies/{name}.json gives {way}, a way to any power; take {way} out"


def _unknown_policies(policies: Mapping[str, Document], key: str, names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if name not in policies:
            yield f"{key}: {name!r} is no file in policies/; add policies/{name}.json"
