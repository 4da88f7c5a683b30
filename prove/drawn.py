"""Requests to IAM and the policies that decide about them, drawn at random: every condition operator, with IfExists and
set operators, policy variables, negated elements, and every layer that a policy can be in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from prove.asked import Caller, Case, Wish

Document = dict[str, Any]
Statement = dict[str, Any]

HERE, THERE, STRANGER = "111111111111", "222222222222", "999999999999"
USER, ROLE = f"arn:aws:iam::{HERE}:user/team/ada", f"arn:aws:iam::{HERE}:role/team/app"
SESSION, OTHER_SESSION = (f"arn:aws:sts::{HERE}:assumed-role/app/{name}" for name in ("one", "two"))
SERVICE = "events.amazonaws.com"
ALL: Document = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
WISHES = (
    ("s3:GetObject", "arn:aws:s3:::logs/team/a:b"),
    ("s3:PutObject", "arn:aws:s3:::logs/ada/c"),
    ("s3:ListBucket", "arn:aws:s3:::logs"),
    ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:{}:team"),
    ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:{}:table/orders"),
    ("lambda:InvokeFunction", "arn:aws:lambda:eu-west-1:{}:function:work"),
    ("kms:Decrypt", "arn:aws:kms:eu-west-1:{}:key/11111111-2222-3333-4444-555555555555"),
    ("sns:Publish", "arn:aws:sns:eu-west-1:{}:orders"),
    ("secretsmanager:GetSecretValue", "arn:aws:secretsmanager:eu-west-1:{}:secret:team/db-a1b2c3"),
    ("sts:AssumeRole", "arn:aws:iam::{}:role/door"),
    ("iam:GetRole", "arn:aws:iam::{}:role/door"),
)
VERSIONS = ("2012-10-17", "2008-10-17")
WITHOUT_POLICY = ("iam:GetRole",)
WITHOUT_CONTROLS = ("lambda", "sns", "iam")
"""Services whose resources no resource control policy binds."""
TRUST = "sts:AssumeRole"

# -- keys and their values ----------------------------------------------------------------------------

GIVEN: Mapping[str, Sequence[str | list[str]]] = {
    "aws:PrincipalOrgID": ("o-ours", "o-theirs"),
    "aws:PrincipalTag/team": ("team", "team", "web", "Team", "*", "YWI=", "", ""),
    "aws:username": ("ada", "eve"),
    "aws:ResourceTag/team": ("team", "web"),
    "aws:PrincipalArn": (USER, ROLE, f"arn:aws:iam::{THERE}:role/x"),
    "aws:SourceArn": (f"arn:aws:sns:eu-west-1:{HERE}:orders", f"arn:aws:events:eu-west-1:{THERE}:rule/a"),
    "aws:MultiFactorAuthAge": ("7", "10", "10.0", "3600"),
    "aws:CurrentTime": ("2026-11-29T10:00:00Z", "2026-12-01T00:00:00Z"),
    "aws:EpochTime": ("1796000000", "1764000000"),
    "aws:SecureTransport": ("true", "false"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:SourceIp": ("10.1.2.3", "192.0.2.1", "2001:db8::1"),
    "aws:TagKeys": (["cost"], ["cost", "team"], ["cost", "cost"], [], []),
    "aws:PrincipalOrgPaths": (["o-ours/r-1/ou-a/"], ["o-theirs/r-2/"]),
    "aws:CalledVia": (["athena.amazonaws.com"], ["cloudformation.amazonaws.com", "dynamodb.amazonaws.com"]),
}
EMPTY = ("aws:TagKeys", "aws:PrincipalTag/team")
"""Keys that may be there with nothing in them."""
TEXTS = ("team", "web", "Team", "TEAM", "t*", "?eam", "o-ours", "o-*", "ada", "*", "", "YWI=")
VARIABLES = (
    "${aws:username}", "${aws:PrincipalTag/team}", "${aws:username, 'team'}", "${aws:PrincipalTag/team, 'ada'}",
    "${aws:PrincipalTag/nobody}", "${aws:ResourceTag/team}", "${*}", "${?}eam", "t${*}", "${aws:TagKeys}",
)  # fmt: skip
ARNS = (
    USER, ROLE, f"arn:aws:iam::{HERE}:*", f"arn:aws:iam::{HERE}:role/*", "arn:aws:iam::*:role/team/?pp", "arn:aws:iam::*",
    f"arn:*:iam::{HERE}:user/team/ada", f"arn:aws:sns:*:{HERE}:orders", f"arn:aws:*:*:{HERE}:*", "arn:aws:sns:eu-*:*",
    f"arn:aws:iam::{HERE}:user/team/${{aws:username}}",
)  # fmt: skip
SETS: Mapping[str, Sequence[str]] = {
    "aws:TagKeys": ("cost", "team", "c*", "web"),
    "aws:PrincipalOrgPaths": ("o-ours/r-1/*", "o-ours/*", "o-theirs/r-2/"),
    "aws:CalledVia": ("athena.amazonaws.com", "*.amazonaws.com", "dynamodb.amazonaws.com"),
}
STRING_KEYS = (
    "aws:PrincipalOrgID",
    "aws:PrincipalTag/team",
    "aws:username",
    "aws:ResourceTag/team",
    "aws:PrincipalTag/no",
)
STRINGS = tuple(f"String{name}" for name in ("Equals", "Like", "EqualsIgnoreCase"))
NEGATED_STRINGS = tuple(name.replace("String", "StringNot") for name in STRINGS)
ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: Sequence[tuple[Sequence[str], Sequence[str], Sequence[Any]]] = (
    (STRING_KEYS, STRINGS + NEGATED_STRINGS, TEXTS),
    (STRING_KEYS, STRINGS + NEGATED_STRINGS, VARIABLES),
    (("aws:PrincipalArn", "aws:SourceArn"), ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"), ARNS),
    (("aws:PrincipalArn",), ("StringLike", "StringNotLike", "StringEquals"), ARNS),
    (("aws:MultiFactorAuthAge",), tuple(f"Numeric{each}" for each in ORDERED), ("10", 7, "10.00", "1e1", "+10", 3599.5)),
    (
        ("aws:CurrentTime", "aws:EpochTime"),
        tuple(f"Date{each}" for each in ORDERED),
        ("2026-11-29T10:00:00Z", "2026-12-01T00:00:00Z", "2026-11-30", "1796000000"),
    ),
    (("aws:SecureTransport", "aws:MultiFactorAuthPresent"), ("Bool",), ("true", "false", True, False, "TRUE")),
    (("aws:SourceIp",), ("IpAddress", "NotIpAddress"), ("10.0.0.0/8", "10.1.2.3", "192.0.2.0/24", "2001:db8::/32")),
    (EMPTY[1:], STRINGS, ("team", "web", "Te*")),
    (("aws:username",), STRINGS + NEGATED_STRINGS, ("${aws:PrincipalTag/team, 'ada'}", "${aws:PrincipalTag/team, 'eve'}")),
    (("aws:PrincipalTag/team",), ("BinaryEquals",), ("YWI=", "dGVhbQ==")),
)  # fmt: skip


def _condition(random: Random) -> tuple[str, str, list[Any]]:
    """An operator, a key and its values."""
    kind = random.random()
    if kind < 0.12:
        return (
            "Null",
            random.choice([*GIVEN, "aws:PrincipalTag/no"]),
            [random.choice(("true", "false", True))],
        )
    if kind < 0.3:
        key = random.choice(list(SETS))
        operator = random.choice(STRINGS + NEGATED_STRINGS)
        quantifier = random.choice(("ForAnyValue:", "ForAllValues:", ""))
        return f"{quantifier}{operator}{_if_exists(random)}", key, _some(random, SETS[key])
    keys, operators, values = random.choice(FAMILIES)
    quantifier = random.choice(("ForAnyValue:", "ForAllValues:")) if random.random() < 0.1 else ""
    operator = f"{quantifier}{random.choice(operators)}{_if_exists(random)}"
    return operator, random.choice(keys), _some(random, values)


def _if_exists(random: Random) -> str:
    return "IfExists" if random.random() < 0.25 else ""


def _conditions(random: Random) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        operator, key, values = _condition(random)
        block.setdefault(operator, {})[key] = (
            values[0] if len(values) == 1 and random.random() < 0.5 else values
        )
    return block


def _some(random: Random, values: Sequence[Any]) -> list[Any]:
    return random.sample(values, random.randint(1, min(2, len(values))))


# -- statements ---------------------------------------------------------------------------------------


def _actions(random: Random, action: str, *, of_controls: bool = False) -> dict[str, Any]:
    service, name = action.split(":")
    near = [
        action,
        f"{service}:*",
        f"{service}:{name[:3]}*",
        f"{service}:?{name[1:]}",
        f"{service}:{name.lower()}",
    ]
    far = ["ec2:*", f"{service}:Tag*", "s3:GetObjectTagging"]
    if of_controls:
        return {"Action": _some(random, near)}
    if random.random() < 0.12:
        return {"NotAction": _some(random, [*far, *near[:2]])}
    return {"Action": _some(random, [*near, "*"]) if random.random() < 0.85 else _some(random, far)}


def _resources(random: Random, resource: str) -> dict[str, Any]:
    fields = resource.split(":", 5)
    beginning, name = ":".join(fields[:5]), fields[5]
    near = [
        *("*", resource, f"{beginning}:{name[:-1]}*", f"{beginning}:{name[:-1]}?", f"{beginning}:*"),
        *(
            f"arn:*:{':'.join(fields[2:5])}:{name}",
            f"arn:aws:{fields[2]}:*:*:{name}",
            f"arn:aws:{fields[2]}:*",
        ),
        *(f"{beginning}:{name.replace('team', '${aws:PrincipalTag/team}')}", f"arn:aws:{fields[2]}"),
        *(
            f"{beginning}:{name.replace('ada', '${aws:username}')}",
            f"{beginning}:${{aws:username, '{name}'}}",
        ),
        *(
            f"arn:aws:{fields[2]}:{fields[3]}:${{aws:PrincipalAccount}}:{name}",
            f"{beginning}:${{aws:nobody}}",
        ),
    ]
    far = [
        f"{beginning}:other",
        f"{beginning}:{name}/more",
        "arn:aws:ec2:*:*:*",
        f"{beginning}:{name.upper()}",
    ]
    if random.random() < 0.12:
        return {"NotResource": _some(random, [*far, *near[1:]])}
    return {"Resource": _some(random, near) if random.random() < 0.85 else _some(random, far)}


def _principals(random: Random, caller: str, *, denies: bool, trust: bool) -> dict[str, Any]:
    arns = [
        USER,
        ROLE,
        SESSION,
        OTHER_SESSION,
        f"arn:aws:iam::{HERE}:root",
        HERE,
        f"arn:aws:iam::{THERE}:root",
    ]
    if denies and not trust and random.random() < 0.3:
        return {"NotPrincipal": {"AWS": random.sample(arns, random.randint(1, 4))}}
    if caller == SERVICE and random.random() < 0.7:
        return {"Principal": {"Service": random.choice((SERVICE, SERVICE, [SERVICE, "s3.amazonaws.com"]))}}
    if random.random() < 0.3:
        return {"Principal": random.choice(("*", {"AWS": "*"}))}
    own = [USER] if caller == USER else [ROLE, SESSION]
    return {"Principal": {"AWS": _some(random, [*arns, *own, HERE])}}


def _statement(random: Random, effect: str, wish: Wish) -> Statement:
    statement = {"Effect": effect, **_actions(random, wish.action), **_resources(random, wish.resource)}
    return _with_conditions(random, statement)


def _with_conditions(random: Random, statement: Statement) -> Statement:
    conditions = _conditions(random)
    return {**statement, "Condition": conditions} if conditions else statement


def _document(random: Random, statements: list[Statement]) -> Document:
    version = random.choices((*VERSIONS, None), (92, 4, 4))[0]
    return {**({"Version": version} if version else {}), "Statement": statements}


# -- layers -------------------------------------------------------------------------------------------


def _policy(random: Random, wish: Wish, allows: float) -> Document:
    """Of an identity, a boundary, a session or an organization. `allows`: how often it begins with allowing all."""
    statements = [_statement(random, "Allow", wish)]
    if random.random() < allows:
        statements = list(ALL["Statement"])
    if random.random() < 0.45:
        statements.append(_statement(random, random.choice(("Deny", "Deny", "Allow")), wish))
    return _document(random, statements)


def _of_resource(random: Random, caller: str, wish: Wish) -> Document:
    trust = wish.action == TRUST
    statements = []
    for effect in random.choice(
        (("Allow",), ("Allow", "Deny"), ("Allow", "Allow"), ("Allow", "Allow", "Deny"))
    ):
        statement: Statement = {
            "Effect": effect,
            **_principals(random, caller, denies=effect == "Deny", trust=trust),
            **_actions(random, wish.action),
            **({} if trust else _resources(random, wish.resource)),
        }
        statements.append(_with_conditions(random, statement))
    return _document(random, statements)


def _controls(random: Random, wish: Wish) -> Document:
    denial: Statement = {
        "Effect": "Deny",
        "Principal": "*",
        **_actions(random, wish.action, of_controls=True),
        **_resources(random, wish.resource),
    }
    return {"Version": VERSIONS[0], "Statement": [_with_conditions(random, denial)]}


def _some_levels(random: Random, often: float, draw: Any) -> tuple[tuple[Document, ...], ...]:
    if random.random() > often:
        return ()
    return tuple(draw() for _ in range(random.randint(1, 2)))


def a_case(random: Random) -> Case:
    action, template = random.choice(WISHES)
    owner = THERE if random.random() < 0.25 and action not in WITHOUT_POLICY else HERE
    wish = Wish(action, action, template.format(owner), owner)
    caller = random.choices((USER, SESSION, SERVICE), (45, 47, 8))[0]
    if action in (*WITHOUT_POLICY, TRUST) and caller == SERVICE:
        caller = SESSION
    keys = {key: random.choice(values) for key, values in GIVEN.items() if random.random() < 0.6}
    if action.startswith("s3:"):  # a bucket has these where it was told to use them
        keys.pop("aws:ResourceTag/team", None)
    if caller == SERVICE:
        asking = Caller(caller, SERVICE, keys=keys)
    else:
        in_session = caller == SESSION and random.random() < 0.4
        asking = Caller(
            caller,
            caller,
            tuple(_policy(random, wish, 0.6) for _ in range(random.randint(0, 2))),
            {**keys, "aws:PrincipalArn": ROLE if caller == SESSION else USER},
            ROLE if caller == SESSION else None,
            _policy(random, wish, 0.6) if random.random() < 0.3 else None,
            _policy(random, wish, 0.6) if in_session else None,
            _some_levels(random, 0.35, lambda: (_policy(random, wish, 0.9),)),
        )
    policy = controls = None
    if action not in WITHOUT_POLICY and (wish.needs_its_policy or random.random() < 0.65):
        policy = _of_resource(random, caller, wish)
    if action.split(":")[0] not in WITHOUT_CONTROLS:
        controls = _some_levels(random, 0.25, lambda: (_controls(random, wish),))
    drawn = Wish(action, action, wish.resource, owner, policy, {}, controls or ())
    return Case(asking, drawn, allowed=False)


def cases(random: Random, many: int) -> list[Case]:
    return [a_case(random) for _ in range(many)]
