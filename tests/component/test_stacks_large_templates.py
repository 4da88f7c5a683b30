"""stacks: a template that is too large to be sent along is put into a bucket by log-archive, and read from there."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from groundwork.aws import sessions
from groundwork.baseline import loop
from groundwork.baseline.archive import WRITER
from groundwork.baseline.components.log_archive import LogArchive
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from groundwork.declaration.stacks import StackWhere
from groundwork.declaration.stacks.mistakes import MOST_READS, ROOM_FOR_TEMPLATES
from groundwork.errors import ComponentNotSettled, TemplateNotThere
from tests.component.conftest import World
from tests.component.sabotage import Sabotage, differences, prove, prove_complete, used_and_declared
from tests.component.stacks import ABROAD, HERE, STACKS, TOPIC, apply, declaring, names, shown, stack

LOG_ARCHIVE = LogArchive()
FILLER = "x" * 70_000
LARGE = TOPIC.replace("Description: A topic, and its name", f"Metadata: {{Filler: {FILLER}}}")
OTHER = LARGE.replace("/topic", "/other")
GOVERNED = [HERE, ABROAD]


def bucket(world: World) -> str:
    return f"groundwork-templates-{world.security.id}"


def key(body: str) -> str:
    return f"templates/{hashlib.sha256(body.encode()).hexdigest()}"


def with_large(world: World, body: str = LARGE, **given: Any) -> Declaration:
    return declaring(
        world,
        stack(template="large.yaml", regions=GOVERNED, **given),
        governed=GOVERNED,
        prune=True,
        large=body,
    )


def laid_down(world: World, declared: Declaration) -> list[Any]:
    return world.apply(LOG_ARCHIVE, world.security, declaration=declared)


def empty(world: World) -> None:
    s3 = world.client("s3", world.security)
    for each in s3.list_object_versions(Bucket=bucket(world)).get("Versions", []):
        s3.delete_object(Bucket=bucket(world), Key=each["Key"], VersionId=each["VersionId"])


@pytest.fixture(scope="module")
def archive(world: World) -> World:
    """The world with the archive as it is without large templates, and then with one."""
    laid_down(world, world.declaration)
    s3 = world.client("s3", world.security)
    assert bucket(world) not in {each["Name"] for each in s3.list_buckets()["Buckets"]}
    done = prove_complete(world, LOG_ARCHIVE, world.security, declaration=with_large(world))
    assert {each.resource.partition(":")[0] for each in done} == {
        f"role/{WRITER}",
        f"bucket {bucket(world)}",
        f"bucket groundwork-access-logs-{world.security.id}",
    }
    return world


# -- the bucket ----------------------------------------------------------------------------------------


def test_the_template_is_put_once(archive: World) -> None:
    s3 = archive.client("s3", archive.security)
    found = s3.get_object(Bucket=bucket(archive), Key=key(LARGE), ChecksumMode="ENABLED")
    assert found["Body"].read().decode() == LARGE
    assert found["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(LARGE.encode()).digest()).decode()
    mark = len(archive.aws.calls)
    assert laid_down(archive, with_large(archive)) == []
    assert [call.operation for call in archive.calls_since(mark) if call.mutating] == []
    (version,) = s3.list_object_versions(Bucket=bucket(archive))["Versions"]
    assert version["Key"] == key(LARGE)


def test_the_plan_does_not_carry_it_to_an_answer(archive: World) -> None:
    from groundwork.rendering import held_to

    planned = archive.planned(LOG_ARCHIVE, archive.security, declaration=with_large(archive, OTHER))
    (put,) = [each for each in held_to(18_000, planned) if each.call and each.call.operation == "PutObject"]
    assert put.resource == f"bucket {bucket(archive)}: templates/large.yaml"
    assert put.reason == f"is not there as {key(OTHER)}: no account gets the template"
    assert FILLER not in json.dumps(put.to_json())


def of_bucket(operation: str, **given: Any) -> Callable[[World, Account], object]:
    def do(world: World, account: Account) -> None:
        getattr(world.client("s3", account), operation)(Bucket=bucket(world), **given)

    return do


def open_to_all(world: World, account: Account) -> None:
    s3 = world.client("s3", account)
    document = json.loads(s3.get_bucket_policy(Bucket=bucket(world))["Policy"])
    del document["Statement"][1]["Condition"]["ArnLike"]
    s3.put_bucket_policy(Bucket=bucket(world), Policy=json.dumps(document))


def portrait(world: World) -> Any:
    s3, at = world.client("s3", world.security), {"Bucket": bucket(world)}
    listed = s3.list_objects_v2(**at).get("Contents", [])
    return (
        [(each["Key"], s3.get_object(**at, Key=each["Key"])["Body"].read()) for each in listed],
        json.loads(s3.get_bucket_policy(**at)["Policy"]),
        s3.get_bucket_versioning(**at).get("Status"),
        [each["ID"] for each in s3.get_bucket_lifecycle_configuration(**at)["Rules"]],
        s3.get_bucket_encryption(**at)["ServerSideEncryptionConfiguration"],
        s3.get_public_access_block(**at)["PublicAccessBlockConfiguration"],
        s3.get_bucket_logging(**at).get("LoggingEnabled"),
    )


NAMED = "bucket groundwork-templates-{account}"
UNBLOCKED = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
RULE = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
SABOTAGES = (
    Sabotage(
        "gone", of_bucket("delete_object", Key=key(LARGE)), f"{NAMED}: templates/large.yaml", "is not there"
    ),
    Sabotage(
        "another content",
        of_bucket("put_object", Key=key(LARGE), Body=OTHER),
        f"{NAMED}: templates/large.yaml",
        "is not there as",
    ),
    Sabotage("readers", open_to_all, f"{NAMED}: Policy", "EntryRolesReadTemplates", "high"),
    Sabotage(
        "public",
        of_bucket("put_public_access_block", PublicAccessBlockConfiguration=UNBLOCKED),
        f"{NAMED}: PublicAccessBlockConfiguration",
        "public access is not blocked",
        "high",
    ),
    Sabotage(
        "lifecycle",
        of_bucket("put_bucket_lifecycle_configuration", LifecycleConfiguration={"Rules": [RULE]}),
        f"{NAMED}: LifecycleConfiguration",
        "lifecycle is not as declared",
    ),
    Sabotage(
        "versioning",
        of_bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"}),
        f"{NAMED}: VersioningConfiguration",
        "versioning is off",
        "high",
    ),
)


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_what_drifted_is_named_and_mended(archive: World, sabotage: Sabotage) -> None:
    declared = with_large(archive)
    prove(archive, LOG_ARCHIVE, archive.security, sabotage, lambda: portrait(archive), declaration=declared)


def test_the_role_puts_it_once_it_may(archive: World) -> None:
    """The role of the archive is changed by its own session, which then puts what it may put."""
    planned = archive.planned(LOG_ARCHIVE, archive.security, declaration=with_large(archive, OTHER))
    assert [each.call.after for each in planned if each.call] == [None]
    iam = archive.client("iam", archive.security)
    iam.delete_role_policy(RoleName=WRITER, PolicyName="change-the-log-archive")
    planned = archive.planned(LOG_ARCHIVE, archive.security, declaration=with_large(archive, OTHER))
    waiting = {each.call.operation: each.call.after for each in planned if each.call}
    assert waiting == {"PutRolePolicy": None, "PutObject": f"role/{WRITER} is as declared"}
    laid_down(archive, with_large(archive, OTHER))
    laid_down(archive, with_large(archive))


def test_an_entry_role_lets_the_archives_role_put_it(archive: World) -> None:
    """Where the guard rails are, that role cannot change itself."""
    iam, declared = archive.client("iam", archive.security), with_large(archive, OTHER)
    iam.delete_role_policy(RoleName=WRITER, PolicyName="change-the-log-archive")
    empty(archive)
    target = archive.target(LOG_ARCHIVE, archive.security, declared)
    mark = len(archive.aws.calls)
    with pytest.raises(ComponentNotSettled, match="changes the archive from now on"):
        loop.apply(LOG_ARCHIVE, replace(target, entered_by="OrganizationAccountAccessRole"))
    assert [call.operation for call in archive.calls_since(mark) if call.mutating] == ["PutRolePolicy"]
    mark = len(archive.aws.calls)
    loop.apply(LOG_ARCHIVE, replace(target, entered_by=WRITER))
    assert [call.operation for call in archive.calls_since(mark) if call.mutating] == ["PutObject"]
    laid_down(archive, with_large(archive))


def test_once_no_stack_needs_it_the_bucket_is_told(archive: World) -> None:
    without = declaring(archive, stack())
    before = archive.before(archive.security)
    told = archive.apply(LOG_ARCHIVE, before, declaration=without)
    (kept,) = [each for each in told if each.resource == f"bucket {bucket(archive)}"]
    assert kept.action == "report"
    assert kept.reason.endswith("no stack refers to it; empty and delete it by hand")
    laid_down(archive, with_large(archive))


# -- the stacks ----------------------------------------------------------------------------------------


def test_it_is_made_changed_and_removed_in_two_regions(archive: World) -> None:
    account, declared = archive.account(), with_large(archive)
    done = prove_complete(archive, STACKS, account, declaration=declared)
    assert {each.resource for each in done} == {
        "role/groundwork-stack-alerts",
        *(f"stack groundwork-alerts in {region}" for region in GOVERNED),
    }
    for region in GOVERNED:
        cloudformation = archive.client("cloudformation", account, region)
        assert cloudformation.get_template(StackName="groundwork-alerts")["TemplateBody"] == LARGE
    mark = len(archive.aws.calls)
    assert apply(archive, account, declared, "two") == []
    assert "s3" not in {call.service for call in archive.calls_since(mark)}
    changed = with_large(archive, OTHER)
    laid_down(archive, changed)
    mark = len(archive.aws.calls)
    planned = differences(archive.plan(STACKS, account, declaration=changed))
    assert {each.reason for each in planned} == {"replaces Parameter (AWS::SSM::Parameter): Name"}
    assert {call.operation for call in archive.calls_since(mark) if call.mutating} == {
        "CreateChangeSet",
        "DeleteChangeSet",
    }
    assert differences(apply(archive, account, changed, "three")) == planned
    for region in GOVERNED:
        ssm = archive.client("ssm", account, region)
        assert ssm.get_parameter(Name="/other")["Parameter"]["Value"] == f"alerts-{account.id}"
    gone = declaring(archive, governed=GOVERNED, prune=True)
    prove_complete(archive, STACKS, account, declaration=gone)
    assert "groundwork-alerts" not in names(archive, account) | names(archive, account, ABROAD)
    laid_down(archive, declared)


def test_a_template_that_is_not_there_is_waited_for_and_nothing_is_made_of_it(archive: World) -> None:
    account, declared = archive.account(), with_large(archive)
    empty(archive)
    run = f"a run of the security account {archive.security.id} puts it"
    where = f"templates/large.yaml in the bucket {bucket(archive)}, where {run}"
    told = {each.resource for each in archive.plan(STACKS, account, declaration=declared)}
    assert f"stack groundwork-alerts in {ABROAD}" in told
    with pytest.raises(TemplateNotThere, match=f"waits in account {account.id} for {where}"):
        apply(archive, account, declared)
    assert names(archive, account) == set()
    planned = archive.planned(STACKS, account, declaration=declared)
    assert {each.call.after for each in planned if each.call} == {where}
    laid_down(archive, declared)
    apply(archive, account, declared)
    changed, before = with_large(archive, OTHER), shown(archive, account)
    planned = archive.planned(STACKS, account, declaration=changed)
    assert {each.call.after for each in planned if each.call} == {where}
    assert all("changes Parameter (AWS::SSM::Parameter)" in each.reason for each in planned)
    with pytest.raises(TemplateNotThere):
        apply(archive, account, changed, "two")
    assert shown(archive, account) == before
    small = stack(name="small", template="bucket.json", parameters={})
    both = declaring(archive, stack(template="large.yaml"), small, governed=GOVERNED, prune=True, large=OTHER)
    with pytest.raises(TemplateNotThere):
        apply(archive, account, both, "three")
    assert "groundwork-small" in names(archive, account)


def test_an_object_of_another_content_is_not_taken(archive: World) -> None:
    account, declared = archive.account(), with_large(archive)
    s3 = archive.client("s3", archive.security)
    s3.put_object(Bucket=bucket(archive), Key=key(LARGE), Body=OTHER, ChecksumAlgorithm="SHA256")
    with pytest.raises(TemplateNotThere):
        apply(archive, account, declared)
    laid_down(archive, declared)
    apply(archive, account, declared)
    assert "groundwork-alerts" in names(archive, account)


# -- who may what --------------------------------------------------------------------------------------


def test_a_session_reads_what_is_in_that_bucket_and_nothing_else(archive: World) -> None:
    account, declared = archive.account(), with_large(archive)
    laid_down(archive, declared)
    theirs = f"theirs-{account.id}"
    owner = archive.client("s3", account)
    owner.create_bucket(Bucket=theirs)
    owner.put_object(Bucket=theirs, Key=key(LARGE), Body=LARGE)
    archive.client("s3", archive.security).put_object(Bucket=bucket(archive), Key="other/one", Body=b"")
    small = declaring(archive, stack())
    for reading in (True, False):
        s3 = archive.target(STACKS, account, declared, reading=reading).client("s3", HERE)
        s3.head_object(Bucket=bucket(archive), Key=key(LARGE))
        for at in (
            {"Bucket": theirs, "Key": key(LARGE)},
            {"Bucket": bucket(archive), "Key": "other/one"},
        ):
            with pytest.raises(ClientError, match="403"):
                s3.head_object(**at)
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.put_object(Bucket=bucket(archive), Key=key(LARGE), Body=b"")
        with pytest.raises(ClientError, match="AccessDenied"):
            s3.list_objects_v2(Bucket=bucket(archive))
        others = archive.target(STACKS, account, small, reading=reading).client("s3", HERE)
        with pytest.raises(ClientError, match="403"):
            others.head_object(Bucket=bucket(archive), Key=key(LARGE))
    elsewhere = declaring(
        archive,
        stack(template="large.yaml", where=StackWhere(kinds=["workload"], names=["another"])),
        large=LARGE,
    )
    needs = STACKS.needs(account, archive.organization, elsewhere)
    assert (needs.reads_in_plan, needs.writes) == ([*STACKS.reads_in_plan], [*STACKS.writes])


def test_only_entry_roles_read_it(archive: World) -> None:
    account = archive.account()
    laid_down(archive, with_large(archive))
    archive.client("s3", account).head_object(Bucket=bucket(archive), Key=key(LARGE))
    iam = archive.client("iam", account)
    key_of = iam.create_user(UserName="somebody") and iam.create_access_key(UserName="somebody")["AccessKey"]
    iam.attach_user_policy(UserName="somebody", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    from local.identity.credentials import Credentials

    theirs = Credentials(key_of["AccessKeyId"], key_of["SecretAccessKey"])
    with pytest.raises(ClientError, match="403"):
        archive.aws.client("s3", credentials=theirs).head_object(Bucket=bucket(archive), Key=key(LARGE))


def test_its_permissions_are_used_and_fit_a_session(archive: World) -> None:
    account, declared = archive.account(), with_large(archive)
    laid_down(archive, declared)
    mark = len(archive.aws.calls)
    apply(archive, account, declared)
    used, _ = used_and_declared(archive, STACKS, mark)
    assert "s3:GetObject" in used
    longest = declared.model_copy(
        update={"log_archive": declared.log_archive.model_copy(update={"templates_bucket": "b" * 63})}
    )
    longest._templates = declared._templates
    needs = STACKS.needs(account, archive.organization, longest)
    drift = sessions.Permission(["s" * (MOST_READS - ROOM_FOR_TEMPLATES - 3)])
    for permissions in ([*needs.reads, *needs.writes], [*needs.reads, *needs.reads_in_plan, drift]):
        assert len(sessions.session_policy(permissions, account.id, "aws-us-gov")) <= 2048
    needs = LOG_ARCHIVE.needs(archive.security, archive.organization, longest)
    assert len(sessions.session_policy([*needs.reads, *needs.writes], account.id, "aws-us-gov")) <= 2048
