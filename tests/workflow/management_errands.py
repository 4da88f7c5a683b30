"""What has to be put right in the management account, for every statement with which its function does that."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from groundwork.baseline import loop
from groundwork.baseline.component import Component, Target
from groundwork.baseline.components.account_contacts import AccountContacts
from groundwork.baseline.components.account_contacts import Settings as Contacts
from groundwork.baseline.components.alarms import Alarms, Settings
from groundwork.baseline.components.budget import NAME, Budget
from groundwork.baseline.components.budget import Settings as Spending
from groundwork.baseline.components.delegation import Delegation
from groundwork.baseline.components.own_policies import OwnPolicies
from groundwork.baseline.components.quota_template import SERVICE_QUOTAS, Quota, QuotaTemplate
from groundwork.baseline.components.quota_template import Settings as Quotas
from groundwork.baseline.components.sensitive_data import SERVICE as MACIE
from groundwork.baseline.components.sensitive_data import SensitiveData
from groundwork.baseline.components.sensitive_data import Settings as Watching
from groundwork.baseline.components.trail import Trail
from groundwork.baseline.components.trail.logs import GROUP
from groundwork.baseline.components.vulnerability_scanning import INSPECTOR, VulnerabilityScanning
from groundwork.baseline.components.vulnerability_scanning import Settings as Scanning
from groundwork.contacts import Contact
from groundwork.contracts import Account, Model, Organization
from groundwork.declaration import Declaration
from groundwork.declaration.own_policies import OwnPolicy
from groundwork.declaration.settings import CloudWatchLogs
from groundwork.errors import GroundworkError
from local.services.security_hub.hub import hub_of
from tests.engine.organizations.policies import enable
from tests.workflow.place import Job, Place
from tests.workflow.statements import role_of


def _rename_unit(place: Place) -> None:
    """A declared unit is missing."""
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    units = organizations.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    unit = next(each["Id"] for each in units if each["Name"] == "Infrastructure")
    organizations.update_organizational_unit(OrganizationalUnitId=unit, Name="Former infrastructure")


def _make_former_unit(place: Place) -> None:
    """A unit of ours is declared no longer."""
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    tags = [{"Key": "managed-by", "Value": "groundwork"}]
    organizations.create_organizational_unit(ParentId=root, Name="Former", Tags=tags)


def _detach_guardrails(place: Place, *, delete: bool = False) -> None:
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    attached = organizations.list_policies_for_target(TargetId=root, Filter="SERVICE_CONTROL_POLICY")[
        "Policies"
    ]
    name = place.cloud.declaration.guardrails.policy
    policy = next(each["Id"] for each in attached if each["Name"] == name)
    organizations.detach_policy(PolicyId=policy, TargetId=root)
    if delete:
        organizations.delete_policy(PolicyId=policy)


def _detach_s3_policy(place: Place) -> None:
    organizations = place.cloud.aws.client("organizations")
    root = organizations.list_roots()["Roots"][0]["Id"]
    (attached,) = organizations.list_policies_for_target(TargetId=root, Filter="S3_POLICY")["Policies"]
    organizations.detach_policy(PolicyId=attached["Id"], TargetId=root)


def _remove_recorder(place: Place, *, role: bool = False) -> None:
    config, iam = place.cloud.aws.client("config"), place.cloud.aws.client("iam")
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])
        for channel in config.describe_delivery_channels()["DeliveryChannels"]:
            config.delete_delivery_channel(DeliveryChannelName=channel["name"])
        config.delete_configuration_recorder(ConfigurationRecorderName=recorder["name"])
    if role:
        iam.delete_service_linked_role(RoleName="AWSServiceRoleForConfig")


def _stop_recorder(place: Place) -> None:
    config = place.cloud.aws.client("config")
    for recorder in config.describe_configuration_recorders()["ConfigurationRecorders"]:
        config.stop_configuration_recorder(ConfigurationRecorderName=recorder["name"])


def _stop_trail(place: Place) -> None:
    cloudtrail = place.cloud.aws.client("cloudtrail")
    cloudtrail.stop_logging(Name=place.cloud.declaration.trail.name)


def _distrust_cloudtrail(place: Place) -> None:
    organizations = place.cloud.aws.client("organizations")
    organizations.disable_aws_service_access(ServicePrincipal="cloudtrail.amazonaws.com")


def _withdraw_root_sessions(place: Place) -> None:
    place.cloud.aws.client("iam").disable_organizations_root_sessions()


def _delete_password_policy(place: Place) -> None:
    place.cloud.aws.client("iam").delete_account_password_policy()


def _open_default_vpc(place: Place) -> None:
    ec2 = place.cloud.aws.client("ec2")
    (acl,) = ec2.describe_network_acls(Filters=[{"Name": "default", "Values": ["true"]}])["NetworkAcls"]
    entry = {
        "RuleNumber": 100,
        "Protocol": "-1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
    }
    ec2.create_network_acl_entry(NetworkAclId=acl["NetworkAclId"], **entry)


def _deregister(place: Place) -> None:
    place.cloud.aws.client("organizations").deregister_delegated_administrator(
        AccountId=place.security, ServicePrincipal="config-multiaccountsetup.amazonaws.com"
    )


def _without_security_hub(place: Place) -> None:
    """As in an organization that had its configuration policy before the management account had Security Hub."""
    hub_of(place.management, place.cloud.declaration.regions.home).enabled = False


def _nothing(place: Place) -> None:
    """The account is as it should be, and that has to be seen."""


def mend_management(component: str, spoil: Callable[[Place], None], place: Place) -> Job:
    job = place.component("ApplyManagementComponentFunction", place.management, component)
    spoil(place)
    return job


def remove_units(place: Place) -> Job:
    """In an account that had another declaration."""
    payload = place.given(place.management, "component", "organization")
    payload["account"] = payload["account"] | {"laidDown": ["0123456789ab"]}
    _make_former_unit(place)
    return lambda: place.invoke("ApplyManagementComponentFunction", payload)


def plan_with_a_stranger(place: Place) -> Job:
    """A role of the management account lets in an account of which nobody has told; it is gone afterwards."""
    iam, name = place.cloud.aws.client("iam"), "lets-a-stranger-in"
    stranger = {"Effect": "Allow", "Principal": {"AWS": "999999999999"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [stranger]})
    payload = place.given(place.management, "component", "organization") | {"mode": "plan"}

    def plan() -> str:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        try:
            return place.invoke("ApplyManagementComponentFunction", payload)
        finally:
            iam.delete_role(RoleName=name)

    return plan


def plan_settings(place: Place) -> Job:
    """A plan tells of the root user."""
    payload = place.given(place.management, "component", "account-settings") | {"mode": "plan"}
    return lambda: place.invoke("ApplyManagementComponentFunction", payload)


def delegate(place: Place) -> Job:
    job = place.component("ApplyManagementComponentFunction", place.security, "delegation")
    _deregister(place)
    return job


def designate(place: Place) -> Job:
    """GuardDuty has no administrator in the home Region."""
    job = place.component("ApplyManagementComponentFunction", place.security, "delegation")
    guardduty = place.cloud.aws.client("guardduty")
    guardduty.disable_organization_admin_account(AdminAccountId=place.security)
    return job


def watch(place: Place) -> Job:
    """The trail's log group, and alarms on it. All is gone afterwards."""
    trail = place.cloud.declaration.trail.model_copy(update={"cloud_watch_logs": CloudWatchLogs()})
    declaration = place.cloud.declaration.model_copy(update={"trail": trail})
    return _with_its_role((Trail(), Alarms()), declaration, {"alarms": Settings()}, _take_off, place)


