"""AWS CloudTrail, where moto falls short of it.

moto takes any bucket and key, replaces a trail of the same name, lets anyone make an organization trail and
shows it to no member, starts and stops trails from any Region, and delivers nothing.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
"""

from __future__ import annotations

import gzip
import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.cloudtrail import urls
from moto.cloudtrail.models import CloudTrailBackend, Trail, TrailStatus, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse
from moto.core.exceptions import ServiceException

from local.engine import Engine
from local.organizations import Organizations, organization_of
from local.services.cloudtrail import events
from local.services.log_delivery import Sender, find_bucket, find_key, has_bucket_key, put_log

PRINCIPAL = "cloudtrail.amazonaws.com"
TRAILS_PER_REGION = 5
INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")
DATA_FIELDS = {"eventCategory", "resources.type", "resources.ARN", "readOnly", "eventName"}
MANAGEMENT_FIELDS = {"eventCategory", "eventSource", "readOnly"}
DEFAULT_SELECTOR = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}


class CloudTrailError(ServiceException):
    """An exception of CloudTrail, by its name."""


def install(engine: Engine) -> None:
    engine.is_trail_logging = is_logging
    engine.patch(cloudtrail_backends, "backend", Trails)
    cloudtrail_backends.clear()
    engine.patch(Trail, "topic_arn", property(_topic_arn))
    engine.patch(Trail, "check_bucket_exists", _check_bucket_exists)
    engine.patch(TrailStatus, "description", _status_with_error(vars(TrailStatus)["description"]))
    engine.patch(CloudTrailResponse, "describe_trails", _describe_trails)
    engine.patch(CloudTrailResponse, "list_trails", _list_trails)
    engine.patch(CloudTrailResponse, "get_insight_selectors", _get_insight_selectors)
    engine.on_call.append(events.sender(engine, visible_trails))


def is_logging(account_id: str, region: str) -> bool:
    """Whether a trail that covers `region` of that account is logging.

    Only then do events reach EventBridge as `... via CloudTrail`.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """
    return any(trail.status.is_logging for trail in visible_trails(account_id, region))


def visible_trails(account_id: str, region: str) -> list[Trail]:
    """The account's trails that cover `region`, shadow trails included, and its organization's."""
    own = [trail for trail in trails_of(account_id) if _covers(trail, region)]
    organization = organization_of(account_id)
    if organization is None or organization.account_id == account_id:
        return own
    shared = [trail for trail in trails_of(organization.account_id) if trail.is_org_trail]
    return own + [trail for trail in shared if _covers(trail, region)]


def trails_of(account_id: str) -> list[Trail]:
    """The trails an account owns, in every Region."""
    regions = list(cloudtrail_backends[account_id].values())
    return [trail for backend in regions for trail in list(backend.trails.values())]


def _covers(trail: Trail, region: str) -> bool:
    return trail.is_multi_region or trail.region_name == region


