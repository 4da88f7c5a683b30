"""The public contract: what may be asked for, and what is answered. Others build on it; keep it stable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from groundwork.callers import BY, SOURCE, caller_in
from groundwork.contacts import Contacts
from groundwork.errors import InvalidRequest
from groundwork.fields import (
    AccountId,
    ChangedTags,
    CreationId,
    Day,
    DayOrNever,
    Email,
    EventId,
    NewEmail,
    NewName,
    NewUnitPath,
    NotEmpty,
    Tags,
    UnitPath,
    Whole,
    shown,
)
from groundwork.model import Model as Model  # noqa: PLC0414 (that is how mypy is told that others take it from here)
from groundwork.parsing import Rules, check_length, parsed

Kind = Literal["management", "security", "tooling", "workload"]
RequestedKind = Literal["security", "tooling", "workload"]
Outcome = Literal["ready", "repaired", "unchanged", "drifted", "in-progress"]
"""`ready`: reached its baseline for the first time. `repaired`: a later run changed something. `unchanged`: there was
nothing to do. `drifted`: a plan found something to do, or a run something bad that Groundwork leaves alone. `in-progress`: another execution is on it and will answer."""

Mode = Literal["apply", "plan"]
"""`apply` closes the differences; `plan` tells them and writes nothing."""

Severity = Literal["high", "medium", "low"]
"""How bad a difference is. `high`: somebody may get in or gain power who should not, or evidence is not recorded, can be
lost or read. `medium`: something declared is missing or weaker than declared. `low`: names, descriptions, tags."""

REQUESTED = "Account Requested"
CHANGE_REQUESTED = "Account Change Requested"
DECIDED = "Account Request Decided"
CREATED = "CreateAccountResult"
ENROLLED = "CreateManagedAccount"
VIA_CLOUDTRAIL = "AWS Service Event via CloudTrail"
WAITS_FOR_APPROVAL = "It waits for an approval"
"""How the note of an execution begins that ends until somebody has decided."""
STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""Step Functions' own key in the input of an execution that another one started."""
WAITED_FOR = ":groundwork-request-approval:"
"""In the ARN of an execution that waits for an approval."""


# -- what starts an execution ----------------------------------------------------------------------


class AccountRequest(Model):
    """The detail of `Account Requested`."""

    account_name: NewName
    email: NewEmail
    kind: RequestedKind = "workload"
    organizational_unit: NewUnitPath | None = None
    tags: Tags = Field(default_factory=dict)
    create_organizational_unit: bool = False
    same_name: bool = False
    expires: Day | None = None


class Requested(Model):
    """Somebody posted `Account Requested`. `requester` is their `aws:userid`, where the event's source has it; `waited`
    says that the wait for an approval is over."""

    request_id: Annotated[EventId, Field(alias="id")]
    asked: AccountRequest
    requester: str | None = None
    waited: bool = False


class Changes(Model):
    """What an account that is there is to be from now on: what is left out stays. A tag that is null is taken off. `kind`
    may only say what the account is. `expires` is a day, or `never`. `new_email` is to be the root user's address; `send_again`
    has AWS send its code once more."""

    account_name: NewName | None = None
    new_email: NewEmail | None = None
    send_again: bool = False
    organizational_unit: NewUnitPath | None = None
    create_organizational_unit: bool = False
    tags: ChangedTags = Field(default_factory=dict)
    contacts: Contacts | None = None
    kind: RequestedKind | None = None
    expires: DayOrNever | None = None

    @property
    def some(self) -> bool:
        """Whether anything is to be changed."""
        contacts = self.contacts and self.contacts.as_aws_has_them
        return bool(
            self.account_name
            or self.new_email
            or self.organizational_unit
            or self.tags
            or contacts
            or self.expires
        )

    @property
    def asks_for_change(self) -> bool:
        return bool(self.model_fields_set & Changes.model_fields.keys())


class ChangeRequest(Changes):
    """The detail of `Account Change Requested`: which account, by its id or its root e-mail, and what of it."""

    account_id: AccountId | None = None
    email: Email | None = None


