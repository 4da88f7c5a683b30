"""Prowler: its checks of IAM and CloudTrail in prod, and what they find."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from clients.environments import from_pip, locked
from clients.trials import Client, Trial, holds, run
from clients.world import World

PASSED = (
    *("cloudtrail_kms_encryption_enabled", "cloudtrail_log_file_validation_enabled"),
    *("cloudtrail_multi_region_enabled", "cloudtrail_multi_region_enabled_logging_management_events"),
    *("iam_password_policy_minimum_length_14", "iam_password_policy_reuse_24"),
)
FAILED_AS_DECLARED = {
    "cloudtrail_bedrock_logging_enabled": "no data events are declared",
    "cloudtrail_cloudwatch_logging_enabled": "logs go to the archive alone",
    "cloudtrail_insights_exist": "none are declared",
    "cloudtrail_s3_dataevents_read_enabled": "no data events are declared",
    "cloudtrail_s3_dataevents_write_enabled": "no data events are declared",
    "iam_aws_attached_policy_no_administrative_privileges": "administrators have it",
    "iam_check_saml_providers_sts": "people come by the security account",
    "iam_inline_policy_no_full_access_to_kms": "`deploy.json` has it; a boundary holds the roles that it makes",
    "iam_password_policy_expires_passwords_within_90_days_or_less": "passwords do not expire by declaration",
    "iam_role_administratoraccess_policy": "the entry role, and administrators",
    "iam_role_cross_account_readonlyaccess_policy": "readers come from the security account",
    "iam_securityaudit_role_created": "none is declared",
    "iam_support_role_created": "none is declared",
}


def version() -> str:
    from_pip("prowler")
    return locked("prowler", "prowler")


def tries(world: World) -> Iterator[Trial]:
    folder = world.home / "prowler"
    command: list[str | Path] = [
        *(from_pip("prowler") / "prowler", "aws", "--service", "iam", "cloudtrail", "--region", "us-east-1"),
        *("-b", "-z", "-M", "json-ocsf", "-o", folder / "out"),
    ]
    said = run(command, world.shell(world.inside("prod")), folder)
    reports = list((folder / "out").glob("*.ocsf.json"))
    results = [
        (each["metadata"]["event_code"], each["status_code"])
        for report in reports
        for each in json.loads(report.read_text())
    ]
    yield holds(
        "`prowler aws --service iam cloudtrail` in prod",
        f"{len({check for check, _ in results})} checks with a verdict",
        bool(results),
        said.end(),
    )
    passed = {check for check, verdict in results if verdict == "PASS"}
    failed = {check for check, verdict in results if verdict == "FAIL"}
    missing = sorted(set(PASSED) - passed | set(PASSED) & failed)
    yield holds(
        "Trails in every Region, with all management events, encrypted and validated; length and reuse of passwords",
        "pass",
        not missing,
        f"do not: {missing}",
    )
    surprising = sorted(failed - FAILED_AS_DECLARED.keys())
    told = "; ".join(f"`{check}`: {FAILED_AS_DECLARED[check]}" for check in sorted(failed - set(surprising)))
    yield holds("What fails", told, not surprising, f"unexpected: {surprising}")


CLIENT = Client("Prowler", version, tries)
