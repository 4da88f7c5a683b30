"""The work that is struck: an account from nothing, a roll-out that repairs one, and one that takes people out."""

from __future__ import annotations

import json
from typing import Any

from prove.world import World
from tests.component.leavers import leaving_group, leaving_policy, leaving_role, leaving_user
from tests.workflow.conftest import Execution, until

UNIT = "Workloads/Development"


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