class Trails(CloudTrailBackend):
    """The trails of one account and Region."""

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    def create_trail(self, name: str, bucket_name: str, *settings: Any) -> Trail:
        """Does not start logging: StartLogging does.

        Raises CloudTrailError with the exceptions of CreateTrail's page for name, bucket, key, organization.
        """
        home = self._home() if settings[5] else self
        if any(trail.trail_name == name for trail in home.trails.values()):
            raise CloudTrailError("TrailAlreadyExistsException", f"Trail {name} already exists for customer.")
        if len(visible_trails(home.account_id, self.region_name)) >= TRAILS_PER_REGION:
            message = f"User: {home.account_id} already has {TRAILS_PER_REGION} trails in {self.region_name}."
            raise CloudTrailError("MaximumNumberOfTrailsExceededException", message)
        trail = CloudTrailBackend.create_trail(home, name, bucket_name, *settings)
        try:
            check_destination(trail)
        except CloudTrailError:
            del home.trails[name]
            raise
        return trail

    def update_trail(self, name: str, **changes: Any) -> Trail:  # type: ignore[override]
        trail = self._changeable(name)
        if changes.get("is_organization_trail"):
            self._home()
        before = dict(vars(trail))
        trail.update(**changes)
        try:
            check_destination(trail)
        except CloudTrailError:
            vars(trail).update(before)
            raise
        return trail

    def get_trail(self, name_or_arn: str) -> Trail:
        found = self._find(name_or_arn)
        return found or super().get_trail(name_or_arn)

    def get_trail_status(self, name: str) -> TrailStatus:
        found = self._find(name)
        return found.status if found else super().get_trail_status(name)

    def describe_trails(self, include_shadow_trails: bool, names: Sequence[str] | None = None) -> list[Trail]:
        trails = visible_trails(self.account_id, self.region_name)
        if not include_shadow_trails:
            trails = [trail for trail in trails if trail.region_name == self.region_name]
        if not names:
            return trails
        return [trail for trail in trails if trail.trail_name in names or trail.arn in names]

    def start_logging(self, name: str) -> None:
        trail = self._changeable(name)
        trail.start_logging()
        deliver(trail, "StartLogging")

    def stop_logging(self, name: str) -> None:
        self._changeable(name).stop_logging()

    def delete_trail(self, name: str) -> None:
        trail = self._changeable(name)
        del cloudtrail_backends[trail.account_id][trail.region_name].trails[trail.trail_name]

    def put_event_selectors(self, trail_name: str, **selectors: Any) -> Any:  # type: ignore[override]
        """One kind takes the other's place."""
        trail = self._changeable(trail_name)
        basic, advanced = selectors.get("event_selectors"), selectors.get("advanced_event_selectors")
        if bool(basic) == bool(advanced) or any(map(_is_wrong, advanced or ())):
            raise CloudTrailError("InvalidEventSelectorsException", "The event selectors are not valid.")
        trail.event_selectors, trail.advanced_event_selectors = basic or [], advanced or []
        return trail.arn, trail.event_selectors, trail.advanced_event_selectors

    def put_insight_selectors(self, trail_name: str, insight_selectors: list[Any]) -> tuple[str, list[Any]]:
        """These take the place of others; none switches Insights off."""
        trail = self._changeable(trail_name)
        if any(each.get("InsightType") not in INSIGHTS for each in insight_selectors):
            raise CloudTrailError("InvalidInsightSelectorsException", "The Insights type is not valid.")
        trail.insight_selectors = insight_selectors
        return trail.arn, insight_selectors

    def get_event_selectors(self, trail_name: str) -> tuple[str, list[Any], list[Any]]:
        """A trail for which nobody chose has AWS's own selector, every management event.

        https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html
        """
        arn, basic, advanced = super().get_event_selectors(trail_name)
        return arn, basic or ([] if advanced else [DEFAULT_SELECTOR]), advanced

    def _find(self, name_or_arn: str) -> Trail | None:
        named = (
            t
            for t in visible_trails(self.account_id, self.region_name)
            if name_or_arn in (t.trail_name, t.arn)
        )
        return next(named, None)

    def _changeable(self, name_or_arn: str) -> Trail:
        """A trail that this account may change from this Region."""
        trail = self.get_trail(name_or_arn)
        if trail.account_id != self.account_id and not _administers(
            organization_of(self.account_id), self.account_id
        ):
            raise not_the_management_account()
        if trail.region_name != self.region_name:
            message = f"Trail {trail.arn} must be changed from its home Region {trail.region_name}."
            raise CloudTrailError("InvalidHomeRegionException", message)
        return trail

    def _home(self) -> CloudTrailBackend:
        """Where an organization trail lives: the management account, whoever may make it.

        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/creating-an-organizational-trail-prepare.html
        """
        organization = organization_of(self.account_id, self.partition)
        if organization is None:
            raise CloudTrailError(
                "OrganizationsNotInUseException", "The account is not a member of an organization."
            )
        if not _administers(organization, self.account_id):
            raise not_the_management_account()
        if not organization.has_all_features:
            message = "All features must be enabled in the organization."
            raise CloudTrailError("OrganizationNotInAllFeaturesModeException", message)
        if not organization.is_trusted(PRINCIPAL):
            message = "Trusted access for CloudTrail is not enabled in the organization."
            raise CloudTrailError("CloudTrailAccessNotEnabledException", message)
        home: CloudTrailBackend = cloudtrail_backends[organization.account_id][self.region_name]
        return home


