"""The public contract: what may be asked for, and what is answered. Others build on it; keep it stable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from groundwork.errors import InvalidRequest

Kind = Literal["management", "security", "tooling", "workload"]
RequestedKind = Literal["security", "tooling", "workload"]
Outcome = Literal["ready", "repaired", "unchanged", "drifted", "in-progress"]
"""`ready`: reached its baseline for the first time. `repaired`: a later run changed something. `unchanged`: there was
nothing to do. `drifted`: a plan found something to do. `in-progress`: another execution is on it and will answer."""

Mode = Literal["apply", "plan"]
"""`apply` closes the differences; `plan` tells them and writes nothing."""

Severity = Literal["high", "medium", "low"]
"""How bad a difference is. `high`: somebody may get in or gain power who should not, or evidence is not recorded, can be
lost or read. `medium`: something declared is missing or weaker than declared. `low`: names, descriptions, tags."""

SOURCE = "groundwork"
REQUESTED = "Account Requested"
OWN_TAGS = ("groundwork:kind", "groundwork:state", "groundwork:baseline", "groundwork:request")
"""The tags by which Groundwork marks an account in Organizations."""

MOST_TAGS = 50 - len(OWN_TAGS)
DEEPEST_UNIT = 5
LONGEST_UNIT_NAME = 128


class Model(BaseModel):
    """JSON is camelCase, Python snake_case; unknown fields are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
    )

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


# -- fields ----------------------------------------------------------------------------------------


