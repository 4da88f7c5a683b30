"""Permissions that a call demands besides its own action: no call of their own shows them.

Each entry names its source. Roles passed: "Grant a user permissions to pass a role" and each API's reference.
Tags on creation: the "Dependent actions" and API references of each service. Keys of the caller for encrypted
resources: the key management pages of SQS, SNS and S3 (customer managed keys only: what AWS manages needs none).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.authorization import identity_center, keys, reference, resolvers, state
from local.authorization.keys import Keys
from local.authorization.resources import Call
from local.iam.service_linked_roles import has_role, path_of
from local.identity.principals import PARTITION

CLOUDTRAIL = "cloudtrail.amazonaws.com"
SETUP = "config-multiaccountsetup.amazonaws.com"


@dataclass(frozen=True)
class Need:
    """One thing the caller must be allowed: an action on one resource, with the keys that only it has."""

    action: str
    resource: str = "*"
    keys: Keys = field(default_factory=dict)


Finder = Callable[[Call, list[str]], Iterator[Need]]
"""The further needs of a call, given the resources of its own action."""


def _roles(service: str, *paths: str) -> Finder:
    """iam:PassRole on each role found under a path of parameters, as `Target.RoleArn` or `Targets.*.RoleArn`."""

    def find(call: Call, own: list[str]) -> Iterator[Need]:
        for path in paths:
            for role in _under(call.parameters, path.split(".")):
                arn = role if role.startswith("arn:") else call.arn("iam", f"role/{role}", region="")
                yield Need("iam:PassRole", arn, {"iam:passedtoservice": f"{service}.amazonaws.com"})

    return find


def _under(value: Any, path: list[str]) -> list[str]:
    if not path:
        return [value] if isinstance(value, str) and value else []
    if path[0] == "*":
        return [found for item in value or [] for found in _under(item, path[1:])]
    return _under(value.get(path[0]), path[1:]) if isinstance(value, Mapping) else []


def _tags(action: str) -> Finder:
    """The action that sets tags, on what is made, when the call brings tags."""

    def find(call: Call, own: list[str]) -> Iterator[Need]:
        if keys.requested_tags(call):
            for resource in own:
                yield Need(action, resource)

    return find


def _tags_of_a_new_key(call: Call, own: list[str]) -> Iterator[Need]:
    """Tagging every key of the account and Region ("Managing KMS key tags with API operations", KMS Guide)."""
    if keys.requested_tags(call):
        yield Need("kms:TagResource", call.arn("kms", "key/*"))


def _service_linked_role(service: str, unless: Callable[[Call], bool] = lambda call: False) -> Finder:
    """iam:CreateServiceLinkedRole, as long as the service has no role in the account."""

    def find(call: Call, own: list[str]) -> Iterator[Need]:
        if not has_role(call.account, service) and not unless(call):
            arn = call.arn("iam", f"role{path_of(service)}*", region="")
            yield Need("iam:CreateServiceLinkedRole", arn, {"iam:awsservicename": service})

    return find


LOOKS_OF_AN_ADMINISTRATOR = (
    "organizations:DescribeAccount",
    "organizations:DescribeOrganization",
    "organizations:DescribeOrganizationalUnit",
    "organizations:ListAWSServiceAccessForOrganization",
    "organizations:ListAccounts",
    "organizations:ListDelegatedAdministrators",
)


def _administrator(service: str, named: str = "AdminAccountId") -> Finder:
    """ "Permissions required to designate a delegated GuardDuty administrator account", GuardDuty User Guide, and the same
    of Security Hub, Inspector and Macie: what they do in Organizations is done as whoever designates, with the account as its
    resource."""
    granted: Keys = {"organizations:serviceprincipal": service}

    def find(call: Call, own: list[str]) -> Iterator[Need]:
        yield from map(Need, LOOKS_OF_AN_ADMINISTRATOR)
        yield Need("organizations:EnableAWSServiceAccess", "*", granted)
        place = state.organization_backend(call.account)
        account = f"account/{place.org.id if place else 'o-none'}/{call.get(named)}"
        yield Need(
            "organizations:RegisterDelegatedAdministrator",
            call.arn("organizations", account, region=""),
            granted,
        )

    return find


def _instance_profile_role(call: Call, own: list[str]) -> Iterator[Need]:
    role = state.find_role(call.account, call.get("RoleName"))
    if role is not None:
        yield Need("iam:PassRole", role.arn, {"iam:passedtoservice": "ec2.amazonaws.com"})


def _organization_trail(call: Call, own: list[str]) -> Iterator[Need]:
    """ "Prepare for creating a trail for your organization", CloudTrail User Guide."""
    if call.get("IsOrganizationTrail"):
        yield Need("organizations:DescribeOrganization")
        yield Need("organizations:ListAWSServiceAccessForOrganization")
        role = f"role{path_of(CLOUDTRAIL)}AWSServiceRoleForCloudTrail"
        yield Need("iam:GetRole", call.arn("iam", role, region=""))
        yield from _service_linked_role(CLOUDTRAIL)(call, own)


def _organization_aggregator(call: Call, own: list[str]) -> Iterator[Need]:
    """PutConfigurationAggregator, AWS Config API: the management account enables access, others look it up."""
    if call.get("OrganizationAggregationSource"):
        place = state.membership(call.account)
        if place is not None and place.management_account == call.account:
            principal: Keys = {"organizations:serviceprincipal": "config.amazonaws.com"}
            yield Need("organizations:EnableAWSServiceAccess", "*", principal)
        else:
            yield Need("organizations:ListDelegatedAdministrators")


def _organizations_config(call: Call, own: list[str]) -> Iterator[Need]:
    """OrganizationAccessDeniedException, AWS Config API: a delegated administrator must be able to see that it is one."""
    place = state.membership(call.account)
    if place is None or place.management_account != call.account:
        yield Need("organizations:ListDelegatedAdministrators")


def _conformance_pack_setup(call: Call, own: list[str]) -> Iterator[Need]:
    """PutOrganizationConformancePack, AWS Config API: the management account enables access; the role of the setup is looked
    up, or made."""
    place = state.membership(call.account)
    if place is not None and place.management_account == call.account:
        yield Need("organizations:EnableAWSServiceAccess", "*", {"organizations:serviceprincipal": SETUP})
    role = f"role{path_of(SETUP)}AWSServiceRoleForConfigMultiAccountSetup"
    yield Need("iam:GetRole", call.arn("iam", role, region=""))
    yield from _service_linked_role(SETUP)(call, own)


def _function_code(call: Call, own: list[str]) -> Iterator[Need]:
    """Code is fetched, and layers are read, with the caller's permissions."""
    code = call.get("Code", "Content") or call.parameters
    if code.get("S3Bucket") and code.get("S3Key"):
        yield Need("s3:GetObject", f"arn:{PARTITION}:s3:::{code['S3Bucket']}/{code['S3Key']}")
    for layer in call.get("Layers") or []:
        yield Need("lambda:GetLayerVersion", layer)


