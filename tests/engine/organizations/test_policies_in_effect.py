"""Management policies of the organization: their syntax, how several combine, and what is invalid in effect."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.engine import Engine
from local.organizations.inheritance import effective
from local.organizations.policy_syntax import invalid
from tests.engine.organizations.accounts import code_of, new_member
from tests.engine.organizations.policies import enable, hold

EC2, S3, AI = "DECLARATIVE_POLICY_EC2", "S3_POLICY", "AISERVICES_OPT_OUT_POLICY"
LOCKED = {"@@operators_allowed_for_child_policies": ["@@none"]}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(time_scale=0.01) as running:
        yield running


@pytest.fixture
def organizations(engine: Engine) -> Any:
    return engine.client("organizations")


def create(organizations: Any, policy_type: str, content: Any) -> str:
    given = {"Name": f"p-{uuid.uuid4()}", "Type": policy_type, "Content": json.dumps(content)}
    created = organizations.create_policy(**given, Description="")
    return str(created["Policy"]["PolicySummary"]["Id"])


def attributes(**given: Any) -> dict[str, Any]:
    return {"ec2_attributes": given}


def opt_out(service: str, **setting: Any) -> dict[str, Any]:
    return {"services": {service: {"opt_out_policy": setting}}}


RIGHT: list[tuple[str, Any]] = [
    (S3, {"s3_attributes": {"public_access_block_configuration": {"@@assign": "none"}}}),
    (S3, {"s3_attributes": {"public_access_block_configuration": LOCKED | {"@@assign": "all"}}}),
    (EC2, attributes(exception_message={"@@assign": "Ask."})),
    (EC2, attributes(instance_metadata_defaults={"http_put_response_hop_limit": {"@@assign": 2}})),
    (EC2, attributes(instance_metadata_defaults={"http_tokens_enforced": {"@@assign": "enabled"}})),
    (EC2, attributes(vpc_block_public_access={"internet_gateway_block": {"mode": {"@@assign": "off"}}})),
    (AI, {"services": LOCKED | opt_out("default", **{"@@assign": "optOut"})["services"]}),
    (AI, opt_out("lex", **{"@@assign": "optIn"})),
]
WRONG: list[tuple[str, Any]] = [
    (S3, {}),
    (S3, {"hello": {"@@assign": "world"}}),
    (S3, {"s3_attributes": {"public_access_block_configuration": "all"}}),
    (S3, {"s3_attributes": {"public_access_block_configuration": {"@@assign": "All"}}}),
    (S3, {"s3_attributes": {"public_access_block_configuration": {"@@append": ["all"]}}}),
    (S3, attributes(serial_console_access={"status": {"@@assign": "disabled"}})),
    (EC2, attributes(snapshot_block_public_access={"state": {"@@assign": "block-all-sharing"}})),
    (EC2, attributes(image_block_public_access={"state": {"@@assign": "block_all_sharing"}})),
    (EC2, attributes(serial_console_access={"state": {"@@assign": "disabled"}})),
    (EC2, attributes(ebs_encryption={"state": {"@@assign": "enabled"}})),
    (EC2, attributes(instance_metadata_defaults={"http_put_response_hop_limit": {"@@assign": "65"}})),
    (EC2, attributes(exception_message={"@@assign": 1})),
    (EC2, attributes(exception_message={"@@operators_allowed_for_child_policies": ["none"]})),
    (AI, opt_out("default", **{"@@assign": "optout"})),
    (AI, {"services": {"default": {"@@assign": "optOut"}}}),
    (AI, opt_out("default", **{"@@append": ["optOut"]})),
]


@pytest.mark.parametrize(("policy_type", "content"), RIGHT)
def test_what_follows_the_syntax_is_taken(organizations: Any, policy_type: str, content: Any) -> None:
    create(organizations, policy_type, content)


@pytest.mark.parametrize(("policy_type", "content"), WRONG)
def test_junk_is_refused(organizations: Any, policy_type: str, content: Any) -> None:
    given = {"Name": f"p-{uuid.uuid4()}", "Type": policy_type, "Content": json.dumps(content)}
    assert code_of(organizations.create_policy, **given, Description="") == "MalformedPolicyDocumentException"
    right = create(organizations, *next(each for each in RIGHT if each[0] == policy_type))
    change = {"PolicyId": right, "Content": json.dumps(content)}
    assert code_of(organizations.update_policy, **change) == "MalformedPolicyDocumentException"


def state(value: str, *allowed: str) -> dict[str, Any]:
    control = {"@@operators_allowed_for_child_policies": list(allowed)} if allowed else {}
    return {"a": {"state": {"@@assign": value} | control}}


@pytest.mark.parametrize(
    ("levels", "found"),
    [
        ([[state("root")], [state("unit")]], "unit"),
        ([[state("root", "@@none")], [state("unit")]], "root"),
        ([[state("root", "@@assign")], [state("unit", "@@none")], [state("account")]], "unit"),
        ([[state("root", "@@none")], [state("unit", "@@all")], [state("account")]], "root"),
        ([[state("first"), state("second")]], "first"),
        ([[state("root"), {"a": {"state": LOCKED}}], [state("unit")]], "root"),
        ([[{"a": {"state": LOCKED}}], [state("unit")]], None),
    ],
)
def test_levels_combine_as_their_operators_say(levels: Any, found: str | None) -> None:
    assert effective(levels) == ({"a": {"state": found}} if found else {})


def test_a_locked_group_takes_no_more_settings_and_lists_grow_as_they_may() -> None:
    root = {"services": LOCKED | {"default": {"opt_out_policy": {"@@assign": "optOut"}}}}
    below = {"services": {"lex": {"opt_out_policy": {"@@assign": "optIn"}}}}
    assert effective([[root], [below]]) == {"services": {"default": {"opt_out_policy": "optOut"}}}
    values = {"v": {"@@assign": ["a"], "@@operators_allowed_for_child_policies": ["@@append"]}}
    assert effective([[values], [{"v": {"@@append": ["b"]}}], [{"v": {"@@remove": ["a"]}}]]) == {
        "v": ["a", "b"]
    }


@pytest.mark.parametrize(
    ("criteria", "images", "path"),
    [
        (10, 200, ""),
        (11, 200, "ec2_attributes/allowed_images_settings/image_criteria"),
        (1, 201, "ec2_attributes/allowed_images_settings/image_criteria/c0/image_names"),
    ],
)
def test_what_grows_from_level_to_level_may_grow_too_long(criteria: int, images: int, path: str) -> None:
    each = {f"c{number}": {"image_names": ["x"] * images} for number in range(criteria)}
    settings = {"state": "enabled", "image_criteria": each}
    found = list(invalid(EC2, attributes(allowed_images_settings=settings)))
    assert [(error.code, error.path) for error in found] == ([("ELEMENTS_TOO_MANY", path)] if path else [])


def test_what_reaches_an_account_may_be_invalid_though_each_policy_is_right(
    engine: Engine, organizations: Any
) -> None:
    account = new_member(engine)
    enable(engine, EC2)
    request = {"PolicyType": EC2, "AccountId": account}
    listed = organizations.list_effective_policy_validation_errors
    assert code_of(listed, **request) == "EffectivePolicyNotFoundException"
    with hold(engine, EC2, account) as holding:
        policy = holding(
            attributes(vpc_block_public_access={"internet_gateway_block": {"mode": {"@@assign": "off"}}})
        )
        found = listed(**request)
        (error,) = found["EffectivePolicyValidationErrors"]
        assert (error["ErrorCode"], error["ContributingPolicies"]) == ("ELEMENTS_TOO_FEW", [policy])
        assert error["PathToError"].endswith("internet_gateway_block/exclusions_allowed")
        assert found["Path"].endswith(f"/{account}/")
        (invalid,) = organizations.list_accounts_with_invalid_effective_policy(PolicyType=EC2)["Accounts"]
        assert invalid["Id"] == account
    assert organizations.list_accounts_with_invalid_effective_policy(PolicyType=EC2)["Accounts"] == []