def _account_name(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; give the account a name of 1 to 50 characters")
    if value != value.strip():
        raise ValueError("has spaces around it; remove them")
    if len(value) > 50:
        raise ValueError(f"has {len(value)} characters; AWS allows at most 50")
    if not re.fullmatch(r"[ -~]+", value):
        raise ValueError("may hold printable ASCII characters only; remove the others")
    return value


_LOCAL_PART = re.compile(r"""(?!\.)[!#$*+\-./0-9=?@A-Z^_`a-z{}~]+""")
_DOMAIN = re.compile(r"(?=.*\.)[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?")


def _email(value: str) -> str:
    """As Organizations demands of a root user's e-mail.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
    """
    if not value.strip():
        raise ValueError("is empty; give the root user an e-mail address of its own")
    if not 6 <= len(value) <= 64:
        raise ValueError(f"has {len(value)} characters; AWS takes 6 to 64")
    local, at, domain = value.rpartition("@")
    if (
        not at
        or "@" in local
        or not _LOCAL_PART.fullmatch(local)
        or not _DOMAIN.fullmatch(domain)
        or ".." in domain
    ):
        raise ValueError("is no e-mail address that AWS accepts; write it like aws+dev@example.com")
    return value


def unit_path(value: str) -> str:
    """A path of organizational units below the root, `Workloads/Development`."""
    names = value.split("/")
    if len(names) > DEEPEST_UNIT:
        raise ValueError(f"is {len(names)} levels deep; AWS allows {DEEPEST_UNIT} below the root")
    for name in names:
        if not name.strip():
            raise ValueError(
                "has an empty segment; write it like Workloads/Development, without slashes at its ends"
            )
        if name != name.strip():
            raise ValueError(f"has spaces around the segment {name!r}; remove them")
        if len(name) > LONGEST_UNIT_NAME:
            raise ValueError(f"has a segment of {len(name)} characters; AWS allows {LONGEST_UNIT_NAME}")
        if not name.isprintable():
            raise ValueError(f"has unprintable characters in the segment {name!r}; remove them")
    return value


_TAG_TEXT = re.compile(r"[\w\s.:/=+\-@]*")


def _tags(value: dict[str, str]) -> dict[str, str]:
    if len(value) > MOST_TAGS:
        raise ValueError(
            f"holds {len(value)} tags; AWS allows 50 and Groundwork sets {len(OWN_TAGS)}: give at most {MOST_TAGS}"
        )
    for key, text in value.items():
        prefix = key.partition(":")[0].lower()
        if prefix == "groundwork" and ":" in key:
            raise ValueError(
                f"holds the key {key!r}; keys that begin with groundwork: are Groundwork's own, choose another"
            )
        if prefix == "aws" and ":" in key:
            raise ValueError(
                f"holds the key {key!r}; keys that begin with aws: are reserved by AWS, choose another"
            )
        if not 1 <= len(key) <= 128:
            raise ValueError(f"holds a key of {len(key)} characters ({shown(key)}); AWS takes 1 to 128")
        if len(text) > 256:
            raise ValueError(
                f"holds a value of {len(text)} characters at the key {key!r}; AWS takes at most 256"
            )
        if not _TAG_TEXT.fullmatch(key) or not _TAG_TEXT.fullmatch(text):
            raise ValueError(
                f"holds a character AWS does not take at the key {shown(key)}; use letters, digits, spaces and _.:/=+-@"
            )
    return value


def _account_id(value: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", value):
        raise ValueError("is no account id; an account id has exactly 12 digits")
    return value


Some = TypeVar("Some", list[Any], dict[str, Any])


def _some(value: Some) -> Some:
    """What somebody computed and found nothing: not to be taken for everything."""
    if not value:
        raise ValueError("is empty; name some, or leave it out to have all")
    return value


NotEmpty = AfterValidator(_some)


AccountName = Annotated[str, AfterValidator(_account_name)]
Email = Annotated[str, AfterValidator(_email)]
UnitPath = Annotated[str, AfterValidator(unit_path)]
Tags = Annotated[dict[str, str], AfterValidator(_tags)]
AccountId = Annotated[str, AfterValidator(_account_id)]


# -- what starts an execution ----------------------------------------------------------------------


class AccountRequest(Model):
    """The detail of `Account Requested`."""

    account_name: AccountName
    email: Email
    kind: RequestedKind = "workload"
    organizational_unit: UnitPath | None = None
    tags: Tags = Field(default_factory=dict)


class Requested(Model):
    """Somebody posted `Account Requested`."""

    request_id: str
    asked: AccountRequest


class Created(Model):
    """Organizations made an account, for whomever: `CreateAccountResult` with state SUCCEEDED."""

    request_id: str
    creation_id: str
    account_id: AccountId


class StartedByHand(Model):
    """A person, the scheduled pass or the roll-out started the machine for an account that is there.

    `started_by` is what Step Functions' console links a nested execution by."""

    account_id: AccountId
    mode: Mode = "apply"
    components: Annotated[list[str], NotEmpty] = Field(default_factory=list)
    started_by: str | None = Field(default=None, alias="AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID")


class Filter(Model):
    """Some of an organization's accounts. A unit's path stands for all that is below it."""

    account_ids: Annotated[list[AccountId], NotEmpty] = Field(default_factory=list)
    organizational_units: Annotated[list[UnitPath], NotEmpty] = Field(default_factory=list)
    kinds: Annotated[list[Kind], NotEmpty] = Field(default_factory=list)
    tags: Annotated[dict[str, str], NotEmpty] = Field(default_factory=dict)


class RollOut(Model):
    """What `groundwork-roll-out` is started with. An account is in it when it matches every key of `include` that is
    given, and out of it when it matches any key of `exclude`. The other two stand in for what the declaration says."""

    mode: Mode = "apply"
    include: Filter = Field(default_factory=Filter)
    exclude: Filter = Field(default_factory=Filter)
    concurrency: int | None = Field(default=None, ge=1, le=1000)
    tolerated_failure_percentage: int | None = Field(default=None, ge=0, le=100)


Trigger = Requested | Created | StartedByHand


def read_trigger(raw: Any) -> Trigger:
    """The trigger behind an execution's input. Raises `InvalidRequest`, naming field, value and remedy."""
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f'The input is {shown(raw)}; start with {{"accountId": "<12 digits>"}}.')
    if "detail-type" not in raw:
        return _parse(StartedByHand, raw)
    detail = raw.get("detail")
    if raw.get("source") == SOURCE and raw["detail-type"] == REQUESTED:
        if not isinstance(detail, Mapping):
            raise InvalidRequest(
                f"The event's detail is {shown(detail)}; it must be an object with accountName and email."
            )
        return Requested(request_id=str(raw.get("id", "")), asked=_parse(AccountRequest, detail))
    if raw.get("source") == "aws.organizations" and isinstance(detail, Mapping):
        status = (detail.get("serviceEventDetails") or {}).get("createAccountStatus") or {}
        if status.get("state") == "SUCCEEDED":
            created = {
                "requestId": str(raw.get("id", "")),
                "creationId": status.get("id"),
                "accountId": status.get("accountId"),
            }
            return _parse(Created, created)
    raise InvalidRequest(
        f"The event {shown(raw['detail-type'])} of source {shown(raw.get('source'))} starts nothing; "
        f"Groundwork takes {REQUESTED!r} of source {SOURCE!r}, and Organizations' CreateAccountResult with state SUCCEEDED."
    )


def read_roll_out(raw: Any) -> RollOut:
    """What a roll-out was started with. Raises `InvalidRequest`, naming field, value and remedy."""
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f'The input is {shown(raw)}; start with {{}} or {{"mode": "plan"}}.')
    return _parse(RollOut, raw)


