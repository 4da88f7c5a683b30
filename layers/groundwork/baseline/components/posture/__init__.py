"""posture: Security Hub CSPM checks every account against the declared standards, in every governed Region.

The security account administers it by central configuration: one configuration policy on the root, in force in the home
Region and those linked to it, binds every account there is and every account to come, at no call in any of them. The
management account's own hub is enabled by nobody else, so that its run does. Who administers is `delegation`'s.

Whatever others decided is told and left: another administrator, an aggregator with another home Region, another
configuration policy on the root, accounts with a configuration of their own, Security Hub CSPM policies of Organizations.

https://docs.aws.amazon.com/securityhub/latest/userguide/central-configuration-intro.html
https://docs.aws.amazon.com/securityhub/latest/userguide/start-central-configuration.html
See docs/decisions/0031.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from groundwork.baseline.component import Call, Component, Target
from groundwork.baseline.regions import FIND_REGIONS
from groundwork.declaration import Declaration
from groundwork.errors import InvalidDeclaration

from . import central, difference, hubs
from .settings import Settings

Found = hubs.Found | central.Found
"""Of the management account, and of the security account."""


class Posture(Component[Found]):
    name = "posture"
    kinds = ("management", "security")
    settings = Settings
    reads = (hubs.LOOK, FIND_REGIONS, hubs.LOOK_FROM_MANAGEMENT, central.LOOK)
    writes = (*hubs.ENABLE, central.KEEP)

    def rendered(self, declaration: Declaration) -> Sequence[object]:
        components = declaration.baseline.get("security", [])
        missing = [name for name in ("delegation", "config") if name not in components]
        if self.name in components and missing:
            raise InvalidDeclaration(
                f"baseline.yaml: baseline.security: posture needs {' and '.join(missing)}: the one makes the security account "
                "the administrator of Security Hub, the other records what is checked; add what lacks, or take posture out."
            )
        return ()

    def read(self, target: Target) -> Found:
        return hubs.read(target) if target.account.kind == "management" else central.read(target)

    def diff(self, found: Found, target: Target) -> Iterator[Call]:
        if isinstance(found, hubs.Found):
            yield from hubs.calls(found)
        else:
            yield from difference.calls(found, target, target.declaration.settings(self.name))
