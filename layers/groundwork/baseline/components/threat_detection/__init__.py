"""threat-detection: GuardDuty in every account of the organization, run from the security account, without a call in any
other account. A policy of the organization holds it, or the security account's auto-enable.

Who administers GuardDuty in a Region is `delegation`'s to say, and trusted access `organization`'s. What somebody else runs
for the organization is reported, and left alone. GuardDuty is never switched off here.

https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_organizations.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from groundwork.baseline import central_policies, service_policies
from groundwork.baseline.component import Call, Component, Target
from groundwork.baseline.regions import FIND_REGIONS
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document

from . import by_administrator, held_by_policy
from .settings import Settings

Found = service_policies.Found | by_administrator.Found


class ThreatDetection(Component[Found]):
    name = "threat-detection"
    kinds = ("management", "security")
    settings = Settings
    reads = (*held_by_policy.READS, *by_administrator.READS, FIND_REGIONS)
    writes = (*held_by_policy.WRITES, *by_administrator.WRITES)

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        settings: Settings = declaration.settings(self.name)
        return [held_by_policy.rendered(settings, declaration)] if settings.by == "policy" else []

    def read(self, target: Target) -> Found:
        settings: Settings = target.declaration.settings(self.name)
        if target.account.kind == "management":
            return held_by_policy.read(settings, target)
        return by_administrator.read(settings, target)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        settings: Settings = target.declaration.settings(self.name)
        if isinstance(found, service_policies.Found):
            yield from held_by_policy.calls(settings, found, target)
        else:
            yield from by_administrator.calls(settings, found, target)

    def left(self, target: Target) -> Iterable[Call]:
        if target.account.kind == "management":
            return central_policies.left(held_by_policy.TYPE, self.name, [], target)
        return super().left(target)