def keep_contacts(place: Place) -> Job:
    """Whom AWS writes to about the management account; nobody, afterwards."""
    contact = Contact(
        name="Security", title="Security", email="security@example.com", phone="+41 44 123 45 67"
    )
    settings: dict[str, Model] = {"account-contacts": Contacts(security=contact)}
    return _with_its_role((AccountContacts(),), place.cloud.declaration, settings, _forget_contact, place)


def keep_own_policies(place: Place) -> Job:
    """A tag policy of the owner on the root; gone afterwards."""
    declaration = place.cloud.declaration.model_copy(
        update={"own_policies": [OwnPolicy(name="tags", type="tag")]}
    )
    declaration._own_documents = {"tags": {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}}
    enable(place.cloud.aws, "TAG_POLICY")
    return _with_its_role((OwnPolicies(),), declaration, {}, _forget_own_policies, place)


def _forget_own_policies(place: Place) -> None:
    organizations = place.cloud.aws.client("organizations")
    (root,) = organizations.list_roots()["Roots"]
    for policy in organizations.list_policies(Filter="TAG_POLICY")["Policies"]:
        if organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
            organizations.detach_policy(PolicyId=policy["Id"], TargetId=root["Id"])
        organizations.delete_policy(PolicyId=policy["Id"])


