"""Which buckets the account's public access block would close: those that anybody may read or write today, by their policy or
their access control list. A plan tells it. Lists of single objects, and access points, are not looked at.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketPolicyStatus.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from groundwork.aws.sessions import DENIALS
from groundwork.baseline.buckets import owned
from groundwork.baseline.component import Permission, Target
from groundwork.side_by_side import side_by_side

READ = Permission(
    ["s3:GetBucketAcl", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock", "s3:ListAllMyBuckets"]
)
MOST = 500
"""Buckets that are looked at, with three calls each at most."""
AT_ONCE = 16
MOST_TOLD = 20
EVERYBODY = tuple(
    f"http://acs.amazonaws.com/groups/global/{group}" for group in ("AllUsers", "AuthenticatedUsers")
)
BY_POLICY, BY_LIST = "RestrictPublicBuckets", "IgnorePublicAcls"
"""The settings that close what is public, whether the account has them or the bucket."""
WHAT = {BY_POLICY: "its policy", BY_LIST: "its access control list"}
ABSENT = ("NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy", "NoSuchBucket")


@dataclass(frozen=True)
class Buckets:
    """By name, what makes a bucket `public`; those that may not be looked at are `unseen`, and `more` were too many."""

    public: Mapping[str, str] | None = None
    unseen: tuple[str, ...] = ()
    more: int = 0

    def in_words(self) -> list[str]:
        """A clause for each."""
        public = dict(self.public or {})
        told = [
            f"bucket {name} is public by {how} today, and will not be"
            for name, how in islice(public.items(), MOST_TOLD)
        ]
        if len(public) > MOST_TOLD:
            told.append(f"and so it is with {len(public) - MOST_TOLD} more buckets")
        if self.unseen:
            told.append(f"of {_listed(self.unseen)} nobody may see whether it is public")
        if self.more:
            told.append(f"{self.more} more buckets were not looked at")
        return told


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return f"bucket{'' if len(names) == 1 else 's'} {', '.join(names[:MOST_TOLD])}{more}"


def read(target: Target, account: Mapping[str, bool]) -> Buckets:
    """`account` is the account's own public access block: what it closes already nobody loses."""
    leaves_open = [setting for setting in WHAT if not account.get(setting)]
    if not leaves_open:
        return Buckets()
    home = target.declaration.regions.home
    listed = owned(target.client("s3", home))
    answers = list[tuple[str, str | None]]()
    looks = (
        partial(_look, target.client, name, region or home, leaves_open)
        for name, region in islice(listed.items(), MOST)
    )
    while some := list(islice(looks, AT_ONCE)):
        answers += side_by_side(*some)
    return Buckets(
        {name: how for name, how in answers if how},
        tuple(name for name, how in answers if how is None),
        max(0, len(listed) - MOST),
    )


def _look(
    client: Callable[[str, str], Any], name: str, region: str, leaves_open: list[str]
) -> tuple[str, str | None]:
    """The bucket's name, and in words what makes it public: empty where nothing does, None where nobody may look."""
    s3 = client("s3", region)
    try:
        return name, " and ".join(_public_by(s3, name, leaves_open))
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIALS:
            raise
        return name, None


def _public_by(s3: Any, name: str, leaves_open: list[str]) -> Iterator[str]:
    asked = _or_nothing(lambda: s3.get_public_access_block(Bucket=name))
    closed = asked.get("PublicAccessBlockConfiguration", {})
    for setting in leaves_open:
        if not closed.get(setting) and IS_PUBLIC[setting](s3, name):
            yield WHAT[setting]


def _by_policy(s3: Any, name: str) -> bool:
    found = _or_nothing(lambda: s3.get_bucket_policy_status(Bucket=name))
    return bool(found.get("PolicyStatus", {}).get("IsPublic"))


def _by_list(s3: Any, name: str) -> bool:
    grants = _or_nothing(lambda: s3.get_bucket_acl(Bucket=name)).get("Grants", [])
    return any(grant.get("Grantee", {}).get("URI") in EVERYBODY for grant in grants)


IS_PUBLIC: Mapping[str, Callable[[Any, str], bool]] = {BY_POLICY: _by_policy, BY_LIST: _by_list}


def _or_nothing(ask: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] not in ABSENT:
            raise
        return {}
