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
TAG, BACKUP, CHAT = "TAG_POLICY", "BACKUP_POLICY", "CHATBOT_POLICY"
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


def tag(**settings: Any) -> dict[str, Any]:
    return {"tags": {"costcenter": settings}}


def plan(**parts: Any) -> dict[str, Any]:
    return {"plans": {"Daily.1": parts}}


def rule(**settings: Any) -> dict[str, Any]:
    return plan(rules={"Nightly": settings})


def selection(of: str, **settings: Any) -> dict[str, Any]:
    return plan(selections={of: {"some": settings}})


def slack(**settings: Any) -> dict[str, Any]:
    return {"chatbot": {"platforms": {"slack": settings}}}


def lifecycle(moved: str, deleted: str) -> dict[str, Any]:
    days = {"move_to_cold_storage_after_days": moved, "delete_after_days": deleted}
    return {name: {"@@assign": value} for name, value in days.items()}


SECOND = "arn:aws:backup:us-west-1:111111111111:backup-vault:second"
RIGHT: list[tuple[str, Any]] = [
    (TAG, tag(tag_key={"@@assign": "CostCenter"}, tag_value={"@@assign": ["100", "3*"]})),
    (TAG, tag(enforced_for={"@@assign": ["ec2:instance", "secretsmanager:ALL_SUPPORTED"]})),
    (TAG, tag(report_required_tag_for={"@@append": ["s3:bucket"]}, tag_value=LOCKED)),
    (BACKUP, plan(regions={"@@append": ["us-east-1", "us-gov-west-1"]})),
    (BACKUP, rule(schedule_expression={"@@assign": "cron(0 5 ? * * *)"}, lifecycle=lifecycle("30", "120"))),
    (BACKUP, rule(copy_actions={SECOND: {"target_backup_vault_arn": {"@@assign": SECOND}}})),
    (
        BACKUP,
        rule(start_backup_window_minutes={"@@assign": "60"}, enable_continuous_backup={"@@assign": "true"}),
    ),
    (
        BACKUP,
        selection(
            "tags", iam_role_arn={"@@assign": "arn:aws:iam::$account:role/b"}, tag_value={"@@assign": ["x"]}
        ),
    ),
    (
        BACKUP,
        selection(
            "resources",
            resource_types={"@@assign": ["*"]},
            not_resource_types={"@@assign": ["arn:aws:s3:::*"]},
        ),
    ),
    (
        BACKUP,
        selection(
            "resources", conditions={"string_equals": {"c": {"condition_value": {"@@assign": "true"}}}}
        ),
    ),
    (BACKUP, plan(advanced_backup_settings={"ec2": {"windows_vss": {"@@assign": "enabled"}}})),
    (
        BACKUP,
        plan(
            backup_plan_tags={"t": {"tag_key": {"@@assign": "a"}, "tag_value": {"@@assign": "b"}}}, **LOCKED
        ),
    ),
    (CHAT, slack(client={"@@assign": "enabled"}, workspaces={"@@assign": ["T0"]})),
    (CHAT, slack(overrides={"T0": {"supported_channel_types": {"@@assign": ["public", "private"]}}})),
    (CHAT, {"chatbot": {"platforms": {"microsoft_teams": {"tenants": {"t": {"@@assign": ["*"]}}}}}}),
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
    (TAG, {}),
    (TAG, {"tags": {}}),
    (TAG, {"tag": {"costcenter": {"tag_key": {"@@assign": "CostCenter"}}}}),
    (TAG, tag(tag_key={"@@assign": "cost-center"})),
    (TAG, tag(tag_key={"@@append": ["CostCenter"]})),
    (TAG, tag(tag_value={"@@assign": "100"})),
    (TAG, tag(tag_value={"@@assign": ["*@*.com"]})),
    (TAG, tag(enforced_for={"@@assign": ["instances of ec2"]})),
    (TAG, tag(values={"@@assign": ["100"]})),
    (TAG, {"tags": {"costcenter": {"@@assign": "100"}}}),
    (BACKUP, {"plans": {}}),
    (BACKUP, {"plans": {"a name": {"rules": {}}}}),
    (BACKUP, plan(regions={"@@assign": "us-east-1"})),
    (BACKUP, plan(regions={"@@assign": ["everywhere"]})),
    (BACKUP, rule(schedule_expression={"@@assign": "every night"})),
    (BACKUP, rule(target_backup_vault={"@@assign": "Default"})),
    (BACKUP, rule(start_backup_window_minutes={"@@assign": "30"})),
    (BACKUP, rule(lifecycle=lifecycle("30", "90"))),
    (BACKUP, rule(lifecycle=lifecycle("a month", "120"))),
    (BACKUP, selection("tags", iam_role_arn={"@@assign": "backup"})),
    (BACKUP, selection("tags", resource_types={"@@assign": ["*"]})),
    (BACKUP, plan(selections={"tags": {}, "resources": {}})),
    (BACKUP, plan(advanced_backup_settings={"ec2": {"windows_vss": {"@@assign": True}}})),
    (CHAT, {"chatbot": {}}),
    (CHAT, slack(client={"@@assign": "on"})),
    (CHAT, slack(default={"supported_channel_types": {"@@assign": ["secret"]}})),
    (CHAT, {"chatbot": {"platforms": {"irc": {"client": {"@@assign": "enabled"}}}}}),
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


def test_tags_grow_and_are_locked_on_their_way_to_an_account() -> None:
    """As AWS's example of inheritance has it: a child adds a value, and may not change the key."""
    root = tag(tag_key={"@@assign": "CostCenter"} | LOCKED, tag_value={"@@assign": ["100", "200"]})
    unit = tag(tag_key={"@@assign": "costcenter"}, tag_value={"@@append": ["300"]})
    account = tag(tag_value={"@@remove": ["100"]})
    reached = {"costcenter": {"tag_key": "CostCenter", "tag_value": ["200", "300"]}}
    assert effective([[root], [unit], [account]]) == {"tags": reached}


def test_a_backup_plan_is_complete_when_all_that_reaches_an_account_is_taken_together() -> None:
    vault, when = (
        {"target_backup_vault_name": {"@@assign": "v"}},
        {"schedule_expression": {"@@assign": "cron(0 5 ? * * *)"}},
    )
    root = rule(**vault)
    unit = plan(regions={"@@assign": ["us-east-1"]}, rules={"Nightly": when})
    role = {"@@assign": "arn:aws:iam::$account:role/b"}
    account = selection("resources", iam_role_arn=role, resource_types={"@@assign": ["*"]})
    lacks = [
        "plans/Daily.1/regions",
        "plans/Daily.1/selections",
        "plans/Daily.1/rules/Nightly/schedule_expression",
    ]
    assert [each.path for each in invalid(BACKUP, effective([[root]]))] == lacks
    assert [each.path for each in invalid(BACKUP, effective([[root], [unit]]))] == lacks[1:2]
    assert list(invalid(BACKUP, effective([[root], [unit], [account]]))) == []


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
