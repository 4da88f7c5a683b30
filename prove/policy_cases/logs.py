"""Services at the log archive, for us and for others: a service that acts for anybody is nobody's deputy here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from groundwork.baseline.archive import archive
from groundwork.baseline.components.log_archive import policies as archive_policies
from groundwork.declaration.policy_files import Document
from prove import laid_down
from prove.asked import Caller, Case, Wish
from prove.laid_down import IDS, MANAGEMENT, REGION, SECURITY
from prove.policy_cases.people import (
    ADMIN,
    ADMINISTRATOR,
    ANOTHER,
    ENTRY,
    OURS,
    STRANGER,
    inside,
    member,
    number_of,
    user,
    where,
)

CLOUDTRAIL, CONFIG, LOGGING = (
    archive_policies.CLOUDTRAIL,
    archive_policies.CONFIG,
    archive_policies.S3_LOGGING,
)
OWNED = {"s3:x-amz-acl": "bucket-owner-full-control"}
KEY = f"arn:aws:kms:{REGION}:{SECURITY}:key/12345678-1234-1234-1234-123456789012"
HERE = laid_down.target("security")
NAMES = archive(HERE)
TRAIL, RECORDS, ACCESS_LOGS = NAMES.trail_bucket, NAMES.config_bucket, NAMES.access_logs_bucket
POLICIES: Mapping[str, Document] = {
    TRAIL: archive_policies.trail_bucket(HERE),
    RECORDS: archive_policies.config_bucket(HERE),
    ACCESS_LOGS: archive_policies.access_logs_bucket(HERE),
}


def cases() -> Iterator[Case]:
    yield from _delivery()
    yield from _access_logs()
    yield from _key()
    yield from _readers()
    yield from _bootstrap_trail()


def service(name: str, account: str, *, tls: bool = True, source_arn: str = "") -> Caller:
    """A service that acts for an account: ours by name, anybody else's by number."""
    organization = OURS if account in IDS else ANOTHER
    keys: dict[str, Any] = {
        "aws:PrincipalServiceName": name,
        "aws:PrincipalIsAWSService": "true",
        "aws:SourceAccount": number_of(account),
        "aws:SourceOrgID": organization,
        "aws:SecureTransport": "true" if tls else "false",
    }
    if source_arn:
        keys["aws:SourceArn"] = source_arn
    plain = "" if tls else " without TLS"
    return Caller(f"{name} for {account if account in IDS else 'a stranger'}{plain}", name, keys=keys)


def write(bucket: str, path: str, acl: Mapping[str, Any] = OWNED) -> Wish:
    return Wish(
        f"write {path} into {bucket}" + ("" if acl else " and keep it"),
        "s3:PutObject",
        f"arn:aws:s3:::{bucket}/{path}",
        SECURITY,
        POLICIES[bucket],
        {**where("security"), **acl},
    )


def trail_of(account: str, name: str = "groundwork") -> str:
    return f"arn:aws:cloudtrail:{REGION}:{number_of(account)}:trail/{name}"


def _delivery() -> Iterator[Case]:
    for account in (*IDS, STRANGER):
        number, ours = number_of(account), account in IDS
        trail, records = f"AWSLogs/{number}/CloudTrail/x", f"AWSLogs/{number}/Config/x"
        for name, bucket, path in ((CLOUDTRAIL, TRAIL, trail), (CONFIG, RECORDS, records)):
            source = trail_of(account) if name == CLOUDTRAIL else ""
            yield Case(service(name, account, source_arn=source), write(bucket, path), allowed=ours)
            plain = service(name, account, tls=False, source_arn=source)
            yield Case(plain, write(bucket, path), allowed=False)
            yield Case(service(name, account, source_arn=source), write(bucket, path, {}), allowed=False)
            elsewhere = write(bucket, "elsewhere/x")
            yield Case(service(name, account, source_arn=source), elsewhere, allowed=False)
        another = service(CLOUDTRAIL, account, source_arn=trail_of(account, "another"))
        yield Case(another, write(TRAIL, trail), allowed=False, why="only trails of the declared name")
        yield Case(service(CONFIG, account), write(TRAIL, trail), allowed=False)
        yield Case(service(CLOUDTRAIL, account), write(RECORDS, records), allowed=False)
        yield Case(service(LOGGING, account), write(TRAIL, trail), allowed=False)


