"""The guard rails of the log archive: its buckets, its key, and the role that alone changes them.

They spare no entry role: only the archive's own role, which one function of the management account may take, changes its
settings, and not even that one may delete a version, bypass a lock or delete the key. Nobody at all may change who takes that
role.
"""

from __future__ import annotations

from collections.abc import Iterator

from groundwork.baseline.archive import WRITER
from groundwork.baseline.components.guardrails.names import READS_OF_IAM, Names, Statement

NEVER_TO_A_LOG = ["s3:BypassGovernanceRetention", "s3:DeleteObject*", "s3:PutObject*"]
NEVER_TO_THE_KEY = ["kms:DisableKey", "kms:ScheduleKeyDeletion"]
FREE_IN_THE_ARCHIVE = ["kms:Describe*", "s3:Get*", "s3:List*"]
FREE_ON_THE_WRITER = [
    *READS_OF_IAM,
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:PutRolePolicy",
    "sts:AssumeRole",
]
"""What the entry roles may do with the archive's role: lay it down, and say what it may do, not who may take it."""
FREE_ON_THE_KEY = ["kms:Decrypt", "kms:Describe*", "kms:Get*", "kms:List*"]


def of_the_archive(names: Names) -> Iterator[Statement]:
    """They spare the archive's own role alone; what it may, the entry roles can say, but nobody who may take it. What
    nobody needs spares nobody: whoever has both roles still deletes no log and no key."""
    alias, key = names.declaration.log_archive.key_alias, names.arn("kms", "key/*", names.security)
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    writer, its_alias = names.iam(f"role/{WRITER}", names.security), names.arn("kms", alias, names.security)
    yield {
        "Effect": "Deny",
        "Sid": "ArchiveRole",
        "NotAction": FREE_ON_THE_WRITER,
        "Resource": names.iam(f"role/*{WRITER}", names.security),
    }
    objects = [each for each in names.archive()[:4] if each.endswith("/*")]  # of trails and of Config
    yield {"Effect": "Deny", "Sid": "LogsAreKept", "Action": NEVER_TO_A_LOG, "Resource": objects}
    kept = {"Effect": "Deny", "Sid": "LogKeyIsKept", "Action": NEVER_TO_THE_KEY, "Resource": key}
    yield {**kept, "Condition": by_alias}
    for statement in (
        {"Sid": "Archive", "NotAction": FREE_IN_THE_ARCHIVE, "Resource": [*names.archive(), its_alias]},
        {"Sid": "LogKey", "NotAction": FREE_ON_THE_KEY, "Resource": key, "Condition": by_alias},
    ):
        yield names.exempting(statement, [writer])
