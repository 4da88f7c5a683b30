"""AWS CloudTrail, where moto falls short of it.

moto takes any bucket and key, replaces a trail of the same name, lets anyone make an organization trail and
shows it to no member, starts and stops trails from any Region, and delivers nothing.
https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from moto.cloudtrail import urls
from moto.cloudtrail.models import CloudTrailBackend, Trail, TrailStatus, cloudtrail_backends
from moto.cloudtrail.responses import CloudTrailResponse

from local.engine import Engine
from local.organizations import Organizations, organization_of
from local.services.cloudtrail import log_files, log_groups
from local.services.cloudtrail.errors import PRINCIPAL, CloudTrailError

TRAILS_PER_REGION = 5
INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")
DATA_FIELDS = {"eventCategory", "resources.type", "resources.ARN", "readOnly", "eventName"}
MANAGEMENT_FIELDS = {"eventCategory", "eventSource", "readOnly"}
DEFAULT_SELECTOR = {"ReadWriteType": "All", "IncludeManagementEvents": True, "DataResources": []}


def install(engine: Engine) -> None:
    engine.is_trail_logging = is_logging
    engine.patch(cloudtrail_backends, "backend", Trails)
    cloudtrail_backends.clear()
    engine.patch(Trail, "topic_arn", property(_topic_arn))
    engine.patch(Trail, "check_bucket_exists", log_files.check_bucket_exists)
    engine.patch(TrailStatus, "description", _status_with_error(vars(TrailStatus)["description"]))
    engine.patch(CloudTrailResponse, "describe_trails", _describe_trails)
    engine.patch(CloudTrailResponse, "list_trails", _list_trails)
    engine.patch(CloudTrailResponse, "get_insight_selectors", _get_insight_selectors)
    engine.on_call.append(log_groups.sender(visible_trails))


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
            _check_destinations(trail)
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
            _check_destinations(trail)
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
        log_files.deliver(trail, "StartLogging")

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


def _check_destinations(trail: Trail) -> None:
    """Raises what CreateTrail and UpdateTrail do for a log group, a bucket or a key that does not admit the trail."""
    if trail.cw_log_group_arn or trail.cw_role_arn:
        log_groups.check(trail)
    else:
        trail.cw_log_group_arn = trail.cw_role_arn = None  # type: ignore[assignment]
    log_files.check(trail)


def _topic_arn(trail: Trail) -> str | None:
    """A topic may be given by its ARN as well; moto takes that for a name."""
    name = trail.sns_topic_name
    if not name or name.startswith("arn:"):
        return name or None
    return f"arn:{trail.partition}:sns:{trail.region_name}:{trail.account_id}:{name}"


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
