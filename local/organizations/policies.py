"""Organization policies: types enabled at the root, documents, attachments, what reaches an account.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies.html
"""

from __future__ import annotations

import json
import time
from typing import Any

from moto.organizations import utils
from moto.organizations.exceptions import OrganizationsClientError
from moto.organizations.models import FakePolicy, FakeRoot, OrganizationsBackend

from .errors import constraint, error, invalid_input
from .inheritance import effective
from .paging import page
from .policy_syntax import invalid
from .policy_types import POLICY_TYPES, RCP, SCP, Policy, check_content, check_tags

DEFAULTS = {SCP: utils.DEFAULT_SCP_POLICY_ID, RCP: utils.DEFAULT_RCP_POLICY_ID}
CHANGE_SECONDS = 1
"""AWS seconds until a policy type that is being enabled or disabled is."""


class Policies(OrganizationsBackend):
    """What an organization does with policies."""

    engine: Any
    policy_type_changes: dict[str, float]
    binds_management = True
    """Whether EC2's, S3's and other services' policies bind the management account, too. AWS's pages say that one on the
    root reaches all accounts, and nothing of an exception; `docs/first-day.md` has how to see it."""

    @property
    def root(self) -> FakeRoot:
        """The root, with the states of its policy types brought up to date."""
        root = next(unit for unit in self.ou if isinstance(unit, FakeRoot))
        for entry in list(root.policy_types):
            if time.monotonic() < self.policy_type_changes.get(entry["Type"], 0):
                continue
            if entry["Status"] == "PENDING_ENABLE":
                entry["Status"] = "ENABLED"
            elif entry["Status"] == "PENDING_DISABLE":
                root.policy_types.remove(entry)
                self._detach_all(entry["Type"])
        return root

    def is_enabled(self, policy_type: str) -> bool:
        """Whether policies of that type take effect."""
        return {"Type": policy_type, "Status": "ENABLED"} in self.root.policy_types

    def list_roots(self) -> dict[str, Any]:
        return {"Roots": [self.root.describe()]}

    def enable_policy_type(self, **kwargs: str) -> dict[str, Any]:
        """PENDING_ENABLE, then ENABLED."""
        root, policy_type = self._root_for_change(**kwargs)
        if any(entry["Type"] == policy_type for entry in root.policy_types):
            raise error("PolicyTypeAlreadyEnabledException", "The specified policy type is already enabled.")
        needs = POLICY_TYPES[policy_type].needs
        if needs and all(service["ServicePrincipal"] != needs for service in self.services):
            raise constraint("SERVICE_ACCESS_NOT_ENABLED")
        root.policy_types.append({"Type": policy_type, "Status": "PENDING_ENABLE"})
        self._change_takes_time(policy_type)
        return {"Root": root.describe()}

    def disable_policy_type(self, **kwargs: str) -> dict[str, Any]:
        """PENDING_DISABLE, then gone from the root with every attachment of that type."""
        root, policy_type = self._root_for_change(**kwargs)
        entry = next((entry for entry in root.policy_types if entry["Type"] == policy_type), None)
        if entry is None:
            raise error("PolicyTypeNotEnabledException")
        if entry["Status"] != "ENABLED":
            raise error("PolicyChangesInProgressException")
        entry["Status"] = "PENDING_DISABLE"
        self._change_takes_time(policy_type)
        return {"Root": root.describe()}

    def create_policy(self, **kwargs: Any) -> dict[str, Any]:
        self._require_policies()
        check_tags(kwargs.get("Tags", []))
        check_content(kwargs["Type"], kwargs["Content"])
        self._check_policy_name(kwargs["Name"])
        assert self.org is not None
        policy = Policy(self.org, **kwargs)
        self.policies.append(policy)
        return policy.describe()

    def update_policy(self, **kwargs: Any) -> dict[str, Any]:
        policy = self._changeable(kwargs["PolicyId"])
        if kwargs.get("Name", policy.name) != policy.name:
            self._check_policy_name(kwargs["Name"])
        if "Content" in kwargs:
            check_content(policy.type, kwargs["Content"])
        return super().update_policy(**kwargs)

    def delete_policy(self, **kwargs: Any) -> None:
        self._changeable(kwargs["PolicyId"])
        super().delete_policy(**kwargs)

    def attach_policy(self, **kwargs: Any) -> None:
        policy, target = self.get_policy_by_id(kwargs["PolicyId"]), self._target(kwargs["TargetId"])
        if not self.is_enabled(policy.type):
            if policy.aws_managed and policy not in target.attached_policies:
                self._attach(policy, target)
                return
            raise error("PolicyTypeNotEnabledException")
        if policy in target.attached_policies:
            raise error("DuplicatePolicyAttachmentException")
        attached = [other for other in target.attached_policies if other.type == policy.type]
        if len(attached) >= POLICY_TYPES[policy.type].max_attached:
            raise constraint("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        self._attach(policy, target)

    def detach_policy(self, **kwargs: Any) -> None:
        policy, target = self.get_policy_by_id(kwargs["PolicyId"]), self._target(kwargs["TargetId"])
        if policy.id == DEFAULTS[RCP]:
            raise invalid_input("NON_DETACHABLE_POLICY")
        if policy not in target.attached_policies:
            raise error("PolicyNotAttachedException")
        if policy.type == SCP and [other.type for other in target.attached_policies].count(SCP) == 1:
            raise constraint("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED")
        target.attached_policies.remove(policy)
        policy.attachments.remove(target)

    def list_policies(  # type: ignore[override]
        self, policy_type: str, max_results: int | None = None, next_token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        found = [policy for policy in self.policies if policy.type == policy_type]
        return page(
            [policy.describe()["Policy"]["PolicySummary"] for policy in found], max_results, next_token
        )

    def list_policies_for_target(  # type: ignore[override]
        self, target_id: str, policy_type: str, max_results: int | None = None, next_token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        found = [policy for policy in self._target(target_id).attached_policies if policy.type == policy_type]
        return page(
            [policy.describe()["Policy"]["PolicySummary"] for policy in found], max_results, next_token
        )

    def describe_effective_policy(self, caller: str, **kwargs: str) -> dict[str, Any]:
        """What reaches an account of a type, merged along its path."""
        policy_type, target_id = kwargs["PolicyType"], kwargs.get("TargetId", caller)
        return {
            "EffectivePolicy": {
                "PolicyContent": json.dumps(self._effective(policy_type, self._target(target_id))),
                "LastUpdatedTimestamp": time.time(),
                "TargetId": target_id,
                "PolicyType": policy_type,
            }
        }

    def list_effective_policy_validation_errors(self, **kwargs: str) -> dict[str, Any]:
        """What is wrong with what reaches an account, though each policy by itself is right."""
        account, policy_type = self.get_account_by_id(kwargs["AccountId"]), kwargs["PolicyType"]
        by = sorted({p.id for node in self.way_to(account.id) for p in _of_type(node, policy_type)})
        wrong = invalid(policy_type, self._effective(policy_type, account))
        return {
            "AccountId": account.id,
            "PolicyType": policy_type,
            "Path": self.path_of(account.id),
            "EvaluationTimestamp": time.time(),
            "EffectivePolicyValidationErrors": [
                {
                    "ErrorCode": each.code,
                    "ErrorMessage": each.message,
                    "PathToError": each.path,
                    "ContributingPolicies": by,
                }
                for each in wrong
            ],
        }

    def list_accounts_with_invalid_effective_policy(self, **kwargs: str) -> dict[str, Any]:
        policy_type = kwargs["PolicyType"]
        found = [a.id for a in self.accounts if any(invalid(policy_type, self.in_effect(policy_type, a.id)))]
        accounts = [self.describe_account(AccountId=account)["Account"] for account in found]
        return {"Accounts": accounts, "PolicyType": policy_type}

    def in_effect(self, policy_type: str, account_id: str) -> dict[str, Any]:
        """The content that binds an account; empty where none does."""
        account = next((each for each in self.accounts if each.id == account_id), None)
        if account is None or (account_id == self.account_id and not self.binds_management):
            return {}
        try:
            return self._effective(policy_type, account)
        except OrganizationsClientError:
            return {}

    def _effective(self, policy_type: str, target: Any) -> dict[str, Any]:
        levels = [_of_type(node, policy_type) for node in self.way_to(target.id)]
        if not any(levels) or not self.is_enabled(policy_type):
            raise error("EffectivePolicyNotFoundException")
        return effective([[json.loads(str(policy.content)) for policy in level] for level in levels])

    def places(self) -> list[Any]:
        """The accounts, the units and the root."""
        return [*self.accounts, *self.ou]

    def way_to(self, target_id: str) -> list[Any]:
        """From the root down to an account or a unit; empty for what is not in the organization."""
        places = {place.id: place for place in self.places()}
        way: list[Any] = []
        place = places.get(target_id)
        while place is not None:
            way.insert(0, place)
            place = places.get(place.parent_id)
        return way

    def path_of(self, target_id: str) -> str:
        """`o-exampleorgid/r-root/ou-unit/`, the path of a unit, of the root or of an account."""
        assert self.org is not None
        return "/".join([self.org.id, *(place.id for place in self.way_to(target_id)), ""])

    def _require_policies(self) -> None:
        if self.org is None or self.org.feature_set != "ALL":
            raise error("PolicyTypeNotAvailableForOrganizationException")

    def _root_for_change(self, **kwargs: str) -> tuple[FakeRoot, str]:
        self._require_policies()
        root = self.root
        if root.id != kwargs["RootId"]:
            raise error("RootNotFoundException", "You specified a root that doesn't exist.")
        return root, kwargs["PolicyType"]

    def _change_takes_time(self, policy_type: str) -> None:
        self.policy_type_changes[policy_type] = time.monotonic() + self.engine.clock.seconds(CHANGE_SECONDS)

    def _target(self, target_id: str) -> Any:
        target = next((each for each in self.places() if each.id == target_id), None)
        if target is None:
            raise error("TargetNotFoundException")
        return target

    def _changeable(self, policy_id: str) -> FakePolicy:
        policy = self.get_policy_by_id(policy_id)
        if policy.aws_managed:
            raise invalid_input("IMMUTABLE_POLICY")
        return policy

    def _check_policy_name(self, name: str) -> None:
        if any(policy.name == name for policy in self.policies):
            raise error("DuplicatePolicyException", "A policy with the same name already exists.")

    def _attach(self, policy: FakePolicy, target: Any) -> None:
        target.attached_policies.append(policy)
        policy.attachments.append(target)

    def _detach_all(self, policy_type: str) -> None:
        """Leaves what AWS attaches again by itself when the type is enabled: FullAWSAccess."""
        for target in self.places():
            for policy in [p for p in target.attached_policies if p.type == policy_type]:
                target.attached_policies.remove(policy)
                policy.attachments.remove(target)
            if policy_type in DEFAULTS:
                self._attach(self.get_policy_by_id(DEFAULTS[policy_type]), target)


def _of_type(node: Any, policy_type: str) -> list[FakePolicy]:
    return [policy for policy in node.attached_policies if policy.type == policy_type]