def hold_inspector(place: Place) -> Job:
    """The security account administers Amazon Inspector, and a policy switches it on. But for trusted access and the policy
    type, which is on before, all is gone afterwards."""
    place.cloud.aws.client("organizations").enable_aws_service_access(ServicePrincipal=INSPECTOR.principal)
    enable(place.cloud.aws, INSPECTOR.type.name)
    scanning: dict[str, Model] = {"vulnerability-scanning": Scanning()}
    components = (Delegation(), VulnerabilityScanning())
    return _with_its_role(components, place.cloud.declaration, scanning, _let_inspector_go, place)


def _let_inspector_go(place: Place) -> None:
    aws = place.cloud.aws
    organizations, inspector, iam = aws.client("organizations"), aws.client("inspector2"), aws.client("iam")
    for policy in organizations.list_policies(Filter=INSPECTOR.type.name)["Policies"]:
        for each in organizations.list_targets_for_policy(PolicyId=policy["Id"])["Targets"]:
            organizations.detach_policy(PolicyId=policy["Id"], TargetId=each["TargetId"])
        organizations.delete_policy(PolicyId=policy["Id"])
    for each in inspector.list_delegated_admin_accounts()["delegatedAdminAccounts"]:
        inspector.disable_delegated_admin_account(delegatedAdminAccountId=each["accountId"])
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_service_linked_role(RoleName=INSPECTOR.role)


def keep_macie(place: Place) -> Job:
    """The security account administers Macie, and the management account has it on, without automated discovery. But for
    trusted access, which is on before, all is gone afterwards."""
    place.cloud.aws.client("organizations").enable_aws_service_access(ServicePrincipal=MACIE)
    watching: dict[str, Model] = {"sensitive-data": Watching()}
    components = (Delegation(), SensitiveData())
    return _with_its_role(components, place.cloud.declaration, watching, _let_macie_go, place)


def _let_macie_go(place: Place) -> None:
    macie, iam = place.cloud.aws.client("macie2"), place.cloud.aws.client("iam")
    for each in macie.list_organization_admin_accounts()["adminAccounts"]:
        macie.disable_organization_admin_account(adminAccountId=each["accountId"])
    for client in (macie, place.cloud.inside("macie2", place.security)):
        with suppress(client.exceptions.AccessDeniedException):
            client.disable_macie()
    with suppress(iam.exceptions.NoSuchEntityException):
        iam.delete_service_linked_role(RoleName="AWSServiceRoleForAmazonMacie")


def _forget_contact(place: Place) -> None:
    account = place.cloud.aws.client("account")
    with suppress(account.exceptions.ResourceNotFoundException):
        account.delete_alternate_contact(AlternateContactType="SECURITY")


def keep_budget(place: Place) -> Job:
    """What the organization may spend; nothing is said of it, afterwards."""
    settings: dict[str, Model] = {"budget": Spending(monthly=1, notify=["costs@example.com"])}
    return _with_its_role((Budget(),), place.cloud.declaration, settings, _forget_budget, place)


def _forget_budget(place: Place) -> None:
    budgets = place.cloud.aws.client("budgets")
    with suppress(budgets.exceptions.NotFoundException):
        budgets.delete_budget(AccountId=place.management, BudgetName=NAME)


def keep_quota_template(place: Place) -> Job:
    """In an organization that trusts Service Quotas, as long as this lasts."""
    place.cloud.aws.client("organizations").enable_aws_service_access(ServicePrincipal=SERVICE_QUOTAS)
    vpcs = Quota(service="vpc", quota="L-F678F1CE", region="eu-west-1", value=20)
    settings: dict[str, Model] = {"quota-template": Quotas(quotas=[vpcs])}
    return _with_its_role((QuotaTemplate(),), place.cloud.declaration, settings, _forget_quotas, place)


