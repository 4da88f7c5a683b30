"""The work that is struck: an account from nothing, by way of quarantine as well; a change of one; a roll-out that repairs one, or its stacks,
and one that takes people out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from groundwork.baseline.components.stacks.roles import OURS, TRUST
from local.calls import CallRecord
from local.organizations import organization_of
from prove.world import ITS_ROLE, STACK, World
from tests.component.access import ANYTHING
from tests.component.leavers import leaving_group, leaving_policy, leaving_role, leaving_user
from tests.workflow.conftest import Execution, until

UNIT = "Workloads/Development"
FORMER = json.dumps(
    {
        "Resources": {
            "Parameter": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "x"}}
        }
    }
)


class Vend:
    """A workload account, from `Account Requested` to `Account Ready`; by a second start if the first fails."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wanted: dict[str, Any] | None = None
        self._ends: list[Execution] = []

    def prepare(self) -> None:
        self._name, self._email = self._world.cloud.fresh()
        self._before = len(self._world.cloud.accounts())

    def go(self) -> None:
        cloud = self._world.cloud
        asked = {"accountName": self._name, "email": self._email, "organizationalUnit": UNIT}
        self._ends = [cloud.ask(**asked)]
        if self._ends[0].status != "SUCCEEDED":
            self._ends.append(cloud.ask(**asked))
        cloud.all_ended()

    @property
    def starts(self) -> int:
        return len(self._ends)

    @property
    def subject(self) -> tuple[str, str]:
        """Name and e-mail of the account."""
        return self._name, self._email

    def wrong(self) -> list[str]:
        world, cloud = self._world, self._world.cloud
        last = self._ends[-1]
        if last.status != "SUCCEEDED":
            return [f"{end.error}: {end.cause}" for end in self._ends]
        accounts = cloud.accounts()
        if self._email not in accounts:
            return ["there is no account"]
        account = str(accounts[self._email]["Id"])
        wrong = world.standing(account, self._email)
        if len(accounts) != self._before + 1:
            wrong.append(f"{len(accounts) - self._before} accounts were made")
        if cloud.unit_of(self._email) != UNIT:
            wrong.append(f"it is in {cloud.unit_of(self._email)}")
        until(lambda: cloud.answered("Account Ready", accountId=account), "Account Ready")
        # EventBridge takes no key that would tell a repeated answer: one may come twice, and is the same then.
        said = {
            json.dumps(event["detail"], sort_keys=True): event["detail-type"]
            for event in cloud.news()
            if self._email in str(event["detail"])
        }
        if list(said.values()) != ["Account Failed"] * (len(self._ends) - 1) + ["Account Ready"]:
            wrong.append(f"it was answered {said}")
        likeness = world.likeness(account, self._name)
        self._wanted = self._wanted or likeness
        return wrong + world.differences(likeness, self._wanted)


class VendThroughQuarantine(Vend):
    """The same where a new account waits in quarantine, with a stack of the owner's: nothing is done in the account any more
    once it is let out."""

    def prepare(self) -> None:
        super().prepare()
        self._mark = len(self._world.aws.calls)

    def wrong(self) -> list[str]:
        if wrong := super().wrong():
            return wrong
        world = self._world
        account = str(world.cloud.accounts()[self._email]["Id"])
        calls = world.aws.calls[self._mark :]
        let_out = next(
            n for n, each in enumerate(calls) if _moves(each) and "LeaveQuarantine" in each.function
        )
        late = [each.operation for each in calls[let_out:] if each.account == account and each.mutating]
        if late:
            wrong.append(f"after it was let out there came {late}")
        if not any(_moves(each) for each in calls[:let_out]):
            wrong.append("it was never in quarantine")
        return wrong + _of_the_stack(world, account)


def _moves(call: CallRecord) -> bool:
    return call.operation == "MoveAccount" and call.verdict == "allowed"


def _of_the_stack(world: World, account: str) -> list[str]:
    """What is wrong with what CloudFormation and the stack's own service show."""
    inside = world.cloud.inside
    stacks = inside("cloudformation", account).describe_stacks()["Stacks"]
    found = {each["StackName"]: each["StackStatus"].partition("_")[2] for each in stacks}
    sns = inside("sns", account)
    shown = [
        sns.get_topic_attributes(TopicArn=each["TopicArn"])["Attributes"].get("DisplayName")
        for each in sns.list_topics()["Topics"]
    ]
    if found == {STACK: "COMPLETE"} and shown == ["declared"]:
        return []
    return [f"its stacks are {found}, its topics {shown}"]


