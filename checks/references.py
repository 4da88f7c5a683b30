"""Documents that are made from the code they are about: errors with their remedies, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from botocore.session import get_session
from samtranslator.yaml_helper import yaml_parse

from groundwork.aws.refusals import SERVICES, Answer, Service
from groundwork.baseline.component import Component, Permission
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import load
from groundwork.errors import ComponentNotSettled, GroundworkError, Pending, Refused, every_error
from groundwork.vending.creation import REASONS

ROOT = Path(__file__).parent.parent
MADE = "<!-- Made by `make format` from {}; `make check` fails when it is not current. -->"


# -- errors ------------------------------------------------------------------------------------------


def errors() -> str:
    """docs/errors.md."""
    ours = [error for error in every_error() if error not in (GroundworkError, Pending, Refused)]
    waits = [error for error in ours if issubclass(error, Pending)]
    refuses = [error for error in ours if issubclass(error, Refused)]
    others = [error for error in ours if error not in (*waits, *refuses, ComponentNotSettled)]
    return "\n".join(
        [
            "# Errors and remedies",
            "",
            MADE.format("layers/groundwork: errors.py, vending/creation.py and aws/refusals"),
            "",
            "`error` of `Account Failed`, and the error of the failed execution, is one of these names. `cause` names",
            "the account, the field or the resource. `remedy` is the text in the last column.",
            "",
            "## Refused",
            "",
            "Asking again with the same input changes nothing.",
            "",
            *_errors(refuses),
            "",
            "## Waited for",
            "",
            "The state machine asks again by itself. One of these fails an execution only when its patience ends. How long",
            "that is on average (AWS draws each wait between nothing and the longest) is said by state; the execution itself",
            "ends after six hours.",
            "",
            *_errors([*waits, ComponentNotSettled], patience()),
            "",
            "## Failed",
            "",
            *_errors(others),
            "",
            "## AccountRefused: AWS's reasons",
            "",
            "AWS took the request and did not make the account. Groundwork asks again by itself where it says so.",
            "",
            *table(
                ("Reason", "What it means", "Remedy"),
                [
                    (
                        f"`{name}`",
                        reason.meaning + (" (asked again)" if reason.passing else ""),
                        reason.remedy,
                    )
                    for name, reason in sorted(REASONS.items())
                ],
            ),
            "",
            "## AWS's exceptions, call by call",
            "",
            "Every exception that botocore's models, or AWS's documentation of CloudFormation, S3 and EC2, have for a call that Groundwork",
            "makes. Calls in members and in the management account's components are named here; a call of Organizations",
            "elsewhere is asked again as `OrganizationBusy` where a component's is as `ComponentNotSettled`. Throttling and",
            "faults of any service are first asked again by the SDK, up to eight times. A component that waits for what AWS does by itself",
            "waits as long where AWS takes no more calls, or IAM Identity Center is at work on the same: `StackInProgress` and",
            "`IdentityCenterInProgress` come in place of `ComponentNotSettled` then.",
            "",
            *_exceptions(),
            "### Reasons of Organizations",
            "",
            "Of `ConstraintViolationException` and `InvalidInputException`, besides those of CreateAccount.",
            "",
            *table(
                ("Reason", "What happens"),
                [
                    (f"`{reason}`", _what_happens(answer))
                    for reason, answer in sorted(SERVICES["organizations"].reasons.items())
                ],
            ),
            "",
            "### Reasons of IAM Identity Center",
            "",
            "Of its exceptions, and of those of its identity store, where AWS KMS refuses what they ask of a key of your own.",
            "",
            *table(
                ("Service", "Reason", "What happens"),
                [
                    (f"`{service}`", f"`{reason}`", _what_happens(answer))
                    for service in ("identitystore", "sso-admin")
                    for reason, answer in sorted(SERVICES[service].reasons.items())
                ],
            ),
            "",
            "## Every other name",
            "",
            "`States.Timeout`, `Lambda.Unknown` and the like are AWS's own, as are the codes of AWS services.",
            f"Their remedy: {GroundworkError.remedy}",
            "",
        ]
    )


def _errors(
    kinds: Sequence[type[GroundworkError]], patience: Mapping[str, str] | None = None
) -> Iterator[str]:
    heads = ("Error", "When", *(("How long",) if patience else ()), "Remedy")
    rows = [
        (
            f"`{kind.__name__}`",
            " ".join((kind.__doc__ or "").split()),
            *((patience[kind.__name__],) if patience else ()),
            _plain(kind.remedy),
        )
        for kind in sorted(kinds, key=lambda each: each.__name__)
    ]
    return table(heads, rows)


def patience() -> dict[str, str]:
    """For how long the state machine asks again after each error, in words: by state where that differs."""
    machine = json.loads((ROOT / "statemachines" / "vend_account.asl.json").read_text())
    found: dict[str, dict[int, list[str]]] = {}
    for name, state in _states(machine):
        for retry in state.get("Retry", []):
            for error in retry["ErrorEquals"]:
                found.setdefault(error, {}).setdefault(_minutes(retry), []).append(name)
    for error in CAUGHT:
        found.setdefault(error, {})
    return {error: _patience(times) for error, times in found.items()}


CAUGHT = ("BaselineNotVerified", "CreationFailedForNow", "CreationTooFast")
"""What leads back to an earlier state."""


def _patience(times: Mapping[int, Sequence[str]]) -> str:
    if not times:
        return "goes back to an earlier state"
    most = max(times, key=lambda minutes: len(times[minutes]))
    words = f"{most} min"
    others = [
        f"{minutes} min in {', '.join(names)}" for minutes, names in sorted(times.items()) if minutes != most
    ]
    return "; ".join([words, *others])


def _minutes(retry: Mapping[str, Any]) -> int:
    """Full jitter takes half of each delay, on average."""
    delay, total = float(retry["IntervalSeconds"]), 0.0
    for _ in range(retry["MaxAttempts"]):
        total += min(delay, retry["MaxDelaySeconds"])
        delay *= retry["BackoffRate"]
    return max(1, round(total / (2 if retry.get("JitterStrategy") == "FULL" else 1) / 60))


def _states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in (*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])):
            yield from _states(inner)


def exceptions_of(service: str) -> dict[str, set[str]]:
    """The calls of Groundwork that may meet each exception, by botocore's model."""
    model = get_session().get_service_model(service)
    found: dict[str, set[str]] = {}
    for call in SERVICES[service].calls:
        for shape in model.operation_model(call).error_shapes:
            found.setdefault(shape.metadata.get("error", {}).get("code") or shape.name, set()).add(call)
    return found


