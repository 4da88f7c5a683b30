"""The work that is struck: a new account that somebody else approves, and a change of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from groundwork.callers import source_of
from local.stepfunctions.executions import are_running
from prove.runs import UNIT, Vend
from prove.world import World
from tests.workflow.conftest import Cloud, Execution, until
from tests.workflow.listening import listening
from tests.workflow.test_operators import carrying
from tests.workflow.test_requesters import entry, put

APPROVING = (
    "organizationalUnits:\n",
    f"""changes: {{allowed: true, approvals: [tags]}}

approvals: {{organizationalUnits: [{UNIT}]}}

organizationalUnits:
""",
)
"""What stands in `baseline.yaml`, in place of what."""
ANSWERED = ("Account Ready", "Account Failed")


class Office:
    """Somebody who asks, somebody else who approves what people are told of, and what became of each request."""

    def __init__(self, cloud: Cloud, policy: str) -> None:
        self._cloud, self._people = cloud, listening(cloud)
        self._machine = cloud.physical("RequestApprovalStateMachine")
        self._asker = carrying(cloud, "asker", policy)
        self._approver = carrying(cloud, "approver", "ApproverPolicyArn")
        self.requests: list[str] = []

    def ask(self, detail_type: str, **detail: Any) -> list[Execution]:
        """By an event, and by another one if that fails; the execution that answered each, once nothing is going on any more."""
        self.requests, ends = [], []
        for _ in range(2):
            self.requests.append(self._put(self._asker, detail_type, detail))
            ends.append(self._cloud.ended(self._answer(self.requests[-1])))
            self._cloud.all_ended()
            until(lambda: not are_running(self._machine), "whoever waits for an approval")
            if ends[-1].status == "SUCCEEDED":
                break
        return ends

    def _answer(self, request: str) -> str:
        if (
            until(lambda: self._shown(request) or self._answered(request), f"a notice of {request}")
            != "shown"
        ):
            return self._answered(request)
        self._put(self._approver, "Account Request Decided", {"requestId": request, "decision": "approve"})
        return until(lambda: self._answered(request), f"an answer to {request}")

    def _shown(self, request: str) -> str:
        return "shown" if self._people.notices(f"groundwork approve {request}") else ""

    def _answered(self, request: str) -> str:
        """The execution that answered it, if there is one."""
        said = self._cloud.answers(requestId=request)
        return next(
            (str(each["detail"]["execution"]) for each in said if each["detail-type"] in ANSWERED), ""
        )

    def _put(self, who: Any, detail_type: str, detail: dict[str, Any]) -> str:
        caller = self._cloud.aws.client("sts", credentials=who).get_caller_identity()["UserId"]
        (event,) = put(self._cloud, who, entry(detail, Source=source_of(caller), DetailType=detail_type))
        return event

    def wrong(self) -> Iterator[str]:
        """SNS takes no key that would tell a repeated message: one may come twice, and is the same then."""
        for request in self.requests:
            told = {each["Message"] for each in self._people.notices(request)}
            if len(told) != 1:
                yield f"people were told {told}"
            approval = self._cloud.ledger_item(f"approval#{request}")
            if approval.get("decision", {}).get("S") != "approve":
                yield f"the ledger says {approval}"


class ApprovedVend(Vend):
    """A new account, from `Account Requested` to `Account Ready`, which waits meanwhile until somebody else has approved it."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._office = Office(world.cloud, "RequesterPolicyArn")

    def go(self) -> None:
        asked = {"accountName": self._name, "email": self._email, "organizationalUnit": UNIT}
        self._ends = self._office.ask("Account Requested", **asked)

    def wrong(self) -> list[str]:
        if wrong := [*super().wrong(), *self._office.wrong()]:
            return wrong
        tags = self._world.cloud.tags_of(str(self._world.cloud.accounts()[self._email]["Id"]))
        return [] if "groundwork:approved-by" in tags else [f"nobody approved it: {tags}"]


class ApprovedChange:
    """An account that is there gets another tag, and is in another unit, once somebody else has approved it."""

    def __init__(self, world: World) -> None:
        self._world, self._is = world, 0
        self._wanted: dict[str, dict[str, Any]] = {}
        self._ends: list[Execution] = []
        self._office = Office(world.cloud, "ChangerPolicyArn")
        self._name, self._email = world.cloud.fresh()
        made = world.cloud.ask(accountName=self._name, email=self._email, organizationalUnit=STAGING)
        if made.status != "SUCCEEDED":
            raise RuntimeError(f"No account to change: {made}")
        world.cloud.all_ended()
        self._account = str(made.output["accountId"])

    def prepare(self) -> None:
        self._is = 1 - self._is

    @property
    def _state(self) -> tuple[str, str]:
        return ((STAGING, "a"), (PRODUCTION, "b"))[self._is]

    def go(self) -> None:
        unit, team = self._state
        asked = {"accountId": self._account, "organizationalUnit": unit, "tags": {"team": team}}
        self._ends = self._office.ask("Account Change Requested", **asked)

    @property
    def starts(self) -> int:
        return len(self._ends)

    def wrong(self) -> list[str]:
        world, cloud, (unit, team) = self._world, self._world.cloud, self._state
        if self._ends[-1].status != "SUCCEEDED":
            return [f"{end.error}: {end.cause}" for end in self._ends]
        wrong = [*world.standing(self._account, self._email), *self._office.wrong()]
        there = cloud.unit_of(self._email), cloud.tags_of(self._account).get("team")
        if there != (unit, team):
            wrong.append(f"it is {there}")
        # EventBridge takes no key that would tell a repeated answer: one may come twice, and is the same then.
        answers = [each for request in self._office.requests for each in cloud.answers(requestId=request)]
        said = {json.dumps(each["detail"], sort_keys=True): each["detail-type"] for each in answers}
        if list(said.values()) != ["Account Failed"] * (len(self._ends) - 1) + ["Account Ready"]:
            wrong.append(f"it was answered {said}")
        fields = [each["field"] for each in answers[-1]["detail"].get("changed", ())]
        if fields != ["tags", "organizationalUnit"]:
            wrong.append(f"changed is {fields}")
        likeness = world.likeness(self._account, self._name)
        return wrong + world.differences(likeness, self._wanted.setdefault(unit, likeness))


STAGING, PRODUCTION = "Workloads/Staging", "Workloads/Production"