class ChangeRequested(Model):
    """Somebody posted `Account Change Requested`; `requester` and `waited` as in `Requested`."""

    request_id: Annotated[EventId, Field(alias="id")]
    asked: ChangeRequest
    requester: str | None = None
    waited: bool = False


class Decision(Model):
    """The detail of `Account Request Decided`: whether somebody else's request may go on."""

    request_id: EventId
    decision: Literal["approve", "deny"]
    reason: str = ""


class Created(Model):
    """Organizations made an account, for whomever, or Control Tower has enrolled one: `CreateAccountResult` or
    `CreateManagedAccount` with state SUCCEEDED."""

    request_id: Annotated[EventId, Field(alias="id")]
    creation_id: CreationId | None = None
    account_id: AccountId


class StartedByHand(Changes):
    """A person, the scheduled pass or the roll-out started the machine for an account that is there.

    `started_by` is what Step Functions' console links a nested execution by."""

    account_id: AccountId
    mode: Mode = "apply"
    components: Annotated[list[str], NotEmpty] = Field(default_factory=list)
    started_by: str | None = Field(default=None, alias="AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID")


class Filter(Model):
    """Some of an organization's accounts. A unit's path stands for all that is below it."""

    account_ids: Annotated[list[AccountId], NotEmpty] = Field(default_factory=list)
    names: Annotated[list[str], NotEmpty] = Field(default_factory=list)
    organizational_units: Annotated[list[UnitPath], NotEmpty] = Field(default_factory=list)
    kinds: Annotated[list[Kind], NotEmpty] = Field(default_factory=list)
    tags: Annotated[dict[str, str], NotEmpty] = Field(default_factory=dict)


class RollOut(Model):
    """What `groundwork-roll-out` is started with. An account is in it when it matches every key of `include` that is
    given, and out of it when it matches any key of `exclude`. `components` are some of those of each account's kind, or
    all of them. `adopt`: accounts that `include` names by id are adopted where nobody has adopted them. The other two stand
    in for what the declaration says."""

    mode: Mode = "apply"
    include: Filter = Field(default_factory=Filter)
    exclude: Filter = Field(default_factory=Filter)
    components: Annotated[list[str], NotEmpty] = Field(default_factory=list)
    adopt: bool = False
    concurrency: Whole | None = Field(default=None, ge=1, le=1000)
    tolerated_failure_percentage: Whole | None = Field(default=None, ge=0, le=100)


Trigger = Requested | ChangeRequested | Created | StartedByHand


def read_trigger(raw: Any, rules: Rules = lambda _: []) -> Trigger:
    """The trigger behind an execution's input. Raises `InvalidRequest`, naming field, value and remedy; `rules` adds to
    the mistakes of a request what is wrong with its other fields."""
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f'The input is {shown(raw)}; start with {{"accountId": "<12 digits>"}}.')
    check_length(raw)
    if "detail-type" not in raw:
        return parsed(StartedByHand, raw)
    asks_for, told, detail = raw["detail-type"], raw.get("source"), raw.get("detail")
    if asks_for == REQUESTED and (told == SOURCE or caller_in(told)):
        if not isinstance(detail, Mapping):
            raise InvalidRequest(
                f"The event's detail is {shown(detail)}; it must be an object with accountName and email."
            )
        asked = parsed(AccountRequest, detail, rules)
        return parsed(Requested, {"id": raw.get("id"), "asked": asked, **_asker(raw)})
    if asks_for == CHANGE_REQUESTED and (told == SOURCE or caller_in(told)):
        change = parsed(ChangeRequest, object_of(detail))
        return parsed(ChangeRequested, {"id": raw.get("id"), "asked": change, **_asker(raw)})
    if told == "aws.organizations" and asks_for == VIA_CLOUDTRAIL:
        status = object_of(object_of(object_of(detail).get("serviceEventDetails")).get("createAccountStatus"))
        if object_of(detail).get("eventName") == CREATED and status.get("state") == "SUCCEEDED":
            ids = {"creationId": status.get("id"), "accountId": status.get("accountId")}
            return parsed(Created, {"id": raw.get("id"), **ids})
    if told == "aws.controltower" and asks_for == VIA_CLOUDTRAIL:
        enrolled = enrolled_account(detail)
        if object_of(detail).get("eventName") == ENROLLED and enrolled.get("state") == "SUCCEEDED":
            account = object_of(enrolled.get("account"))
            return parsed(Created, {"id": raw.get("id"), "accountId": account.get("accountId")})
    raise InvalidRequest(
        f"The event {shown(asks_for)} of source {shown(told)} starts nothing; Groundwork takes {REQUESTED!r} and "
        f"{CHANGE_REQUESTED!r} of source {SOURCE!r} or '{BY}<your UserId>', Organizations' {CREATED} and Control Tower's {ENROLLED} with state SUCCEEDED."
    )