def _exceptions() -> Iterator[str]:
    for name, service in SERVICES.items():
        modelled = exceptions_of(name)
        rows = []
        for code, answers in sorted(service.answers.items()):
            if isinstance(answers, Answer):
                rows.append((f"`{code}`", _calls(modelled.get(code, set()), service), _what_happens(answers)))
                continue
            named = {call for call in answers if call}
            for answer in dict.fromkeys(answers.values()):
                calls = {call for call in named if answers[call] == answer}
                if answers.get("") == answer:
                    calls |= modelled.get(code, set()) - named
                rows.append((f"`{code}`", _calls(calls, service), _what_happens(answer)))
        yield f"### {name}"
        yield ""
        yield from table(("Exception", "Calls", "What happens"), rows)
        yield ""


MANY = 9


def _calls(calls: Collection[str], service: Service) -> str:
    if calls == service.calls:
        return "all"
    if len(calls) > MANY:
        left = sorted(service.calls - set(calls))
        return f"{len(calls)} of {len(service.calls)}" if len(left) > MANY else f"all but {', '.join(left)}"
    return ", ".join(sorted(calls)) or "as documented"


def _what_happens(answer: Answer) -> str:
    return _plain(f"`{answer.error.__name__}`: {answer.words}" if answer.error else answer.words)


# -- permissions -------------------------------------------------------------------------------------


