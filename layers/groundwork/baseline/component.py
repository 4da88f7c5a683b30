"""What a component is: it reads an account, compares, and yields calls as data. It never writes by itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any, ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar, get_args

from groundwork.aws import refusals
from groundwork.aws.clients import Clients
from groundwork.aws.sessions import Permission
from groundwork.contracts import Account, Kind, Model, Organization, Severity
from groundwork.declaration import Declaration
from groundwork.errors import GroundworkError

__all__ = ["Call", "Component", "Needs", "Permission", "Target"]
"""What the module of a component needs, and more for those who work with components."""

Action = Literal["create", "update", "delete", "report"]
"""`report` is something a person should know and Groundwork leaves alone."""

Found = TypeVar("Found")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Call:
    """One AWS API call that closes one difference.

    `operation` is the API's name (`CreateRole`), `parameters` what botocore takes for it. `resource`, `action`
    and `reason` are for people: they become the execution's `changes`. `severity` says how bad the difference is.

    `after` names, in words, what must be there before the call can be made: it is planned at once, and made in a
    later round, when that has been read. Its parameters may hold what is `known_later`.
    `needs` names the other resources whose calls are made before it; the calls of one resource name the same. What is
    neither about one of them nor about its own resource may be made beside it. Where it is None, the call is made after
    all that are listed before it, those of other Regions aside. A resource is known by what stands before a colon; a
    part of it that is named after one does not count.
    `taken_out`: the resource is ours, and the declaration no longer names it.
    `made_before`: an earlier try of this execution has made it, and AWS has done it since: it is told, and not made again.
    `breaks` are the things of people in the account that the call takes from them, a clause for each: told by a plan.
    `personal` names the parameters that are data of people: they are sent to AWS, and told nobody; nor is what AWS says
    of them.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    resource: str
    action: Action
    reason: str
    region: str | None = None
    severity: Severity = "medium"
    after: str = ""
    needs: Collection[str] | None = None
    taken_out: bool = False
    made_before: bool = False
    breaks: Sequence[str] = ()
    personal: Collection[str] = ()

    @property
    def is_open(self) -> bool:
        """Whether it closes a difference that is there."""
        return self.action != "report" and not self.made_before


def needing(needs: Collection[str], calls: Iterable[Call]) -> Iterator[Call]:
    """The calls, each with what it needs where it does not say so itself."""
    return (replace(call, needs=needs) if call.needs is None else call for call in calls)


def removal(component: str, calls: Iterable[Call], target: Target) -> Iterator[Call]:
    """What becomes of something of ours in a member account that the declaration no longer names: the calls that remove
    it, or the report that it is there, as `prune` says of the component. In the management account it is the report."""
    steps = [replace(call, taken_out=True) for call in calls]
    if target.account.kind == "management":
        yield from map(left_to_people, steps[:1])
    elif target.declaration.removes(component):
        yield from steps
    elif steps:
        yield stays(steps[0], f"delete it, declare it again, or set prune: {{{component}: remove}}")


def left_to_people(call: Call) -> Call:
    """What Groundwork removes under no `prune`, because whoever stole its function could: guard rails, and evidence.
    See docs/decisions/0028."""
    return stays(call, "delete it by hand, or declare it again")


def stays(call: Call, remedy: str) -> Call:
    return replace(call, action="report", reason=f"{call.reason}; {remedy}", after="", taken_out=True)


def worst(severities: Iterable[Severity]) -> Severity:
    """Of the differences that one call closes."""
    return min(severities, key=get_args(Severity).index)


def known_later(what: str) -> str:
    """Stands in a plan for a value that nobody knows yet, like the ARN of a key that is to be made."""
    return f"<{what}>"


class Needs(NamedTuple):
    """What a component's sessions may: see the fields of `Component` of these names."""

    reads: Sequence[Permission]
    reads_in_plan: Sequence[Permission]
    writes: Sequence[Permission]


class TrailStore(NamedTuple):
    """Where a trail delivers to."""

    bucket: str
    key_arn: str


class Notes(Protocol):
    """What an execution remembers from one try of a component to the next, by key. A lost one is made again."""

    def get(self, key: str, /) -> str | None: ...

    def __setitem__(self, key: str, value: str, /) -> None: ...

    def setdefault(self, key: str, value: str, /) -> str:
        """What is remembered from now on: of two tries the first one's."""


@dataclass(frozen=True)
class Installation:
    """What the stack itself brought along. `bootstrap_trail` is the bucket and the key, in the management account,
    of its trail for as long as there is no log archive. `archive_writer` is the ARN of the one role, of the function
    that applies components, which may take the log archive's role; `entering` has those of all functions that enter
    accounts. Both end in a *, as CloudFormation ends a role's name otherwise in each new stack."""

    bootstrap_trail: tuple[str, str] | None = None
    archive_writer: str = ""
    entering: tuple[str, ...] = ()


