"""Amazon EC2's settings of an account and Region, which an EC2 policy of the organization may hold.

While one does, a read shows what holds and says ManagedBy declarative-policy, and a change is refused, whoever asks.
What the settings do is here, too: what is shared with everybody, and how an instance is launched.
The code of the refusal stands on no page of AWS's; the message does.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ec2.html
https://docs.aws.amazon.com/ebs/latest/userguide/block-public-access-snapshots.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-IMDS-new-instances.html
https://docs.aws.amazon.com/vpc/latest/userguide/security-vpc-bpa.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.instances import InstanceBackend
from moto.ec2.responses import EC2Response

from local.engine import Engine
from local.organizations import in_effect

POLICY_TYPE = "DECLARATIVE_POLICY_EC2"
SNAPSHOTS, IMAGES = "snapshot_block_public_access", "image_block_public_access"
CONSOLE, METADATA = "serial_console_access", "instance_metadata_defaults"
VPCS, ALLOWED_IMAGES = "vpc_block_public_access", "allowed_images_settings"
"""The policy's attributes."""
BY_POLICY, BY_ACCOUNT = "declarative-policy", "account"
DEFAULT_MESSAGE = "This action is denied due to an organizational policy in effect."
NO_PREFERENCE = ("no-preference", "-1", "-1.0")
METADATA_OPTIONS = {
    "http_tokens": "HttpTokens",
    "http_put_response_hop_limit": "HttpPutResponseHopLimit",
    "http_endpoint": "HttpEndpoint",
    "instance_metadata_tags": "InstanceMetadataTags",
    "http_tokens_enforced": "HttpTokensEnforced",
}
"""The settings of the instance metadata service, as the policy and as the API name them."""


def install(engine: Engine) -> None:
    for operation, handler in OPERATIONS.items():
        engine.add(EC2Response, operation, handler)
    run_instances = vars(InstanceBackend)["run_instances"]

    def launched_by_the_settings(backend: Any, *given: Any, **options: Any) -> Any:
        return run_instances(backend, *given, **options | {"metadata_options": _launch(backend, options)})

    engine.patch(InstanceBackend, "run_instances", launched_by_the_settings)
    for operation, shares, attribute in (
        ("modify_snapshot_attribute", _shares_snapshot, SNAPSHOTS),
        ("modify_image_attribute", _shares_image, IMAGES),
    ):
        modify = getattr(EC2Response, operation)
        engine.patch(EC2Response, operation, _unless_public(modify, shares, attribute))


# -- what holds ----------------------------------------------------------------------------------------


def _policy(backend: Any) -> Mapping[str, Any]:
    """What an EC2 policy of the organization says of the account."""
    attributes: Mapping[str, Any] = in_effect(POLICY_TYPE, backend.account_id).get("ec2_attributes", {})
    return attributes


def _own(backend: Any) -> dict[str, str]:
    """What the account has set in this Region, by the names of the policy's attributes."""
    own: dict[str, str] = vars(backend).setdefault("account_settings", {})
    return own


def _state(backend: Any, attribute: str, key: str, otherwise: str) -> tuple[str, str]:
    """The value that holds, as the API writes it, and who manages it."""
    held = _policy(backend).get(attribute, {}).get(key)
    if held is not None:
        return _of_api(held), BY_POLICY
    return _own(backend).get(attribute, otherwise), BY_ACCOUNT


def _of_api(value: Any) -> str:
    return str(value).replace("_", "-")


def _set(response: EC2Response, attribute: str, value: str) -> None:
    _change(response, attribute, {attribute: value})


def _change(response: EC2Response, attribute: str, own: Mapping[str, str]) -> None:
    """The account's own settings, unless the policy has the attribute that they are of."""
    response.error_on_dryrun()
    if attribute in _policy(response.ec2_backend):
        _refuse(response.ec2_backend)
    _own(response.ec2_backend).update(own)


def _refuse(backend: Any) -> NoReturn:
    message = _policy(backend).get("exception_message", DEFAULT_MESSAGE)
    raise EC2ClientError("DeclarativePolicyViolation", message)


