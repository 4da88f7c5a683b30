"""EC2's account settings in the embedded AWS, and an EC2 policy of the organization that holds them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.engine import Engine
from tests.engine.organizations.accounts import administrator, code_of, new_member
from tests.engine.organizations.policies import hold
from tests.engine.support import plain_moto

HELD = "DeclarativePolicyViolation"
METADATA = {
    "http_tokens": {"@@assign": "required"},
    "http_put_response_hop_limit": {"@@assign": "2"},
    "http_endpoint": {"@@assign": "no_preference"},
    "instance_metadata_tags": {"@@assign": "no_preference"},
}
EVERYTHING = {
    "exception_message": {"@@assign": "Ask the security team."},
    "snapshot_block_public_access": {"state": {"@@assign": "block_all_sharing"}},
    "image_block_public_access": {"state": {"@@assign": "block_new_sharing"}},
    "serial_console_access": {"status": {"@@assign": "disabled"}},
    "instance_metadata_defaults": METADATA,
    "allowed_images_settings": {
        "state": {"@@assign": "enabled"},
        "image_criteria": {"criteria_1": {"allowed_image_providers": {"@@assign": ["amazon"]}}},
    },
    "vpc_block_public_access": {
        "internet_gateway_block": {
            "mode": {"@@assign": "block_ingress"},
            "exclusions_allowed": {"@@assign": "disabled"},
        }
    },
}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


@pytest.fixture(scope="module")
def member(engine: Engine) -> str:
    return new_member(engine)


@pytest.fixture
def ec2(engine: Engine, member: str) -> Any:
    return engine.client("ec2", credentials=administrator(member))


@pytest.fixture
def held(engine: Engine, member: str) -> Iterator[Callable[..., str]]:
    """Holds attributes in the member account; no longer at the end."""
    with hold(engine, "DECLARATIVE_POLICY_EC2", member) as holding:
        yield lambda **attributes: holding({"ec2_attributes": attributes})


def states(ec2: Any) -> list[Any]:
    return [
        ec2.get_snapshot_block_public_access_state()["State"],
        ec2.get_image_block_public_access_state()["ImageBlockPublicAccessState"],
        ec2.get_serial_console_access_status()["SerialConsoleAccessEnabled"],
        ec2.get_instance_metadata_defaults()["AccountLevel"].get("HttpTokens"),
        ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"][
            "InternetGatewayBlockMode"
        ],
    ]


def managers(ec2: Any) -> set[str]:
    return {
        ec2.get_snapshot_block_public_access_state()["ManagedBy"],
        ec2.get_image_block_public_access_state()["ManagedBy"],
        ec2.get_serial_console_access_status()["ManagedBy"],
        ec2.get_instance_metadata_defaults()["AccountLevel"]["ManagedBy"],
        ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]["ManagedBy"],
    }


def test_an_account_sets_them_in_each_region(engine: Engine, ec2: Any, member: str) -> None:
    before = ["unblocked", "unblocked", False, None, "off"]
    assert states(ec2) == before
    assert managers(ec2) == {"account"}
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    ec2.enable_serial_console_access()
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpPutResponseHopLimit=2)
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="block-ingress")
    assert states(ec2) == ["block-new-sharing", "block-new-sharing", True, "required", "block-ingress"]
    assert ec2.get_instance_metadata_defaults()["AccountLevel"]["HttpPutResponseHopLimit"] == 2
    elsewhere = engine.client("ec2", region="eu-west-1", credentials=administrator(member))
    assert states(elsewhere) == before
    ec2.enable_allowed_images_settings(AllowedImagesSettingsState="audit-mode")
    assert ec2.get_allowed_images_settings()["State"] == "audit-mode"
    ec2.disable_allowed_images_settings()
    ec2.disable_snapshot_block_public_access()
    ec2.disable_image_block_public_access()
    ec2.disable_serial_console_access()
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    ec2.modify_vpc_block_public_access_options(InternetGatewayBlockMode="off")
    assert states(ec2) == before


def test_a_policy_holds_them_against_everybody(ec2: Any, held: Callable[..., str]) -> None:
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    held(**EVERYTHING)
    assert states(ec2) == ["block-all-sharing", "block-new-sharing", False, "required", "block-ingress"]
    assert managers(ec2) == {"declarative-policy"}
    level = ec2.get_instance_metadata_defaults()["AccountLevel"]
    assert (level["HttpPutResponseHopLimit"], level["ManagedExceptionMessage"]) == (
        2,
        "Ask the security team.",
    )
    assert "HttpEndpoint" not in level
    options = ec2.describe_vpc_block_public_access_options()["VpcBlockPublicAccessOptions"]
    assert options["ExclusionsAllowed"] == "not-allowed"
    assert ec2.get_allowed_images_settings() | {"ResponseMetadata": 0} == {
        "State": "enabled",
        "ManagedBy": "declarative-policy",
        "ImageCriteria": [{"ImageProviders": ["amazon"]}],
        "ResponseMetadata": 0,
    }
    for change, given in (
        (ec2.enable_snapshot_block_public_access, {"State": "block-all-sharing"}),
        (ec2.disable_snapshot_block_public_access, {}),
        (ec2.enable_image_block_public_access, {"ImageBlockPublicAccessState": "block-new-sharing"}),
        (ec2.disable_image_block_public_access, {}),
        (ec2.enable_serial_console_access, {}),
        (ec2.disable_serial_console_access, {}),
        (ec2.modify_instance_metadata_defaults, {"HttpTokens": "optional"}),
        (ec2.modify_vpc_block_public_access_options, {"InternetGatewayBlockMode": "off"}),
        (ec2.enable_allowed_images_settings, {"AllowedImagesSettingsState": "audit-mode"}),
        (ec2.disable_allowed_images_settings, {}),
    ):
        assert code_of(change, **given) == HELD


def test_the_accounts_own_comes_back_with_the_end_of_the_policy(ec2: Any) -> None:
    assert states(ec2)[0] == "block-new-sharing"
    assert managers(ec2) == {"account"}


def test_an_attribute_that_no_policy_says_is_the_accounts(ec2: Any, held: Callable[..., str]) -> None:
    held(serial_console_access=EVERYTHING["serial_console_access"])
    assert code_of(ec2.enable_serial_console_access) == HELD
    ec2.disable_snapshot_block_public_access()
    assert ec2.get_snapshot_block_public_access_state()["ManagedBy"] == "account"


def launch(ec2: Any, **given: Any) -> Any:
    (instance,) = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **given)["Instances"]
    return instance["MetadataOptions"]


def test_what_is_launched_has_the_defaults_and_a_launch_may_say_otherwise(
    ec2: Any, held: Callable[..., str]
) -> None:
    assert launch(ec2)["HttpTokens"] == "optional"
    held(instance_metadata_defaults=METADATA)
    assert (launch(ec2)["HttpTokens"], launch(ec2)["HttpPutResponseHopLimit"]) == ("required", 2)
    assert launch(ec2, MetadataOptions={"HttpTokens": "optional"})["HttpTokens"] == "optional"


def test_imdsv1_is_not_launched_where_imdsv2_is_enforced(ec2: Any, held: Callable[..., str]) -> None:
    held(instance_metadata_defaults=METADATA | {"http_tokens_enforced": {"@@assign": "enabled"}})
    assert launch(ec2)["HttpTokens"] == "required"
    one = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    assert code_of(ec2.run_instances, **one, MetadataOptions={"HttpTokens": "optional"}) == HELD


def test_nothing_is_shared_with_everybody_while_it_is_blocked(ec2: Any, held: Callable[..., str]) -> None:
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    everybody = {"SnapshotId": snapshot, "Attribute": "createVolumePermission", "OperationType": "add"}
    (instance,) = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"]
    image = ec2.create_image(InstanceId=instance["InstanceId"], Name="ours")["ImageId"]
    public = {"ImageId": image, "LaunchPermission": {"Add": [{"Group": "all"}]}}
    ec2.modify_snapshot_attribute(**everybody, GroupNames=["all"])
    ec2.modify_snapshot_attribute(**everybody | {"OperationType": "remove"}, GroupNames=["all"])
    ec2.enable_snapshot_block_public_access(State="block-new-sharing")
    assert code_of(ec2.modify_snapshot_attribute, **everybody, GroupNames=["all"]) == "OperationNotPermitted"
    held(**EVERYTHING)
    assert code_of(ec2.modify_snapshot_attribute, **everybody, GroupNames=["all"]) == HELD
    assert code_of(ec2.modify_image_attribute, **public) == HELD
    ec2.modify_snapshot_attribute(**everybody, UserIds=["111111111111"])


def test_an_account_forbids_it_by_itself(ec2: Any) -> None:
    one = {"ImageId": "ami-12c6146b", "MinCount": 1, "MaxCount": 1}
    image = ec2.create_image(InstanceId=ec2.run_instances(**one)["Instances"][0]["InstanceId"], Name="own")
    public = {"ImageId": image["ImageId"], "Attribute": "launchPermission", "OperationType": "add"}
    ec2.modify_instance_metadata_defaults(HttpTokens="required", HttpTokensEnforced="enabled")
    ec2.enable_image_block_public_access(ImageBlockPublicAccessState="block-new-sharing")
    optional = {"HttpTokens": "optional"}
    assert code_of(ec2.run_instances, **one, MetadataOptions=optional) == "OperationNotPermitted"
    assert code_of(ec2.modify_image_attribute, **public, UserGroups=["all"]) == "OperationNotPermitted"
    ec2.modify_image_attribute(**public, UserIds=["111111111111"])
    ec2.modify_instance_metadata_defaults(HttpTokens="no-preference", HttpTokensEnforced="no-preference")
    ec2.disable_image_block_public_access()


def test_what_is_not_of_the_form_or_only_tried_changes_nothing(ec2: Any) -> None:
    before = states(ec2)
    for tried in (ec2.enable_serial_console_access, ec2.disable_snapshot_block_public_access):
        assert code_of(tried, DryRun=True) == "DryRunOperation"
    wrong = code_of(ec2.enable_snapshot_block_public_access, State="block-some-sharing")
    assert wrong == "InvalidParameterValue"
    assert states(ec2) == before


def test_plain_moto_has_none_of_it() -> None:
    observed = plain_moto("""
        ec2, found = client("ec2"), []
        for name in ("get_snapshot_block_public_access_state", "get_image_block_public_access_state",
                     "get_serial_console_access_status", "get_instance_metadata_defaults",
                     "describe_vpc_block_public_access_options"):
            try: getattr(ec2, name)()
            except Exception as e: found.append(type(e).__name__)
        print(json.dumps(found))
    """)
    assert json.loads(observed) == ["NotImplementedError"] * 5