def permissions() -> str:
    """docs/permissions.md."""
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"]
    functions = {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    entry_roles = ", ".join(f"`{role}`" for role in load().entry_role_names)
    machine = resources["VendAccountStateMachine"]["Properties"]
    tried = [_statements(resource["Properties"]) for resource in resources.values() if _has_role(resource)]
    return "\n".join(
        [
            "# Who may do what",
            "",
            MADE.format("template.yaml and the components"),
            "",
            "Two things hold Groundwork: the role of each function, and, inside a member account, a session policy",
            "that is made for the one component at work. What a session may do is what both allow.",
            "",
            f"The {len(tried)} roles, those of functions, state machine and rules, hold {sum(map(len, tried))} statements.",
            "`tests/workflow/test_least_privilege.py` takes each out of its deployed role, and real work fails without it.",
            "",
            "## In the management account: the role of each function",
            "",
            "Besides these, each function's role may write its log and its trace (AWS managed policies that SAM attaches).",
            "",
            *(line for name, function in functions.items() for line in _function(name, function)),
            "## The state machine's role",
            "",
            *table(
                ("Statement", "Actions", "Resources", "Conditions"),
                map(_statement, _statements(machine)),
            ),
            "",
            "## Inside an account: the session of each component",
            "",
            f"`ApplyComponent` and `VerifyBaseline` enter a member account by one of its entry roles ({entry_roles}),",
            "for 15 minutes at most,",
            "with a session policy. Verifying allows what is in the table To look alone; a plan also what it looks at besides, and",
            "applying what is in To change.",
            "In the management account nothing is entered: the role of `ApplyManagementComponent` holds there.",
            "",
            *(line for name in COMPONENTS for line in _component(name)),
        ]
    )


def _function(name: str, function: Mapping[str, Any]) -> Iterator[str]:
    yield f"### {name.removesuffix('Function')}"
    yield ""
    yield f"{function['Description']}."
    yield ""
    yield from table(
        ("Statement", "Actions", "Resources", "Conditions"), map(_statement, _statements(function))
    )
    yield ""


def _has_role(resource: Mapping[str, Any]) -> bool:
    return "Policies" in resource["Properties"]


def _statements(holder: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    documents = [policy.get("PolicyDocument", policy) for policy in holder["Policies"]]
    return [statement for document in documents for statement in document["Statement"]]


def _statement(statement: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        str(statement["Sid"]),
        _lines(_listed(statement["Action"])),
        _lines([_resource(each) for each in _listed(statement["Resource"])]),
        _conditions(statement.get("Condition", {})),
    )


def _component(name: Any) -> Iterator[str]:
    component = COMPONENTS[name]
    kinds = [kind for kind, names in load().baseline.items() if name in names]
    yield f"### {name}"
    yield ""
    yield f"Laid down in accounts of kind {', '.join(kinds)}."
    tables = (
        ("To look", component.reads),
        ("To look, in a plan", component.reads_in_plan),
        ("To change", component.writes),
    )
    for title, held in (each for each in tables if each[1]):
        yield ""
        yield from table((title, "Resources", "Conditions"), map(_permission, held))
    if type(component).needs is not Component.needs:
        yield ""
        yield " ".join((type(component).needs.__doc__ or "").split())
    yield ""


def _permission(permission: Permission) -> tuple[str, ...]:
    filled = [
        each.replace("{account}", "<account>").replace("{partition}", "<partition>")
        for each in permission.resources
    ]
    return (
        _lines(sorted(permission.actions)),
        _lines(filled),
        "<br>".join(filter(None, (_conditions(permission.conditions), _kinds(permission)))),
    )


def _kinds(permission: Permission) -> str:
    return f"only in accounts of kind {', '.join(permission.kinds)}" if permission.kinds else ""


def _resource(value: Any) -> str:
    """A resource of the template as a person reads it: `Ledger`, or an ARN with <account> and <region>."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return str(value["Ref"]).replace("AWS::AccountId", "<account>")
    if "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    text = str(value["Fn::Sub"])
    for ours, theirs in (("Partition", "partition"), ("AccountId", "account"), ("Region", "region")):
        text = text.replace(f"${{AWS::{ours}}}", f"<{theirs}>")
    return text


def _conditions(conditions: Mapping[str, Any]) -> str:
    told = []
    for operator, keys in conditions.items():
        for key, value in keys.items():
            values = ", ".join(_resource(each) for each in _listed(value))
            told.append(f"{operator} {key}: {values}")
    return _lines(told)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


# -- tables ------------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Any) -> Iterator[str]:
    """A table of Markdown."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(words: str) -> str:
    """Words in which < and > stand for themselves."""
    return words.replace("<", "&lt;").replace(">", "&gt;")


def _lines(items: Sequence[str]) -> str:
    return "<br>".join(f"`{item}`" for item in items)
