"""The organization: what it must have on, room for accounts, and the trail without which nobody hears of new accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cli.connection import REGION
from cli.health.lines import Line, Patient, bad, good, warning
from groundwork.baseline.components.organization import ROOT_FEATURES, TRUSTED_SERVICES

SCP = "SERVICE_CONTROL_POLICY"
MOST_POLICIES = 10
"""Service control policies on a root; before May 2026, 5.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""
ACCOUNTS_QUOTA = "Default maximum number of accounts"
FEW_LEFT = 3
RUN = "Let Groundwork run in the management account: groundwork apply management."
"""What puts right most of what is missing."""


def credentials(patient: Patient) -> Iterator[Line]:
    who = patient.aws.caller
    if who["Arn"].endswith(":root"):
        yield bad(
            "Credentials",
            f"the root user of account {who['Account']}",
            "Sign in as a user or a role: Groundwork is never used, or deployed, by a root user.",
        )
    else:
        yield good("Credentials", who["Arn"])
    owner = patient.organization["MasterAccountId"]
    if who["Account"] == owner:
        yield good("Account", f"{owner}, the management account")
    else:
        yield bad(
            "Account",
            f"{who['Account']}, which is not the management account",
            f"Use a profile of account {owner}, where Groundwork lives.",
        )


def region(patient: Patient) -> Iterator[Line]:
    """The command asks us-east-1 whatever the profile says; others ask where it says, and nobody answers there."""
    configured = patient.aws.configured_region
    remedy = f"This command asks {REGION} anyway; for others: export AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}."
    if configured == REGION:
        yield good("Region", REGION)
    else:
        yield warning("Region", configured or "none is configured", remedy)


def features(patient: Patient) -> Iterator[Line]:
    found = patient.organization["FeatureSet"]
    if found == "ALL":
        yield good("Features of the organization", "all")
    else:
        yield bad(
            "Features of the organization",
            found.lower().replace("_", " "),
            "Turn on all features: aws organizations enable-all-features; each member account has to agree.",
        )


def policy_types(patient: Patient) -> Iterator[Line]:
    on = {each["Type"] for each in patient.root["PolicyTypes"] if each["Status"] == "ENABLED"}
    if SCP in on:
        yield good("Policy types of the root", ", ".join(sorted(on)))
    else:
        yield bad("Policy types of the root", ", ".join(sorted(on)) or "none", f"{SCP} is off. {RUN}")


def policies_on_the_root(patient: Patient) -> Iterator[Line]:
    listed = patient.client("organizations").get_paginator("list_policies_for_target")
    names = [
        policy["Name"]
        for page in listed.paginate(TargetId=patient.root["Id"], Filter=SCP)
        for policy in page["Policies"]
    ]
    found = f"{len(names)} of {MOST_POLICIES}: {', '.join(names)}"
    if len(names) < MOST_POLICIES:
        yield good("Service control policies on the root", found)
    else:
        remedy = "There is no room for one more. Put statements of several policies into one."
        yield warning("Service control policies on the root", found, remedy)


def trusted_access(patient: Patient) -> Iterator[Line]:
    pages = (
        patient.client("organizations").get_paginator("list_aws_service_access_for_organization").paginate()
    )
    trusted = {each["ServicePrincipal"] for page in pages for each in page["EnabledServicePrincipals"]}
    needed = {
        service: component
        for component, services in TRUSTED_SERVICES.items()
        if component in patient.components
        for service in services
    }
    missing = [
        f"{service} is not enabled, and {needed[service]} needs it"
        for service in sorted(needed.keys() - trusted)
    ]
    if missing:
        yield bad("Trusted access", "; ".join(missing), RUN)
    else:
        names = sorted(service.removesuffix(".amazonaws.com") for service in needed)
        yield good("Trusted access", ", ".join(names))


def root_features(patient: Patient) -> Iterator[Line]:
    on = patient.client("iam").list_organizations_features().get("EnabledFeatures", [])
    missing = [each for each in ROOT_FEATURES if each not in on]
    if missing:
        told = "; ".join(f"{each} is off: {ROOT_FEATURES[each][1]}" for each in missing)
        yield bad("Root users of member accounts", told, RUN)
    else:
        yield good("Root users of member accounts", "held centrally")


