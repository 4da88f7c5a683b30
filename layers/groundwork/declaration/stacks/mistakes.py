"""What is wrong in declared stacks, and between them and their templates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from groundwork.declaration import Declaration
from groundwork.declaration.aws_names import did_you_mean
from groundwork.declaration.stacks import (
    COMPONENT,
    IN_PARAMETERS,
    IN_PARAMETERS_OF_SETS,
    SETS,
    Stack,
    stack_sets,
)
from groundwork.declaration.stacks.set_mistakes import OWN_VALUES, administrators, in_stack_set
from groundwork.declaration.stacks.templates import FOLDER, IAM, LONGEST_SENT, NAMED_IAM, Template
from groundwork.fields import check_tags, is_below, shown

MOST_READS = 700
"""Characters of all actions of driftReads, each in quotation marks: what a plan's session has room for."""
ROOM_FOR_TEMPLATES = 180
"""What is less of it where a large template is read."""
LONGEST_PARAMETER = 4_096
"""Bytes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""


def stack_mistakes(declaration: Declaration, templates: Mapping[str, Template]) -> Iterator[str]:
    """Each a sentence, which names key, value and remedy."""
    names = [each.name for each in declaration.stacks]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        yield f"stacks declares {twice[0]!r} twice; give one of them another name"
    for each in declaration.stacks:
        own = in_stack_set(each, declaration) if each.by_stack_set else _in_stack(each, declaration, names)
        for mistake in (
            *own,
            *_in_either(each, declaration),
            *_in_template(each, templates),
            *_in_large_template(each, declaration, templates),
        ):
            yield f"stacks {each.name}: {mistake}"
    if not stack_sets(declaration.stacks) and len(administrators(declaration)) > 1:
        yield f"baseline: security and tooling have {SETS}, and one account administers StackSets; leave it in one of them"
    reads = sum(
        len(f'"{action}",') for action in {read for each in declaration.stacks for read in each.drift_reads}
    )
    most = MOST_READS - ROOM_FOR_TEMPLATES if declaration.large_templates else MOST_READS
    if reads > most:
        yield (
            f"stacks: driftReads of all have {reads:,} characters, and a session has room for {most}: write several as "
            "one, like sns:Get*"
        )
    try:
        TopologicalSorter({each.name: each.after for each in declaration.stacks}).prepare()
    except CycleError as cycle:
        yield f"stacks: {' waits for '.join(cycle.args[1])}: take one of them out of the other's after"


def _in_stack(stack: Stack, declaration: Declaration, names: list[str]) -> Iterator[str]:
    if not stack.where.kinds:
        yield "where.kinds: is missing; name kinds of account, like [workload]"
    if "management" in stack.where.kinds:
        yield "where.kinds: management is no member account, and Groundwork deploys nothing there; take it out"
    for kind in stack.where.kinds:
        if kind != "management" and COMPONENT not in declaration.baseline.get(kind, []):
            yield f"where.kinds: baseline.{kind} lacks {COMPONENT}; add it"
    for name in stack.after:
        if name not in names:
            yield f"after: {name!r} is no stack that is declared{did_you_mean(name, names)}; correct it"
        elif any(each.name == name and each.by_stack_set for each in declaration.stacks):
            yield f"after: {name!r} is a StackSet, for which no account waits; take it out"
    if not (stack.policies or stack.managed_policies):
        yield (
            "gives CloudFormation nothing that it may do; name under policies a file that allows what the template makes, "
            "changes, reads and deletes"
        )
    if stack.drift_reads and not stack.drift_detection:
        yield "driftReads: is for driftDetection, which is off; set driftDetection: true, or take driftReads out"
    if stack.stack_set is not None:
        yield "stackSet: is for mode: stackSet; set that, or take stackSet out"


def _in_either(stack: Stack, declaration: Declaration) -> Iterator[str]:
    for region in stack.regions:
        if region not in declaration.regions.governed:
            yield f"regions: {shown(region)} is not governed; add it to regions.governed, or take it out"
    if "guardrails" not in declaration.baseline.get("management", []):
        yield (
            "needs guardrails in baseline.management: whoever may change the stack has the power of its role, and only the "
            "guard rails deny that"
        )
    elif not _is_guarded(stack, declaration.guardrails.where):
        yield (
            "where: is in accounts outside of guardrails.where, where whoever may change the stack has the power of its role; "
            "name organizationalUnits below those, or take guardrails.where out"
        )


def _is_guarded(stack: Stack, guarded: Sequence[str]) -> bool:
    """Whether the guard rails reach all accounts that it may be in; without units they hang on the root."""
    units = stack.where.organizational_units
    return not guarded or (
        bool(units) and all(any(is_below(unit, each) for each in guarded) for unit in units)
    )


def _in_large_template(
    stack: Stack, declaration: Declaration, templates: Mapping[str, Template]
) -> Iterator[str]:
    if stack.template not in templates or not templates[stack.template].is_large:
        return
    is_large = f"template: {FOLDER}/{stack.template} has more than {LONGEST_SENT:,} bytes"
    if stack.by_stack_set:
        yield f"{is_large}, which Groundwork sends along with a StackSet; make two of it, or set mode: stack"
    elif "log-archive" not in declaration.baseline.get("security", []):
        yield (
            f"{is_large}, which CloudFormation reads from a bucket that log-archive makes; add log-archive to "
            "baseline.security, or make two stacks of it"
        )


def _in_template(stack: Stack, templates: Mapping[str, Template]) -> Iterator[str]:
    template = templates.get(stack.template)
    if template is None:
        yield f"template: {stack.template!r} is no file in {FOLDER}/{did_you_mean(stack.template, templates)}; add it"
        return
    yield from _in_parameters(stack, template)
    for name in template.parameters.keys() - template.values(stack.parameters).keys():
        yield f"parameters.{name}: is missing, and the template has no default; give it a value"
    needed = template.capability
    if needed and needed not in stack.capabilities and NAMED_IAM not in stack.capabilities:
        what = "roles or users, and names them" if needed == NAMED_IAM else "roles, users or policies"
        least = needed if needed == NAMED_IAM else f"{IAM} (or {NAMED_IAM})"
        yield f"capabilities: the template makes {what}; say that you know it: {least}"


def _in_parameters(stack: Stack, template: Template) -> Iterator[str]:
    for name, value in stack.parameters.items():
        if name not in template.parameters:
            close = did_you_mean(name, template.parameters)
            yield f"parameters.{name}: {FOLDER}/{stack.template} has no such parameter{close}; take it out"
        if len(value) > LONGEST_PARAMETER:
            yield f"parameters.{name}: has {len(value):,} characters; CloudFormation takes {LONGEST_PARAMETER:,}"
        filled_in = IN_PARAMETERS_OF_SETS if stack.by_stack_set else IN_PARAMETERS
        for placeholder in re.findall(r"<([A-Za-z]\w*)>", value):
            if placeholder not in filled_in:
                known = ", ".join(f"<{each}>" for each in filled_in)
                more = (
                    f" (one value is for all accounts of a StackSet: {OWN_VALUES})"
                    if stack.by_stack_set
                    else ", or <tag:KEY>"
                )
                yield f"parameters.{name}: <{placeholder}> is not filled in; write one of {known}{more}"
    if stack.by_stack_set:
        for name in stack.tags_in_parameters:
            yield (
                f"parameters.{name}: <tag:...> differs from account to account, and one value is for all accounts of a "
                "StackSet; take it out, or set mode: stack"
            )
    for name, keys in stack.tags_in_parameters.items():
        for key in keys:
            try:
                check_tags({key: ""})
            except ValueError as wrong:
                yield f"parameters.{name}: <tag:{key}> {wrong}"
