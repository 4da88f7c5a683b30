"""What a policy of each type may say, and when what reaches an account is invalid though each policy is right.

A type that is not in `SYNTAXES` is taken with any JSON object.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ec2_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ai-opt-out_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_guardduty_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_inspector_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/invalid-policy-alerts.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.organizations.inheritance import ALL, ASSIGN, CHILD_CONTROL, NONE, VALUE_OPERATORS

from .settings import ANY, Group, Syntax, Value, Values, one_of, text
from .tag_and_backup import BACKUP_POLICY, CHATBOT_POLICY, TAG_POLICY


class Malformed(ValueError):
    """Why a document does not follow the syntax of its type."""


@dataclass(frozen=True)
class Invalid:
    """Why what reaches an account is not valid. Of AWS's codes the documentation gives ELEMENTS_TOO_MANY as an example."""

    code: str
    message: str
    path: str


def _hops(given: Any) -> bool:
    """-1 for no preference, or 1 to 64; AWS's page has it as text, and it is taken as a number."""
    if isinstance(given, bool) or not re.fullmatch(r"-1|[1-9]\d?", str(given)):
        return False
    return int(given) <= 64


CHOICE = one_of("no_preference", "enabled", "disabled")
METADATA = {
    "http_tokens": one_of("no_preference", "required", "optional"),
    "http_put_response_hop_limit": Value(_hops),
    "http_endpoint": CHOICE,
    "instance_metadata_tags": CHOICE,
}
IMAGES = Group({ANY: Values(200)})
EC2 = Group(
    {
        "exception_message": Value(text),
        "serial_console_access": Group({"status": one_of("enabled", "disabled")}),
        "snapshot_block_public_access": Group(
            {"state": one_of("unblocked", "block_new_sharing", "block_all_sharing")}
        ),
        "image_block_public_access": Group({"state": one_of("unblocked", "block_new_sharing")}),
        "instance_metadata_defaults": Group(
            METADATA | {"http_tokens_enforced": CHOICE}, needed=tuple(METADATA)
        ),
        "allowed_images_settings": Group(
            {
                "state": one_of("enabled", "disabled", "audit_mode"),
                "image_criteria": Group({ANY: IMAGES}, most=10),
            },
            needed=("state",),
        ),
        "vpc_block_public_access": Group(
            {
                "internet_gateway_block": Group(
                    {
                        "mode": one_of("off", "block_ingress", "block_bidirectional"),
                        "exclusions_allowed": one_of("enabled", "disabled"),
                    },
                    needed=("mode", "exclusions_allowed"),
                )
            }
        ),
    }
)
FOUNDATIONAL = "foundational"
FEATURES = (
    "s3_data_events",
    "eks_audit_logs",
    "ebs_malware_protection",
    "rds_login_events",
    "lambda_network_logs",
    "runtime_monitoring",
    "ai_protection",
)
"""Of GuardDuty, besides the foundational ones. The additional configuration of runtime monitoring is not embedded."""


def _foundational_first(settings: Mapping[str, Any]) -> str | None:
    on = {name for name, each in settings.items() if each["status"].get(ASSIGN) == "enabled"}
    return (
        f"{FOUNDATIONAL} is to be enabled where another feature is" if on and FOUNDATIONAL not in on else None
    )


IN_A_REGION = Group(
    dict.fromkeys((FOUNDATIONAL, *FEATURES), Group({"status": one_of("enabled", "disabled")}, least=1)),
    objection=_foundational_first,
)
GUARDDUTY = Group(
    {"enablement": Group({ANY: IN_A_REGION}, least=1, names=r"default|[a-z]{2}(-[a-z]+)+-\d")}, least=1
)
ALL_REGIONS = "ALL_SUPPORTED"
"""In a list of Regions: those to come, too."""
REGIONS = Values(like=rf"{ALL_REGIONS}|[a-z]{{2}}(-[a-z]+)+-\d")
BOTH = {"enable_in_regions": REGIONS, "disable_in_regions": REGIONS}


def _both_lists(settings: Mapping[str, Any]) -> str | None:
    missing = [name for name in BOTH if name not in settings]
    return f"{' and '.join(missing)} is missing" if missing else None


