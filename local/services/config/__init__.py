"""AWS Config, where moto falls short of it: roles, buckets and organizations are looked at.

https://docs.aws.amazon.com/config/latest/APIReference/API_PutDeliveryChannel.html
https://docs.aws.amazon.com/config/latest/developerguide/s3-bucket-policy.html
https://docs.aws.amazon.com/config/latest/APIReference/API_PutConfigurationAggregator.html
"""

from __future__ import annotations

import json
from typing import Any

from moto.config import urls
from moto.config.models import config_backends
from moto.config.responses import ConfigResponse
from moto.iam.models import iam_backends

from local.engine import Engine
from local.services.log_delivery import Sender, default_encryption, find_bucket, find_key, put_log

from . import conformance_packs
from .conformance_packs import ConformancePacks
from .errors import ConfigError

PRINCIPAL = "config.amazonaws.com"
DEFAULT_NAME = "default"
ASKED_OF_ORGANIZATIONS = (
    "organizations:DescribeOrganization",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListDelegatedAdministrators",
)
"""With an aggregator's role: all that AWS's managed policy AWSConfigRoleForOrganizations allows."""


def install(engine: Engine) -> None:
    engine.patch(config_backends, "backend", Config)
    engine.patch(Config, "authorizer", property(lambda _: engine.authorizer))
    config_backends.clear()
    engine.patch(ConfigResponse, "describe_delivery_channel_status", _describe_delivery_channel_status)
    conformance_packs.install(engine)


