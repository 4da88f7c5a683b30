"""Templates that are too large to be sent along with a call: CloudFormation reads them from a bucket of the security account,
with the session of whoever asks it. Component `log-archive` makes the bucket and puts them there, each as an object that is
called by what it holds. A stack, once made, keeps no reference to it.

https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

from collections.abc import Iterable

from groundwork.baseline.archive import archive, has_template, is_known, templates_bucket
from groundwork.baseline.component import Permission, Target
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import Stack
from groundwork.declaration.stacks.templates import FOLDER


def reads(
    here: Iterable[Stack], account: Account, organization: Organization, declaration: Declaration
) -> list[Permission]:
    """What a session needs in an account that has these stacks."""
    security = account.id if account.kind == "security" else organization.security_account_id
    if security is None or not any(each.template in declaration.large_templates for each in here):
        return []
    objects = f"arn:{{partition}}:s3:::{templates_bucket(declaration, security)}/{FOLDER}/*"
    of_security = {"StringEquals": {"aws:ResourceAccount": security}}
    return [Permission(["s3:GetObject"], [objects], of_security)]


def not_there(names: Iterable[str], target: Target) -> frozenset[str]:
    """Those of these templates that are large, and not in their bucket."""
    large = target.declaration.large_templates
    return frozenset(
        name
        for name in names
        if name in large
        and not (is_known(str(archive(target).templates_bucket)) and has_template(target, large[name]))
    )


def awaited(name: str, target: Target) -> str:
    bucket, security = archive(target).templates_bucket, target.organization.security_account_id
    whose = f"account {security}" if security else "account"
    return f"{FOLDER}/{name} in the bucket {bucket}, where a run of the security {whose} puts it"


def unread(names: Iterable[str], target: Target) -> str:
    told = ", and ".join(awaited(name, target) for name in sorted(names))
    return f"stacks waits in account {target.account.id} for {told}."
