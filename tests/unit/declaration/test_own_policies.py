"""The owner's own policies of AWS Organizations: every mistake in a file or its line is named."""

from __future__ import annotations

import json
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from checks.declared import main
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import all_mistakes, check, load
from groundwork.declaration.own_policies import KINDS, TypeName
from groundwork.errors import InvalidDeclaration
from local.organizations.policy_types import POLICY_TYPES
from tests.unit.declaration.files import DEFAULT, changed

TAGS = {"tags": {"team": {"tag_key": {"@@assign": "team"}}}}


ALONE = {"own-policies": COMPONENTS["own-policies"]}


def refusal(home: Path) -> str:
    with pytest.raises(InvalidDeclaration) as refused:
        check(load(home), ALONE)
    return str(refused.value)


def own(home: Path, document: Any, of_type: TypeName = "tag", **line: Any) -> Path:
    """The default declaration with one own policy, x."""
    management = [*DEFAULT["baseline"]["management"], "own-policies"]
    changed(home, "baseline.management", management)
    changed(home, "ownPolicies", [{"name": "x", "type": of_type, **line}], keep=True)
    (home / "policies" / "organization").mkdir(exist_ok=True)
    text = document if isinstance(document, str) else json.dumps(document)
    (home / "policies" / "organization" / "x.json").write_text(text)
    return home


