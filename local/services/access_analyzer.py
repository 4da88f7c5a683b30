"""IAM Access Analyzer's external access, of which moto has nothing: analyzers, and findings made when they are asked for.

A finding is what a policy of a resource allows to a principal outside of the analyzer's zone of trust: its account, or its
organization. Looked at are roles, buckets, keys, queues, topics and functions. An analyzer of the organization belongs to
the management account or to the delegated administrator, and rests while its account is neither. One of unused access
finds nothing here.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-findings.html
https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ListFindings.html
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any

from moto import backend_index
from moto.backends import get_backend
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, BaseResponse

from groundwork.policies.conditions import as_list
from local.engine import Engine
from local.iam.service_linked_roles import has_role
from local.organizations import organization_of

SERVICE = "accessanalyzer"
ADDRESS = r"https?://access-analyzer\.(.+)\.amazonaws\.com"
PRINCIPAL = "access-analyzer.amazonaws.com"
MOST: Mapping[str, int] = {
    "ACCOUNT": 1,
    "ORGANIZATION": 5,
    "ACCOUNT_UNUSED_ACCESS": 1,
    "ORGANIZATION_UNUSED_ACCESS": 5,
}
"""Types, and how many there may be in a Region: of the account, or of the organization.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html"""
DAYS = range(1, 366)
PROVIDER = re.compile(r":(saml|oidc)-provider/")
HELD_TO_SOMEBODY = (
    "aws:principalorgid",
    "aws:principalarn",
    "aws:principalaccount",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceowner",
)
"""Keys by which a statement for everybody lets in some alone; by the last, SNS keeps each new topic to its account.
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html"""


class AccessAnalyzerError(ServiceException):
    """An exception of Access Analyzer, by its name."""


@dataclass
class Analyzer:
    arn: str
    name: str
    type: str
    configuration: dict[str, Any] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    def described(self, stopped: str) -> dict[str, Any]:
        """`stopped` says why it rests; nothing while it works."""
        return {
            "arn": self.arn,
            "name": self.name,
            "type": self.type,
            "createdAt": self.created,
            "status": "DISABLED" if stopped else "ACTIVE",
            **({"statusReason": {"code": stopped}} if stopped else {}),
            **({"configuration": self.configuration} if self.configuration else {}),
        }


class AccessAnalyzer(BaseBackend):
    """The analyzers of one account and Region."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.analyzers: dict[str, Analyzer] = {}

    @property
    def _url_module(self) -> Any:
        return SimpleNamespace(url_bases=[ADDRESS], url_paths={"{0}/.*$": AccessAnalyzerResponse.dispatch})

    def create(self, name: str, kind: str, configuration: dict[str, Any]) -> Analyzer:
        """Raises ServiceQuotaExceededException, ConflictException, and ValidationException: for whoever may not look at
        the organization AWS documents none."""
        if kind not in MOST:
            raise AccessAnalyzerError(
                "ValidationException", f"the embedded AWS has no analyzer of type {kind}"
            )
        age = configuration.get("unusedAccess", {}).get("unusedAccessAge")
        if kind.endswith("UNUSED_ACCESS") != (age in DAYS):
            raise AccessAnalyzerError("ValidationException", f"The configuration is not valid for {kind}.")
        if stopped := self.stopped(kind):
            raise AccessAnalyzerError(
                "ValidationException", f"The organization is not yours to analyze: {stopped}."
            )
        if any(each.name == name for each in self.analyzers.values()):
            raise AccessAnalyzerError("ConflictException", f"Analyzer {name} exists.")
        if self._number(kind) >= MOST[kind]:
            raise AccessAnalyzerError("ServiceQuotaExceededException", "Limit of analyzers reached.")
        arn = f"arn:{self.partition}:access-analyzer:{self.region_name}:{self.account_id}:analyzer/{name}"
        self.analyzers[arn] = Analyzer(arn, name, kind, configuration)
        return self.analyzers[arn]

    def delete(self, name: str) -> None:
        """Raises ResourceNotFoundException."""
        found = next((arn for arn, each in self.analyzers.items() if each.name == name), None)
        if found is None:
            raise AccessAnalyzerError("ResourceNotFoundException", f"Analyzer {name} could not be found.")
        del self.analyzers[found]

    def _number(self, kind: str) -> int:
        """Of that type, in this Region."""
        organization = organization_of(self.account_id, self.partition)
        accounts = [self.account_id]
        if kind.startswith("ORGANIZATION") and organization is not None:
            accounts = [account.id for account in organization.accounts]
        regions = [BACKENDS[account][self.region_name] for account in accounts]
        return sum(each.type == kind for region in regions for each in region.analyzers.values())

    def stopped(self, kind: str) -> str:
        """Why an analyzer of that type finds nothing, as AWS names the reason; nothing while it may.

        https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_StatusReason.html
        """
        if not kind.startswith("ORGANIZATION"):
            return ""
        organization = organization_of(self.account_id, self.partition)
        if organization is None:
            return "ORGANIZATION_DELETED"
        if organization.account_id == self.account_id:
            return ""
        if not organization.is_trusted(PRINCIPAL):
            return "AWS_SERVICE_ACCESS_DISABLED"
        if not organization.is_delegated(self.account_id, PRINCIPAL):
            return "DELEGATED_ADMINISTRATOR_DEREGISTERED"
        if not has_role(organization.account_id, PRINCIPAL, self.partition):
            return "SERVICE_LINKED_ROLE_CREATION_FAILED"
        return ""

    def findings(self, arn: str) -> list[dict[str, Any]]:
        """Raises ResourceNotFoundException."""
        if arn not in self.analyzers:
            raise AccessAnalyzerError("ResourceNotFoundException", f"The resource {arn} could not be found.")
        if self.analyzers[arn].type.endswith("UNUSED_ACCESS"):
            raise AccessAnalyzerError(
                "ValidationException", "Findings of unused access are ListFindingsV2's."
            )
        if self.stopped(self.analyzers[arn].type):
            return []
        zone, organization_id = {self.account_id}, ""
        organization = organization_of(self.account_id, self.partition)
        if self.analyzers[arn].type == "ORGANIZATION" and organization is not None:
            zone = {account.id for account in organization.accounts}
            organization_id = str(getattr(organization.org, "id", ""))
        return [
            finding
            for account in sorted(zone)
            for kind, resource, text in self._resources(account)
            for finding in _found(kind, resource, text, account, zone, organization_id)
        ]

    def _resources(self, account: str) -> Iterator[tuple[str, str, Any]]:
        """Type, ARN and policy of what has one, in this Region."""
        here = f"{self.region_name}:{account}"
        for role in list(get_backend("iam")[account][self.partition].roles.values()):
            yield "AWS::IAM::Role", role.arn, role.assume_role_policy_document
        for bucket in list(get_backend("s3")[account][self.partition].buckets.values()):
            if bucket.policy and bucket.region_name == self.region_name:
                yield "AWS::S3::Bucket", bucket.arn, bucket.policy
        for key in list(get_backend("kms")[account][self.region_name].keys.values()):
            yield "AWS::KMS::Key", key.arn, key.policy
        for queue in list(get_backend("sqs")[account][self.region_name].queues.values()):
            if queue.policy:
                yield "AWS::SQS::Queue", queue.queue_arn, queue.policy
        for topic in list(get_backend("sns")[account][self.region_name].topics.values()):
            yield "AWS::SNS::Topic", topic.arn, topic.policy
        for function in list(get_backend("lambda")[account][self.region_name].list_functions()):
            if function.policy.statements:
                arn = f"arn:{self.partition}:lambda:{here}:function:{function.function_name}"
                yield "AWS::Lambda::Function", arn, json.dumps({"Statement": function.policy.statements})