class Config(ConformancePacks):
    """The recorder, channel and aggregators of one account and Region."""

    authorizer: Any = None

    @property
    def _url_module(self) -> Any:
        """moto looks beside the class; the addresses are still moto's."""
        return urls

    def put_configuration_recorder(self, config_recorder: dict[str, Any]) -> None:
        """How often it records is kept, and shown; moto forgets it. Raises InvalidRoleException for a role that Config
        cannot assume.

        https://docs.aws.amazon.com/config/latest/APIReference/API_RecordingMode.html
        """
        self._require_role(config_recorder.get("roleARN"))
        named = {"name": DEFAULT_NAME} | config_recorder
        super().put_configuration_recorder(named)
        mode = {"recordingFrequency": "CONTINUOUS"} | named.get("recordingMode", {})
        setattr(self.recorders[named["name"]], "recording_mode", mode)  # noqa: B010 - moto's class has none

    def put_delivery_channel(self, delivery_channel: dict[str, Any]) -> None:
        """Writes Config's check file.

        Raises NoSuchBucketException, or InsufficientDeliveryPolicyException where bucket or key do not admit it.
        """
        channel = {"name": DEFAULT_NAME} | delivery_channel
        if self.recorders and channel.get("s3BucketName"):
            self._check_delivery(channel)
        super().put_delivery_channel(channel)

    def put_configuration_aggregator(self, config_aggregator: dict[str, Any]) -> dict[str, Any]:
        """Raises InvalidRoleException also for a role that may not ask Organizations what Config asks with it."""
        if source := config_aggregator.get("OrganizationAggregationSource"):
            self._require_role(source.get("RoleArn"))
            self._require_organization()
            self._require_reading_of_organization(source["RoleArn"])
        return super().put_configuration_aggregator(config_aggregator)

    def delivery_status(self, channel: dict[str, Any]) -> dict[str, Any]:
        """A channel's status: of a delivery made now, when the recorder records; else it never delivered."""
        recording = any(recorder.status.recording for recorder in self.recorders.values())
        if not recording:
            return {"name": channel["name"]}
        try:
            self._check_delivery(channel)
        except ConfigError as refused:
            failure = {"lastErrorCode": str(refused.code), "lastErrorMessage": str(refused.message)}
            info = {"lastStatus": "FAILURE", **failure}
        else:
            info = {"lastStatus": "SUCCESS"}
        return {
            "name": channel["name"],
            "configHistoryDeliveryInfo": info,
            "configSnapshotDeliveryInfo": info,
        }

    def _check_delivery(self, channel: dict[str, Any]) -> None:
        bucket = find_bucket(channel["s3BucketName"], self.partition)
        if bucket is None:
            message = (
                f"Cannot find a S3 bucket with an empty bucket name or the bucket {channel['s3BucketName']}."
            )
            raise ConfigError("NoSuchBucketException", message)
        source = f"arn:{self.partition}:config:{self.region_name}:{self.account_id}:*"
        sender = Sender(PRINCIPAL, self.account_id, source, self.partition)
        prefix = f"{channel['s3KeyPrefix']}/" if channel.get("s3KeyPrefix") else ""
        check = f"{prefix}AWSLogs/{self.account_id}/Config/ConfigWritabilityCheckFile"
        looked = sender.may_look_at(bucket) and sender.may_look_at(bucket, "s3:ListBucket")
        key_id = channel.get("s3KmsKeyArn") or default_encryption(bucket).get("KMSMasterKeyID")
        # Config does not deliver into a bucket whose Object Lock has a default retention.
        locked = bool(bucket.default_lock_mode)
        encrypted = not key_id or self._may_encrypt(sender, key_id, bucket.account_id, bucket.region_name)
        if locked or not encrypted or not looked or not sender.may_write(bucket, check):
            raise ConfigError(
                "InsufficientDeliveryPolicyException",
                f"Insufficient delivery policy to s3 bucket: {bucket.name}, unable to write to bucket, provided s3 "
                f"key prefix is '{channel.get('s3KeyPrefix')}', provided kms key is '{channel.get('s3KmsKeyArn')}'.",
            )
        put_log(bucket, check, b"")

    def _may_encrypt(self, sender: Sender, key_id: str, account_id: str, region: str) -> bool:
        key = find_key(key_id, account_id, region)
        actions = ("kms:GenerateDataKey", "kms:Decrypt")
        return (
            key is not None and key.enabled and all(sender.may_use_key(key, action, {}) for action in actions)
        )

    def _require_role(self, role_arn: str | None) -> None:
        """The role must be there, in this account, and trust Config."""
        roles = iam_backends[self.account_id][self.partition].roles.values()
        role = next((role for role in roles if role.arn == role_arn), None)
        if role is None or PRINCIPAL not in _trusted_services(role.assume_role_policy_document):
            raise ConfigError("InvalidRoleException", f"AWS Config cannot assume the role {role_arn}.")

    def _require_reading_of_organization(self, role_arn: str) -> None:
        """AWS documents a role of one's own. What the recorder's service-linked role may is AWS's to change, and was too
        little for years: it is refused.
        """
        linked, may = ":role/aws-service-role/" in role_arn, self.authorizer.role_may
        lacking = [action for action in ASKED_OF_ORGANIZATIONS if linked or not may(role_arn, action).allowed]
        if lacking:
            raise ConfigError(
                "InvalidRoleException",
                f"The role {role_arn} is not authorized to perform {', '.join(lacking)}.",
            )

    def _require_organization(self) -> None:
        """Only the management account or Config's delegated administrator aggregates an organization."""
        if not self.administered(PRINCIPAL).is_trusted(PRINCIPAL):
            raise ConfigError(
                "OrganizationAccessDeniedException", f"The organization does not trust {PRINCIPAL}."
            )


def _trusted_services(document: str) -> set[str]:
    services: set[str] = set()
    for statement in json.loads(document)["Statement"]:
        principal = statement.get("Principal", {})
        named = principal.get("Service", []) if isinstance(principal, dict) else []
        services |= set(named if isinstance(named, list) else [named])
    return services


def _describe_delivery_channel_status(response: ConfigResponse) -> str:
    """https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeDeliveryChannelStatus.html"""
    backend = response.config_backend
    assert isinstance(backend, Config)
    channels = backend.describe_delivery_channels(response._get_param("DeliveryChannelNames"))
    return json.dumps({"DeliveryChannelsStatus": [backend.delivery_status(channel) for channel in channels]})
