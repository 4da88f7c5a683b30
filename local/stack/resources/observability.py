"""AWS::Logs, AWS::CloudWatch and AWS::SSM."""

from __future__ import annotations

from typing import Any

from local.stack.resource import (
    Context,
    Made,
    Properties,
    PutType,
    ResourceType,
    document,
    embedded,
    lower_first,
    only,
    tag_changes,
    tag_list,
    tag_map,
)


@embedded
class LogGroup(ResourceType):
    name = "AWS::Logs::LogGroup"
    applies = frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"})

    def create(self, to: Context, wanted: Properties) -> Made:
        logs, name = to.api("logs"), wanted.get("LogGroupName") or to.name(512)
        tags = {"tags": tag_map(wanted)} if "Tags" in wanted else {}
        logs.create_log_group(
            logGroupName=name, **tags, **lower_first(only(wanted, "KmsKeyId", "LogGroupClass"))
        )
        if "RetentionInDays" in wanted:
            logs.put_retention_policy(logGroupName=name, retentionInDays=wanted["RetentionInDays"])
        # A log group's Arn attribute ends in :*, as policies and log destinations want it.
        return Made(name, {"Arn": to.arn("logs", f"log-group:{name}:*")})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        logs, group = to.api("logs"), {"logGroupName": made.physical_id}
        if "RetentionInDays" in wanted:
            logs.put_retention_policy(**group, retentionInDays=wanted["RetentionInDays"])
        elif "RetentionInDays" in old:
            logs.delete_retention_policy(**group)
        if "KmsKeyId" in wanted:
            logs.associate_kms_key(**group, kmsKeyId=wanted["KmsKeyId"])
        elif "KmsKeyId" in old:
            logs.disassociate_kms_key(**group)
        put, gone = tag_changes(old, wanted)
        arn = made.attributes["Arn"].removesuffix(":*")
        if put:
            logs.tag_resource(resourceArn=arn, tags=put)
        if gone:
            logs.untag_resource(resourceArn=arn, tagKeys=gone)
        return made

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("logs").delete_log_group(logGroupName=made.physical_id)


@embedded
class LogResourcePolicy(PutType):
    name = "AWS::Logs::ResourcePolicy"
    applies = frozenset({"PolicyDocument", "PolicyName"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        body = document(wanted["PolicyDocument"])
        to.api("logs").put_resource_policy(policyName=wanted["PolicyName"], policyDocument=body)
        return Made(wanted["PolicyName"])

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("logs").delete_resource_policy(policyName=made.physical_id)


@embedded
class MetricFilter(PutType):
    name = "AWS::Logs::MetricFilter"
    applies = frozenset({"FilterName", "FilterPattern", "LogGroupName", "MetricTransformations"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        name = physical_id or wanted.get("FilterName") or to.name(512)
        to.api("logs").put_metric_filter(**lower_first(wanted | {"FilterName": name}))
        return Made(name)

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("logs").delete_metric_filter(logGroupName=old["LogGroupName"], filterName=made.physical_id)


@embedded
class Alarm(PutType):
    name = "AWS::CloudWatch::Alarm"
    applies = frozenset(
        {
            "ActionsEnabled",
            "AlarmActions",
            "AlarmDescription",
            "AlarmName",
            "ComparisonOperator",
            "DatapointsToAlarm",
            "Dimensions",
            "EvaluateLowSampleCountPercentile",
            "EvaluationPeriods",
            "ExtendedStatistic",
            "InsufficientDataActions",
            "MetricName",
            "Metrics",
            "Namespace",
            "OKActions",
            "Period",
            "Statistic",
            "Tags",
            "Threshold",
            "ThresholdMetricId",
            "TreatMissingData",
            "Unit",
        }
    )

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        name = physical_id or wanted.get("AlarmName") or to.name(255)
        to.api("cloudwatch").put_metric_alarm(**(wanted | {"AlarmName": name}))
        return Made(name, {"Arn": to.arn("cloudwatch", f"alarm:{name}")})

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("cloudwatch").delete_alarms(AlarmNames=[made.physical_id])


@embedded
class Dashboard(PutType):
    name = "AWS::CloudWatch::Dashboard"
    applies = frozenset({"DashboardBody", "DashboardName"})

    def put(self, to: Context, wanted: Properties, physical_id: str | None) -> Made:
        name = physical_id or wanted.get("DashboardName") or to.name(255)
        to.api("cloudwatch").put_dashboard(
            DashboardName=name, DashboardBody=document(wanted["DashboardBody"])
        )
        return Made(name)

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("cloudwatch").delete_dashboards(DashboardNames=[made.physical_id])


@embedded
class Parameter(ResourceType):
    name = "AWS::SSM::Parameter"
    applies = frozenset(
        {"AllowedPattern", "DataType", "Description", "Name", "Tags", "Tier", "Type", "Value"}
    )

    def create(self, to: Context, wanted: Properties) -> Made:
        name = wanted.get("Name") or to.name(512)
        tags = tag_list(wanted.get("Tags", {}))
        self._put(to, name, wanted, {"Tags": tags} if tags else {})
        return Made(name, {"Type": wanted["Type"], "Value": wanted["Value"]})

    def update(self, to: Context, made: Made, old: Properties, wanted: Properties) -> Made:
        ssm, name = to.api("ssm"), made.physical_id
        self._put(to, name, wanted, {"Overwrite": True})
        before, after = old.get("Tags", {}), wanted.get("Tags", {})
        resource = {"ResourceType": "Parameter", "ResourceId": name}
        if after:
            ssm.add_tags_to_resource(**resource, Tags=tag_list(after))
        if gone := [key for key in before if key not in after]:
            ssm.remove_tags_from_resource(**resource, TagKeys=gone)
        return Made(name, {"Type": wanted["Type"], "Value": wanted["Value"]})

    def delete(self, to: Context, made: Made, old: Properties) -> None:
        to.api("ssm").delete_parameter(Name=made.physical_id)

    @staticmethod
    def _put(to: Context, name: str, wanted: Properties, more: dict[str, Any]) -> None:
        settings = only(wanted, "AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
        to.api("ssm").put_parameter(Name=name, **settings, **more)