def deny(action: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*", **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def to_everyone(action: str, **more: Any) -> dict[str, Any]:
    return deny(action, Principal="*", **more)


def test_a_right_one_loads_and_is_part_of_the_version(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    declaration = check(load(own(home, TAGS, where=["Workloads"])), ALONE)
    assert declaration.own_document("x") == TAGS
    assert [each.file for each in declaration.own_policies_laid_down] == ["policies/organization/x.json"]
    copied = tmp_path_factory.mktemp("other") / "home"
    copytree(home, copied)
    own(copied, json.loads(json.dumps(TAGS).replace("team", "squad")), where=["Workloads"])
    assert load(copied).version != declaration.version


@pytest.mark.parametrize(
    ("of_type", "document", "words"),
    [
        ("tag", "{", "policies/organization/x.json: line 1: is no JSON"),
        ("tag", "[]", "policies/organization/x.json: holds []; write an object"),
        ("tag", '{"tags": {}, "tags": {}}', "x.json: holds the key 'tags' twice in one object; remove one"),
        ("tag", {"plans": {}}, "x.json: 'plans': is not how a document begins that is a tag policy; let it begin with tags"),
        ("backup", {"plans": {}}, "x.json: plans: has no setting; add one"),
        ("tag", {"tags": {"team": {"tag_key": "team"}}}, "x.json: tags/team/tag_key: has 'team' without an operator"),
        ("tag", {"tags": {"team": {"tag_key": {"@@asign": "team"}}}}, "@@asign is no operator (did you mean '@@assign'?)"),
        ("tag", {"tags": {"team": {"tag_value": {"@@append": "a"}}}}, "@@append has 'a'; write a list of texts"),
        ("tag", {"tags": {"team": {"tag_key": {"@@assign": {"a": 1}}}}}, "@@assign has {'a': 1}; write a text, or"),
        ("s3", {"s3_attributes": {"@@assign": "all", "a": {}}}, "has a value, by @@assign, and settings, like a"),
        (
            "tag",
            {"tags": {"@@operators_allowed_for_child_policies": ["none"]}},
            "tags: @@operators_allowed_for_child_policies has ['none']; write a list of @@assign",
        ),
        ("tag", {"tags": {"<account>": {"tag_key": {"@@assign": "a"}}}}, "<account>: a policy of the organization reaches many"),
        ("backup", {"plans": {"<securty>": {"rules": {}}}}, "<securty>: is not filled in (did you mean 'security'?)"),
        ("service-control", {"Statement": []}, 'x.json: Version: must be "2012-10-17"; add it'),
        ("service-control", {"Version": "2012-10-17"}, "x.json: Statement: is missing or empty"),
        ("service-control", to_everyone("s3:*"), "x.json: Statement.0.Principal: is for policies of resources"),
        ("service-control", deny("s3:*", Conditions={}), "x.json: Statement.0.Conditions: is no element"),
        ("resource-control", deny("s3:*"), 'x.json: Statement.0: a resource control policy denies, to "Principal": "*"'),
        ("service-control", deny("kinesis:*", Resource="arn:aws:kinesis:*:<account>:stream/*"), "<account>: a policy of the"),
        ("tag", {"tags": {f"t{n}": {"tag_key": {"@@assign": "a" * 90}} for n in range(90)}}, "AWS takes 10,000 in a tag policy"),
        ("service-control", deny("iam:*"), "x.json: denies iam:"),
        ("service-control", deny("ec2:DeleteVpc", Resource="arn:aws:ec2:*:*:vpc/*"), "denies ec2:DeleteVpc to OrganizationAcc"),
        ("service-control", deny("config:Put*", Resource="arn:aws:config:*:*:configuration-recorder/*"), "denies config:Put"),
        ("service-control", deny("iam:*", Condition={"StringEquals": {"aws:PrincipalAccount": "<security>"}}), "denies iam:"),
        ("resource-control", to_everyone("sts:AssumeRole"), "shut out what must get in: Groundwork enters by OrganizationAcc"),
        ("ec2", {"ec2_attributes": {"exception_message": {"@@assign": "a"}}}, "organizationPolicies holds imdsV2, snapshot"),
    ],
)  # fmt: skip
def test_what_aws_would_refuse_is_named(home: Path, of_type: TypeName, document: Any, words: str) -> None:
    assert words in refusal(own(home, document, of_type))


ENTRY = [
    "arn:<partition>:iam::*:role/OrganizationAccountAccessRole",
    "arn:<partition>:iam::*:role/AWSControlTowerExecution",
]
WRITER = "arn:<partition>:iam::*:role/groundwork-log-archive"


@pytest.mark.parametrize(
    ("document", "of_type", "where"),
    [
        (deny("ec2:RunInstances"), "service-control", []),
        (deny("*", Condition={"ArnNotLike": {"aws:PrincipalArn": [*ENTRY, WRITER]}}), "service-control", []),
        (deny("*", Condition={"ArnNotLike": {"aws:PrincipalArn": ENTRY}}), "service-control", ["Workloads"]),
        (
            deny("s3:CreateBucket"),
            "service-control",
            ["Workloads"],
        ),  # which is done in the security account alone
        (deny("iam:DeleteRole", Resource="arn:aws:iam::*:role/app-*"), "service-control", []),
        (
            deny("*", Condition={"StringNotEquals": {"aws:RequestedRegion": "us-east-1"}}),
            "service-control",
            [],
        ),
        (to_everyone("s3:PutObject"), "resource-control", ["Workloads"]),
        (to_everyone("s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}}), "resource-control", []),
    ],
)
def test_what_locks_nobody_out_is_taken(
    home: Path, document: Any, of_type: TypeName, where: list[str]
) -> None:
    check(load(own(home, document, of_type, where=where)), ALONE)


@pytest.mark.parametrize("left_out", range(3))
def test_each_way_in_has_to_be_spared(home: Path, left_out: int) -> None:
    spared = [each for number, each in enumerate([*ENTRY, WRITER]) if number != left_out]
    document = deny("*", Condition={"ArnNotLike": {"aws:PrincipalArn": spared}})
    name = [*ENTRY, WRITER][left_out].rpartition("/")[2]
    assert f" to {name}, by which Groundwork lays " in refusal(own(home, document, "service-control"))


def test_a_line_without_file_component_or_name_of_its_own(home: Path) -> None:
    own(home, TAGS)
    (home / "policies" / "organization" / "x.json").unlink()
    assert (
        "ownPolicies x: 'x' is no file in policies/organization/; add policies/organization/x.json"
        in refusal(home)
    )
    changed(own(home, TAGS), "baseline.management", DEFAULT["baseline"]["management"], keep=True)
    assert "ownPolicies: the component own-policies lays them down; add it to baseline.management" in _told(
        home
    )
    changed(own(home, TAGS), "ownPolicies", [{"name": "groundwork-x", "type": "tag"}] * 2, keep=True)
    told = _told(home)
    assert "ownPolicies groundwork-x: is declared twice" in told
    assert "ownPolicies groundwork-x: begins as the names of Groundwork's own policies do" in told
    own(home, TAGS, where=["Workload"])
    assert "ownPolicies x: names the unit 'Workload' (did you mean 'Workloads'?)" in _told(home)


def test_an_s3_policy_stands_against_the_accounts_own_setting(home: Path) -> None:
    own(home, {"s3_attributes": {"public_access_block_configuration": {"@@assign": "none"}}}, "s3")
    changed(home, "organizationPolicies.s3PublicAccessBlock", False, keep=True)
    assert "ownPolicies x: takes accountSettings.s3PublicAccessBlock out of the accounts' hands" in _told(
        home
    )
    changed(home, "accountSettings.s3PublicAccessBlock", False, keep=True)
    assert _told(home) == ""


def test_more_than_aws_attaches_to_one_place(home: Path) -> None:
    own(home, deny("kinesis:*"), "service-control")
    lines = [{"name": f"x{number}", "type": "service-control"} for number in range(7)]
    for line in lines:
        (home / "policies" / "organization" / f"{line['name']}.json").write_text(
            json.dumps(deny("kinesis:*"))
        )
    changed(home, "ownPolicies", lines, keep=True)
    words = "ownPolicies: 7 service control policies hang on the root beside 4 of Groundwork's and AWS's, and AWS takes 10 there"
    assert words in refusal(home)
    changed(home, "ownPolicies", [{**line, "where": ["Workloads"]} for line in lines], keep=True)
    assert _told(home) == ""


def test_a_build_tells_it_with_file_and_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own(home, '{\n "tags": {\n  "team": {"tag_key": "team"}\n }\n}')
    assert main(str(home)) == 1
    assert "policies/organization/x.json" in (told := capsys.readouterr().err)
    assert "tags/team/tag_key: has 'team' without an operator" in told
    raw = yaml.safe_load((home / "baseline.yaml").read_text())
    assert raw["ownPolicies"] == [{"name": "x", "type": "tag"}]
    own(home, TAGS)
    assert main(str(home)) == 0


def test_sizes_and_numbers_are_those_of_the_embedded_aws() -> None:
    for kind in KINDS.values():
        there = POLICY_TYPES[kind.name]
        assert (kind.longest, kind.most) == (there.max_size, there.max_attached), kind.words


def _told(home: Path) -> str:
    return "\n".join(all_mistakes(home, ALONE))
