"""IAM policies: a document compiled once, then asked what it says of a request.

Pure: it knows no AWS state. Follows "IAM JSON policy elements reference" of the IAM User Guide.
How several policies combine is `groundwork.policies.decision`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Any, Literal

from groundwork.policies.conditions import (
    FIELDS,
    Condition,
    Context,
    MalformedPolicy,
    as_list,
    compile_conditions,
    glob,
    resource_glob,
    substitute,
)

VERSIONS = ("2012-10-17", "2008-10-17")
PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")
STATEMENT_ELEMENTS = frozenset(
    (
        *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"),
        *("Principal", "NotPrincipal", "Condition"),
    )
)
ACTION = re.compile(r"\*|[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
ANY_SERVICE = re.compile(r"arn:[^:]*:[^:]*[*?]")


class UncomputedKey(NotImplementedError):
    """A policy turns on a condition key that AWS knows for the action and that nobody computes here."""


class Kind(Enum):
    """Where a policy sits, and so which elements it has."""

    IDENTITY = "identity-based policy"  # also boundaries and SCPs: no principal
    SESSION = "session policy"  # as an identity-based one, but that it completes no short ARN
    RESOURCE = "resource-based policy"
    TRUST = "role trust policy"  # a resource policy whose resource is the role it is on


WITHOUT_PRINCIPAL = (Kind.IDENTITY, Kind.SESSION)


class Match(IntEnum):
    """How directly a resource policy names the caller; the higher, the fewer policies may still stop it."""

    NONE = 0
    ACCOUNT = 1  # the account is named: its identity policies decide
    ROLE = 2  # the role, or everyone: boundary and session policy still apply (of everyone, AWS does not say)
    DIRECT = 3  # the user, the session itself, or the service


@dataclass(frozen=True)
class Caller:
    """A principal as policies name it.

    For a role session `arn` is the session's and `role_arn` the role's. A service has only `service`, and who comes with
    a token of an identity provider only `federated`, which is the provider.
    """

    arn: str | None = None
    account: str | None = None
    role_arn: str | None = None
    service: str | None = None
    federated: str | None = None
    bounded: bool = False
    """Whether a permissions boundary is on the user or role."""

    def identities(self) -> tuple[str, ...]:
        return tuple(arn for arn in (self.arn, self.role_arn) if arn)


@dataclass(frozen=True)
class Request:
    """What is asked: an IAM action on one resource, by whom, and what else is known (keys in lower case)."""

    action: str
    resource: str
    context: Context = field(default_factory=dict)
    caller: Caller = Caller()
    uncomputed: tuple[str, ...] = ()
    """Prefixes, in lower case, of condition keys that AWS would set for this action and this request lacks."""


@dataclass(frozen=True)
class Verdict:
    denied: bool = False
    allowed: Match = Match.NONE


SILENT = Verdict()


def _completed(arn: str) -> str:
    """In a policy of an identity the fields that an ARN lacks are whatever they may be.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    missing = FIELDS - 1 - arn.count(":")
    return arn + ":*" * missing if arn.startswith("arn:") and "${" not in arn else arn


