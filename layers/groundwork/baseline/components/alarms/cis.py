"""What the CIS AWS Foundations Benchmark wants an alarm on: 5.1 to 5.15 of version 7.0, in its order.

The patterns are those that AWS documents for the controls CloudWatch.1 to CloudWatch.14 of Security Hub CSPM, which looks
for them letter by letter; for the last one it has no control.
https://docs.aws.amazon.com/securityhub/latest/userguide/cloudwatch-controls.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

PREFIX = "groundwork-cis-"
"""Of the names of all alarms."""


class Watched(NamedTuple):
    """`name` is that of the filter, of its metric, and after `groundwork-cis-` of the alarm; `what` says it in words."""

    name: str
    what: str
    pattern: str


def _events(names: str) -> str:
    return " || ".join(f"($.eventName={name})" for name in names.split())


def _of(source: str, names: str) -> str:
    return f"{{($.eventSource={source}.amazonaws.com) && ({_events(names)})}}"


WATCHED: Iterable[Watched] = (
    Watched(
        "UnauthorizedAPICalls",
        "calls that AWS refused",
        '{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*")}',
    ),
    Watched(
        "ConsoleSigninWithoutMFA",
        "a sign-in to the console without MFA",
        '{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") '
        '&& ($.responseElements.ConsoleLogin = "Success") }',
    ),
    Watched(
        "RootAccountUsage",
        "the root user was used",
        '{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}',
    ),
    Watched(
        "IAMPolicyChanges",
        "a policy of IAM was changed",
        _of(
            "iam",
            "DeleteGroupPolicy DeleteRolePolicy DeleteUserPolicy PutGroupPolicy PutRolePolicy PutUserPolicy CreatePolicy "
            "DeletePolicy CreatePolicyVersion DeletePolicyVersion AttachRolePolicy DetachRolePolicy AttachUserPolicy "
            "DetachUserPolicy AttachGroupPolicy DetachGroupPolicy",
        ),
    ),
    Watched(
        "CloudTrailChanges",
        "a trail was changed, started or stopped",
        f"{{{_events('CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging')}}}",
    ),
    Watched(
        "ConsoleAuthenticationFailure",
        "a sign-in to the console failed",
        '{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}',
    ),
    Watched(
        "DisableOrDeleteCMK",
        "a customer managed key was disabled, or is to be deleted",
        _of("kms", "DisableKey ScheduleKeyDeletion"),
    ),
    Watched(
        "S3BucketPolicyChanges",
        "a bucket's policy, or the like, was changed",
        _of(
            "s3",
            "PutBucketAcl PutBucketPolicy PutBucketCors PutBucketLifecycle PutBucketReplication DeleteBucketPolicy "
            "DeleteBucketCors DeleteBucketLifecycle DeleteBucketReplication",
        ),
    ),
    Watched(
        "AWSConfigChanges",
        "AWS Config was changed or stopped",
        _of(
            "config",
            "StopConfigurationRecorder DeleteDeliveryChannel PutDeliveryChannel PutConfigurationRecorder",
        ),
    ),
    Watched(
        "SecurityGroupChanges",
        "a security group was changed",
        "{"
        + _events(
            "AuthorizeSecurityGroupIngress AuthorizeSecurityGroupEgress RevokeSecurityGroupIngress "
            "RevokeSecurityGroupEgress CreateSecurityGroup DeleteSecurityGroup"
        )
        + "}",
    ),
    Watched(
        "NetworkACLChanges",
        "a network ACL was changed",
        "{"
        + _events(
            "CreateNetworkAcl CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry ReplaceNetworkAclEntry "
            "ReplaceNetworkAclAssociation"
        )
        + "}",
    ),
    Watched(
        "NetworkGatewayChanges",
        "a network gateway was changed",
        "{"
        + _events(
            "CreateCustomerGateway DeleteCustomerGateway AttachInternetGateway CreateInternetGateway "
            "DeleteInternetGateway DetachInternetGateway"
        )
        + "}",
    ),
    Watched(
        "RouteTableChanges",
        "a route table was changed",
        _of(
            "ec2",
            "CreateRoute CreateRouteTable ReplaceRoute ReplaceRouteTableAssociation DeleteRouteTable DeleteRoute "
            "DisassociateRouteTable",
        ),
    ),
    Watched(
        "VPCChanges",
        "a VPC was changed",
        "{"
        + _events(
            "CreateVpc DeleteVpc ModifyVpcAttribute AcceptVpcPeeringConnection CreateVpcPeeringConnection "
            "DeleteVpcPeeringConnection RejectVpcPeeringConnection AttachClassicLinkVpc DetachClassicLinkVpc "
            "DisableVpcClassicLink EnableVpcClassicLink"
        )
        + "}",
    ),
    Watched(
        "OrganizationsChanges",
        "the organization was changed",
        _of(
            "organizations",
            "AcceptHandshake AttachPolicy CancelHandshake CreateAccount CreateOrganization CreateOrganizationalUnit "
            "CreatePolicy DeclineHandshake DeleteOrganization DeleteOrganizationalUnit DeletePolicy EnableAllFeatures "
            "EnablePolicyType InviteAccountToOrganization LeaveOrganization DetachPolicy DisablePolicyType MoveAccount "
            "RemoveAccountFromOrganization UpdateOrganizationalUnit UpdatePolicy",
        ),
    ),
)
