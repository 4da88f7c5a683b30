"""guardrails: in states that nobody saw, what is planned is complete, and nothing in it is superfluous."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from groundwork.baseline.archive import is_known
from groundwork.baseline.central_policies import TAG, Former, FoundPolicy
from groundwork.baseline.component import Call
from groundwork.baseline.components.guardrails import SCP, Found, Guardrails
from groundwork.baseline.components.guardrails.document import guardrail_documents
from tests.component.without_aws import PURE, target_without_aws

GUARDRAILS = Guardrails()
NAME = "groundwork-guardrails"
ACCOUNT, ARCHIVE = f"{NAME}-account", f"{NAME}-archive"
DESCRIPTION = SCP.description
TARGET = target_without_aws("management")
ROOT = frozenset({TARGET.organization.root_id})
DOCUMENTS = guardrail_documents(TARGET.declaration, TARGET.organization)
WANTED = DOCUMENTS[NAME]
TAGS = {TAG["Key"]: TAG["Value"]}
GOOD = FoundPolicy("p-1", NAME, DESCRIPTION, WANTED, TAGS)
OTHERS = {
    name: FoundPolicy(f"p-{name}", name, DESCRIPTION, document, TAGS)
    for name, document in DOCUMENTS.items()
    if name != NAME
}

documents = st.sets(st.sampled_from(range(len(WANTED["Statement"])))).map(
    lambda kept: {**WANTED, "Statement": [WANTED["Statement"][number] for number in sorted(kept)]}
)


def seen(
    policy: FoundPolicy | None,
    attached: frozenset[str],
    former: tuple[Former, ...] = (),
    archive: frozenset[str] = ROOT,
) -> Found:
    """The first policy as it is found, and where the archive's hangs."""
    first, on = ({}, {}) if policy is None else ({NAME: policy}, {NAME: attached})
    return Found({**OTHERS, **first}, {ACCOUNT: ROOT, ARCHIVE: archive, **on}, former)


states = st.builds(
    seen,
    policy=st.none()
    | st.builds(
        FoundPolicy,
        id=st.just("p-1"),
        name=st.just(NAME),
        description=st.sampled_from([DESCRIPTION, "", "harmless"]),
        document=documents | st.just(WANTED),
        tags=st.sampled_from([{}, {"managed-by": "groundwork"}, {"managed-by": "me", "team": "red"}]),
    ),
    attached=st.sampled_from([frozenset(), ROOT]),
    former=st.sampled_from([(), (Former("p-2", "old-name", ("r-ab12",)),)]),
    archive=st.sampled_from([frozenset(), ROOT]),
)


def difference(found: Found) -> list[Call]:
    return [call for call in GUARDRAILS.diff(found, TARGET) if call.action != "report"]


def carried_out(found: Found, calls: Iterable[Call]) -> Found:
    for each in calls:
        given = each.parameters
        archive = found.attached[ARCHIVE]
        if each.resource.endswith(ARCHIVE):
            policy, attached = found.policies.get(NAME), found.attached.get(NAME, frozenset())
            found = seen(policy, attached, found.former, ROOT)
            continue
        policy = found.policies.get(NAME) or FoundPolicy("p-1", "", "", {}, {})
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
        policy = replace(
            policy,
            name=given.get("Name", policy.name),
            description=given.get("Description", policy.description),
            document=json.loads(given["Content"]) if "Content" in given else policy.document,
            tags={**policy.tags, **tags},
        )
        attached = ROOT if each.operation == "AttachPolicy" else found.attached.get(NAME, frozenset())
        found = seen(policy, attached, found.former, archive)
    return found


@PURE
@given(found=states)
def test_the_difference_is_complete_and_nothing_in_it_is_superfluous(found: Found) -> None:
    calls = difference(found)
    assert (calls == []) == (replace(found, former=()) == seen(GOOD, ROOT))
    assert difference(carried_out(found, calls)) == []
    for each in calls:
        assert difference(carried_out(found, [other for other in calls if other != each])) != []
        waits = each.operation == "UpdatePolicy" and not found.attached[ARCHIVE]
        assert (is_known(json.dumps(each.parameters)) and not waits) == (each.after == "")
