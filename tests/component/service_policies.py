"""What is done behind Groundwork's back to the policy by which the organization holds a service."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from groundwork.contracts import Account
from tests.component.conftest import World
from tests.engine.support import eventually


@dataclass(frozen=True)
class ServicePolicy:
    """Ours: its type, its name, the key of its document, and the role that the service has in the management account."""

    type: str
    name: str
    key: str
    role: str

    def id(self, world: World) -> str:
        pages = world.aws.client("organizations").get_paginator("list_policies").paginate(Filter=self.type)
        return str(
            next(each["Id"] for page in pages for each in page["Policies"] if each["Name"] == self.name)
        )

    def changed(self, change: Callable[[Any], object]) -> Callable[[World, Account], object]:
        """It says something else."""

        def do(world: World, account: Account) -> None:
            organizations, policy = world.aws.client("organizations"), self.id(world)
            document = json.loads(organizations.describe_policy(PolicyId=policy)["Policy"]["Content"])
            change(document[self.key]["enablement"])
            organizations.update_policy(PolicyId=policy, Content=json.dumps(document))

        return do

    def detach(self, world: World, account: Account) -> None:
        organizations = world.aws.client("organizations")
        organizations.detach_policy(PolicyId=self.id(world), TargetId=world.organization.root_id)

    def delete(self, world: World, account: Account) -> None:
        self.detach(world, account)
        world.aws.client("organizations").delete_policy(PolicyId=self.id(world))

    def disable(self, world: World, account: Account) -> None:
        organizations = world.aws.client("organizations")
        organizations.disable_policy_type(RootId=world.organization.root_id, PolicyType=self.type)

        def is_off() -> bool:
            (root,) = organizations.list_roots()["Roots"]
            return self.type not in {each["Type"] for each in root["PolicyTypes"]}

        eventually(is_off)

    def untag(self, world: World, account: Account) -> None:
        world.aws.client("organizations").untag_resource(ResourceId=self.id(world), TagKeys=["managed-by"])

    def delete_role(self, world: World, account: Account) -> None:
        world.aws.client("iam").delete_service_linked_role(RoleName=self.role)
