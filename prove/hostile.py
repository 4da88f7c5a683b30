"""What nobody should send: Hypothesis strategies for the inputs of both machines.

Half of them are good requests with something wrong in one place, which gets further than noise does.
https://hypothesis.readthedocs.io/en/latest/data.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

LARGEST = 256 * 1024
"""Bytes that EventBridge and Step Functions take at most."""
DEEPEST = 3000

GOOD: dict[str, Any] = {
    "accountName": "dev",
    "email": "aws+dev@example.com",
    "kind": "workload",
    "organizationalUnit": "Workloads/Development",
    "tags": {"cost-center": "42"},
}
STATUS: dict[str, Any] = {
    "id": "car-0123456789abcdef0123456789abcdef",
    "state": "SUCCEEDED",
    "accountName": "****",
    "accountId": "211047650761",
}
FILTER: dict[str, Any] = {
    "accountIds": ["211047650761"],
    "organizationalUnits": ["Workloads/Development"],
    "kinds": ["workload"],
    "tags": {"wave": "first"},
}

POISON = (
    "",
    " ",
    "\x00",
    "\n",
    "dev\nroot",
    "dev\r\nSubject: you have won",
    "\x1b[2J\x1b[31mdev",
    "d\u0435v",  # Cyrillic
    "dev\u200b",
    "dev\u202evol",
    "\u2028dev",
    "caf\u00e9",
    "\U0001f4a3" * 20,
    "\ud800",
    "\udfffdev",
    "*",
    "?",
    "dev*",
    "arn:aws:iam::123456789012:role/Admin",
    "arn:aws:iam::*:root",
    "arn:aws-cn:organizations::123456789012:account/o-a/123456789012",
    "${AWS::AccountId}",
    "${StateMachineArn}",
    "${aws:PrincipalTag/groundwork}",
    "{% $states.context.Execution.Input %}",
    "{% $error('no') %}",
    "{{resolve:secretsmanager:root}}",
    "{{7*7}}",
    "$.detail.email",
    "States.Format('{}', $)",
    "<script>alert(1)</script>",
    "'; DROP TABLE accounts; --",
    "../../root",
    "Workloads//",
    "/Workloads",
    "a/b/c/d/e/f",
    "groundwork:state",
    "aws:x",
    "True",
    "null",
    "NaN",
    "__proto__",
    "constructor",
    "security",
    "management",
    "211047650761",
    "\uff12\uff11\uff11\uff10\uff14\uff17\uff16\uff15\uff10\uff17\uff16\uff11",  # digits, full width
    "211047650761\n",
    json.dumps(GOOD),
    json.dumps({"accountId": "211047650761"}),
)
EMAILS = (
    "Ada <aws+dev@example.com>",
    '"ada lovelace"@example.com',
    "aws+dev@example.com ",
    " aws+dev@example.com",
    "aws+dev@example.com\n",
    "aws+dev@example.com,root@example.com",
    "aws+dev@example.com\x00",
    "\u0430ws+dev@example.com",
    "aws+dev@ex\u00e4mple.com",
    "aws+dev@xn--exmple-cua.com",
    "aws+dev@@example.com",
    "aws+dev@[127.0.0.1]",
    "aws+dev@localhost",
    "aws+dev@-example.com",
    "aws+dev@example..com",
    ".aws@example.com",
    "mailto:aws@example.com",
    "AWS+DEV@EXAMPLE.COM",
    "*@example.com",
    "${AWS::AccountId}@example.com",
    "{%x%}@example.com",
    "a" * 65 + "@example.com",
)
LOOKALIKES = (
    "accountname",
    "account_name",
    "AccountName",
    "accountName ",
    "account\u200bName",
    "\u0430ccountName",
    "account_id",
    "accountID",
    "Email",
    "e-mail",
    "organizational_unit",
    "Tags",
    "__proto__",
    "__class__",
    "constructor",
    "model_config",
    "asked",
    "route",
    "owner",
    "",
    "\x1b[31m",
    "a\nb",
    "k" * 5000,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
LONG_TEXT = st.builds(
    lambda part, times: part * times, st.sampled_from('ab\u00e9\u4e2d"\\\n{'), st.integers(40, 60_000)
)
TEXT = st.one_of(st.sampled_from(POISON), st.sampled_from(EMAILS), ANY_TEXT, LONG_TEXT)


def _nested(depth: int, brackets: str, inner: Any) -> Any:
    for _ in range(depth):
        inner = [inner] if brackets == "[]" else {"tags": inner}
    return inner


NESTED = st.builds(_nested, st.integers(5, DEEPEST), st.sampled_from(["[]", "{}"]), st.none())
NUMBER = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 101, 1001, 2**31, 2**63, 2**64, 10**400, 10**4000]),
    st.floats(),  # NaN and the infinities, too
)
LEAF = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
KEY = st.one_of(st.sampled_from(LOOKALIKES), st.sampled_from(POISON), ANY_TEXT, st.sampled_from(sorted(GOOD)))
VALUE = st.one_of(
    LEAF,
    NESTED,
    st.recursive(
        LEAF,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
        max_leaves=12,
    ),
    st.dictionaries(TEXT, TEXT, max_size=4),
    st.builds(lambda many: {f"k{n}": "v" for n in range(many)}, st.integers(0, 6000)),
    st.builds(lambda many: ["dev"] * many, st.integers(0, 6000)),
)


def _replaced(key: str, value: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda whole: {**whole, key: value}


def _dropped(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda whole: {each: value for each, value in whole.items() if each != key}


def spoiled(good: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A good object with up to three things wrong: a field's value, a field too few, a field too many."""
    fields = st.sampled_from(sorted(good))
    wrongs = st.one_of(
        st.builds(_replaced, fields, st.one_of(TEXT, VALUE)),
        st.builds(_replaced, fields, TEXT),
        st.builds(_replaced, st.just("email") if "email" in good else fields, st.sampled_from(EMAILS)),
        st.builds(_replaced, KEY, st.one_of(TEXT, VALUE)),
        st.builds(_dropped, fields),
    )

    def apply(changes: list[Callable[[dict[str, Any]], dict[str, Any]]]) -> dict[str, Any]:
        whole = good
        for change in changes:
            whole = change(whole)
        return whole

    return st.builds(apply, st.lists(wrongs, min_size=1, max_size=3))