def room(patient: Patient) -> Iterator[Line]:
    """Closed accounts count until they are gone."""
    pages = patient.client("organizations").get_paginator("list_accounts").paginate()
    there = sum(len(page["Accounts"]) for page in pages)
    listed = patient.client("service-quotas").get_paginator("list_service_quotas")
    quotas: Mapping[str, Any] = {
        each["QuotaName"]: each["Value"]
        for page in listed.paginate(ServiceCode="organizations")
        for each in page["Quotas"]
    }
    most = quotas.get(ACCOUNTS_QUOTA)
    remedy = f"Ask for more in Service Quotas, in {REGION}: {ACCOUNTS_QUOTA}, of AWS Organizations."
    if most is None:
        yield warning("Room for accounts", f"{there} accounts; their quota is not told", remedy)
    elif there >= most:
        yield bad("Room for accounts", f"{there} of {most:.0f}: none is left", remedy)
    elif most - there <= FEW_LEFT:
        yield warning("Room for accounts", f"{there} of {most:.0f}", remedy)
    else:
        yield good("Room for accounts", f"{there} of {most:.0f}")


def trail(patient: Patient) -> Iterator[Line]:
    """CreateAccountResult comes to the bus by a trail of the management account, which logs what writes."""
    client, check = patient.client("cloudtrail"), "The trail that tells of new accounts"
    trails = client.describe_trails(includeShadowTrails=False)["trailList"]
    if not trails:
        yield bad(check, "the management account has no trail", RUN)
        return
    told = []
    for each in trails:
        status = client.get_trail_status(Name=each["TrailARN"])
        wrong = _wrong(client, each, status)
        told.append(f"{each['Name']}: {wrong}")
        if not wrong:
            yield good(check, f"{each['Name']} logs")
            yield from _delivery(each["Name"], status)
            return
    yield bad(check, "; ".join(told), RUN)


def _wrong(client: Any, trail: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    if not status.get("IsLogging"):
        return "is not logging"
    if not trail.get("IsMultiRegionTrail") and trail.get("HomeRegion") != REGION:
        return f"covers {trail.get('HomeRegion')} alone"
    return (
        ""
        if _logs_writes(client.get_event_selectors(TrailName=trail["TrailARN"]))
        else "logs no management events"
    )


def _logs_writes(selectors: Mapping[str, Any]) -> bool:
    """https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedEventSelector.html"""
    simple = (
        each.get("IncludeManagementEvents", True) and each.get("ReadWriteType", "All") != "ReadOnly"
        for each in selectors.get("EventSelectors") or ()
    )
    advanced = (
        {field["Field"]: field.get("Equals", []) for field in each["FieldSelectors"]}
        for each in selectors.get("AdvancedEventSelectors") or ()
    )
    return any(simple) or any(
        "Management" in each.get("eventCategory", []) and each.get("readOnly", ["false"]) != ["true"]
        for each in advanced
    )


def _delivery(name: str, status: Mapping[str, Any]) -> Iterator[Line]:
    check = f"Delivery of trail {name}"
    failed = [status[key] for key in ("LatestDeliveryError", "LatestDigestDeliveryError") if status.get(key)]
    if failed:
        yield bad(
            check, "; ".join(failed), "The bucket's or the key's policy does not let CloudTrail write. " + RUN
        )
    elif status.get("LatestDeliveryTime"):
        yield good(check, f"at {status['LatestDeliveryTime']:%Y-%m-%d %H:%M} UTC")
    else:
        yield warning(check, "nothing yet", "CloudTrail delivers within some 15 minutes: look again then.")


def recorder(patient: Patient) -> Iterator[Line]:
    client, check = patient.client("config"), f"AWS Config of the management account in {REGION}"
    recorders = client.describe_configuration_recorder_status()["ConfigurationRecordersStatus"]
    channels = client.describe_delivery_channel_status()["DeliveryChannelsStatus"]
    if not recorders:
        yield warning(check, "no recorder", "It comes when the security account is ready, if it is declared.")
        return
    if not all(each["recording"] for each in recorders):
        yield bad(check, "is not recording", RUN)
        return
    parts = ("configHistoryDeliveryInfo", "configSnapshotDeliveryInfo", "configStreamDeliveryInfo")
    last = [channel.get(part, {}) for channel in channels for part in parts]
    failed = [each.get("lastErrorCode", "failed") for each in last if each.get("lastStatus") == "FAILURE"]
    if failed:
        yield bad(
            check, f"delivers nothing: {', '.join(failed)}", f"The bucket's policy does not let it. {RUN}"
        )
    elif any(each.get("lastStatus") == "SUCCESS" for each in last):
        yield good(check, "records and delivers")
    else:
        yield warning(check, "records; nothing was delivered yet", "It delivers once a day: look again then.")
