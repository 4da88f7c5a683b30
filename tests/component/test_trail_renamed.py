"""Another name of the trail: the archive takes both until every account has the new one."""

from __future__ import annotations

import json

from groundwork.baseline.components.log_archive import LogArchive
from groundwork.baseline.components.trail import Trail
from groundwork.contracts import Account
from groundwork.declaration import Declaration
from tests.component.conftest import World

ARCHIVE, TRAIL = LogArchive(), Trail()


def called(world: World, name: str, **prune: str) -> Declaration:
    """The shipped declaration with this name of the trail."""
    trail = world.declaration.trail.model_copy(update={"name": name})
    return world.declaration.model_copy(update={"trail": trail, "prune": prune})


def delivers(world: World, account: Account, name: str) -> bool:
    """Whether the account's trail of that name may deliver its logs now."""
    cloudtrail = world.client("cloudtrail", account)
    cloudtrail.stop_logging(Name=name)
    cloudtrail.start_logging(Name=name)
    return "LatestDeliveryError" not in cloudtrail.get_trail_status(Name=name)


def test_trails_of_a_former_name_deliver_until_every_account_has_the_new_one(ready: World) -> None:
    """In whatever order accounts are brought to the declaration, and however often security is."""
    account, security, later = ready.account(), ready.security, ready.before(ready.security)
    ready.apply(TRAIL, account)
    renamed = called(ready, "audit")
    resource = f"bucket groundwork-trail-{security.id}: Policy"
    *made, told = ready.apply(ARCHIVE, later, declaration=renamed)
    assert {each.resource for each in made} == {resource, "key alias/groundwork-logs"}
    assert (told.action, told.severity, told.resource, told.taken_out) == ("report", "high", resource, True)
    assert told.reason == (
        "trails called groundwork may deliver still, though declared no longer, until every account has been brought to the "
        "declaration: roll out, then declare prune: {log-archive: remove}, and run the security account once more"
    )
    assert ready.apply(ARCHIVE, later, declaration=renamed) == [told]
    assert ready.plan(ARCHIVE, later, declaration=renamed) == [told]
    assert delivers(ready, account, "groundwork")
    ready.apply(TRAIL, account, declaration=renamed)
    assert delivers(ready, account, "audit")

    removing = called(ready, "audit", **{"log-archive": "remove"})
    (last,) = ready.apply(ARCHIVE, later, declaration=removing)
    assert last.reason.endswith("roll out, then run the security account once more")
    assert (last.severity, last.taken_out) == ("high", None)
    assert delivers(ready, account, "groundwork")
    ended = ready.apply(ARCHIVE, security, declaration=removing)
    assert {each.resource for each in ended} == {resource, "key alias/groundwork-logs"}
    assert not delivers(ready, account, "groundwork")
    assert delivers(ready, account, "audit")
    ready.apply(ARCHIVE, security)


def test_what_others_let_deliver_is_no_former_name(ready: World) -> None:
    s3, bucket = ready.client("s3", ready.security), f"groundwork-trail-{ready.security.id}"
    document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    (statement,) = (each for each in document["Statement"] if each["Sid"] == "CloudTrailDelivers")
    statement["Condition"]["ArnLike"]["aws:SourceArn"] = ["arn:aws:cloudtrail:*:*:trail/*"]
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    (mended,) = ready.apply(ARCHIVE, ready.before(ready.security))
    assert (mended.action, mended.resource) == ("update", f"bucket {bucket}: Policy")
