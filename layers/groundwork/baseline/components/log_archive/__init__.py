"""The log archive: the buckets and the key of the security account that every account's logs go to.

Its policies admit the whole organization, so that a new account changes nothing here. Once its role is there
(`writer.py`), that is who changes it; an entry role lays down the role, and all the rest where no guard rail is yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from groundwork.baseline import keys
from groundwork.baseline.archive import WRITER, archive, has_template, templates_bucket
from groundwork.baseline.component import Call, Component, Needs, Permission, Target, needing
from groundwork.baseline.components.log_archive import buckets, policies, writer
from groundwork.baseline.components.log_archive.writer import Writer
from groundwork.baseline.example_accounts import in_security
from groundwork.baseline.keys import Key
from groundwork.contracts import Account, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.policy_files import Document
from groundwork.declaration.stacks.templates import FOLDER
from groundwork.errors import ComponentNotSettled
from groundwork.side_by_side import side_by_side

THE_ROLE = ("arn:{partition}:iam::{account}:role/" + WRITER,)
LOGS = keys.Use(
    description="Groundwork's log archive",
    missing="no log can be encrypted",
    disabled="logs can be neither delivered nor read",
    doomed="every log would become unreadable",
    lost="no account finds the key, and no guard rail protects it",
)


@dataclass(frozen=True)
class Found:
    """`astray` is the key that the declared alias leads to instead of ours. `buckets` holds, of each bucket that is
    there, its settings by the name of the operation that writes them; `elsewhere` are the Regions of those that are not in
    the home Region. `former` is what was the archive's and is no
    longer declared, with what becomes of it, and `templates` the names of large templates that are in their bucket."""

    key: Key | None
    astray: str | None
    buckets: Mapping[str, Mapping[str, Any]]
    writer: Writer | None
    former: tuple[tuple[str, str], ...] = ()
    templates: frozenset[str] = frozenset()
    elsewhere: Mapping[str, str] = field(default_factory=dict)


class LogArchive(Component[Found]):
    name = "log-archive"
    kinds = ("security",)
    reads = (
        Permission(["iam:GetRole", "iam:GetRolePolicy", "iam:ListRolePolicies"], THE_ROLE),
        Permission(["kms:ListKeys", "s3:ListAllMyBuckets"]),
        keys.LOOK,
        Permission(
            [
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketOwnershipControls",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )
    writes = (
        Permission(
            ["iam:CreateRole", "iam:DeleteRolePolicy", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"],
            THE_ROLE,
        ),
        *keys.WRITES,
        Permission(
            [
                "s3:CreateBucket",
                "s3:PutBucketLogging",
                "s3:PutBucketObjectLockConfiguration",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketPublicAccessBlock",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
            ],
            ["arn:{partition}:s3:::*"],
        ),
    )

    def needs(self, account: Account, organization: Organization, declaration: Declaration) -> Needs:
        """Where a template of `stacks` is large, also `s3:GetObject` and `s3:PutObject` of what is in the bucket of templates."""
        its = super().needs(account, organization, declaration)
        if (bucket := templates_bucket(declaration, account.id)) is None:
            return its
        objects = [f"arn:{{partition}}:s3:::{bucket}/*"]
        return its._replace(
            reads=[*its.reads, Permission(["s3:GetObject"], objects)],
            writes=[*its.writes, Permission(["s3:PutObject"], objects)],
        )

    def entry_roles(self, declaration: Declaration) -> Sequence[str]:
        return [WRITER, *declaration.entry_role_names]

    def rendered(self, declaration: Declaration) -> Sequence[Document]:
        """The policies that name the accounts which are admitted."""
        return policies.of_admitted(in_security(declaration))

    # -- read ----------------------------------------------------------------------------------------

    def read(self, target: Target) -> Found:
        home, names = target.declaration.regions.home, archive(target)
        (key, astray), (settings, elsewhere), role, former = side_by_side(
            lambda: keys.read(target.client("kms", home), names.key_alias),
            lambda: buckets.read(target.client("s3", home), buckets.names(names), home),
            lambda: writer.read(target.client("iam"), WRITER),
            lambda: _former(target, buckets.names(names), names.key_alias) if target.is_behind else (),
        )
        there = (
            name
            for name, template in target.declaration.large_templates.items()
            if names.templates_bucket in settings and has_template(target, template)
        )
        return Found(key, astray, settings, role, former, frozenset(there), elsewhere)

    # -- diff ----------------------------------------------------------------------------------------

    def diff(self, found: Found, target: Target) -> Iterable[Call]:
        """Whoever comes by an entry role lays down the archive's role, and nothing else: the guard rails may be in force
        already, and deny the archive's role to change itself. Raises `ComponentNotSettled` when that role is as declared and
        the archive is to be changed by another's session, `RefusedByAws` where a bucket of it is in another Region than home,
        and `InvalidDeclaration` when a policy is longer than AWS takes.
        """
        policies.of_admitted(target)
        if found.elsewhere:
            yield from buckets.not_at_home(found.elsewhere, target)
            yield from _kept(found.former)
            return
        needs = self.needs(target.account, target.organization, target.declaration)
        to_role = list(writer.calls(found.writer, writer.wanted([*needs.reads, *needs.writes], target)))
        yield from needing((), to_role)
        entered_by_another = target.entered_by not in (None, WRITER)
        waits = f"role/{WRITER} is as declared" if to_role else ""
        for call in (*self._in_the_archive(found, target), *_templates(found, target, waits)):
            if entered_by_another and not to_role:
                raise ComponentNotSettled(
                    f"role/{WRITER} is there and changes the archive from now on: entered by "
                    f"{target.entered_by}, though {call.resource} {call.reason}."
                )
            yield replace(call, after=waits) if entered_by_another else call
        yield from _kept(found.former)
        yield from _admitted_still(found, target)
        yield from buckets.still_locked(archive(target).trail_bucket, found.buckets, target)

    def left(self, target: Target) -> Iterable[Call]:
        """All of it stays, whatever `prune` says: it is the evidence."""
        return _kept(_former(target, (), ""))

    def _in_the_archive(self, found: Found, target: Target) -> Iterable[Call]:
        """The other buckets log to the one for access logs. Of one bucket S3 takes one change at a time."""
        names, former = archive(target), _former_trails(found, target)
        policy = policies.key(target, former)
        of_key = keys.calls(found.key, found.astray, names.key_alias, policy, LOGS, target)
        yield from needing((), of_key)
        key_arn = found.key.arn if found.key else keys.arn_to_come(names.key_alias)
        for bucket in buckets.names(names):
            needs = set() if bucket == names.access_logs_bucket else {f"bucket {names.access_logs_bucket}"}
            its = found.buckets.get(bucket)
            yield from needing(needs, buckets.calls(bucket, its, key_arn, target, former))


# -- large templates -----------------------------------------------------------------------------------


def _templates(found: Found, target: Target, waits: str) -> Iterator[Call]:
    """Each is put once, as an object that is called by what it holds, and never another one in its place. The role that puts
    it is allowed to once its policy says so.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    bucket = archive(target).templates_bucket
    for name, template in target.declaration.large_templates.items():
        if name not in found.templates:
            yield Call(
                "s3",
                "PutObject",
                {
                    "Bucket": bucket,
                    "Key": template.key,
                    "Body": template.body,
                    "ChecksumAlgorithm": "SHA256",
                    "ChecksumSHA256": template.checksum,
                },
                f"bucket {bucket}: {FOLDER}/{name}",
                "create",
                f"is not there as {template.key}: no account gets the template",
                target.declaration.regions.home,
                after=waits,
                needs=(),
            )