DETAIL = st.one_of(spoiled(GOOD), spoiled(GOOD), VALUE)
"""Of `Account Requested`."""


def _enveloped(source: Any, detail_type: Any, detail: Any, rest: dict[str, Any]) -> dict[str, Any]:
    envelope = {
        "version": "0",
        "id": "85973605-b18a-4c8b-86f1-8370ad359688",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-09-09T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": detail,
    }
    return envelope | rest


REST = st.one_of(
    st.just({}),
    st.just({}),
    st.dictionaries(
        st.sampled_from(["id", "account", "extra", "accountId", "mode", "resources"]), VALUE, max_size=2
    ),
)
ASKED = st.builds(_enveloped, st.just("groundwork"), st.just("Account Requested"), DETAIL, REST)
TOLD = st.builds(
    _enveloped,
    st.just("aws.organizations"),
    st.just("AWS Service Event via CloudTrail"),
    st.one_of(
        st.builds(
            lambda status: {
                "eventName": "CreateAccountResult",
                "serviceEventDetails": {"createAccountStatus": status},
            },
            st.one_of(spoiled(STATUS), st.sampled_from([STATUS | {"state": "FAILED"}]), VALUE),
        ),
        st.builds(
            lambda details: {"eventName": "CreateAccountResult", "serviceEventDetails": details}, VALUE
        ),
        VALUE,
    ),
    REST,
)
STRANGE = st.builds(
    _enveloped,
    st.one_of(st.sampled_from(["groundwork", "aws.organizations", "aws.s3"]), VALUE),
    st.one_of(st.sampled_from(["Account Requested", "Account Ready", "account requested"]), VALUE),
    st.one_of(st.just(GOOD), VALUE),
    REST,
)
CHANGE = {
    "accountId": "211047650761",
    "accountName": "dev",
    "organizationalUnit": "Workloads/Development",
    "tags": {"team": "a", "old": None},
    "kind": "workload",
}
CHANGED = st.builds(
    _enveloped,
    st.just("groundwork"),
    st.just("Account Change Requested"),
    st.one_of(spoiled(CHANGE), VALUE),
    REST,
)
BY_HAND = spoiled({"accountId": "211047650761", "mode": "apply", "components": ["trail"]})

TRIGGER = st.one_of(ASKED, ASKED, ASKED, CHANGED, TOLD, BY_HAND, STRANGE, VALUE)
"""What `groundwork-vend-account` is started with."""

ROLL_OUT = st.one_of(
    spoiled({"mode": "plan", "concurrency": 10, "toleratedFailurePercentage": 5, "include": FILTER}),
    st.builds(lambda include: {"include": include}, spoiled(FILTER)),
    st.builds(lambda exclude: {"exclude": exclude}, st.one_of(spoiled(FILTER), VALUE)),
    VALUE,
)
"""What `groundwork-roll-out` is started with."""
