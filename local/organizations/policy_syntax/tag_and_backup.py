"""The syntax of tag policies, backup policies and chat applications policies.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_example-tag-policies.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_backup_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_chatbot_syntax.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from local.organizations.inheritance import ASSIGN

from .settings import ANY, Group, Value, Values, one_of, text


def _named_alike(settings: Mapping[str, Any]) -> str | None:
    """The name of a tag's settings, and how the tag is to be written."""
    written = {name: each.get("tag_key", {}).get(ASSIGN, name) for name, each in settings.items()}
    other = next((name for name, key in written.items() if key.lower() != name.lower()), None)
    return f"{other} differs from its tag_key in more than case" if other else None


FREE = r"(?!@@).{1,256}"
"""A name that the owner of a policy gives."""
NAMED = r"[A-Za-z0-9_.-]{1,50}"
OF_TAGS = r"[A-Za-z0-9-]+:([A-Za-z0-9/_-]+|\*)"
"""ec2:instance, ec2:ALL_SUPPORTED or, as older pages have it, ec2:*."""
TAG = Group(
    {
        "tag_key": Value(text),
        "tag_value": Values(like=r"[^*]*\*?[^*]*"),  # one wildcard
        "enforced_for": Values(like=OF_TAGS),
        "report_required_tag_for": Values(like=OF_TAGS),
    }
)


def _number(given: Any) -> bool:
    return not isinstance(given, bool) and bool(re.fullmatch(r"\d+", str(given)))


def _start(given: Any) -> bool:
    return _number(given) and int(given) >= 60


def _like(pattern: str) -> Value:
    return Value(lambda given: isinstance(given, str) and re.fullmatch(pattern, given) is not None)


def _ninety_days_cold(settings: Mapping[str, Any]) -> str | None:
    moved = settings.get("move_to_cold_storage_after_days", {}).get(ASSIGN)
    deleted = settings.get("delete_after_days", {}).get(ASSIGN)
    if moved is None or deleted is None or int(deleted) >= int(moved) + 90:
        return None
    return "delete_after_days is to be 90 days after move_to_cold_storage_after_days"


def _tags_or_resources(settings: Mapping[str, Any]) -> str | None:
    return "only one of tags and resources may stand" if len(settings) > 1 else None


SWITCH, TRUTH, ROLE = (
    one_of("enabled", "disabled"),
    one_of("true", "false"),
    _like(r"arn:[^:]+:iam::(\$account|\d{12}):role/.+"),
)
LIFECYCLE = Group(
    {
        "move_to_cold_storage_after_days": Value(_number),
        "delete_after_days": Value(_number),
        "opt_in_to_archive_for_supported_resources": TRUTH,
    },
    objection=_ninety_days_cold,
)
TAGS_OF_BACKUPS = Group(
    {ANY: Group({"tag_key": Value(text), "tag_value": Value(text)}, needed=("tag_key", "tag_value"))},
    names=FREE,
)
CONDITION = Group(
    {ANY: Group({"condition_key": Value(text), "condition_value": Value(text)})}, most=30, names=FREE
)
CONDITIONS = Group(
    dict.fromkeys(("string_equals", "string_not_equals", "string_like", "string_not_like"), CONDITION)
)
RESOURCES = Values(like=r"\*|arn:[^:]+:[a-z0-9-]+:.+")
RULE = Group(
    {
        "schedule_expression": _like(r"cron\(.+\)"),
        "target_backup_vault_name": _like(r"[A-Za-z0-9_-]{2,50}"),
        "target_logically_air_gapped_backup_vault_arn": _like(
            r"arn:[^:]+:backup:\$region:\$account:backup-vault:.+"
        ),
        "start_backup_window_minutes": Value(_start),
        "complete_backup_window_minutes": Value(_number),
        "enable_continuous_backup": TRUTH,
        "lifecycle": LIFECYCLE,
        "copy_actions": Group(
            {
                ANY: Group(
                    {
                        "target_backup_vault_arn": _like(
                            r"arn:[^:]+:backup:[^:]+:(\$account|\d{12}):backup-vault:.+"
                        ),
                        "lifecycle": LIFECYCLE,
                    },
                    needed=("target_backup_vault_arn",),
                )
            },
            names=FREE,
        ),
        "recovery_point_tags": TAGS_OF_BACKUPS,
        "index_actions": Group({"resource_types": Values(like="EBS|S3")}),
        "scan_actions": Group(
            {"GUARDDUTY": Group({"scan_mode": one_of("INCREMENTAL_SCAN", "FULL_SCAN")})}, names=NAMED
        ),
    },
    needed=("schedule_expression", "target_backup_vault_name"),
)
PLAN = Group(
    {
        "rules": Group({ANY: RULE}, names=NAMED),
        "regions": Values(like=r"[a-z]{2}(-[a-z]+)+-\d"),
        "selections": Group(
            {
                "tags": Group(
                    {
                        ANY: Group(
                            {
                                "iam_role_arn": ROLE,
                                "tag_key": Value(text),
                                "tag_value": Values(),
                                "conditions": CONDITIONS,
                            },
                            needed=("iam_role_arn", "tag_key", "tag_value"),
                        )
                    },
                    names=NAMED,
                ),
                "resources": Group(
                    {
                        ANY: Group(
                            {
                                "iam_role_arn": ROLE,
                                "resource_types": RESOURCES,
                                "not_resource_types": RESOURCES,
                                "conditions": CONDITIONS,
                            },
                            needed=("iam_role_arn", "resource_types"),
                        )
                    },
                    names=NAMED,
                ),
            },
            objection=_tags_or_resources,
        ),
        "advanced_backup_settings": Group(
            {
                "ec2": Group({"windows_vss": SWITCH}),
                "s3": Group({"backup_acls": SWITCH, "backup_object_tags": SWITCH}),
            }
        ),
        "backup_plan_tags": TAGS_OF_BACKUPS,
        "scan_settings": Group(
            {
                "GUARDDUTY": Group(
                    {"resource_types": Values(like="EBS|EC2|S3|ALL"), "scanner_role_arn": ROLE},
                    needed=("resource_types", "scanner_role_arn"),
                )
            },
            names=NAMED,
        ),
    },
    needed=("rules", "regions", "selections"),
)
CLIENT = Group({"client": SWITCH})
BY_ROLE = {"supported_role_settings": Values(like="user_role|channel_role")}
BY_CHANNEL = BY_ROLE | {"supported_channel_types": Values(like="public|private")}
CHATBOT = Group(
    {
        "platforms": Group(
            {
                "slack": Group(
                    {
                        "client": SWITCH,
                        "workspaces": Values(255),
                        "default": Group(BY_CHANNEL),
                        "overrides": Group({ANY: Group(BY_CHANNEL)}, most=255, names=FREE),
                    }
                ),
                "microsoft_teams": Group(
                    {
                        "client": SWITCH,
                        "tenants": Group({ANY: Values(36)}, most=36, names=FREE),
                        "default": Group(BY_ROLE),
                        "overrides": Group(
                            {ANY: Group({ANY: Group(BY_ROLE)}, most=36, names=FREE)}, most=36, names=FREE
                        ),
                    }
                ),
                "chime": CLIENT,
                "default": CLIENT,  # as one example has it
            }
        ),
        "default": CLIENT,
    },
    least=1,
)
TAG_POLICY = Group({"tags": Group({ANY: TAG}, least=1, names=FREE, objection=_named_alike)}, least=1)
BACKUP_POLICY = Group({"plans": Group({ANY: PLAN}, least=1, names=NAMED)}, least=1)
CHATBOT_POLICY = Group({"chatbot": CHATBOT}, least=1)