# -- snapshots, images, the serial console --------------------------------------------------------------


def _sharing(attribute: str, field: str) -> Callable[[EC2Response], ActionResult]:
    def read(response: EC2Response) -> ActionResult:
        state, manager = _state(response.ec2_backend, attribute, "state", "unblocked")
        return ActionResult({field: state, "ManagedBy": manager})

    return read


def _block(attribute: str, field: str, modes: tuple[str, ...]) -> Callable[[EC2Response], ActionResult]:
    def block(response: EC2Response) -> ActionResult:
        mode = str(response._get_param(field))
        if mode not in modes:
            raise EC2ClientError("InvalidParameterValue", f"Invalid value '{mode}' for {field}.")
        _set(response, attribute, mode)
        return ActionResult({field: mode})

    return block


def _unblock(attribute: str, field: str) -> Callable[[EC2Response], ActionResult]:
    def unblock(response: EC2Response) -> ActionResult:
        _set(response, attribute, "unblocked")
        return ActionResult({field: "unblocked"})

    return unblock


def _shares_snapshot(response: EC2Response) -> bool:
    return response._get_param("OperationType") == "add" and "all" in response._get_param("GroupNames", [])


def _shares_image(response: EC2Response) -> bool:
    added = response._get_param("LaunchPermission", {}).get("Add", [])
    groups = [each.get("Group") for each in added]
    if response._get_param("OperationType") == "add":
        groups += response._get_param("UserGroups", [])
    return "all" in groups


def _unless_public(modify: Any, shares: Callable[[EC2Response], bool], attribute: str) -> Any:
    def respond(response: EC2Response) -> Any:
        state, manager = _state(response.ec2_backend, attribute, "state", "unblocked")
        if state != "unblocked" and shares(response):
            if manager == BY_POLICY:
                _refuse(response.ec2_backend)
            message = "Public sharing is blocked for this account in this Region."
            raise EC2ClientError("OperationNotPermitted", message)
        return modify(response)

    return respond


def _console(response: EC2Response) -> ActionResult:
    state, manager = _state(response.ec2_backend, CONSOLE, "status", "disabled")
    return ActionResult({"SerialConsoleAccessEnabled": state == "enabled", "ManagedBy": manager})


def _set_console(state: str) -> Callable[[EC2Response], ActionResult]:
    def set_console(response: EC2Response) -> ActionResult:
        _set(response, CONSOLE, state)
        return ActionResult({"SerialConsoleAccessEnabled": state == "enabled"})

    return set_console


# -- instance metadata ---------------------------------------------------------------------------------


def _metadata(backend: Any) -> dict[str, str]:
    """What holds for new instances, by the API's names; what nobody has a preference for is left out."""
    held = _policy(backend).get(METADATA)
    values = {name: held.get(key) for key, name in METADATA_OPTIONS.items()} if held else _own(backend)
    found = {
        name: _of_api(values[name]) for name in METADATA_OPTIONS.values() if values.get(name) is not None
    }
    return {name: value for name, value in found.items() if value not in NO_PREFERENCE}


def _get_metadata(response: EC2Response) -> ActionResult:
    policy = _policy(response.ec2_backend)
    shown: dict[str, Any] = {**_metadata(response.ec2_backend), "ManagedBy": BY_ACCOUNT}
    if "HttpPutResponseHopLimit" in shown:
        shown["HttpPutResponseHopLimit"] = int(shown["HttpPutResponseHopLimit"])
    if METADATA in policy:
        shown["ManagedBy"] = BY_POLICY
        if "exception_message" in policy:
            shown["ManagedExceptionMessage"] = policy["exception_message"]
    return ActionResult({"AccountLevel": shown})


def _modify_metadata(response: EC2Response) -> ActionResult:
    given = {name: response._get_param(name) for name in METADATA_OPTIONS.values()}
    own = {name: str(value) for name, value in given.items() if value is not None}
    _change(response, METADATA, own)
    return ActionResult({"Return": True})


