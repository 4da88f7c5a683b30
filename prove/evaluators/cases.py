"""Requests to IAM and the policies that decide about them, drawn at random: every condition operator, with IfExists and
set operators, policy variables, negated elements, and every layer that a policy can be in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from prove.asked import Caller, Case, Wish

Document = dict[str, Any]
Statement = dict[str, Any]
Drawn = TypeVar("Drawn")

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
    "aws:PrincipalTag/team": ("team", "team", "web", "Team", "TEAM", "*", "*", "YWI=", "", ""),
    "aws:username": ("ada", "eve"),
    "aws:ResourceTag/team": ("team", "web"),
    "aws:PrincipalArn": (USER, ROLE, f"arn:aws:iam::{THERE}:role/x"),
    "aws:SourceArn": (
        f"arn:aws:sns:eu-west-1:{HERE}:orders",
        f"arn:aws:events:eu-west-1:{THERE}:rule/a",
        f"arn:aws:lambda:eu-west-1:{HERE}:function:work",
    ),
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
TEXTS = ("team", "web", "Team", "TEAM", "te*", "t?am", "T*", "o-ours", "o-*", "ada", "*", "", "YWI=")
VARIABLES = (
    "${aws:username}", "${aws:PrincipalTag/team}", "${aws:username, 'team'}", "${aws:PrincipalTag/team, 'ada'}",
    "${aws:PrincipalTag/nobody}", "${aws:ResourceTag/team}", "${*}", "${?}eam", "te${*}", "${aws:TagKeys}",
)  # fmt: skip
ARNS = (
    USER, ROLE, f"arn:aws:iam::{HERE}:*", f"arn:aws:iam::{HERE}:role/*", "arn:aws:iam::*:role/team/?pp", "arn:aws:iam::*",
    f"arn:*:iam::{HERE}:user/team/ada", f"arn:aws:sns:*:{HERE}:orders", f"arn:aws:*:*:{HERE}:*", "arn:aws:sns:eu-*:*",
    f"arn:aws:iam::{HERE}:user/team/${{aws:username}}", "arn:aws:lambda:eu*1:function:work", f"arn:aws:lambda:*:{HERE}:*k",
)  # fmt: skip
SETS: Mapping[str, Sequence[str]] = {
    "aws:TagKeys": ("cost", "team", "c*", "web"),
    "aws:PrincipalOrgPaths": ("o-ours/r-1/*", "o-ours/*", "o-theirs/r-2/"),
    "aws:CalledVia": ("athena.amazonaws.com", "*.amazonaws.com", "dynamodb.amazonaws.com"),
}
STRING_KEYS = (
    "aws:PrincipalOrgID",
    *(f"aws:PrincipalTag/{tag}" for tag in ("team", "no")),
    "aws:username",
    "aws:ResourceTag/team",
)
STRINGS = tuple(f"String{name}" for name in ("Equals", "Like", "EqualsIgnoreCase"))
NEGATED_STRINGS = tuple(name.replace("String", "StringNot") for name in STRINGS)
ORDERED = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
FAMILIES: Sequence[tuple[Sequence[str], Sequence[str], Sequence[Any]]] = (
    (STRING_KEYS, STRINGS + NEGATED_STRINGS, TEXTS),
    (STRING_KEYS, STRINGS + NEGATED_STRINGS, VARIABLES),
    (EMPTY[1:], STRINGS + NEGATED_STRINGS, (*TEXTS, *VARIABLES)),
    (("aws:PrincipalArn", "aws:SourceArn"), ("ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"), ARNS),
    (("aws:PrincipalArn",), ("ArnLike", "ArnNotLike"), ("arn:aws:iam::*", f"arn:aws:*:{HERE}:*", *ARNS[:2])),
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
    (EMPTY[1:], STRINGS + NEGATED_STRINGS, ("${*}", "${*}eam")),
    (("aws:username",), STRINGS + NEGATED_STRINGS, ("${aws:PrincipalTag/team, 'ada'}", "${aws:PrincipalTag/team, 'eve'}")),
    (("aws:PrincipalTag/team",), ("BinaryEquals",), ("YWI=", "dGVhbQ==")),
)  # fmt: skip


def _condition(random: Random) -> tuple[str, str, list[Any]]:
    """An operator, a key and its values."""
    kind = random.random()
    if kind < 0.12:
        key = random.choice([*GIVEN, *EMPTY, *EMPTY, *EMPTY, "aws:PrincipalTag/no"])
        return "Null", key, [random.choice(("true", "false", True))]
    if kind < 0.3:
        key = random.choice([*SETS, EMPTY[1]])
        operator = random.choice(STRINGS + NEGATED_STRINGS)
        quantifier = random.choice(("ForAnyValue:", "ForAllValues:", ""))
        return f"{quantifier}{operator}{_if_exists(random)}", key, _some(random, SETS.get(key, TEXTS))
    keys, operators, values = random.choice(FAMILIES)
    quantifier = random.choice(("ForAnyValue:", "ForAllValues:")) if random.random() < 0.15 else ""
    operator = f"{quantifier}{random.choice(operators)}{_if_exists(random)}"
    return operator, random.choice(keys), _some(random, values)


def _if_exists(random: Random) -> str:
    return "IfExists" if random.random() < 0.25 else ""


def _conditions(random: Random) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(random.choice((0, 0, 1, 1, 1, 2))):
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
    patterns = (f"{name[:3]}*", f"?{name[1:]}", name.lower(), "*")
    near = [action, *(f"{service}:{pattern}" for pattern in patterns)]
    far = ["ec2:*", f"{service}:Tag*", "s3:GetObjectTagging"]
    if of_controls:
        return {"Action": _some(random, near)}
    if random.random() < 0.12:
        return {"NotAction": _some(random, [*far, *near[:1], *near[-1:]])}
    return {"Action": _some(random, [*near, "*"]) if random.random() < 0.85 else _some(random, far)}


def _resources(random: Random, resource: str) -> dict[str, Any]:
    fields = resource.split(":", 5)
    beginning, name = ":".join(fields[:5]), fields[5]
    service, region, owner = fields[2:5]
    near = [
        *("*", resource, f"{beginning}:{name[:-1]}*", f"{beginning}:{name[:-1]}?", f"{beginning}:*"),
        *(
            f"arn:*:{service}:{region}:{owner}:{name}",
            f"arn:aws:{service}:*:*:{name}",
            f"{beginning}:*{name[-4:]}",
        ),
        *(
            f"arn:aws:{service}",
            f"arn:aws:{service}:*",
            f"{beginning}:{name.replace('ada', '${aws:username}')}",
        ),
        f"{beginning}:{name.replace('team', '${aws:PrincipalTag/team}')}",
        *(f"{beginning}:${{aws:username, '{name}'}}", f"{beginning}:${{aws:nobody}}"),
        f"arn:aws:{service}:{region}:${{aws:PrincipalAccount}}:{name}",
    ]
    if ":" in name:  # fields stay fields
        near.append(f"arn:aws:{service}:{region[:2]}*{owner[-1:]}:{name}")
    far = [f"{beginning}:{each}" for each in ("other", f"{name}/more", name.upper())] + ["arn:aws:ec2:*:*:*"]
    if random.random() < 0.15:
        return {"NotResource": _some(random, [*far, *near[1:]])}
    return {"Resource": _some(random, near) if random.random() < 0.85 else _some(random, far)}


def _principals(random: Random, caller: str, *, denies: bool, trust: bool) -> dict[str, Any]:
    arns = [
        USER,
        ROLE,
        SESSION,
        OTHER_SESSION,
        HERE,
        *(f"arn:aws:iam::{account}:root" for account in (HERE, THERE)),
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


def _several(random: Random, draw: Callable[[], Drawn]) -> tuple[Drawn, ...]:
    return tuple(draw() for _ in range(random.choice((1, 1, 2))))


def _some_levels(
    random: Random, often: float, draw: Callable[[], tuple[Document, ...]]
) -> tuple[tuple[Document, ...], ...]:
    return _several(random, draw) if random.random() < often else ()


def _keys(random: Random, wish: Wish) -> dict[str, str | list[str]]:
    keys = {key: random.choice(values) for key, values in GIVEN.items() if random.random() < 0.6}
    if wish.action.startswith("s3:"):  # a bucket has these where it was told to use them
        keys.pop("aws:ResourceTag/team", None)
    return keys


def _wish(random: Random, others: float) -> Wish:
    """`others`: how often the resource is another account's."""
    action, template = random.choice(WISHES)
    owner = THERE if random.random() < others and action not in WITHOUT_POLICY else HERE
    return Wish(action, action, template.format(owner), owner)