def _access_logs() -> Iterator[Case]:
    for account, bucket, may in (
        ("security", TRAIL, True),
        ("security", RECORDS, True),
        ("security", "another-bucket", False),
        ("dev", TRAIL, False),
        (STRANGER, TRAIL, False),
    ):
        logging = service(LOGGING, account, source_arn=f"arn:aws:s3:::{bucket}")
        yield Case(logging, write(ACCESS_LOGS, f"{bucket}/x", {}), allowed=may, why=f"of {bucket}")


def _key() -> Iterator[Case]:
    policy = archive_policies.key(HERE)

    def use(action: str, words: str, **keys: Any) -> Wish:
        return Wish(words, action, KEY, SECURITY, policy, {**where("security"), **keys})

    for account in (*IDS, STRANGER):
        ours, trail = account in IDS, trail_of(account)
        context = {"kms:EncryptionContext:aws:cloudtrail:arn": trail}
        cloudtrail = service(CLOUDTRAIL, account, source_arn=trail)
        encrypt = use("kms:GenerateDataKey", "encrypt a trail's log with the archive's key", **context)
        yield Case(cloudtrail, encrypt, allowed=ours)
        anything = use("kms:GenerateDataKey", "encrypt what is no trail's log with the archive's key")
        yield Case(cloudtrail, anything, allowed=False)
        yield Case(service(CONFIG, account), anything, allowed=ours)
        decrypt = use("kms:Decrypt", "decrypt with the archive's key")
        yield Case(cloudtrail, decrypt, allowed=ours, why="where S3 bucket keys are on")
        yield Case(service(LOGGING, account), decrypt, allowed=False)
    decrypt, look = use("kms:Decrypt", "decrypt the logs"), use("kms:DescribeKey", "find the archive's key")
    for caller, reads, finds in (
        (member("admin-external-accounts", "true"), True, True),
        (member("admin-external-accounts", "absent"), False, False),
        (member("dev-external-accounts", "true"), False, True),
        (inside("dev", ADMIN, f"somebody in dev by {ADMIN}"), False, True),
        (inside("dev", ENTRY, "Groundwork in dev by the entry role"), False, True),
    ):
        yield Case(caller, decrypt, allowed=reads)
        yield Case(caller, look, allowed=finds)


def _readers() -> Iterator[Case]:
    def read(caller: Caller, may: bool) -> Case:
        arn = f"arn:aws:s3:::{TRAIL}/AWSLogs/x"
        wish = Wish("read a trail's log", "s3:GetObject", arn, SECURITY, POLICIES[TRAIL], where("security"))
        return Case(caller, wish, may)

    yield read(member("admin-external-accounts", "true"), True)
    yield read(member("ro-external-accounts", "true"), True)
    yield read(member("ro-external-accounts", "false"), False)
    yield read(member("dev-external-accounts", "true"), False)
    yield read(inside("prod", ADMIN, f"somebody in prod by {ADMIN}"), False)
    yield read(
        user("an administrator of the management account", "management", [ADMINISTRATOR], "true"), False
    )


def _bootstrap_trail() -> Iterator[Case]:
    """The management account's own bucket and key, until there is a log archive."""
    policy = laid_down.stack()["BootstrapTrailBucketPolicy"]["Properties"]["PolicyDocument"]
    bucket = "BootstrapTrailBucket"
    path = f"AWSLogs/{MANAGEMENT}/CloudTrail/x"
    for account in (*IDS, STRANGER):
        for tls in (True, False):
            wish = Wish(
                f"write {path} into the stack's bucket",
                "s3:PutObject",
                f"arn:aws:s3:::{bucket}/{path}",
                MANAGEMENT,
                policy,
                {**where("management"), **OWNED},
            )
            may = account == "management" and tls
            yield Case(service(CLOUDTRAIL, account, tls=tls), wish, allowed=may)