def _published_version(call: Call, own: list[str]) -> Iterator[Need]:
    if call.get("publish"):
        yield from (Need("states:PublishStateMachineVersion", resource) for resource in own)


def _session(call: Call, own: list[str]) -> Iterator[Need]:
    if call.get("Tags"):
        yield from (Need("sts:TagSession", role) for role in own)
    if call.get("SourceIdentity"):
        yield from (Need("sts:SetSourceIdentity", role) for role in own)


def _copied(call: Call, own: list[str]) -> Iterator[Need]:
    if source := call.get("CopySource"):
        yield Need("s3:GetObject", resolvers.copied_object(source))


def _object_acl(call: Call, own: list[str]) -> Iterator[Need]:
    if call.get("ACL") and call.operation == "PutObject":
        yield from (Need("s3:PutObjectAcl", arn, {"s3:x-amz-acl": call.get("ACL")}) for arn in own)
    if call.get("Tagging") and call.operation == "PutObject":
        yield from (Need("s3:PutObjectTagging", arn) for arn in own)


def _object_key(action: str) -> Finder:
    """A customer managed key of the object, or the bucket's default, is used with the caller's permissions."""

    def find(call: Call, own: list[str]) -> Iterator[Need]:
        bucket = str(call.get("Bucket"))
        key = call.get("SSEKMSKeyId") or state.bucket_key(bucket)
        if key and own and own[0] != "*":
            yield from _key_need(call, action, str(key), "s3", {"kms:encryptioncontext:aws:s3:arn": own[0]})

    return find


