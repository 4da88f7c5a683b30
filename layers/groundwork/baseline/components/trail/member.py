"""An account that an organization trail covers."""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.archive import archive
from groundwork.baseline.component import Call, Target
from groundwork.errors import AccountNotCovered

from .own import report
from .state import Found


def calls(found: Found, target: Target) -> Iterator[Call]:
    """A trail that covers the account and whose logs do not arrive is told, and not waited for: only whoever has the archive
    can mend that, and no new account is to fail for it."""
    covering, name = found.covering, target.declaration.trail.name
    if covering is None:
        bucket = archive(target).trail_bucket
        missing = (
            f"No organization trail that delivers to bucket {bucket} covers account {target.account.id}."
        )
        if target.account.kind != "security":
            raise AccountNotCovered(missing)
        # Its bucket comes first: the management account makes the trail once the security account is ready.
        yield report(name, f"{missing} The management account's next execution makes it.", "high")
        return
    if not covering.setting("IsMultiRegionTrail"):
        raise AccountNotCovered(
            f"The organization trail {covering.arn} records one Region only: {covering.home}."
        )
    if not covering.logging:
        raise AccountNotCovered(f"The organization trail {covering.arn} is not logging.")
    by = f"the organization trail {covering.arn}"
    if covering.undelivered:
        stays = "" if found.own is None else "the account's own trail stays: "
        yield report(name, f"{stays}{by}, which is to cover the account, {covering.undelivered}", "high")
    elif found.own is None:
        where = covering.setting("S3BucketName")
        yield report(name, f"covered by {by}, which delivers to bucket {where}")
    elif found.own.tagged:
        twice = f"{by} covers this account: a second copy of every event is billed"
        yield Call(
            *("cloudtrail", "DeleteTrail", {"Name": found.own.arn}, f"trail {name}", "delete", twice),
            region=found.own.home,
            severity="low",
        )
    else:
        yield report(name, f"is not tagged as ours, and left alone; {by} covers this account")