class Change:
    """An account gets another name, unit, tag and root e-mail address, other contacts, and another day on which it expires, by an
    event, by the same event again if that fails; a person gives AWS the code that it has sent, and the event, posted anew, notes
    the address."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wanted: dict[str, dict[str, Any]] = {}
        self._ends: list[Execution] = []
        self._events: list[tuple[str, list[Execution]]] = []
        name, email = world.cloud.fresh()
        asked = {"accountName": name, "email": email, "organizationalUnit": UNIT, "tags": {"team": "a"}}
        ended = world.cloud.ask(**asked)
        if ended.status != "SUCCEEDED":
            raise RuntimeError(f"No account to change: {ended}")
        world.cloud.all_ended()
        self.account = str(ended.output["accountId"])
        self._states = (
            (name, email, UNIT, "a", "2099-01-31"),
            (f"{name}-moved", f"moved-{email}", "Workloads/Production", "b", "2099-12-31"),
        )
        self._is = 0

    def prepare(self) -> None:
        self._is = 1 - self._is

    def go(self) -> None:
        name, email, unit, team, day = self._states[self._is]
        asked = {
            "accountId": self.account,
            "accountName": name,
            "newEmail": email,
            "organizationalUnit": unit,
            "tags": {"team": team},
            "contacts": {"security": contact(team), "primary": owner(team)},
            "expires": day,
        }
        self._events, self._ends = [], []
        self._ask(asked)
        organization = organization_of(self.account)
        sent = organization.email_updates.get(self.account) if organization else None
        if sent:
            given = {"AccountId": self.account, "PrimaryEmail": sent[0], "Otp": sent[1]}
            self._world.aws.client("account").accept_primary_email_update(**given)
        self._ask(asked)

    def _ask(self, asked: dict[str, Any]) -> None:
        cloud = self._world.cloud
        event = cloud.post_change(**asked)
        ends = [cloud.ended(cloud.execution_of(event))]
        if ends[0].status != "SUCCEEDED":
            ends.append(cloud.start(**cloud.input_of(ends[0].arn)))
        cloud.all_ended()
        self._events.append((event, ends))
        self._ends += ends

    @property
    def starts(self) -> int:
        """Beside those of the two events."""
        return len(self._ends) - 1

    def wrong(self) -> list[str]:
        world, cloud, (name, email, unit, team, day) = self._world, self._world.cloud, self._states[self._is]
        former = self._states[1 - self._is][1]
        if any(ends[-1].status != "SUCCEEDED" for _, ends in self._events):
            return [f"{end.error}: {end.cause}" for end in self._ends]
        wrong = world.standing(self.account, email)
        if email not in cloud.accounts():
            return [*wrong, f"no account has {email}"]
        listed, tags = cloud.accounts()[email], cloud.tags_of(self.account)
        there = (listed["Name"], cloud.unit_of(email), tags["team"], tags.get("groundwork:expires"))
        if there != (name, unit, team, day):
            wrong.append(f"it is {there}")
        if (known := self._contacts()) != (contact(team)["name"], owner(team)["city"]):
            wrong.append(f"its contacts are {known}")
        if cloud.ledger_item(f"ending#{self.account}").get("expiresOn", {}).get("S") != day:
            wrong.append("the ledger has another day on which it expires")
        item = cloud.ledger_item(f"account#{self.account}")
        if [item[key]["S"] for key in ("name", "email", "unit")] != [name, email, unit]:
            wrong.append(f"the ledger says {item}")
        if cloud.ledger_item(f"email#{email}").get("accountId", {}).get("S") != self.account:
            wrong.append(f"the ledger does not know whose {email} is")
        if "noted" not in cloud.ledger_item(f"code#{self.account}"):
            wrong.append("the ledger waits for a code")
        stale = (f"email#{former}", f"request#{former}")
        wrong += [f"the ledger still has {key}" for key in stale if cloud.ledger_item(key)]
        planned = cloud.start(accountId=self.account, mode="plan").output
        if planned["changes"] or [
            each for each in planned.get("reports", []) if each["component"] == "account"
        ]:
            wrong.append(f"it differs: {planned}")
        likeness = world.likeness(self.account, name)
        wrong += world.differences(likeness, self._wanted.setdefault(unit, likeness))
        return wrong + [
            each
            for (event, ends), fields in zip(self._events, CHANGED, strict=True)
            for each in self._wrongly_answered(event, ends, fields)
        ]

    def _contacts(self) -> tuple[str, str]:
        """The name of the one, and the city of the other."""
        client = self._world.aws.client("account")
        security = client.get_alternate_contact(AccountId=self.account, AlternateContactType="SECURITY")
        primary = client.get_contact_information(AccountId=self.account)
        return security["AlternateContact"]["Name"], primary["ContactInformation"]["City"]

    def _wrongly_answered(self, event: str, ends: list[Execution], fields: list[str]) -> Iterator[str]:
        cloud = self._world.cloud
        ready = cloud.answer("Account Ready", requestId=event)["detail"]
        if [each["field"] for each in ready["changed"]] != fields:
            yield f"changed is {ready['changed']}"
        if ("waitsForCode" in ready) != ("email" not in fields):
            yield f"of the code it was told {ready.get('waitsForCode')}"
        said = {json.dumps(each["detail"], sort_keys=True) for each in cloud.answers(requestId=event)}
        if len(said) != len(ends):
            yield f"it was answered {said}"


CHANGED = (["accountName", "contacts", "expires", "tags", "organizationalUnit"], ["email"])
"""What each of the two events is told."""


def contact(team: str) -> dict[str, str]:
    return {"name": f"Team {team}", "title": "Security", "email": f"{team}@example.com", "phone": "+41 44 1"}


def owner(team: str) -> dict[str, str]:
    """Of the account."""
    address = {
        "addressLine1": "1 High Street",
        "city": f"City {team}",
        "postalCode": "8000",
        "countryCode": "CH",
    }
    return {"fullName": f"Owner {team}", **address, "phoneNumber": "+41 44 123 45 67"}


class RollsOut:
    """Rolls out over one account, and once more where that failed."""

    def __init__(self, world: World, account: str) -> None:
        self._world, self._account = world, account
        self._ends: list[Execution] = []

    def go(self) -> None:
        cloud, include = self._world.cloud, {"accountIds": [self._account]}
        self._ends = [cloud.roll_out(include=include)]
        if self._ends[0].status != "SUCCEEDED" or self._ends[0].output["failures"]:
            self._ends.append(cloud.roll_out(include=include))
        cloud.all_ended()

    @property
    def starts(self) -> int:
        return len(self._ends)

    def _failures(self) -> list[str]:
        last = self._ends[-1]
        if last.status == "SUCCEEDED" and not last.output["failures"]:
            return []
        return [f"{end.error}: {end.cause or end.output}" for end in self._ends]


class Repair(RollsOut):
    """A roll-out over an account where something is amiss."""

    def __init__(self, world: World) -> None:
        cloud = world.cloud
        self._name, self._email = cloud.fresh()
        ended = cloud.ask(accountName=self._name, email=self._email, organizationalUnit=UNIT)
        if ended.status != "SUCCEEDED":
            raise RuntimeError(f"No account to roll out over: {ended}")
        cloud.all_ended()
        super().__init__(world, str(cloud.accounts()[self._email]["Id"]))
        self._wanted = world.likeness(self._account, self._name)

    def prepare(self) -> None:
        inside = self._world.cloud.inside
        inside("ec2", self._account).disable_ebs_encryption_by_default()
        inside("cloudtrail", self._account).stop_logging(Name="groundwork")

    def wrong(self) -> list[str]:
        if failures := self._failures():
            return failures
        world = self._world
        likeness = world.likeness(self._account, self._name)
        return world.standing(self._account, self._email) + world.differences(likeness, self._wanted)


class RepairOfStacks(Repair):
    """A roll-out over an account whose stack, and its role, somebody changed, and which has a stack that is no longer
    declared."""

    def prepare(self) -> None:
        cloudformation = self._world.cloud.inside("cloudformation", self._account)
        iam = self._world.cloud.inside("iam", self._account)
        cloudformation.update_stack(
            StackName=STACK,
            UsePreviousTemplate=True,
            Parameters=[{"ParameterKey": "Shown", "ParameterValue": "changed"}],
        )
        iam.put_role_policy(RoleName=ITS_ROLE, PolicyName="besides", PolicyDocument=json.dumps(ANYTHING))
        former = iam.create_role(
            RoleName="groundwork-stack-former",
            AssumeRolePolicyDocument=json.dumps(TRUST),
            Tags=[{"Key": key, "Value": value} for key, value in OURS.items()],
        )["Role"]["Arn"]
        iam.put_role_policy(
            RoleName="groundwork-stack-former", PolicyName="all", PolicyDocument=json.dumps(ANYTHING)
        )
        cloudformation.create_stack(
            StackName="groundwork-former",
            TemplateBody=FORMER,
            RoleARN=former,
            EnableTerminationProtection=True,
        )

    def wrong(self) -> list[str]:
        return super().wrong() or _of_the_stack(self._world, self._account)


class Removal(RollsOut):
    """A roll-out over the security account after a user, a group, a role and a policy were taken out of the declaration."""

    def __init__(self, world: World) -> None:
        super().__init__(world, world.security)
        self._wanted = self._found()

    def prepare(self) -> None:
        iam = self._iam()
        leaving_group(iam)
        leaving_user(iam, "leaver", "forgotten-people", "ro-external-accounts")
        leaving_role(iam)
        leaving_policy(iam)

    def wrong(self) -> list[str]:
        if failures := self._failures():
            return failures
        found = self._found()
        return [
            f"{kind}: {sorted(found[kind] ^ names)}"
            for kind, names in self._wanted.items()
            if found[kind] != names
        ]

    def _iam(self) -> Any:
        return self._world.cloud.inside("iam", self._account)

    def _found(self) -> dict[str, set[str]]:
        """The names of all that the account's IAM holds, but for the roles of services of AWS: these come when a service
        begins to work."""
        iam = self._iam()
        details = iam.get_account_authorization_details(
            Filter=["Role", "Group", "User", "LocalManagedPolicy"]
        )
        return {
            "roles": {
                role["RoleName"]
                for role in details["RoleDetailList"]
                if not role["Path"].startswith("/aws-service-role/")
            },
            "groups": {group["GroupName"] for group in details["GroupDetailList"]},
            "users": {user["UserName"] for user in details["UserDetailList"]},
            "policies": {policy["PolicyName"] for policy in details["Policies"]},
            "devices": {
                device["SerialNumber"] for device in iam.list_virtual_mfa_devices()["VirtualMFADevices"]
            },
        }