def _scan_type(**within: Group) -> Group:
    return Group({**BOTH, **within}, objection=_both_lists)


INSPECTOR = Group(
    {
        "enablement": Group(
            {
                **dict.fromkeys(("ec2_scanning", "ecr_scanning", "code_repository_scanning"), _scan_type()),
                "lambda_standard_scanning": _scan_type(lambda_code_scanning=_scan_type()),
            },
            least=1,
        )
    },
    least=1,
)


SYNTAXES: Mapping[str, Group] = {
    "TAG_POLICY": TAG_POLICY,
    "BACKUP_POLICY": BACKUP_POLICY,
    "CHATBOT_POLICY": CHATBOT_POLICY,
    "DECLARATIVE_POLICY_EC2": Group({"ec2_attributes": EC2}),
    "S3_POLICY": Group(
        {"s3_attributes": Group({"public_access_block_configuration": one_of("all", "none")})}
    ),
    "AISERVICES_OPT_OUT_POLICY": Group(
        {"services": Group({ANY: Group({"opt_out_policy": one_of("optIn", "optOut")})})}
    ),
    "GUARDDUTY_POLICY": Group({"guardduty": GUARDDUTY}, least=1),
    "INSPECTOR_POLICY": Group({"inspector": INSPECTOR}, least=1),
}
"""The services of an opt-out policy are not listed here: AWS adds to them."""


def check(policy_type: str, document: Mapping[str, Any]) -> None:
    """Raises Malformed where `document` does not follow the syntax of its type."""
    if syntax := SYNTAXES.get(policy_type):
        if not document:
            raise Malformed("it is empty")
        _follow(syntax, document, "")


def _follow(syntax: Syntax, content: Any, path: str) -> None:
    where = path or "the document"
    if not isinstance(content, Mapping):
        raise Malformed(f"an object is expected at {where}")
    if not _are_controls(content.get(CHILD_CONTROL, [ALL])):
        raise Malformed(f"{CHILD_CONTROL} lists no operators at {where}")
    given = {name: each for name, each in content.items() if name != CHILD_CONTROL}
    if not isinstance(syntax, Group):
        for operator, value in given.items():
            if operator not in syntax.operators or not syntax.allows(value):
                raise Malformed(f"{where} cannot have {operator} {value!r}")
        return
    if len(given) < syntax.least:
        raise Malformed(f"{where} has no setting")
    for name, each in given.items():
        below = syntax.syntax_of(name)
        if below is None:
            raise Malformed(f"the embedded AWS knows no setting {name} of {where}")
        _follow(below, each, f"{path}/{name}".lstrip("/"))
    if wrong := syntax.objection(given):
        raise Malformed(f"at {where} {wrong}")


def _are_controls(allowed: Any) -> bool:
    return isinstance(allowed, list) and bool(allowed) and VALUE_OPERATORS | {ALL, NONE} >= set(allowed)


def invalid(policy_type: str, effective: Mapping[str, Any]) -> Iterator[Invalid]:
    """What is wrong with a policy that is in effect."""
    if syntax := SYNTAXES.get(policy_type):
        yield from _wrong(syntax, effective, "")


def _wrong(syntax: Syntax, content: Any, path: str) -> Iterator[Invalid]:
    if not isinstance(syntax, Group):
        if isinstance(syntax, Values) and len(content) > syntax.most:
            yield _many(path, syntax.most)
        return
    if len(content) > syntax.most:
        yield _many(path, syntax.most)
    for name in syntax.needed:
        if name not in content:
            message = f"'{name}' is less than the allowed minimum limit 1"
            yield Invalid("ELEMENTS_TOO_FEW", message, f"{path}/{name}")
    for name, each in content.items():
        if below := syntax.syntax_of(name):
            yield from _wrong(below, each, f"{path}/{name}".lstrip("/"))


def _many(path: str, most: int) -> Invalid:
    name = path.rpartition("/")[2]
    return Invalid("ELEMENTS_TOO_MANY", f"'{name}' exceeds the allowed maximum limit {most}", path)