def _found(
    kind: str, resource: str, text: Any, account: str, zone: set[str], organization: str
) -> Iterator[dict[str, Any]]:
    document = json.loads(text.decode() if isinstance(text, bytes) else text) if text else {}
    for number, statement in enumerate(as_list(document.get("Statement", []))):
        conditions = {
            key: value for keys in statement.get("Condition", {}).values() for key, value in keys.items()
        }
        principal = statement.get("Principal", {})
        named = principal if isinstance(principal, dict) else {"AWS": principal}
        for type_, names in named.items():
            for name in as_list(names):
                if statement["Effect"] != "Allow" or type_ == "Service" or name.endswith(".amazonaws.com"):
                    continue
                if _is_in(name, conditions, zone, organization):
                    continue
                identity = f"{resource} {number} {type_} {name}".encode()
                moment = datetime.now(UTC)
                yield {
                    "id": hashlib.sha256(identity).hexdigest()[:32],
                    "principal": {type_: name.split(":")[4] if name.endswith(":root") else name},
                    "action": as_list(statement.get("Action", [])),
                    "resource": resource,
                    "isPublic": name == "*" and not conditions,
                    "resourceType": kind,
                    "condition": {key: as_list(value)[0] for key, value in conditions.items()},
                    "createdAt": moment,
                    "analyzedAt": moment,
                    "updatedAt": moment,
                    "status": "ACTIVE",
                    "resourceOwnerAccount": account,
                }