def _administers(organization: Organizations | None, account_id: str) -> bool:
    if organization is None:
        return False
    return organization.account_id == account_id or organization.is_delegated(account_id, PRINCIPAL)


def not_the_management_account() -> CloudTrailError:
    message = "The request must come from the management account or a delegated administrator."
    return CloudTrailError("NotOrganizationMasterAccountException", message)


def _is_wrong(selector: Any) -> bool:
    """An advanced selector is about one category, and data events about one type of resource.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    fields = {each["Field"]: each for each in selector["FieldSelectors"]}
    category = fields.get("eventCategory", {}).get("Equals")
    if category == ["Management"]:
        return not fields.keys() <= MANAGEMENT_FIELDS
    type_ = fields.get("resources.type", {}).get("Equals", [])
    return category != ["Data"] or len(type_) != 1 or not fields.keys() <= DATA_FIELDS


def check_destination(trail: Trail) -> None:
    """Raises what CreateTrail and UpdateTrail do for a bucket, a key, or a log group that does not admit the trail."""
    if not trail.cw_log_group_arn and not trail.cw_role_arn:
        trail.cw_log_group_arn = trail.cw_role_arn = None  # type: ignore[assignment]
    elif wrong := events.mistake(trail):
        raise CloudTrailError(*wrong)
    bucket = find_bucket(trail.bucket_name, trail.partition)
    if bucket is None:
        raise CloudTrailError(
            "S3BucketDoesNotExistException", f"S3 bucket {trail.bucket_name} does not exist!"
        )
    sender = _sender(trail)
    if not sender.may_look_at(bucket) or not all(sender.may_write(bucket, key) for key in _probes(trail)):
        message = f"Incorrect S3 bucket policy is detected for bucket: {trail.bucket_name}"
        raise CloudTrailError("InsufficientS3BucketPolicyException", message)
    if trail.kms_key_id:
        trail.kms_key_id = _check_key(trail, sender, bucket)


def _check_key(trail: Trail, sender: Sender, bucket: Any) -> str:
    key = find_key(trail.kms_key_id, trail.account_id, trail.region_name)
    if key is None or key.region != bucket.region_name:
        raise CloudTrailError(
            "KmsKeyNotFoundException", f"KMS key {trail.kms_key_id} is not found beside the bucket."
        )
    if not key.enabled:
        raise CloudTrailError("KmsKeyDisabledException", f"KMS key {key.arn} is disabled.")
    context = {"aws:cloudtrail:arn": trail.arn}
    admitted = sender.may_use_key(key, "kms:GenerateDataKey", context) and sender.may_use_key(
        key, "kms:DescribeKey", {}
    )
    if admitted and has_bucket_key(bucket):
        admitted = sender.may_use_key(key, "kms:Decrypt", context)
    if not admitted:
        message = f"Insufficient permissions to access S3 bucket {bucket.name} or KMS key {key.arn}."
        raise CloudTrailError("InsufficientEncryptionPolicyException", message)
    return str(key.arn)


def deliver(trail: Trail, event_name: str) -> None:
    """Writes a log file with one record for each account that the trail covers; notes a refused delivery.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html
    """
    bucket, sender = find_bucket(trail.bucket_name, trail.partition), _sender(trail)
    for prefix, account_id in _folders(trail):
        key = prefix + _file_name(account_id, trail.region_name)
        if bucket is None or not sender.may_write(bucket, key):
            vars(trail.status)["delivery_error"] = "AccessDenied" if bucket else "NoSuchBucket"
            return
        records = gzip.compress(json.dumps({"Records": [_record(trail, account_id, event_name)]}).encode())
        put_log(bucket, key, records, trail.kms_key_id)
    vars(trail.status).pop("delivery_error", None)


def _folders(trail: Trail) -> list[tuple[str, str]]:
    """Key prefix and account of each folder the trail writes to."""
    prefix = f"{trail.s3_key_prefix}/AWSLogs" if trail.s3_key_prefix else "AWSLogs"
    organization = organization_of(trail.account_id, trail.partition)
    if not trail.is_org_trail or organization is None or organization.org is None:
        return [(f"{prefix}/{trail.account_id}/CloudTrail/", trail.account_id)]
    root = f"{prefix}/{organization.org.id}"
    return [(f"{root}/{account.id}/CloudTrail/", account.id) for account in organization.accounts]


def _probes(trail: Trail) -> list[str]:
    """Objects that CloudTrail must be able to write: an organization trail also in the account's own folder."""
    folders = [prefix for prefix, _ in _folders(trail)]
    if trail.is_org_trail:
        prefix = f"{trail.s3_key_prefix}/AWSLogs" if trail.s3_key_prefix else "AWSLogs"
        folders.append(f"{prefix}/{trail.account_id}/CloudTrail/")
    return [f"{folder}{trail.region_name}/probe" for folder in folders]