MOST_MISTAKES = 10
"""Named of one request: a cause must fit into an execution's state, however much somebody posts."""

M = TypeVar("M", bound=Model)


def _parse(model: type[M], raw: Mapping[str, Any]) -> M:
    try:
        return model.model_validate(dict(raw))
    except ValidationError as invalid:
        mistakes = [_sentence(error, model) for error in invalid.errors()[:MOST_MISTAKES]]
        rest = invalid.error_count() - len(mistakes)
        raise InvalidRequest(" ".join(mistakes + ([f"And {rest} more."] if rest else []))) from None


def _sentence(error: Any, model: type[Model]) -> str:
    """One pydantic error in words: the field, the value, the remedy."""
    field = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"{field} is missing; it is required."
        case "extra_forbidden":
            known = ", ".join(_known_fields(model, error["loc"][:-1]))
            return f"{field[:100]} is an unknown field; known are {known}."
        case "value_error":
            return f"{field} {shown(error['input'])} {error['ctx']['error']}."
        case "literal_error":
            return f"{field} {shown(error['input'])} is unknown; it must be {error['ctx']['expected']}."
        case _:
            return (
                f"{field} {shown(error['input'])} is not right: {error['msg'][0].lower()}{error['msg'][1:]}."
            )


def _known_fields(model: type[Model], within: tuple[str | int, ...]) -> list[str]:
    """The fields a person may give, of the model or of one that it holds."""
    for part in within:
        held = next((info.annotation for info in model.model_fields.values() if info.alias == part), None)
        if isinstance(held, type) and issubclass(held, Model):
            model = held
    names = (info.alias or name for name, info in model.model_fields.items())
    return [name for name in names if not name.startswith("AWS_")]


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: quoted, on one line, never long."""
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


# -- what travels through the state machine ----------------------------------------------------------


class Account(Model):
    """An account of the organization. `unit` is its path below the root, empty in the root itself; `joined` is when it
    came into the organization, ISO 8601."""

    id: AccountId
    name: str
    email: str
    kind: Kind
    unit: str = ""
    joined: str | None = None


class Organization(Model):
    """What the components need to know of the organization. `units` maps a unit's path to its AWS path of ids,
    `o-exampleorgid/r-ab12/ou-ab12-11111111/ou-ab12-22222222/`, as `aws:ResourceOrgPaths` has it."""

    id: str
    partition: str
    root_id: str
    management_account_id: AccountId
    security_account_id: AccountId | None = None
    tooling_account_id: AccountId | None = None
    units: dict[str, str] = Field(default_factory=dict)
    named_accounts: dict[str, AccountId] = Field(default_factory=dict)
    """Ids of the accounts that the declaration's groups name."""


class PlannedCall(Model):
    """The AWS API call that would close a difference, as data: what a reviewer compares between two plans.

    What is not known yet stands in angle brackets; `after` says what must be there first."""

    service: str
    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    region: str | None = None
    after: str | None = None


class Change(Model):
    """One difference, in words, and what was done about it; in a plan, `call` is what would be done."""

    component: str
    resource: str
    action: Literal["create", "update", "delete", "report"]
    reason: str
    severity: Severity = "medium"
    call: PlannedCall | None = None
