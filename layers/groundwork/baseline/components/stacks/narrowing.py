"""The order in which the power of a stack's role goes and comes while CloudFormation is to change the stack, or does so: what the
template no longer has is deleted by the permissions of before. So what gives power comes first, and what takes it away
after the update, whether that has come to its end or failed.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from groundwork.baseline.component import Call
from groundwork.baseline.components.access.documents import ROLE_INLINE_CHARACTERS, compact, together
from groundwork.baseline.components.access.state import RoleState
from groundwork.baseline.documents import widens
from groundwork.declaration.policy_files import Document, statements


def after_the_update(
    calls: Iterable[Call], found: RoleState, wanted: RoleState, update: str
) -> Iterator[Call]:
    """The calls that lead from the role as it is to the wanted one, in that order."""
    for call in calls:
        if call.operation in ("DeleteRolePolicy", "DetachRolePolicy") and call.is_open:
            yield replace(call, after=update)
        elif call.operation == "PutRolePolicy" and call.parameters["PolicyName"] in found.inline:
            yield from _put(call, found, wanted, update)
        else:
            yield call


def _put(call: Call, found: RoleState, wanted: RoleState, update: str) -> Iterator[Call]:
    """In two steps, where it takes power away."""
    name = call.parameters["PolicyName"]
    before, declared = found.inline[name], wanted.inline[name]
    if not widens(before, declared):
        yield call
        return
    if widens(declared, before) and not _is_both(before, declared):
        both = together([_allowed(before), declared])
        inline = {**found.inline, **wanted.inline, name: both}
        if sum(len("".join(compact(each).split())) for each in inline.values()) > ROLE_INLINE_CHARACTERS:
            yield call  # at once, as there is no room for both
            return
        told = f"{call.reason}; what it allowed before stays until {update}"
        yield replace(call, parameters={**call.parameters, "PolicyDocument": compact(both)}, reason=told)
    yield replace(call, after=update)


def _is_both(there: Document, declared: Document) -> bool:
    """Whether the first step has been made."""
    wanted = statements(declared)
    denials = [each for each in statements(there) if each["Effect"] == "Deny"]
    return all(each in statements(there) for each in wanted) and all(each in wanted for each in denials)


def _allowed(document: Document) -> Document:
    """Without its denials, and without the names of its statements, which IAM takes but once."""
    kept = [each for each in statements(document) if each["Effect"] == "Allow"]
    unnamed = [{key: value for key, value in each.items() if key != "Sid"} for each in kept]
    return {**document, "Statement": unnamed}