def _message_key(*actions: str) -> Finder:
    def find(call: Call, own: list[str]) -> Iterator[Need]:
        service = own[0].split(":")[2]
        key = state.key_for_writing({"sqs": "sqs:SendMessage", "sns": "sns:Publish"}[service], own[0])
        for action in actions if key else ():
            yield from _key_need(call, action, str(key), service, {})

    return find


def _quota_template(call: Call, own: list[str]) -> Iterator[Need]:
    """ "Dependent actions" of Service Quotas, Service Authorization Reference."""
    yield Need("organizations:DescribeOrganization")
    if call.operation == "AssociateServiceQuotaTemplate":
        granted: Keys = {"organizations:serviceprincipal": "servicequotas.amazonaws.com"}
        yield Need("organizations:EnableAWSServiceAccess", "*", granted)


def _organization_analyzer(call: Call, own: list[str]) -> Iterator[Need]:
    """What IAMAccessAnalyzerFullAccess gives besides; whether AWS asks for it of the caller is not documented."""
    if str(call.get("type")).startswith("ORGANIZATION"):
        yield Need("organizations:DescribeOrganization")
        yield Need("organizations:ListAWSServiceAccessForOrganization")
        yield Need("organizations:ListDelegatedAdministrators")


def _key_need(call: Call, action: str, key: str, service: str, context: Keys) -> Iterator[Need]:
    if "alias/aws/" in key:
        return
    arn = state.key_arn(key, call.region, call.account)
    yield Need(action, arn, {"kms:viaservice": f"{service}.{call.region}.amazonaws.com", **context})


def _tags_of_stack(call: Call, own: list[str]) -> Iterator[Need]:
    if keys.requested_tags(call):
        yield from (Need("cloudformation:TagResource", resource) for resource in own)


def _role_of_stack(call: Call, own: list[str]) -> Iterator[Need]:
    """The role that the stack has, where the call names none: "they must have the iam:PassRole permission", says the guide of
    today; that of before said the opposite, and the stricter one is taken.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-iam-servicerole.html
    """
    if role := state.stack_role(own, call.region, call.account) if not call.get("RoleARN") else None:
        yield Need("iam:PassRole", role, {"iam:passedtoservice": "cloudformation.amazonaws.com"})


def _drift_detection(call: Call, own: list[str]) -> Iterator[Need]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html"""
    yield from (Need("cloudformation:DetectStackResourceDrift", resource) for resource in own)
    yield Need("cloudformation:BatchDescribeTypeConfigurations")


def _delegated_administrator(call: Call, own: list[str]) -> Iterator[Need]:
    """What others met who asked without it: "Account used is not a delegated administrator"; AWS's pages do not say it."""
    if call.get("CallAs") == "DELEGATED_ADMIN":
        yield Need("organizations:ListDelegatedAdministrators")


def _activation(call: Call, own: list[str]) -> Iterator[Need]:
    """Of trusted access: the service's own way to give it, and its role in the management account."""
    principal: Keys = {"organizations:serviceprincipal": "member.org.stacksets.cloudformation.amazonaws.com"}
    yield Need("organizations:EnableAWSServiceAccess", "*", principal)


def _tagged_at_launch(call: Call, own: list[str]) -> Iterator[Need]:
    for entry in call.get("TagSpecifications") or []:
        arn = call.arn("ec2", f"{entry.get('ResourceType')}/*")
        yield Need("ec2:CreateTags", arn, {"ec2:createaction": call.operation})


