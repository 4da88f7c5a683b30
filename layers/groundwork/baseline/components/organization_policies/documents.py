"""What the policies say: EC2's, S3's and AI services', and those of what is excepted from them.

A policy on a unit or an account may say otherwise than one above it, unless that one forbids it by
`@@operators_allowed_for_child_policies`. So what is held is closed for those below, and open, for other values alone,
only where an exception is declared; what an exception says is closed for those below it.

https://docs.aws.amazon.com/organizations/latest/userguide/policy-operators.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ec2_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_s3_syntax.html
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ai-opt-out_syntax.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from groundwork.baseline.central_policies import PolicyType
from groundwork.declaration.organization_policies import Held, OrganizationPolicies
from groundwork.declaration.policy_files import Document
from groundwork.fields import shown

ASSIGN, CHILDREN_MAY = "@@assign", "@@operators_allowed_for_child_policies"
CLOSED, OPEN = ["@@none"], [ASSIGN]
MESSAGE = (
    "An EC2 policy of the organization holds this setting. Exceptions are declared in Groundwork's baseline.yaml, "
    "under organizationPolicies."
)
DESCRIPTION = "Groundwork: {} Declared in baseline.yaml; changes made here are put right."

Path = tuple[str, ...]
"""The names that lead to a setting."""
Settings = Mapping[Path, str]


def differences(found: Document, wanted: Document) -> str:
    """In words; the order of what is allowed to those below does not matter."""
    there, should = dict(_leaves(found)), dict(_leaves(wanted))
    changed = [
        f"{path} is {shown(there[path])}; expected {shown(should[path])}"
        for path in should
        if path in there and there[path] != should[path]
    ]
    missing = [f"says nothing of {path}" for path in should if path not in there]
    return "; ".join([*changed, *missing, *(f"also says {path}" for path in there if path not in should)])


def _leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(document, Mapping):
        for name, below in document.items():
            yield from _leaves(below, f"{path}/{name}".lstrip("/"))
    else:
        yield path, sorted(document) if isinstance(document, list) else document


EC2 = PolicyType(
    "DECLARATIVE_POLICY_EC2",
    "EC2 policy",
    DESCRIPTION.format("how accounts share and launch."),
    differences,
)
S3 = PolicyType("S3_POLICY", "S3 policy", DESCRIPTION.format("no account has public buckets."), differences)
AI = PolicyType(
    "AISERVICES_OPT_OUT_POLICY",
    "AI services opt-out policy",
    DESCRIPTION.format("AI services keep nothing of the accounts' content."),
    differences,
)
TYPES = (EC2, S3, AI)
NAMES = {EC2.name: "groundwork-ec2", S3.name: "groundwork-s3", AI.name: "groundwork-ai-services"}
ROOT_KEYS = {"ec2_attributes": EC2.name, "s3_attributes": S3.name, "services": AI.name}

METADATA = ("ec2_attributes", "instance_metadata_defaults")
GATEWAY = ("ec2_attributes", "vpc_block_public_access", "internet_gateway_block")
TOKENS, ENFORCED = (*METADATA, "http_tokens"), (*METADATA, "http_tokens_enforced")
HOPS = (*METADATA, "http_put_response_hop_limit")
SNAPSHOTS = ("ec2_attributes", "snapshot_block_public_access", "state")
IMAGES = ("ec2_attributes", "image_block_public_access", "state")
CONSOLE = ("ec2_attributes", "serial_console_access", "status")
BUCKETS = ("s3_attributes", "public_access_block_configuration")
AI_SERVICES = ("services", "default", "opt_out_policy")

UNHELD: Settings = {
    TOKENS: "no_preference",
    HOPS: "-1",
    (*METADATA, "http_endpoint"): "no_preference",
    (*METADATA, "instance_metadata_tags"): "no_preference",
    ENFORCED: "disabled",
    SNAPSHOTS: "unblocked",
    IMAGES: "unblocked",
    CONSOLE: "enabled",
    (*GATEWAY, "mode"): "off",
    (*GATEWAY, "exclusions_allowed"): "enabled",
    BUCKETS: "none",
    AI_SERVICES: "optIn",
}
"""What a policy says of each setting where it is excepted: as if none held it, as far as AWS can say that."""


REFUSED: Mapping[Held, Collection[str]] = {
    "imdsV2": ["ec2:ModifyInstanceMetadataDefaults"],
    "snapshotBlockPublicAccess": [
        "ec2:DisableSnapshotBlockPublicAccess",
        "ec2:EnableSnapshotBlockPublicAccess",
    ],
    "imageBlockPublicAccess": ["ec2:DisableImageBlockPublicAccess", "ec2:EnableImageBlockPublicAccess"],
    "serialConsoleOff": ["ec2:DisableSerialConsoleAccess", "ec2:EnableSerialConsoleAccess"],
    "vpcBlockPublicAccess": ["ec2:ModifyVpcBlockPublicAccessOptions"],
    "s3PublicAccessBlock": ["s3:PutAccountPublicAccessBlock"],
    "aiServicesOptOut": [],
}
"""What nobody in an account may do any more, an entry role neither, while it is held."""


def held(declared: OrganizationPolicies) -> dict[Held, Settings]:
    """The settings that are held, by the name under which each is declared and excepted."""
    found: dict[Held, Settings] = {}
    if declared.imds_v2:
        # AWS's page calls all four needed where one is given.
        metadata: dict[Path, str] = {
            TOKENS: "required",
            HOPS: str(declared.imds_hop_limit),
            (*METADATA, "http_endpoint"): "no_preference",
            (*METADATA, "instance_metadata_tags"): "no_preference",
        }
        enforced: Settings = {ENFORCED: "enabled"} if declared.imds_v2 == "enforced" else {}
        found["imdsV2"] = {**metadata, **enforced}
    if declared.snapshot_block_public_access:
        found["snapshotBlockPublicAccess"] = {SNAPSHOTS: "block_all_sharing"}
    if declared.image_block_public_access:
        found["imageBlockPublicAccess"] = {IMAGES: "block_new_sharing"}
    if declared.serial_console_off:
        found["serialConsoleOff"] = {CONSOLE: "disabled"}
    if declared.vpc_block_public_access:
        found["vpcBlockPublicAccess"] = {
            (*GATEWAY, "mode"): declared.vpc_block_public_access.replace("-", "_"),
            (*GATEWAY, "exclusions_allowed"): "enabled",
        }
    if declared.s3_public_access_block:
        found["s3PublicAccessBlock"] = {BUCKETS: "all"}
    if declared.ai_services_opt_out:
        found["aiServicesOptOut"] = {AI_SERVICES: "optOut"}
    return found


def type_of(settings: Settings) -> str:
    """The name of the policy type that has these settings."""
    return ROOT_KEYS[next(iter(settings))[0]]


def document(settings: Settings, open_below: Collection[Path] = ()) -> Document:
    """A policy with these settings, of one type. Those of `open_below` may be assigned otherwise below it."""
    made: dict[str, Any] = {}
    for path, value in settings.items():
        may = OPEN if path in open_below else CLOSED
        place = made
        for name in path:
            place = place.setdefault(name, {})
            if path == AI_SERVICES:  # a service is named beside `default`: there, too, nothing may be added
                place[CHILDREN_MAY] = may
        place |= {ASSIGN: value, CHILDREN_MAY: may}
    if "ec2_attributes" in made:
        made["ec2_attributes"]["exception_message"] = {ASSIGN: MESSAGE}
    return made


def assigned(content: Mapping[str, Any], path: Path) -> str | None:
    """What a policy assigns to a setting; None where it says nothing."""
    value = _at(content, path).get(ASSIGN)
    return None if value is None else str(value)


def closes(content: Mapping[str, Any], path: Path) -> bool:
    """Whether a policy lets none below it assign the setting."""
    allowed = _at(content, path).get(CHILDREN_MAY)
    return isinstance(allowed, list) and not {ASSIGN, "@@all"} & {str(each) for each in allowed}


def _at(content: Any, path: Path) -> Mapping[str, Any]:
    for name in path:
        content = content.get(name) if isinstance(content, Mapping) else None
    return content if isinstance(content, Mapping) else {}