def _turning_on_one(random: Random) -> Case:
    """A request that one statement decides."""
    wish = _wish(random, 0)
    effect = random.choice(("Allow", "Deny"))
    elements = _resources(random, wish.resource) if random.random() < 0.3 else {"Resource": "*"}
    statement = _with_conditions(random, {"Effect": effect, "Action": wish.action, **elements})
    policies = (_document(random, [statement]), *((ALL,) if effect == "Deny" else ()))
    caller = random.choice((USER, SESSION))
    role = ROLE if caller == SESSION else None
    keys = {**_keys(random, wish), "aws:PrincipalArn": role or USER}
    policy = None
    if wish.needs_its_policy:
        trusted = {"Effect": "Allow", "Principal": {"AWS": HERE}, "Action": wish.action}
        of_key = {} if wish.action == TRUST else {"Resource": "*"}
        policy = {"Version": VERSIONS[0], "Statement": [{**trusted, **of_key}]}
    return Case(Caller(caller, caller, policies, keys, role), replace(wish, policy=policy), allowed=False)


def _in_layers(random: Random) -> Case:
    """A request with policies wherever there may be some."""
    wish = _wish(random, 0.25)
    caller = random.choices((USER, SESSION, SERVICE), (45, 47, 8))[0]
    if wish.action in (*WITHOUT_POLICY, TRUST) and caller == SERVICE:
        caller = SESSION
    asking = Caller(caller, caller, keys=_keys(random, wish))
    if caller != SERVICE:
        in_session = caller == SESSION and random.random() < 0.4
        asking = Caller(
            caller,
            caller,
            tuple(_policy(random, wish, 0.6) for _ in range(random.randint(0, 2))),
            {**asking.keys, "aws:PrincipalArn": ROLE if caller == SESSION else USER},
            ROLE if caller == SESSION else None,
            _policy(random, wish, 0.6) if random.random() < 0.3 else None,
            _policy(random, wish, 0.6) if in_session else None,
            _some_levels(random, 0.35, lambda: _several(random, lambda: _policy(random, wish, 0.85))),
        )
    policy, controls = None, wish.resource_controls
    if wish.action not in WITHOUT_POLICY and (wish.needs_its_policy or random.random() < 0.65):
        policy = _of_resource(random, caller, wish)
    if wish.action.split(":")[0] not in WITHOUT_CONTROLS:
        controls = _some_levels(random, 0.25, lambda: _several(random, lambda: _controls(random, wish)))
    return Case(asking, replace(wish, policy=policy, resource_controls=controls), allowed=False)


def cases(random: Random, many: int) -> list[Case]:
    return [random.choice((_turning_on_one, _in_layers, _in_layers))(random) for _ in range(many)]