def _forget_quotas(place: Place) -> None:
    quotas = place.cloud.aws.client("service-quotas")
    listed = quotas.list_service_quota_increase_requests_in_template()
    for each in listed["ServiceQuotaIncreaseRequestInTemplateList"]:
        which = {key: each[key] for key in ("ServiceCode", "QuotaCode", "AwsRegion")}
        quotas.delete_service_quota_increase_request_from_template(**which)
    with suppress(quotas.exceptions.ServiceQuotaTemplateNotInUseException):
        quotas.disassociate_service_quota_template()


def _with_its_role(
    components: Sequence[Component[Any]],
    declared: Declaration,
    settings: dict[str, Model],
    undo: Callable[[Place], None],
    place: Place,
) -> Job:
    """What the deployed declaration does not have: the components themselves do it, with the role of the function."""
    cloud = place.cloud
    role = f"arn:aws:iam::{place.management}:role/{role_of(cloud, 'ApplyManagementComponentFunction')}"
    who = cloud.aws.mint(role, "errand", service="lambda.amazonaws.com")
    baseline = {**declared.baseline, "management": [each.name for each in components]}
    declaration = declared.model_copy(update={"baseline": baseline})
    declaration._settings = settings

    def target(component: Component[Any]) -> Target:
        account = place.management if "management" in component.kinds else place.security
        given = place.given(account, "component", component.name)
        return Target(
            Account.model_validate(given["account"]),
            Organization.model_validate(given["organization"]),
            declaration,
            lambda service, region=None: cloud.aws.client(service, region=region, credentials=who),
        )

    def work() -> str:
        try:
            for component in components:
                loop.apply(component, target(component))
        except (ClientError, GroundworkError) as refused:
            return str(refused)
        finally:
            undo(place)
        return ""

    return work


def send_events(place: Place) -> Job:
    """CloudTrail tries the role before it takes it, and does not say what the role may not do."""
    work = watch(place)

    def send() -> str:
        refused = work()
        return (
            f"logs:PutLogEvents: {refused}" if "InvalidCloudWatchLogsRoleArnException" in refused else refused
        )

    return send


def _take_off(place: Place) -> None:
    aws, name = place.cloud.aws, place.cloud.declaration.trail.name
    aws.client("cloudtrail").update_trail(Name=name, CloudWatchLogsLogGroupArn="", CloudWatchLogsRoleArn="")
    logs, cloudwatch = aws.client("logs"), aws.client("cloudwatch")
    for group in logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.delete_log_group(logGroupName=group["logGroupName"])
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix="groundwork-cis-")["MetricAlarms"]
    if alarms:
        cloudwatch.delete_alarms(AlarmNames=[each["AlarmName"] for each in alarms])


MANAGEMENT: dict[str, tuple[str, Callable[[Place], None]]] = {
    "LookAtItself": ("account-settings", _nothing),
    "TrustAwsServices": ("organization", _distrust_cloudtrail),
    "ManageRootCredentialsCentrally": ("organization", _withdraw_root_sessions),
    "CreateUnitsAndPolicyTypes": ("organization", _rename_unit),
    "CreateGuardrails": ("guardrails", partial(_detach_guardrails, delete=True)),
    "KeepGuardrails": ("guardrails", _detach_guardrails),
    "KeepPoliciesOfTheOrganization": ("organization-policies", _detach_s3_policy),
    "KeepItsTrail": ("trail", _stop_trail),
    "KeepItsConfig": ("config", _stop_recorder),
    "FindServiceLinkedRoles": ("config", _remove_recorder),
    "MakeServiceLinkedRoles": ("config", partial(_remove_recorder, role=True)),
    "PassItToConfig": ("config", _remove_recorder),
    "EnableItsSecurityHub": ("posture", _without_security_hub),
    "KeepItsSettings": ("account-settings", _delete_password_policy),
    "CloseItsDefaultVpc": ("account-settings", _open_default_vpc),
}
"""The component that has to put something right in the management account, and what, by the statement that lets it."""