def _is_too_early(template: str) -> bool:
    """A policy variable before the fifth colon stands for nothing.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    return template.partition("${")[0].count(":") < FIELDS - 1


def _first_field(text: str) -> str:
    """Of an action its service. No wildcard stands there."""
    return text.partition(":")[0].lower()


class Patterns:
    """The values of an Action or a Resource element."""

    def __init__(
        self, values: Any, element: str, *, arns: bool, variables: bool, completes: bool = False
    ) -> None:
        self._everything = False
        self._exact: set[str] = set()
        self._patterns: dict[str, list[re.Pattern[str]]] = {}
        """By what stands before the first colon: AWS's own policies have thousands, for hundreds of services."""
        self._templates: list[str] = []
        for value in as_list(values):
            if not isinstance(value, str) or not value:
                raise MalformedPolicy(f"{element}: {value!r} is no text")
            if not arns and not ACTION.fullmatch(value):
                raise MalformedPolicy(f"{element}: {value!r} is no action; expected service:Action")
            if arns and value != "*" and not value.startswith(("arn:", "${")):
                raise MalformedPolicy(f"{element}: {value!r} is neither an ARN nor *")
            if arns and ANY_SERVICE.match(value):
                raise MalformedPolicy(f"{element}: {value!r}: the service must be named, without wildcards")
            if completes:
                value = _completed(value)
            if value == "*":
                self._everything = True
            elif arns and variables and "${" in value:
                self._templates += [] if _is_too_early(value) else [value]
            elif "*" in value or "?" in value:
                pattern = resource_glob(((value, False),)) if arns else glob(value.lower())
                self._patterns.setdefault(_first_field(value), []).append(pattern)
            else:
                self._exact.add(value if arns else value.lower())

    def match(self, text: str, context: Context) -> bool:
        if self._everything or text in self._exact:
            return True
        if any(pattern.fullmatch(text) for pattern in self._patterns.get(_first_field(text), ())):
            return True
        for template in self._templates:
            pieces = substitute(template, context)
            if pieces is not None and resource_glob(tuple(pieces)).fullmatch(text):
                return True
        return False


class Principals:
    """The values of a Principal element."""

    def __init__(self, element: Any, name: str) -> None:
        if element == "*":
            element = {"AWS": "*"}
        if not isinstance(element, Mapping) or not element:
            raise MalformedPolicy(f"{name}: expected * or an object of principals")
        self._names: dict[str, frozenset[str]] = {}
        for kind, values in element.items():
            if kind not in PRINCIPAL_TYPES:
                raise MalformedPolicy(f"{name}: unknown type of principal {kind!r}")
            self._names[kind] = frozenset(str(value) for value in as_list(values))
            for value in self._names[kind]:
                if kind == "AWS" and value != "*" and ("*" in value or "?" in value):
                    raise MalformedPolicy(f"{name}: {value!r}: a wildcard cannot be part of a principal")

    def match(self, caller: Caller) -> Match:
        if caller.service is not None:
            named = self._names.get("Service", frozenset())
            everyone = "*" in self._names.get("AWS", ())
            return Match.DIRECT if caller.service in named or everyone else Match.NONE
        if caller.federated is not None:
            return Match.DIRECT if caller.federated in self._names.get("Federated", ()) else Match.NONE
        named = self._names.get("AWS", frozenset())
        if caller.arn in named:
            return Match.DIRECT
        if caller.role_arn is not None and caller.role_arn in named:
            return Match.ROLE
        if "*" in named:
            return Match.ROLE if caller.role_arn is not None or caller.bounded else Match.DIRECT
        if caller.account is not None and self._names_account(caller.account):
            return Match.ACCOUNT
        return Match.NONE

    def spares(self, caller: Caller) -> bool:
        """Whether a Deny with this as NotPrincipal leaves the caller alone: it must be named with its account, and who
        has a permissions boundary never is.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
        """
        if caller.bounded:
            return False
        if caller.service is not None:
            return caller.service in self._names.get("Service", ())
        named = self._names.get("AWS", frozenset())
        account = caller.account is not None and self._names_account(caller.account)
        return account and all(arn in named for arn in caller.identities())

    def _names_account(self, account: str) -> bool:
        named = self._names.get("AWS", frozenset())
        return account in named or any(
            name.endswith(":root") and name.split(":")[4:5] == [account] for name in named
        )