@dataclass(frozen=True)
class Target:
    """The account in work: who it is, where it stands, what is declared, and the clients to look at it.

    `foresees` is set in a plan: what the security account does not hold yet is `known_later`, where an apply waits.
    `entered_by` is the name of the role whose session applies, `execution` the ARN of the execution that works, and
    `started` when it began, ISO 8601, where the component is told; `notes` are what it remembers."""

    account: Account
    organization: Organization
    declaration: Declaration
    client: Clients
    installation: Installation = field(default_factory=Installation)
    foresees: bool = False
    entered_by: str | None = None
    execution: str = ""
    started: str = ""
    made: list[Call] = field(default_factory=list, init=False, repr=False, compare=False)
    """The calls that have been made, each as soon as AWS has answered it."""
    notes: Notes = field(default_factory=dict[str, str])
    _asked: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What does not change while an account is in work: asked once, used by every component."""
    _asking: dict[str, Lock] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, key: str, ask: Callable[[], Answer]) -> Answer:
        with self._asking.setdefault(key, Lock()):
            if key not in self._asked:
                self._asked[key] = ask()
            answer: Answer = self._asked[key]
            return answer

    @property
    def is_behind(self) -> bool:
        """Whether there may be something that was declared once and is no longer, in places where nobody looks otherwise.
        See docs/decisions/0028."""
        return self.account.may_hold_more_than(self.declaration.version)

    def is_declared(self, component: str) -> bool:
        """Whether accounts of this kind have the component."""
        return component in self.declaration.baseline.get(self.account.kind, [])

    def role_arn(self, name: str, account_id: str | None = None) -> str:
        return f"arn:{self.organization.partition}:iam::{account_id or self.account.id}:role/{name}"

    def managed_policy_arn(self, name: str) -> str:
        """The ARN of an AWS managed policy."""
        return f"arn:{self.organization.partition}:iam::aws:policy/{name}"


class Component(ABC, Generic[Found]):
    """One part of the baseline. `name` is that of its module, its entry in the declaration and, in CamelCase, its state
    in the ASL. `kinds` are the kinds of account that it is for: one that works in the management account needs its
    permissions in `ApplyManagementComponentFunction`, too."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]] = ("security", "tooling", "workload")
    settings: ClassVar[type[Model] | None] = None
    """What may be declared for it, under its name in camelCase; `target.settings` has it. Settings that several
    components use are in `declared_settings`."""
    by_administrator: ClassVar[bool] = False
    """For one whose calls are about an account and are made in the security account, as the delegated administrator of a
    service: its session is there. `{account}` in its permissions is the account that they are about."""
    reads: ClassVar[Sequence[Permission]]
    """What `read` calls: the session policy of plan and verify."""
    reads_in_plan: ClassVar[Sequence[Permission]] = ()
    """What `read` calls besides where the target `foresees`: what a plan tells and nothing follows from."""
    writes: ClassVar[Sequence[Permission]]
    """What the calls of `diff` need besides: the session policy of apply is both."""
    lasting: ClassVar[type[GroundworkError] | None] = None
    """For one whose calls only begin what AWS then does by itself: `apply` looks again after each, and raises this while
    AWS is at work, or takes no more calls. The state machine asks again for as long as its Retry of that error says."""

    def entry_roles(self, declaration: Declaration) -> Sequence[str]:
        """The roles by which it is applied in a member account, in the order in which they are tried."""
        return declaration.entry_role_names

    def needs(self, account: Account, organization: Organization, declaration: Declaration) -> Needs:  # noqa: ARG002
        """What its sessions may for this account: what it always calls, and what it calls because of what is declared."""
        return Needs(self.reads, self.reads_in_plan, self.writes)

    def rendered(self, declaration: Declaration) -> Sequence[object]:  # noqa: ARG002 - some make nothing of it
        """What it makes of the declaration before any account is looked at. Raises `InvalidDeclaration` when AWS would
        refuse that in every account, as too long."""
        return ()

    @abstractmethod
    def read(self, target: Target) -> Found:
        """What is there now. Never writes, but for the change sets that docs/decisions/0036 speaks of."""

    @abstractmethod
    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """All the calls that lead from `found` to what is wanted, in order; pure. One that needs the result of another
        says so in `after`."""

    def left(self, target: Target) -> Iterable[Call]:
        """What it may have laid down in an account of a kind that no longer has it, as `removal` has it. Asked only of an
        account that is behind the declaration, which may never have had it."""
        stays = (
            f"is not declared for accounts of kind {target.account.kind}: if an earlier declaration named it for them, "
            "what it did stays"
        )
        yield Call(self.name, "", {}, f"component {self.name}", "report", stays, severity="low")

    def difference(self, target: Target, while_busy: type[GroundworkError] | None = None) -> list[Call]:
        """Raises what `groundwork.aws.refusals` makes of AWS's exceptions."""
        with refusals.named(self.name, while_busy=while_busy):
            if not target.is_declared(self.name):
                return list(self.left(target))
            return list(self.diff(self.read(target), target))