def _file_name(account_id: str, region: str) -> str:
    now = datetime.now(UTC)
    name = f"{account_id}_CloudTrail_{region}_{now:%Y%m%dT%H%MZ}_{secrets.token_hex(8)}.json.gz"
    return f"{region}/{now:%Y/%m/%d}/{name}"


def _record(trail: Trail, account_id: str, event_name: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": PRINCIPAL,
        "eventName": event_name,
        "awsRegion": trail.region_name,
        "requestParameters": {"name": trail.arn},
        "eventID": str(uuid.uuid4()),
        "readOnly": False,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account_id,
        "eventCategory": "Management",
    }


def _sender(trail: Trail) -> Sender:
    return Sender(PRINCIPAL, trail.account_id, trail.arn, trail.partition)


def _topic_arn(trail: Trail) -> str | None:
    """A topic may be given by its ARN as well; moto takes that for a name."""
    name = trail.sns_topic_name
    if not name or name.startswith("arn:"):
        return name or None
    return f"arn:{trail.partition}:sns:{trail.region_name}:{trail.account_id}:{name}"


def _check_bucket_exists(trail: Trail) -> None:
    if find_bucket(trail.bucket_name, trail.partition) is None:
        raise CloudTrailError(
            "S3BucketDoesNotExistException", f"S3 bucket {trail.bucket_name} does not exist!"
        )


def _status_with_error(describe: Callable[[TrailStatus], dict[str, Any]]) -> Any:
    """GetTrailStatus also says why the latest delivery failed, and when one to CloudWatch Logs succeeded."""

    def description(status: TrailStatus) -> dict[str, Any]:
        known = {
            "LatestDeliveryError": vars(status).get("delivery_error"),
            "LatestCloudWatchLogsDeliveryError": vars(status).get("cloudwatch_error"),
            "LatestCloudWatchLogsDeliveryTime": vars(status).get("cloudwatch_time"),
        }
        return describe(status) | {name: value for name, value in known.items() if value}

    return description


def _describe_trails(response: CloudTrailResponse) -> str:
    backend = response.cloudtrail_backend
    assert isinstance(backend, Trails)
    shadows = response._get_bool_param("includeShadowTrails", True)
    trails = backend.describe_trails(shadows, response._get_param("trailNameList"))
    return json.dumps({"trailList": [_description(trail) for trail in trails]})


def _list_trails(response: CloudTrailResponse) -> str:
    """Every trail, whichever Region is asked: shadow trails are not listed apart."""
    everywhere = visible_trails(response.current_account, response.region)
    own = [trail for trail in trails_of(response.current_account) if trail not in everywhere]
    return json.dumps({"Trails": [trail.short() for trail in everywhere + own]})


def _get_insight_selectors(response: CloudTrailResponse) -> str:
    """A trail without Insights answers with an exception.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetInsightSelectors.html
    """
    arn, selectors = response.cloudtrail_backend.get_insight_selectors(response._get_param("TrailName"))
    if not selectors:
        message = f"Trail {arn} does not have Insights enabled."
        raise CloudTrailError("InsightNotEnabledException", message)
    return json.dumps({"TrailARN": arn, "InsightSelectors": selectors})


def _description(trail: Trail) -> dict[str, Any]:
    custom = bool(trail.event_selectors or trail.advanced_event_selectors)
    return trail.description(include_region=True) | {
        "HasCustomEventSelectors": custom,
        "HasInsightSelectors": bool(trail.insight_selectors),
    }