OF_STACK_SETS = (
    *(f"{verb}StackSet" for verb in ("Create", "Delete", "Describe", "Update")),
    *("CreateStackInstances", "DeleteStackInstances", "ListStackInstances", "UpdateStackInstances"),
    *("DescribeStackSetOperation", "ListStackSetOperationResults", "ListStackSetOperations"),
    *("ListStackSetAutoDeploymentTargets", "ListStackSets", "StopStackSetOperation"),
)
DEPENDENTS: Mapping[str, tuple[Finder, ...]] = {
    "access-analyzer:CreateAnalyzer": (
        _service_linked_role("access-analyzer.amazonaws.com"),
        _organization_analyzer,
        _tags("access-analyzer:TagResource"),
    ),
    "budgets:ModifyBudget": (_tags("budgets:TagResource"),),
    "cloudformation:CreateStack": (_roles("cloudformation", "RoleARN"), _tags_of_stack),
    "cloudformation:CreateChangeSet": (_roles("cloudformation", "RoleARN"), _role_of_stack, _tags_of_stack),
    "cloudformation:UpdateStack": (_roles("cloudformation", "RoleARN"), _tags_of_stack),
    "cloudformation:DeleteStack": (_roles("cloudformation", "RoleARN"),),
    "cloudformation:DetectStackDrift": (_drift_detection,),
    "cloudformation:ActivateOrganizationsAccess": (
        _activation,
        _service_linked_role("stacksets.cloudformation.amazonaws.com"),
    ),
    **{f"cloudformation:{name}": (_delegated_administrator,) for name in OF_STACK_SETS},
    "cloudtrail:CreateTrail": (
        _roles("cloudtrail", "CloudWatchLogsRoleArn"),
        _tags("cloudtrail:AddTags"),
        _organization_trail,
    ),
    "cloudtrail:UpdateTrail": (_roles("cloudtrail", "CloudWatchLogsRoleArn"), _organization_trail),
    "cloudwatch:PutMetricAlarm": (_tags("cloudwatch:TagResource"),),
    "config:PutConfigurationRecorder": (_roles("config", "ConfigurationRecorder.roleARN"),),
    "config:PutConfigurationAggregator": (
        _roles("config", "OrganizationAggregationSource.RoleArn"),
        _organization_aggregator,
        _tags("config:TagResource"),
    ),
    "config:DeleteOrganizationConformancePack": (_organizations_config,),
    "config:DescribeOrganizationConformancePackStatuses": (_organizations_config,),
    "config:DescribeOrganizationConformancePacks": (_organizations_config,),
    "config:GetOrganizationConformancePackDetailedStatus": (_organizations_config,),
    "config:PutOrganizationConformancePack": (
        _organizations_config,
        _conformance_pack_setup,
        _tags("config:TagResource"),
    ),
    "dynamodb:CreateTable": (_tags("dynamodb:TagResource"),),
    "events:PutRule": (_roles("events", "RoleArn"), _tags("events:TagResource")),
    "events:PutTargets": (_roles("events", "Targets.*.RoleArn"),),
    "guardduty:CreateDetector": (
        _service_linked_role("guardduty.amazonaws.com"),
        _tags("guardduty:TagResource"),
    ),
    "guardduty:EnableOrganizationAdminAccount": (_administrator("guardduty.amazonaws.com"),),
    "iam:AddRoleToInstanceProfile": (_instance_profile_role,),
    "iam:CreateInstanceProfile": (_tags("iam:TagInstanceProfile"),),
    "iam:CreatePolicy": (_tags("iam:TagPolicy"),),
    "iam:CreateRole": (_tags("iam:TagRole"),),
    "iam:CreateUser": (_tags("iam:TagUser"),),
    "iam:CreateVirtualMFADevice": (_tags("iam:TagMFADevice"),),
    "inspector2:Enable": (_service_linked_role("inspector2.amazonaws.com"),),
    "inspector2:EnableDelegatedAdminAccount": (
        _administrator("inspector2.amazonaws.com", "delegatedAdminAccountId"),
    ),
    "kms:CreateKey": (_tags_of_a_new_key,),
    "lambda:CreateFunction": (_roles("lambda", "Role"), _function_code, _tags("lambda:TagResource")),
    "lambda:UpdateFunctionCode": (_function_code,),
    "lambda:UpdateFunctionConfiguration": (_roles("lambda", "Role"), _function_code),
    "lambda:PublishLayerVersion": (_function_code,),
    "logs:CreateLogGroup": (_tags("logs:TagResource"),),
    "logs:PutDestination": (_roles("logs", "roleArn"),),
    "logs:PutSubscriptionFilter": (_roles("logs", "roleArn"),),
    "macie2:EnableMacie": (_service_linked_role("macie.amazonaws.com"),),
    "macie2:EnableOrganizationAdminAccount": (_administrator("macie.amazonaws.com"),),
    "organizations:CreateAccount": (_tags("organizations:TagResource"),),
    "organizations:CreateOrganization": (_service_linked_role("organizations.amazonaws.com"),),
    "organizations:CreateOrganizationalUnit": (_tags("organizations:TagResource"),),
    "organizations:CreatePolicy": (_tags("organizations:TagResource"),),
    "organizations:InviteAccountToOrganization": (_tags("organizations:TagResource"),),
    # "Prerequisites and permissions" of telemetry configuration, CloudWatch User Guide: as whoever turns it on.
    "observabilityadmin:StartTelemetryEvaluationForOrganization": (
        _service_linked_role("observabilityadmin.amazonaws.com"),
        _service_linked_role("telemetry-enablement.observabilityadmin.amazonaws.com"),
    ),
    "observabilityadmin:CreateTelemetryRuleForOrganization": (_tags("observabilityadmin:TagResource"),),
    "sso:CreatePermissionSet": (_tags("sso:TagResource"),),
    "s3:GetObject": (_object_key("kms:Decrypt"),),
    "s3:PutObject": (_object_acl, _copied, _object_key("kms:GenerateDataKey")),
    "s3:PutReplicationConfiguration": (_roles("s3", "ReplicationConfiguration.Role"),),
    "scheduler:CreateSchedule": (_roles("scheduler", "Target.RoleArn"),),
    "scheduler:CreateScheduleGroup": (_tags("scheduler:TagResource"),),
    "scheduler:UpdateSchedule": (_roles("scheduler", "Target.RoleArn"),),
    "securityhub:EnableOrganizationAdminAccount": (_administrator("securityhub.amazonaws.com"),),
    "securityhub:EnableSecurityHub": (
        _service_linked_role("securityhub.amazonaws.com"),
        _tags("securityhub:TagResource"),
    ),
    **{
        f"servicequotas:{name}": (_quota_template,)
        for name in (
            *("AssociateServiceQuotaTemplate", "DisassociateServiceQuotaTemplate"),
            *("GetAssociationForServiceQuotaTemplate", "PutServiceQuotaIncreaseRequestIntoTemplate"),
            *("GetServiceQuotaIncreaseRequestFromTemplate", "ListServiceQuotaIncreaseRequestsInTemplate"),
            "DeleteServiceQuotaIncreaseRequestFromTemplate",
        )
    },
    "sns:CreateTopic": (_tags("sns:TagResource"),),
    "sns:Publish": (_message_key("kms:GenerateDataKey", "kms:Decrypt"),),
    "sqs:CreateQueue": (_tags("sqs:TagQueue"),),
    "sqs:ReceiveMessage": (_message_key("kms:Decrypt"),),
    "sqs:SendMessage": (_message_key("kms:GenerateDataKey", "kms:Decrypt"),),
    "ssm:PutParameter": (_tags("ssm:AddTagsToResource"),),
    "states:CreateStateMachine": (
        _roles("states", "roleArn"),
        _tags("states:TagResource"),
        _published_version,
    ),
    "states:UpdateStateMachine": (_roles("states", "roleArn"), _published_version),
    "sts:AssumeRole": (_session,),
    **{f"ec2:{name}": (_tagged_at_launch,) for name in ("CreateVpc", "CreateSubnet", "RunInstances")},
    **{
        f"ec2:{name}": (_tagged_at_launch,)
        for name in ("CreateSecurityGroup", "CreateVolume", "CreateSnapshot")
    },
    "ec2:CreateFlowLogs": (_tagged_at_launch, _roles("vpc-flow-logs", "DeliverLogsPermissionArn")),
}


def dependents_of(call: Call, action: str, own: list[str]) -> Iterator[Need]:
    """What else a call demands, given its own action and the resources of it."""
    for find in DEPENDENTS.get(action, ()):
        yield from find(call, own)
    for use in identity_center.of_its_key(reference.action(action), call.region, call.account):
        yield Need(*use)
