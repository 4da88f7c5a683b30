"""Security Hub CSPM, where moto falls short of it: standards, members, aggregation, central configuration, IAM apart.

`EnableSecurityHubV2` and what else belongs to the newer Security Hub is not embedded, nor is what a Security Hub CSPM
policy of Organizations lays down; that such a policy type ends central configuration is.

https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.core.responses import ActionResult
from moto.securityhub.models import securityhub_backends
from moto.securityhub.responses import SecurityHubResponse

from local.engine import Engine

from .hub import Hub
from .organization import OrganizationHub

__all__ = ["Hub", "install"]

Given = dict[str, Any]
Handler = Callable[[OrganizationHub, Given], Any]


def install(engine: Engine) -> None:
    Hub.engine = engine
    Hub.dispatch = Response.dispatch
    engine.patch(securityhub_backends, "backend", OrganizationHub)
    securityhub_backends.clear()
    for held in (Hub.centrals, Hub.aggregators):
        held.clear()
        engine.on_close(held.clear)


def _policy(self: OrganizationHub, given: Given) -> Any:
    return self.as_central().create_policy(self.policy_arn(), given).described()


HANDLERS: dict[str, Handler] = {
    "enable_security_hub": lambda hub, given: hub.enable_hub(given),
    "disable_security_hub": lambda hub, given: hub.disable_hub(),
    "describe_hub": lambda hub, given: hub.hub(),
    "batch_enable_standards": lambda hub, given: {
        "StandardsSubscriptions": hub.enable_standards(
            [each["StandardsArn"] for each in given["StandardsSubscriptionRequests"]]
        )
    },
    "batch_disable_standards": lambda hub, given: {
        "StandardsSubscriptions": hub.disable_standards(given["StandardsSubscriptionArns"])
    },
    "get_enabled_standards": lambda hub, given: {"StandardsSubscriptions": hub.subscriptions()},
    "describe_standards": lambda hub, given: {"Standards": hub.offered()},
    "enable_organization_admin_account": lambda hub, given: hub.designate(given["AdminAccountId"]),
    "disable_organization_admin_account": lambda hub, given: hub.take_away(given["AdminAccountId"]),
    "list_organization_admin_accounts": lambda hub, given: {"AdminAccounts": hub.administrators()},
    "get_administrator_account": lambda hub, given: hub.administrator(),
    "list_members": lambda hub, given: {"Members": list(hub.organization_members())},
    "describe_organization_configuration": lambda hub, given: hub.configuration(),
    "update_organization_configuration": lambda hub, given: hub.configure(given),
    "create_finding_aggregator": lambda hub, given: hub.aggregate(given),
    "update_finding_aggregator": lambda hub, given: hub.aggregate_anew(given),
    "delete_finding_aggregator": lambda hub, given: hub.stop_aggregating(given["FindingAggregatorArn"]),
    "get_finding_aggregator": lambda hub, given: hub.aggregation(given["FindingAggregatorArn"]).described(),
    "list_finding_aggregators": lambda hub, given: {
        "FindingAggregators": [
            {"FindingAggregatorArn": each.arn}
            for account, each in hub.aggregators.items()
            if account == hub.account_id
        ]
    },
    "create_configuration_policy": _policy,
    "update_configuration_policy": lambda hub, given: (
        hub.as_central().update_policy(given, hub.later(hub.association_seconds)).described()
    ),
    "delete_configuration_policy": lambda hub, given: hub.as_central().delete_policy(given["Identifier"]),
    "get_configuration_policy": lambda hub, given: hub.as_central().policy(given["Identifier"]).described(),
    "list_configuration_policies": lambda hub, given: {
        "ConfigurationPolicySummaries": [each.summary() for each in hub.as_central().policies.values()]
    },
    "start_configuration_policy_association": lambda hub, given: hub.associate(given),
    "start_configuration_policy_disassociation": lambda hub, given: hub.disassociate(given),
    "get_configuration_policy_association": lambda hub, given: hub.association(given),
    "list_configuration_policy_associations": lambda hub, given: {
        "ConfigurationPolicyAssociationSummaries": hub.associations(given.get("Filters") or {})
    },
}


def _answers(handler: Handler) -> Callable[[Response], ActionResult]:
    def answer(self: Response) -> ActionResult:
        return ActionResult(handler(self.hub, {k: v for k, v in self.params.items() if v is not None}) or {})

    return answer


class Response(SecurityHubResponse):
    """What moto has besides, like findings, is still moto's."""

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    @property
    def hub(self) -> OrganizationHub:
        found = securityhub_backends[self.current_account][self.region]
        assert isinstance(found, OrganizationHub)
        return found


for _name, _handler in HANDLERS.items():
    setattr(Response, _name, _answers(_handler))