def _asker(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Who asks, where the source says so, and whether the wait for an approval is over."""
    waited = WAITED_FOR in str(raw.get(STARTED_BY))
    return {"requester": caller_in(raw.get("source")), "waited": waited}


def enrolled_account(detail: Any) -> Mapping[str, Any]:
    """https://docs.aws.amazon.com/controltower/latest/userguide/lifecycle-events.html"""
    return object_of(
        object_of(object_of(detail).get("serviceEventDetails")).get("createManagedAccountStatus")
    )


def object_of(value: Any) -> Mapping[str, Any]:
    """What was to be an object, and may be anything."""
    return value if isinstance(value, Mapping) else {}


def read_decision(detail: Any) -> Decision:
    """Raises `InvalidRequest`, naming field, value and remedy."""
    return parsed(Decision, object_of(detail))


def read_roll_out(raw: Any) -> RollOut:
    """What a roll-out was started with. Raises `InvalidRequest`, naming field, value and remedy."""
    if not isinstance(raw, Mapping):
        raise InvalidRequest(f'The input is {shown(raw)}; start with {{}} or {{"mode": "plan"}}.')
    check_length(raw)
    return parsed(RollOut, raw)


# -- what travels through the state machine ----------------------------------------------------------


class Account(Model):
    """An account of the organization. `unit` is its path below the root, empty in the root itself; `joined` is when it
    came into the organization, ISO 8601; `laid_down` has the versions of the declaration of which something may be there,
    the last one first. `fresh`: it was made a short while ago and has not been ready, so that nobody works in it. `tags` are
    those that declared stacks name, and no others."""

    id: AccountId
    name: str
    email: str
    kind: Kind
    unit: str = ""
    joined: str | None = None
    laid_down: list[str] = Field(default_factory=list)
    fresh: bool = False
    tags: dict[str, str] = Field(default_factory=dict)

    def may_hold_more_than(self, version: str) -> bool:
        """Whether there may be something that was declared once, and is not in this version of the declaration."""
        return any(each != version for each in self.laid_down)


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
    """Ids of the accounts that the declaration's groups name; in the management account, that its exceptions name."""
    policies_hold: bool = False
    """Whether the management account's last run, or plan, found that the policies of the organization hold what this
    version of the declaration says."""


NOT_TOLD = "<personal data>"
"""In place of what a call says of people."""


class PlannedCall(Model):
    """The AWS API call that would close a difference, as data: what a reviewer compares between two plans.

    What is not known yet stands in angle brackets; `after` says what must be there first."""

    service: str
    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    region: str | None = None
    after: str | None = None


class Change(Model):
    """One difference, in words, and what was done about it; in a plan, `call` is what would be done. `taken_out`: it is
    ours, and the declaration no longer names it. `breaks`, in a plan: what people in the account would lose by it, a
    clause for each thing."""

    component: str
    resource: str
    action: Literal["create", "update", "delete", "report"]
    reason: str
    severity: Severity = "medium"
    call: PlannedCall | None = None
    taken_out: Literal[True] | None = None
    breaks: list[str] | None = None

    @property
    def differs(self) -> bool:
        """Whether the account differs from what is declared: also by what Groundwork leaves to people, where that is
        bad."""
        return self.action != "report" or self.severity == "high"

    @property
    def is_for_people(self) -> bool:
        """Whether somebody has something to decide or to mend that Groundwork leaves alone: what is bad, and what the
        declaration no longer names."""
        return self.action == "report" and (self.severity == "high" or bool(self.taken_out))
