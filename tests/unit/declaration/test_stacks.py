"""Declared stacks and their templates: what CloudFormation would refuse, in a sentence, before anything is deployed."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from groundwork.baseline.components import COMPONENTS
from groundwork.contracts import Account
from groundwork.declaration.loading import all_mistakes, load
from groundwork.declaration.stacks import declared_in, tags_named
from groundwork.declaration.stacks.templates import LONGEST, LONGEST_SENT, parsed, shape
from tests.unit.declaration.files import DEFAULT, refusal

TEMPLATE = """
Parameters:
  Days: {Type: Number}
  Kept: {Type: String, Default: true}
Resources:
  Topic: {Type: AWS::SNS::Topic}
"""
MACRO = "Transform: is processed by a macro"
ENTRY: dict[str, Any] = {
    "name": "alerts",
    "template": "topic.yaml",
    "where": {"kinds": ["workload"]},
    "parameters": {"Days": "30"},
    "policies": ["deploy"],
}


def declared(
    home: Path,
    *entries: dict[str, Any],
    template: str = TEMPLATE,
    guardrails: bool = True,
    guarded: Any = None,
) -> Path:
    lines = {
        kind: [name for name in names if guardrails or name != "guardrails"]
        for kind, names in DEFAULT["baseline"].items()
    }
    raw = {
        **DEFAULT,
        "baseline": {**lines, "workload": [*lines["workload"], "stacks"]},
        "stacks": list(entries),
        **({"guardrails": guarded} if guarded else {}),
    }
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    (home / "templates").mkdir(exist_ok=True)
    (home / "templates" / "topic.yaml").write_text(template)
    return home


LARGE = TEMPLATE + "#" * LONGEST_SENT


def test_a_property_called_transform_is_no_macro(home: Path) -> None:
    body = TEMPLATE.replace("Topic}", "Topic, Properties: {Transform: {Kind: own}}}")
    assert load(declared(home, ENTRY, template=body)).template("topic.yaml").body.count("Kind: own") == 1


def test_a_large_template_is_called_by_what_it_holds(home: Path) -> None:
    assert load(declared(home, ENTRY)).large_templates == {}
    load.cache_clear()
    ((name, template),) = load(declared(home, ENTRY, template=LARGE)).large_templates.items()
    digest = hashlib.sha256(LARGE.encode()).hexdigest()
    assert (name, template.key) == ("topic.yaml", f"templates/{digest}")
    assert base64.b64decode(template.checksum).hex() == digest
    load.cache_clear()
    (home / "templates" / "unused.yaml").write_text(LARGE)
    assert load(declared(home, ENTRY)).large_templates == {}


def test_bytes_count_and_not_characters(home: Path) -> None:
    body = TEMPLATE + "#" + "\u00e4" * (LONGEST_SENT // 2)
    assert len(body) < LONGEST_SENT
    assert load(declared(home, ENTRY, template=body)).large_templates


def test_a_large_template_needs_the_archive(home: Path) -> None:
    declared(home, ENTRY, template=LARGE)
    raw = yaml.safe_load((home / "baseline.yaml").read_text())
    raw["baseline"]["security"].remove("log-archive")
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    assert (
        "stacks alerts: template: templates/topic.yaml has more than 51,200 bytes, which CloudFormation reads from a bucket that "
        "log-archive makes; add log-archive to baseline.security, or make two stacks of it."
    ) in refusal(home)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("groundwork-trail-<security>", "must differ; give each a bucket of its own"),
        ("our.templates-<security>", "has a dot, and S3's certificate is for names without; take it out"),
    ],
)
def test_the_bucket_of_templates_has_a_name_of_its_own(home: Path, name: str, why: str) -> None:
    raw = {**DEFAULT, "logArchive": {**DEFAULT.get("logArchive", {}), "templatesBucket": name}}
    (home / "baseline.yaml").write_text(yaml.safe_dump(raw))
    assert why in refusal(home)


def test_what_is_declared_is_read_and_counts(home: Path) -> None:
    before = load(declared(home, ENTRY)).version
    load.cache_clear()
    after = load(declared(home, ENTRY, template=TEMPLATE.replace("Topic:", "Other:")))
    assert before != after.version
    template = after.template("topic.yaml")
    assert template.values({"Days": "30"}) == {"Days": "30", "Kept": "true"}
    assert list(all_mistakes(home, COMPONENTS)) == []


def test_an_account_has_its_stacks_in_their_order(home: Path) -> None:
    other = {**ENTRY, "name": "other", "where": {"kinds": ["workload"], "names": ["elsewhere"]}}
    late = {**ENTRY, "name": "a-late-one", "after": ["alerts", "other"]}
    stacks = load(declared(home, late, other, ENTRY)).stacks
    account = Account(id="123456789012", name="dev", email="dev@example.com", kind="workload")
    assert [each.name for each in declared_in(stacks, account)] == ["alerts", "a-late-one"]


def test_an_account_is_chosen_by_all_tags_that_are_named(home: Path) -> None:
    tagged = {**ENTRY, "where": {"kinds": ["workload"], "tags": {"stage": "prod", "team": "a"}}}
    other = {**ENTRY, "name": "other", "parameters": {"Days": "<tag:days><tag:more>"}}
    stacks = load(declared(home, tagged, other)).stacks
    assert tags_named(stacks) == {"stage", "team", "days", "more"}
    account = Account(id="123456789012", name="dev", email="dev@example.com", kind="workload")
    for tags, named in (
        ({"stage": "prod", "team": "a"}, ["alerts", "other"]),
        ({"stage": "prod", "team": "b"}, ["other"]),
        ({"stage": "prod"}, ["other"]),
        ({}, ["other"]),
    ):
        here = declared_in(stacks, account.model_copy(update={"tags": tags}))
        assert sorted(each.name for each in here) == named


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"name": "Alerts"}, "stacks.0.name: 'Alerts' is no name of a stack; use up to 40 small letters"),
    ({"template": "topic"}, "'topic' is no file of templates/; give its name with its end"),
    ({"template": "tpic.yaml"}, "stacks alerts: template: 'tpic.yaml' is no file in templates/ (did you mean 'topic.yaml'?)"),
    ({"policies": []}, "gives CloudFormation nothing that it may do; name under policies"),
    ({"policies": ["deploi"]}, "stacks alerts: policies: 'deploi' is no file in policies/"),
    ({"managedPolicies": ["ReadOnlyAcess"]}, "stacks alerts: managedPolicies: 'ReadOnlyAcess' is no AWS managed policy"),
    ({"where": {"kinds": ["management"]}}, "where.kinds: management is no member account"),
    ({"where": {"kinds": ["tooling"]}}, "where.kinds: baseline.tooling lacks stacks; add it"),
    ({"regions": ["eu-west-1"]}, "regions: 'eu-west-1' is not governed"),
    ({"after": ["alert"]}, "after: 'alert' is no stack that is declared (did you mean 'alerts'?)"),
    ({"after": ["alerts"]}, "stacks: alerts waits for alerts"),
    ({"parameters": {}}, "parameters.Days: is missing, and the template has no default"),
    ({"parameters": {"Days": "30", "Day": "1"}}, "parameters.Day: templates/topic.yaml has no such parameter (did you mean 'Days'?)"),
    ({"parameters": {"Days": "<acount>"}}, "parameters.Days: <acount> is not filled in; write one of <partition>"),
    ({"parameters": {"Days": "<tag:>"}}, "parameters.Days: <tag:> holds a key of 0 characters"),
    ({"parameters": {"Days": "<tag:groundwork:kind>"}}, "<tag:groundwork:kind> holds the key 'groundwork:kind'; keys that begin"),
    ({"where": {"kinds": ["workload"], "tags": {"aws:x": "1"}}}, "where.tags: holds the key 'aws:x'; keys that begin with aws:"),
    ({"parameters": {"Days": "x" * 4097}}, "parameters.Days: has 4,097 characters; CloudFormation takes 4,096"),
    ({"parameters": {"Days": 30}}, "30 is no text; put it in quotes"),
    ({"driftDetection": True, "driftReads": ["sns:*"]}, "driftReads.0: 'sns:*' is no action that reads; give one whose name begins"),
    ({"driftDetection": True, "driftReads": ["sts:AssumeRole"]}, "driftReads.0: 'sts:AssumeRole' is no action that reads"),
    ({"driftReads": ["sns:Get*"]}, "stacks alerts: driftReads: is for driftDetection, which is off; set driftDetection: true"),
    ({"driftDetection": True, "driftReads": [f"sns:Get{n:0100}" for n in range(7)]}, "stacks: driftReads of all have 770 characters, and"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "words"), MISTAKES, ids=[words[:50] for _, words in MISTAKES])
def test_a_mistake_in_an_entry_is_named(home: Path, given: dict[str, Any], words: str) -> None:
    assert words in refusal(declared(home, {**ENTRY, **given}))


def test_a_name_twice_and_no_guard_rails_are_named(home: Path) -> None:
    assert "stacks declares 'alerts' twice" in refusal(declared(home, ENTRY, ENTRY))
    load.cache_clear()
    told = refusal(declared(home, ENTRY, guardrails=False))
    assert "stacks alerts: needs guardrails in baseline.management" in told


@pytest.mark.parametrize(
    ("units", "refused"),
    [
        ([], True),
        (["Workloads"], True),
        (["Workloads/Production", "Infrastructure"], True),
        (["Workloads/Production"], False),
    ],
)
def test_a_stack_where_no_guard_rails_reach_is_named(home: Path, units: list[str], refused: bool) -> None:
    entry = {**ENTRY, "where": {"kinds": ["workload"], "organizationalUnits": units}}
    home = declared(home, entry, guarded={"where": ["Workloads/Production"]})
    told = "".join(all_mistakes(home, COMPONENTS))
    assert ("stacks alerts: where: is in accounts outside of guardrails.where" in told) == refused
    assert bool(told) == refused


OF_TEMPLATES: list[tuple[str, str]] = [
    ("Resources: [", "templates/topic.yaml: is no template: "),
    ("Description: none", "templates/topic.yaml: Resources: is missing or empty"),
    ("Resources: {A: {Properties: {}}}", "Resources.A: has no Type; add it, like AWS::S3::Bucket"),
    ("Resources: {A: {Type: x}, A: {Type: y}}", "line 1: holds the key 'A' twice; remove one"),
    ("Transform: AWS::Serverless-2016-10-31\n" + TEMPLATE, MACRO),
    *(
        (f"{TEMPLATE}\n{part}: {{Own: {{{macro}: {{Name: Own, Parameters: {{a: b}}}}}}}}\n", MACRO)
        for part in ("Mappings", "Outputs", "Conditions", "Rules")
        for macro in ("Fn::Transform", "Transform")
    ),
    *(
        (TEMPLATE.replace("Topic}", f"Topic, Properties: {{Tags: {macro}}}}}"), MACRO)
        for short in ("!Transform {Name: Own}", "{Transform: {Name: Own}}", "{Fn::Transform: {Name: Own}}")
        for macro in (short, f"[{short}]")
    ),
    (
        TEMPLATE.replace("AWS::SNS::Topic", "Own::Net::Vpc::MODULE"),
        "Resources.Topic: Own::Net::Vpc::MODULE is a module",
    ),
    (
        TEMPLATE.replace("AWS::SNS::Topic", "AWS::CloudFormation::Stack"),
        "Resources.Topic: is a stack within the stack",
    ),
    (TEMPLATE.replace("{Type: Number}", "{Type: Number, NoEcho: true}"), "Parameters.Days: has NoEcho"),
    (TEMPLATE + "#" * LONGEST, "bytes; CloudFormation takes 1,000,000: make two stacks of it"),
]


@pytest.mark.parametrize(("template", "words"), OF_TEMPLATES, ids=[words for _, words in OF_TEMPLATES])
def test_a_mistake_in_a_template_is_named(home: Path, template: str, words: str) -> None:
    assert words in refusal(declared(home, ENTRY, template=template))
    (told,) = all_mistakes(home, COMPONENTS)
    assert words in told


ROLE = "\n  Role: {Type: AWS::IAM::Role, Properties: {%s}}"


@pytest.mark.parametrize(
    ("properties", "given", "words"),
    [
        (
            "Path: /",
            [],
            "makes roles, users or policies; say that you know it: CAPABILITY_IAM (or CAPABILITY_NAMED_IAM)",
        ),
        ("RoleName: x", ["CAPABILITY_IAM"], "and names them; say that you know it: CAPABILITY_NAMED_IAM"),
        ("Path: /", ["CAPABILITY_IAM"], ""),
        ("Path: /", ["CAPABILITY_NAMED_IAM"], ""),
        ("RoleName: x", ["CAPABILITY_NAMED_IAM"], ""),
    ],
)
def test_a_capability_that_lacks_is_named(home: Path, properties: str, given: list[str], words: str) -> None:
    declared(home, {**ENTRY, "capabilities": given}, template=TEMPLATE.rstrip() + ROLE % properties)
    told = "".join(all_mistakes(home, COMPONENTS))
    assert words in told
    assert bool(words) == bool(told)


def test_what_says_the_same_is_one() -> None:
    short = "Resources: {A: {Type: T, Properties: {X: !Ref P, Y: !GetAtt B.Arn, Z: !Sub '${P}', On: true}}}"
    long = (
        '{"Description": "d", "Resources": {"A": {"Type": "T", "Properties": {"On": "true", "Z": {"Fn::Sub": "${P}"}, '
        '"Y": {"Fn::GetAtt": ["B", "Arn"]}, "X": {"Ref": "P"}}}}}'
    )
    assert shape(parsed(short)) == shape(parsed(long))