# -- what is no longer declared ------------------------------------------------------------------------


def _former(target: Target, buckets_in_use: Collection[str], alias: str) -> tuple[tuple[str, str], ...]:
    """Buckets with the policies of an archive, and keys of ours with its policy, besides those that are declared; each with
    what becomes of it."""
    home = target.declaration.regions.home
    kms = target.client("kms", home)
    ours = (arn for arn in keys.arns(kms) if keys.alias_by_tag(kms, arn) not in (None, alias))
    former = (
        (f"key {arn}", buckets.STAYS) for arn in ours if policies.is_of_archive(keys.policy_of(kms, arn))
    )
    found = buckets.former(target, buckets_in_use)
    return (*((f"bucket {name}", kept) for name, kept in found), *sorted(former))


def _former_trails(found: Found, target: Target) -> list[str]:
    """The names of trails that may deliver and are declared no longer: while the account is behind the declaration others
    may be, whose trails would deliver nothing from now until they are brought to it."""
    if not target.is_behind:
        return []
    of_bucket = found.buckets.get(archive(target).trail_bucket, {}).get("PutBucketPolicy")
    of_key = found.key.policy if found.key else None
    admitted = policies.names_of_trails(of_bucket) | policies.names_of_trails(of_key)
    return sorted(admitted - {target.declaration.trail.name})


def _admitted_still(found: Found, target: Target) -> Iterator[Call]:
    """Only where they are to be removed does the account stay behind no longer, and end them with its next run."""
    if former := _former_trails(found, target):
        removes = target.declaration.removes("log-archive")
        told = (
            f"trails called {' and '.join(former)} may deliver still, though declared no longer, until every account has been "
            f"brought to the declaration: roll out, then {'' if removes else 'declare prune: {log-archive: remove}, and '}run the "
            "security account once more"
        )
        resource = f"bucket {archive(target).trail_bucket}: Policy"
        yield Call("s3", "", {}, resource, "report", told, severity="high", taken_out=not removes)


def _kept(former: Iterable[tuple[str, str]]) -> Iterator[Call]:
    """Told while the account is behind the declaration, and never removed."""
    for resource, kept in former:
        yield Call("s3", "", {}, resource, "report", kept)
