"""Organization conformance packs, of which moto keeps the parameters: who may have them, and what becomes of them in each
account.

A pack is there in every active account of the organization that is not excluded and has a recorder, with the
service-linked role by which Config makes its rules. An account that joins gets it by itself; Config tries for seven hours
while that account has no recorder. The rules themselves are not embedded: nothing is evaluated.

https://docs.aws.amazon.com/config/latest/APIReference/API_PutOrganizationConformancePack.html
https://docs.aws.amazon.com/config/latest/developerguide/conformance-pack-organization-apis.html
https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from moto.config.models import ConfigBackend, config_backends
from moto.config.responses import ConfigResponse

from local.engine import Engine
from local.iam.service_linked_roles import give_role
from local.organizations import Organizations, organization_of

from .errors import ConfigError

SETUP = "config-multiaccountsetup.amazonaws.com"
CONFORMS = "config-conforms.amazonaws.com"
MOST_PACKS, MOST_RULES, LONGEST_BODY = 50, 130, 51_200
TRIED_FOR = 7 * 3600
"""Seconds in which a recorder must appear in an account that joins."""
NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
RULE, REMEDIATION = "AWS::Config::ConfigRule", "AWS::Config::RemediationConfiguration"
NO_RECORDER = {
    "ErrorCode": "NoAvailableConfigurationRecorder",
    "ErrorMessage": "There is no configuration recorder available.",
}
"""AWS documents the fields, and not their words."""


def install(engine: Engine) -> None:
    engine.patch(ConformancePacks, "clock", property(lambda _: engine.clock))
    engine.patch(ConfigResponse, "get_organization_conformance_pack_detailed_status", _detailed_status)
    engine.add(ConfigResponse, "describe_conformance_pack_status", _describe_conformance_pack_status)


@dataclass
class Pack:
    """`accounts` has what became of it in each, as `GetOrganizationConformancePackDetailedStatus` shows it."""

    name: str
    arn: str
    parameters: list[dict[str, str]]
    excluded: list[str]
    put: float = field(default_factory=time.time)
    is_updated: bool = False
    accounts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        return {
            "OrganizationConformancePackName": self.name,
            "OrganizationConformancePackArn": self.arn,
            "ConformancePackInputParameters": self.parameters,
            "ExcludedAccounts": self.excluded,
            "LastUpdateTime": self.put,
        }

    @property
    def name_in_accounts(self) -> str:
        return f"OrgConformsPack-{self.arn.rpartition('/')[2]}"

    @property
    def status(self) -> dict[str, Any]:
        ends = {each["Status"].partition("_")[2] for each in self.accounts.values()}
        worst = next((end for end in ("IN_PROGRESS", "FAILED") if end in ends), "SUCCESSFUL")
        return {
            "OrganizationConformancePackName": self.name,
            "Status": f"{'UPDATE' if self.is_updated else 'CREATE'}_{worst}",
            "LastUpdateTime": self.put,
        }


class ConformancePacks(ConfigBackend):
    clock: Any = None

    def put_organization_conformance_pack(
        self,
        name: str,
        template_s3_uri: str | None,
        template_body: str | None,
        delivery_s3_bucket: str | None,
        delivery_s3_key_prefix: str | None,
        input_parameters: list[dict[str, str]] | None,
        excluded_accounts: list[str] | None,
    ) -> dict[str, Any]:
        organization = self.administered(SETUP)
        if template_s3_uri or delivery_s3_bucket or delivery_s3_key_prefix:
            raise ConfigError("ValidationException", "Templates and deliveries in S3 are not embedded.")
        if not NAME.fullmatch(name):
            raise ConfigError("ValidationException", f"{name} is no name of a conformance pack.")
        if not template_body or len(template_body.encode()) > LONGEST_BODY:
            raise ConfigError("ValidationException", "Template body is invalid")
        parameters = input_parameters or []
        _check_template(template_body, {each["ParameterName"] for each in parameters})
        if self.account_id == organization.account_id and not organization.is_trusted(SETUP):
            organization.enable_aws_service_access(ServicePrincipal=SETUP)
        give_role(self.account_id, SETUP, self.partition)
        packs = self._packs(organization)
        pack = packs.get(name)
        if pack is None:
            if len(packs) >= MOST_PACKS:
                raise ConfigError(
                    "MaxNumberOfOrganizationConformancePacksExceededException",
                    f"The organization has {MOST_PACKS} conformance packs.",
                )
            arn = f"arn:{self.partition}:config:{self.region_name}:{self.account_id}:organization-conformance-pack/"
            made = f"{arn}{name}-{secrets.token_hex(4)}"
            pack = packs[name] = Pack(name, made, parameters, excluded_accounts or [])
        else:
            _require_rest(pack)
            pack.parameters, pack.excluded = parameters, excluded_accounts or []
            pack.put, pack.is_updated = time.time(), True
            before, pack.accounts = pack.accounts, {}
            self._deploy(pack, organization, before)
        self._deploy(pack, organization)
        return {"OrganizationConformancePackArn": pack.arn}

    def describe_organization_conformance_packs(self, names: list[str] | None) -> dict[str, Any]:
        return {"OrganizationConformancePacks": [pack.described() for pack in self._named(names)]}

    def describe_organization_conformance_pack_statuses(self, names: list[str] | None) -> dict[str, Any]:
        return {"OrganizationConformancePackStatuses": [pack.status for pack in self._named(names)]}

    def delete_organization_conformance_pack(self, name: str) -> None:
        (pack,) = self._named([name])
        _require_rest(pack)
        del self.organization_conformance_packs[name]

    def in_accounts(self, name: str, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        (pack,) = self._named([name])
        return [
            each
            for each in pack.accounts.values()
            if filters.get("Status") in (None, each["Status"])
            and filters.get("AccountId") in (None, each["AccountId"])
        ]

    def of_this_account(self) -> Iterator[dict[str, Any]]:
        """What administrators of the organization deployed here, as `DescribeConformancePackStatus` shows it."""
        organization = organization_of(self.account_id, self.partition)
        if organization is None:
            return
        for account in organization.accounts:
            administrator = config_backends[account.id][self.region_name]
            assert isinstance(administrator, ConformancePacks)
            for pack in administrator._packs(organization).values():
                administrator._deploy(pack, organization)
                here = pack.accounts.get(self.account_id)
                if here:
                    verb, _, end = here["Status"].partition("_")
                    arn = (
                        f"arn:{self.partition}:config:{self.region_name}:{self.account_id}:conformance-pack/"
                    )
                    yield {
                        "ConformancePackName": pack.name_in_accounts,
                        "ConformancePackId": pack.arn.rpartition("/")[2],
                        "ConformancePackArn": f"{arn}{pack.name_in_accounts}/{pack.arn.rpartition('/')[2]}",
                        "ConformancePackState": f"{verb}_{'COMPLETE' if end == 'SUCCESSFUL' else end}",
                        "LastUpdateRequestedTime": pack.put,
                    }

    def administered(self, principal: str) -> Organizations:
        """The organization that this account administers for a service of Config, as its management account or delegated
        administrator."""
        organization = organization_of(self.account_id, self.partition)
        if organization is None:
            raise ConfigError(
                "NoAvailableOrganizationException", "The account is not part of an organization."
            )
        if not organization.has_all_features:
            message = "The organization does not have all features enabled."
            raise ConfigError("OrganizationAllFeaturesNotEnabledException", message)
        manages = self.account_id == organization.account_id
        if not manages and not organization.is_delegated(self.account_id, principal):
            raise ConfigError(
                "OrganizationAccessDeniedException",
                "This action can be performed only by the organization's management account or by a delegated administrator "
                "of AWS Config.",
            )
        return organization

    def _packs(self, organization: Organizations) -> dict[str, Pack]:
        """Of this account and Region; of nobody, where it administers no organization any more."""
        manages = self.account_id == organization.account_id
        if not manages and not organization.is_delegated(self.account_id, SETUP):
            return {}
        packs: dict[str, Pack] = self.organization_conformance_packs  # type: ignore[assignment]
        return packs

    def _named(self, names: Sequence[str] | None) -> list[Pack]:
        organization = self.administered(SETUP)
        packs = self._packs(organization)
        if missing := [name for name in names or () if name not in packs]:
            raise ConfigError(
                "NoSuchOrganizationConformancePackException",
                f"There is no organization conformance pack {missing[0]}.",
            )
        for pack in packs.values():
            self._deploy(pack, organization)
        return [packs[name] for name in names or packs]

    def _deploy(
        self, pack: Pack, organization: Organizations, before: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        """In each account where it is not settled, and out of those that left or are excluded."""
        there = {
            each.id: each
            for each in organization.accounts
            if each.state == "ACTIVE" and each.id not in pack.excluded
        }
        for gone in pack.accounts.keys() - there.keys():
            del pack.accounts[gone]
        for account_id, account in there.items():
            known = pack.accounts.get(account_id)
            if known and not known["Status"].endswith("IN_PROGRESS"):
                continue
            joined = account.create_time.timestamp()
            new = joined > pack.put
            pack.is_updated = pack.is_updated or new
            error: Mapping[str, str] = {}
            had = (before or {}).get(account_id, {}).get("Status", "").endswith("_SUCCESSFUL")
            if config_backends[account_id][self.region_name].recorders:
                give_role(account_id, CONFORMS, self.partition)
                end = "SUCCESSFUL"
            elif new and time.time() - joined < self.clock.seconds(TRIED_FOR):
                end = "IN_PROGRESS"
            else:
                end, error = "FAILED", NO_RECORDER
            pack.accounts[account_id] = {
                "AccountId": account_id,
                "ConformancePackName": pack.name_in_accounts,
                "Status": f"{'UPDATE' if had else 'CREATE'}_{end}",
                "LastUpdateTime": time.time(),
                **error,
            }


def _require_rest(pack: Pack) -> None:
    if pack.status["Status"].endswith("IN_PROGRESS"):
        raise ConfigError("ResourceInUseException", f"{pack.name} is being created or updated.")


def _check_template(body: str, given: set[str]) -> None:
    """Raises OrganizationConformancePackTemplateValidationException.

    https://docs.aws.amazon.com/config/latest/developerguide/custom-conformance-pack.html
    """
    try:
        template = yaml.safe_load(body)
        declared = dict(template.get("Parameters") or {})
        resources = dict(template["Resources"])
        types = [each["Type"] for each in resources.values()]
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError):
        raise _invalid("The template is no YAML with Resources that have a Type.") from None
    needed = {name for name, each in declared.items() if "Default" not in each}
    if others := sorted(set(types) - {RULE, REMEDIATION}):
        raise _invalid(f"A template has no resource of type {others[0]}.")
    if types.count(RULE) > MOST_RULES:
        raise _invalid(f"A template has at most {MOST_RULES} rules.")
    if unknown := sorted(given - declared.keys()):
        raise _invalid(f"The template has no parameter {unknown[0]}.")
    if missing := sorted(needed - given):
        raise _invalid(f"The parameter {missing[0]} must have a value.")


def _invalid(message: str) -> ConfigError:
    return ConfigError("OrganizationConformancePackTemplateValidationException", message)


def _detailed_status(response: ConfigResponse) -> str:
    backend = response.config_backend
    assert isinstance(backend, ConformancePacks)
    name = response._get_param("OrganizationConformancePackName")
    found = backend.in_accounts(name, response._get_param("Filters") or {})
    return json.dumps({"OrganizationConformancePackDetailedStatuses": found})


def _describe_conformance_pack_status(response: ConfigResponse) -> str:
    """https://docs.aws.amazon.com/config/latest/APIReference/API_DescribeConformancePackStatus.html"""
    backend = response.config_backend
    assert isinstance(backend, ConformancePacks)
    names = response._get_param("ConformancePackNames")
    found = [each for each in backend.of_this_account() if not names or each["ConformancePackName"] in names]
    return json.dumps({"ConformancePackStatusDetails": found})