def _launch(backend: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata options of a new instance: what the launch says, then its template, then the account.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    """
    defaults = _metadata(backend)
    template = options.get("launch_template")
    of_template = backend._get_template_from_args(template).data.get("MetadataOptions") if template else {}
    chosen = {**defaults, **(of_template or {}), **(options.get("metadata_options") or {})}
    if chosen.pop("HttpTokensEnforced", "") == "enabled" and chosen.get("HttpTokens") != "required":
        if METADATA in _policy(backend):
            _refuse(backend)
        message = "The account requires that instances are launched with HttpTokens required."
        raise EC2ClientError("OperationNotPermitted", message)
    return chosen


# -- VPC Block Public Access ---------------------------------------------------------------------------


def _options(response: EC2Response) -> ActionResult:
    backend = response.ec2_backend
    held = _policy(backend).get(VPCS, {}).get("internet_gateway_block")
    own = _own(backend)
    mode = _of_api(held["mode"]) if held else own.get(VPCS, "off")
    allowed = not held or held.get("exclusions_allowed") == "enabled"
    changed = held or VPCS in own
    return ActionResult(
        {
            "VpcBlockPublicAccessOptions": {
                "AwsAccountId": backend.account_id,
                "AwsRegion": backend.region_name,
                "State": "update-complete" if changed else "default-state",
                "InternetGatewayBlockMode": mode,
                "LastUpdateTimestamp": float(own.get("changed", time.time())),
                "ManagedBy": BY_POLICY if held else BY_ACCOUNT,
                "ExclusionsAllowed": "allowed" if allowed else "not-allowed",
            }
        }
    )


def _modify_options(response: EC2Response) -> ActionResult:
    mode = str(response._get_param("InternetGatewayBlockMode"))
    _change(response, VPCS, {VPCS: mode, "changed": str(time.time())})
    return _options(response)


# -- Allowed AMIs --------------------------------------------------------------------------------------


def _allowed_images(response: EC2Response) -> ActionResult:
    """The criteria are a policy's; those of an account are not embedded, and no launch is held to them."""
    state, manager = _state(response.ec2_backend, ALLOWED_IMAGES, "state", "disabled")
    held = _policy(response.ec2_backend).get(ALLOWED_IMAGES, {}).get("image_criteria", {})
    criteria = [{"ImageProviders": each.get("allowed_image_providers", [])} for each in held.values()]
    return ActionResult({"State": state, "ManagedBy": manager, "ImageCriteria": criteria})


def _set_allowed_images(response: EC2Response) -> ActionResult:
    state = str(response._get_param("AllowedImagesSettingsState") or "disabled")
    _set(response, ALLOWED_IMAGES, state)
    return ActionResult({"AllowedImagesSettingsState": state})


IMAGE_STATE = "ImageBlockPublicAccessState"
OPERATIONS: Mapping[str, Callable[[EC2Response], ActionResult]] = {
    "get_snapshot_block_public_access_state": _sharing(SNAPSHOTS, "State"),
    "enable_snapshot_block_public_access": _block(
        SNAPSHOTS, "State", ("block-all-sharing", "block-new-sharing")
    ),
    "disable_snapshot_block_public_access": _unblock(SNAPSHOTS, "State"),
    "get_image_block_public_access_state": _sharing(IMAGES, IMAGE_STATE),
    "enable_image_block_public_access": _block(IMAGES, IMAGE_STATE, ("block-new-sharing",)),
    "disable_image_block_public_access": _unblock(IMAGES, IMAGE_STATE),
    "get_serial_console_access_status": _console,
    "enable_serial_console_access": _set_console("enabled"),
    "disable_serial_console_access": _set_console("disabled"),
    "get_instance_metadata_defaults": _get_metadata,
    "modify_instance_metadata_defaults": _modify_metadata,
    "get_allowed_images_settings": _allowed_images,
    "enable_allowed_images_settings": _set_allowed_images,
    "disable_allowed_images_settings": _set_allowed_images,
    "describe_vpc_block_public_access_options": _options,
    "modify_vpc_block_public_access_options": _modify_options,
}