class Statement:
    def __init__(self, element: Any, kind: Kind, variables: bool) -> None:
        if not isinstance(element, Mapping):
            raise MalformedPolicy("Statement: expected an object")
        if unknown := sorted(set(element) - STATEMENT_ELEMENTS):
            raise MalformedPolicy(f"Statement: unknown element {', '.join(unknown)}")
        if element.get("Effect") not in ("Allow", "Deny"):
            raise MalformedPolicy(f"Effect {element.get('Effect')!r}: expected Allow or Deny")
        self.denies = element["Effect"] == "Deny"
        name = _one_of(element, "Action", "NotAction", required=True)
        self._not_action = name == "NotAction"
        self._actions = Patterns(element[name], name, arns=False, variables=variables)
        name = _one_of(element, "Resource", "NotResource", required=kind is not Kind.TRUST)
        if kind is Kind.TRUST and name:
            raise MalformedPolicy("a role trust policy has no Resource")
        self._not_resource = name == "NotResource"
        completes = kind is Kind.IDENTITY
        self._resources = (
            Patterns(element[name], name, arns=True, variables=variables, completes=completes)
            if name
            else None
        )
        name = _one_of(element, "Principal", "NotPrincipal", required=kind not in WITHOUT_PRINCIPAL)
        if kind in WITHOUT_PRINCIPAL and name:
            raise MalformedPolicy(
                f"{name} has no place in a policy of this kind: it is for resource-based policies alone"
            )
        self._not_principal = name == "NotPrincipal"
        if self._not_principal and (kind is Kind.TRUST or not self.denies):
            raise MalformedPolicy("NotPrincipal is for a Deny, and for no role trust policy")
        self._principals = Principals(element[name], name) if name else None
        self._conditions: tuple[Condition, ...] = compile_conditions(
            element.get("Condition"), variables, self.denies
        )

    def match(self, request: Request) -> Match:
        if self._actions.match(request.action.lower(), request.context) is self._not_action:
            return Match.NONE
        if self._resources and self._resources.match(request.resource, request.context) is self._not_resource:
            return Match.NONE
        principal = self._match_principal(request.caller)
        if not principal:
            return Match.NONE
        for condition in self._conditions:
            if request.uncomputed and condition.key.startswith(request.uncomputed):
                raise UncomputedKey(
                    f"{request.action}: a policy asks for {condition.key}, which is not computed"
                )
            if not condition.holds(request.context):
                return Match.NONE
        return principal

    def _match_principal(self, caller: Caller) -> Match:
        if self._principals is None:
            return Match.DIRECT
        if self._not_principal:
            return Match.NONE if self._principals.spares(caller) else Match.DIRECT
        return self._principals.match(caller)


def _one_of(element: Mapping[str, Any], name: str, negation: str, *, required: bool) -> Any:
    if name in element and negation in element:
        raise MalformedPolicy(f"Statement: {name} and {negation} exclude each other")
    if name not in element and negation not in element:
        if required:
            raise MalformedPolicy(f"Statement: {name} is missing")
        return None
    return name if name in element else negation


class Policy:
    """One compiled document.

    Raises MalformedPolicy for anything that AWS's grammar does not know.
    """

    def __init__(self, document: Mapping[str, Any], kind: Kind) -> None:
        if not isinstance(document, Mapping):
            raise MalformedPolicy("a policy is a JSON object")
        if unknown := sorted(set(document) - {"Version", "Id", "Statement"}):
            raise MalformedPolicy(f"unknown element {', '.join(unknown)}")
        version = document.get("Version", "2008-10-17")
        if version not in VERSIONS:
            raise MalformedPolicy(f"Version {version!r}: expected one of {', '.join(VERSIONS)}")
        statements = as_list(document.get("Statement", []))
        if not statements:
            raise MalformedPolicy("Statement is missing")
        self.kind = kind
        self.statements = tuple(Statement(s, kind, version == "2012-10-17") for s in statements)

    def verdict(self, request: Request) -> Verdict:
        allowed = Match.NONE
        for statement in self.statements:
            if not statement.denies and allowed is Match.DIRECT:
                continue
            match = statement.match(request)
            if match and statement.denies:
                return Verdict(denied=True)
            allowed = max(allowed, match)
        return Verdict(allowed=allowed) if allowed else SILENT


@lru_cache(maxsize=20_000)
def _compiled(document: str, kind: Kind) -> Policy:
    try:
        parsed = json.loads(document)
    except ValueError as error:
        raise MalformedPolicy(f"not JSON: {error}") from error
    return Policy(parsed, kind)


def compile_policy(
    document: str | Mapping[str, Any],
    kind: Kind | Literal["identity", "session", "resource", "trust"] = Kind.IDENTITY,
) -> Policy:
    """A policy from its text (compiled once per text) or from the parsed document."""
    place = kind if isinstance(kind, Kind) else Kind[kind.upper()]
    return _compiled(document, place) if isinstance(document, str) else Policy(document, place)