def _is_in(name: str, conditions: dict[str, Any], zone: set[str], organization: str) -> bool:
    """An identity provider lets others in, though it is of the zone itself."""
    if name != "*":
        return _owner(name) in zone and not PROVIDER.search(name)
    held = {
        key.lower(): as_list(value) for key, value in conditions.items() if key.lower() in HELD_TO_SOMEBODY
    }
    return any(
        values == [organization]
        if key == "aws:principalorgid"
        else all(_owner(each) in zone for each in values)
        for key, values in held.items()
    )


def _owner(value: str) -> str:
    return value.split(":")[4] if value.count(":") >= 5 else value


class AccessAnalyzerResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name=SERVICE)

    @property
    def backend(self) -> AccessAnalyzer:
        return BACKENDS[self.current_account][self.region]

    def create_analyzer(self) -> ActionResult:
        name, type_ = str(self._get_param("analyzerName")), str(self._get_param("type"))
        return ActionResult(
            {"arn": self.backend.create(name, type_, self._get_param("configuration") or {}).arn}
        )

    def delete_analyzer(self) -> ActionResult:
        self.backend.delete(str(self._get_param("analyzerName")))
        return ActionResult({})

    def list_analyzers(self) -> ActionResult:
        wanted = self._get_param("type")
        analyzers = [each for each in self.backend.analyzers.values() if wanted in (None, each.type)]
        shown = [each.described(self.backend.stopped(each.type)) for each in analyzers]
        return ActionResult({"analyzers": shown})

    def list_findings(self) -> ActionResult:
        """Raises ValidationException for a filter that is not understood here."""
        found = self.backend.findings(str(self._get_param("analyzerArn")))
        for key, criterion in (self._get_param("filter") or {}).items():
            if key not in ("status", "resourceType") or not criterion.keys() <= {"eq", "neq"}:
                raise AccessAnalyzerError("ValidationException", f"the embedded AWS does not filter by {key}")
            found = [
                each
                for each in found
                if each[key] in criterion.get("eq", [each[key]]) and each[key] not in criterion.get("neq", [])
            ]
        return ActionResult({"findings": found})


BACKENDS: BackendDict[AccessAnalyzer] = BackendDict(AccessAnalyzer, SERVICE)


def install(engine: Engine) -> None:
    """moto finds a service by its address, and by its module."""
    module = ModuleType(f"moto.{SERVICE}")
    setattr(module, f"{SERVICE}_backends", BACKENDS)
    sys.modules[module.__name__] = module
    engine.on_close(sys.modules.pop, module.__name__)
    address = (SERVICE, re.compile(ADDRESS))
    backend_index.backend_url_patterns.append(address)
    engine.on_close(backend_index.backend_url_patterns.remove, address)
