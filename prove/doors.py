"""The doors are those that an outside evaluator finds: asked of every door of the default declaration and of declarations
drawn at random, and of what is behind some."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.baseline.components.access.state import RoleState
from groundwork.declaration import Declaration
from groundwork.declaration.loading import HOME, check, load
from groundwork.declaration.policy_files import Document
from groundwork.doors.asking import Actor, attempts, enters, inside, may, request, standing
from groundwork.doors.declared import without_aws
from groundwork.doors.people import Someone, people
from groundwork.doors.premises import Place, Premises
from groundwork.doors.probes import SAMPLES, Probe, sample
from groundwork.errors import InvalidDeclaration
from prove.asked import Caller, Case, Wish, outsider_answers
from prove.chapter import Chapter, Say

DECLARATIONS, INSIDE = 8, 300
"""Declarations drawn besides the default one, and questions about what is behind the doors of each."""
MOST_DOORS = 500
"""Of a drawn declaration."""
MANAGED = ("ReadOnlyAccess", "PowerUserAccess", "SecurityAudit", "job-function/ViewOnlyAccess")
UNITS = ("Security", "Infrastructure", "Workloads", "Workloads/Development", "Workloads/Production")
UNKNOWN_TO_IT = "aws:principalorgmasteraccountid"
"""The outside evaluator stumbles over this key, which none of these policies asks for."""
Question = tuple[str, bool, list[Case]]
"""In words, what the doors say, and the cases of which one must be allowed."""


def prove(seed: int, say: Say) -> Chapter:
    chapter, random = Chapter("Doors", "doors and powers"), Random(seed)  # noqa: S311 - the same again
    declarations = [check(load(), COMPONENTS), *_drawn(random, DECLARATIONS)]
    opened = 0
    for number, declaration in enumerate(declarations):
        (premises,) = without_aws(declaration)
        questions = list(_entering(premises))
        if number:
            questions = random.sample(questions, min(len(questions), MOST_DOORS))
        questions += _behind(premises, random)
        say(f"declaration {number} of {len(declarations) - 1}: {len(questions)} questions")
        opened += sum(ours for _, ours, _ in questions)
        for words, ours, theirs in _answered(questions):
            chapter.expect(f"declaration {number}: {words}", ours, theirs, words)
    chapter.words.append(
        f"the default declaration and {DECLARATIONS} others; {opened} times the answer is yes"
    )
    return chapter


def _answered(questions: Sequence[Question]) -> Iterator[tuple[str, bool, bool | str]]:
    answers = iter(outsider_answers([case for _, _, cases in questions for case in cases]))
    for words, ours, cases in questions:
        said = [next(answers) for _ in cases]
        error = next((each.error for each in said if each.error), "")
        yield words, ours, error or any(each.allowed for each in said)


# -- questions ------------------------------------------------------------------------------------------


def _entering(premises: Premises) -> Iterator[Question]:
    for who, place in product(people(premises), premises.places.values()):
        for mfa, role in product(who.mfa, place.roles):
            actor = standing(who, mfa, premises)
            caller = _caller(actor, who.identity, who.boundary, _home(who, premises))
            cases = [
                _case(caller, actor, probe, place, premises, role.trust)
                for probe in attempts(actor, place, role, premises)
            ]
            words = f"{who.words} {'with' if mfa else 'without'} MFA enters {place.words} by {role.name}"
            yield words, enters(actor, place, role, premises), cases


def _behind(premises: Premises, random: Random) -> Iterator[Question]:
    doors = [(place, role) for place in premises.places.values() for role in place.roles]
    actions = [action for actions in SAMPLES.values() for action in actions]
    for _ in range(INSIDE):
        (place, role), action = random.choice(doors), random.choice(actions)
        actor = inside(place, role, False, premises)
        caller = _caller(actor, _documents(place, role), place.boundary(role), place)
        probe = sample(action, premises.organization.partition, place.account.id)
        words = f"whoever entered {place.words} by {role.name} may {action}"
        yield words, may(actor, probe, place, premises), [_case(caller, actor, probe, place, premises)]


def _home(who: Someone, premises: Premises) -> Place | None:
    return premises.places.get(who.account_id or "")


def _documents(place: Place, role: RoleState) -> tuple[Document, ...]:
    return tuple(place.documents(role))


def _caller(
    actor: Actor, identity: Sequence[Document], boundary: Sequence[Document] | None, home: Place | None
) -> Caller:
    return Caller(
        "",
        str(actor.caller.arn),
        tuple(identity),
        role_arn=actor.caller.role_arn,
        boundary=boundary[0] if boundary else None,
        organization_policies=tuple(tuple(level) for level in home.control) if home else (),
    )


def _case(
    caller: Caller,
    actor: Actor,
    probe: Probe,
    place: Place,
    premises: Premises,
    trust: Document | None = None,
) -> Case:
    asked = request(actor, probe, place, premises)
    keys = {
        key: value if isinstance(value, str) else list(value)
        for key, value in asked.context.items()
        if key != UNKNOWN_TO_IT
    }
    return Case(caller, Wish("", probe.action, probe.resource, place.account.id, trust, keys), allowed=True)


# -- declarations ---------------------------------------------------------------------------------------


def _drawn(random: Random, many: int) -> Iterator[Declaration]:
    """As many that AWS would take."""
    while many:
        with TemporaryDirectory() as made:
            home = Path(made)
            (home / "policies").symlink_to(HOME / "policies")
            (home / "baseline.yaml").write_text(json.dumps(_changed(random)))
            try:
                yield check(load(home), COMPONENTS)
            except InvalidDeclaration:
                continue
            many -= 1


def _changed(random: Random) -> dict[str, Any]:
    raw: dict[str, Any] = yaml.safe_load((HOME / "baseline.yaml").read_text())
    access = raw["access"]
    for role in access["roles"]:
        where = role["where"]
        if random.random() < 0.4 and "organizationalUnits" not in where:
            where["exceptOrganizationalUnits"] = _units(random)
        if random.random() < 0.4:
            role["managedPolicies"] = random.sample(MANAGED, random.randint(0, 2))
        if random.random() < 0.3:
            role["permissionsBoundary"] = random.choice(["observe", "ReadOnlyAccess"])
    for group in access["groups"]:
        for enter in group["enter"]:
            if random.random() < 0.5:
                enter |= {"organizationalUnits": _units(random)}
            if random.random() < 0.3:
                enter |= {"kinds": random.choice([["workload"], ["tooling"]])}
        if random.random() < 0.3:
            group["managedPolicies"] = [random.choice(MANAGED)]
    access["roles"][4]["trust"]["principals"] = random.choice(
        [["role/*"], ["role/a/*", "role/b"], ["role/ci-cd/*"]]
    )
    access["users"] = [
        {"name": f"user-{n}", "groups": [random.choice(access["groups"])["name"]]} for n in range(2)
    ]
    trust = {"account": "123456789012", "externalId": "abc", "mfa": "required"}
    access["roles"].append(
        {"name": "partner", "where": {"kinds": ["workload"]}, "trust": trust, "policies": ["observe"]}
    )
    if random.random() < 0.5:
        narrow = {"name": "OrganizationAccountAccessRole", "trust": "narrow", "breakGlass": ["user/rescue-*"]}
        raw["entryRoles"] = [narrow]
    if random.random() < 0.5:
        raw["guardrails"] = {"where": ["Security", random.choice(UNITS[1:])]}
    return raw


def _units(random: Random) -> list[str]:
    return random.sample(UNITS, random.randint(1, 3))
