"""guardrails: StackSets are made by entry roles alone in the account that administers them; their roles are nobody's."""

from __future__ import annotations

import pytest

from groundwork.baseline.central_policies import minified
from groundwork.baseline.components.guardrails.document import guardrail_documents
from groundwork.contracts import Kind
from groundwork.declaration import Declaration
from groundwork.declaration.loading import load
from groundwork.policies.documents import Request, compile_policy
from tests.component.test_guardrails import ADMINISTRATOR, ENTRY, MEMBER, ORGANIZATION, denied, role

OURS = f"arn:aws:cloudformation:us-east-1:{MEMBER}:stack/StackSet-groundwork-alerts-0123/4567"
EXECUTION = role("stacksets-exec-0123456789abcdef")
SET = "arn:aws:cloudformation:us-east-1:111111111111:stackset/theirs:0123"
ON_WHAT_IT_MAKES = [
    ("cloudformation:DeleteStack", OURS),
    ("cloudformation:UpdateStack", OURS),
]
ON_ITS_ROLE = [
    ("iam:AttachRolePolicy", EXECUTION),
    ("iam:CreateRole", role("stacksets-exec-mine")),
    ("iam:PassRole", EXECUTION),
    ("iam:UpdateAssumeRolePolicy", EXECUTION.replace("role/", "role/theirs/")),
]
FREE = [
    ("cloudformation:DescribeStackEvents", OURS),
    ("cloudformation:UpdateStack", OURS.replace("StackSet-groundwork", "StackSet-theirs")),
    ("iam:GetRole", EXECUTION),
    ("cloudformation:CreateStackSet", "*"),
]
MAKING = [
    ("cloudformation:CreateStackSet", "*"),
    ("cloudformation:CreateStackInstances", SET),
    ("cloudformation:DeleteStackInstances", SET),
    ("cloudformation:ImportStacksToStackSet", SET),
    ("cloudformation:UpdateStackInstances", SET),
    ("cloudformation:UpdateStackSet", SET),
]


def declaring(kind: Kind = "security") -> Declaration:
    default = load()
    line = [*default.baseline[kind], "stack-sets"]
    return default.model_copy(update={"baseline": {**default.baseline, kind: line}})


def test_what_a_stack_set_makes_and_the_role_that_it_makes_it_by() -> None:
    declared = declaring()
    for attack in (*ON_WHAT_IT_MAKES, *ON_ITS_ROLE):
        for principal in (ADMINISTRATOR, role("allow-dev-from-security-account"), role("x/stacksets-exec-1")):
            assert denied(*attack, principal=principal, declaration=declared), (attack, principal)
        assert not denied(*attack, principal=ENTRY, declaration=declared), attack
        assert not denied(*attack), attack
    for attack in ON_WHAT_IT_MAKES:
        assert not denied(*attack, principal=EXECUTION, declaration=declared), attack
    for action in FREE:
        assert not denied(*action, principal=ADMINISTRATOR, declaration=declared), action


def test_a_stack_set_changes_nothing_that_is_ours() -> None:
    declared = declaring()
    for taken in (role("allow-admin-from-security-account"), ENTRY):
        assert denied("iam:UpdateAssumeRolePolicy", taken, principal=EXECUTION, declaration=declared)


@pytest.mark.parametrize("kind", ["security", "tooling"])
def test_only_entry_roles_make_stack_sets_in_the_account_that_administers_them(kind: Kind) -> None:
    organization = ORGANIZATION.model_copy(update={"tooling_account_id": "210987654321"})
    administrator = str(getattr(organization, f"{kind}_account_id"))
    policies = [
        compile_policy(minified(document))
        for document in guardrail_documents(declaring(kind), organization).values()
    ]

    def is_denied(attack: tuple[str, str], principal: str, account: str) -> bool:
        request = Request(*attack, {"aws:principalarn": principal, "aws:principalaccount": account})
        return any(policy.verdict(request).denied for policy in policies)

    for attack in MAKING:
        assert is_denied(attack, ADMINISTRATOR, administrator), attack
        assert not is_denied(attack, ENTRY, administrator), attack
        assert not is_denied(attack, ADMINISTRATOR, MEMBER), attack
    for looking in ("cloudformation:ListStackInstances", "cloudformation:DescribeStackSet"):
        assert not is_denied((looking, SET), ADMINISTRATOR, administrator)


def test_without_the_tooling_account_its_administration_comes_later() -> None:
    declared = declaring("tooling")
    document = guardrail_documents(declared, ORGANIZATION)[declared.guardrails.policy]
    named = {each["Sid"] for each in document["Statement"]}
    assert "StackSets" in named
    assert "StackSetsAdministrator" not in named
