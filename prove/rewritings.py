"""Policies that say the same in other words, and policies that do not: drawn at random, with requests that could tell
them apart. Groundwork's comparison must hold with what two evaluators see."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any

from prove.asked import Caller, Case, Keys, Wish

Document = dict[str, Any]
Statement = dict[str, Any]

OWNER, FRIEND, STRANGER = "111111111111", "222222222222", "999999999999"
ORGANIZATION, PEOPLE = "aws:PrincipalOrgID", "aws:PrincipalArn"
ACTIONS = ("s3:GetObject", "s3:GetObjectTagging", "s3:PutObject", "s3:DeleteObject")
PATTERNS = ("s3:*", "s3:Get*", "s3:GetObject*", "s3:?etObject", "s3:*Object", *ACTIONS)
BUCKETS = ("arn:aws:s3:::logs/a", "arn:aws:s3:::logs/b/c", "arn:aws:s3:::other/a")
RESOURCES = ("*", "arn:aws:s3:::*", "arn:aws:s3:::logs/*", "arn:aws:s3:::logs/?", *BUCKETS)
ARNS = tuple(
    f"arn:aws:iam::{account}:{who}" for account in (OWNER, FRIEND, STRANGER) for who in ("user/ada", "role/x")
)
NAMED = (*(f"arn:aws:iam::{account}:root" for account in (OWNER, FRIEND, STRANGER)), *ARNS, "*")
VALUES: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    ORGANIZATION: (("StringEquals", ("o-ours", "o-theirs")), ("StringNotEquals", ("o-ours", "o-theirs"))),
    PEOPLE: (("ArnLike", (f"arn:aws:iam::{FRIEND}:*", *ARNS)), ("ArnNotEquals", ARNS)),
    "aws:SecureTransport": (("Bool", ("true", "false")), ("BoolIfExists", ("true", "false"))),
    "aws:SourceIp": (("IpAddress", ("10.0.0.0/8", "10.1.0.0/16")), ("NotIpAddress", ("10.1.0.0/16",))),
    "aws:PrincipalTag/team": (("StringLike", ("data*", "data", "web")), ("StringNotLike", ("data*", "web"))),
    "aws:MultiFactorAuthAge": (("NumericLessThan", ("10", "100")), ("NumericEquals", ("10", "7"))),
}
GIVEN: Mapping[str, tuple[str, ...]] = {
    "aws:SecureTransport": ("true", "false"),
    "aws:SourceIp": ("10.1.2.3", "10.2.3.4", "192.0.2.1"),
    "aws:PrincipalTag/team": ("data", "database", "web"),
    "aws:MultiFactorAuthAge": ("7", "10", "50"),
}


# -- policies -----------------------------------------------------------------------------------------


def a_policy(random: Random) -> Document:
    return {"Version": "2012-10-17", "Statement": [_statement(random) for _ in range(random.randint(1, 3))]}


def _statement(random: Random) -> Statement:
    statement: Statement = {
        "Effect": random.choice(("Allow", "Allow", "Deny")),
        "Principal": {"AWS": _some(random, NAMED)},
        random.choice(("Action", "Action", "NotAction")): _some(random, PATTERNS),
        random.choice(("Resource", "Resource", "NotResource")): _some(random, RESOURCES),
    }
    if conditions := _conditions(random):
        statement["Condition"] = conditions
    return statement


def _conditions(random: Random) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for key in random.sample(list(VALUES), random.choice((0, 0, 1, 2))):
        operator, values = random.choice(VALUES[key])
        block.setdefault(operator, {})[key] = _some(random, values)
    return block


def _some(random: Random, values: tuple[str, ...]) -> list[str]:
    return random.sample(values, random.randint(1, min(2, len(values))))


# -- the same in other words --------------------------------------------------------------------------


def rewritten(random: Random, document: Document) -> Document:
    """What AWS takes as the same policy."""
    copied: Document = json.loads(json.dumps(document))
    said = copied["Statement"]
    for _ in range(random.randint(1, 4)):
        random.choice(REWRITINGS)(random, said)
    random.shuffle(said)
    for number, statement in enumerate(said):
        if random.random() < 0.3:
            statement["Sid"] = f"Said{number}"
    copied["Statement"] = said[0] if len(said) == 1 and random.random() < 0.5 else said
    if random.random() < 0.3:
        copied["Version"] = "2008-10-17"
    if random.random() < 0.3:
        copied["Id"] = "another"
    return dict(random.sample(list(copied.items()), len(copied)))


def _single(random: Random, said: list[Statement]) -> None:
    """A list of one as a value."""
    for place, key in _lists(random.choice(said)):
        if len(place[key]) == 1:
            place[key] = place[key][0]


def _order(random: Random, said: list[Statement]) -> None:
    for place, key in _lists(random.choice(said)):
        random.shuffle(place[key])


def _twice(random: Random, said: list[Statement]) -> None:
    for place, key in _lists(random.choice(said)):
        place[key] = [*place[key], random.choice(place[key])]


def _narrower_besides(random: Random, said: list[Statement]) -> None:
    """What is within what is said already."""
    statement = random.choice(said)
    if "s3:*" in _listed(statement.get("Action", [])):
        statement["Action"] = [*_listed(statement["Action"]), random.choice(ACTIONS)]
    if "*" in _listed(statement.get("Resource", [])):
        statement["Resource"] = [*_listed(statement["Resource"]), random.choice(BUCKETS)]


def _letters(random: Random, said: list[Statement]) -> None:
    """Actions and condition keys in another case."""
    statement = random.choice(said)
    for key in ("Action", "NotAction"):
        if key in statement:
            statement[key] = [
                each.upper() if random.random() < 0.5 else each for each in _listed(statement[key])
            ]
    for operator, keys in statement.get("Condition", {}).items():
        statement["Condition"][operator] = {key.lower(): values for key, values in keys.items()}


def _account(random: Random, said: list[Statement]) -> None:
    """An account by its id, everybody without a type."""
    statement = random.choice(said)
    if isinstance(statement["Principal"], dict):
        names = [
            each.split(":")[4] if each.endswith(":root") else each
            for each in _listed(statement["Principal"]["AWS"])
        ]
        statement["Principal"] = "*" if names == ["*"] else {"AWS": names}


def _apart(random: Random, said: list[Statement]) -> None:
    """A statement of two values as two statements."""
    number = random.randrange(len(said))
    statement = said[number]
    for key in random.sample(("Action", "Resource"), 2):
        values = _listed(statement.get(key, []))
        if len(values) > 1:
            said[number : number + 1] = [
                {**json.loads(json.dumps(statement)), key: [value]} for value in values
            ]
            return


def _again(random: Random, said: list[Statement]) -> None:
    said.append(json.loads(json.dumps(random.choice(said))))


def _operators(random: Random, said: list[Statement]) -> None:
    """Operators that ask the same."""
    block = random.choice(said).get("Condition", {})
    for operator, other in (
        ("ArnLike", "ArnEquals"),
        ("ArnNotEquals", "ArnNotLike"),
        ("StringEquals", "StringLike"),
        ("StringNotEquals", "StringNotEqualsIfExists"),
        ("StringNotLike", "StringNotLikeIfExists"),
        ("NotIpAddress", "NotIpAddressIfExists"),
    ):
        if operator in block and other not in block:
            block[other] = block.pop(operator)


def _booleans(random: Random, said: list[Statement]) -> None:
    for operator, keys in random.choice(said).get("Condition", {}).items():
        for key, values in keys.items():
            if operator.startswith("Bool"):
                keys[key] = [each == "true" if isinstance(each, str) else each for each in _listed(values)]
            if operator.startswith("Numeric"):
                keys[key] = [int(each) for each in _listed(values)]


def _bare(random: Random, said: list[Statement]) -> None:
    random.choice(said).setdefault("Condition", {})


REWRITINGS: tuple[Callable[[Random, list[Statement]], None], ...] = (
    _single, _order, _twice, _narrower_besides, _letters, _account, _apart, _again, _operators, _booleans, _bare,
)  # fmt: skip


# -- perhaps not the same -----------------------------------------------------------------------------


def changed(random: Random, document: Document) -> Document:
    """Another policy, which may still say the same."""
    copied: Document = json.loads(json.dumps(document))
    said, number = copied["Statement"], random.randrange(len(copied["Statement"]))
    fresh = _statement(random)
    match random.randrange(5):
        case 0:
            said.append(fresh)
        case 1 if len(said) > 1:
            del said[number]
        case 2:
            said[number]["Principal"] = fresh["Principal"]
        case 3:
            said[number].pop("Condition", None)
            said[number] |= {"Condition": fresh["Condition"]} if "Condition" in fresh else {}
        case _:
            kept = {key: said[number][key] for key in ("Effect", "Principal")}
            said[number] = {**fresh, **kept}
    return copied


def _lists(statement: Statement) -> Iterator[tuple[dict[str, Any], str]]:
    """Every list of values, by where it stands."""
    places: list[dict[str, Any]] = [statement, *statement.get("Condition", {}).values()]
    if isinstance(statement["Principal"], dict):
        places.append(statement["Principal"])
    for place in places:
        yield from ((place, key) for key, value in place.items() if isinstance(value, list))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# -- requests -----------------------------------------------------------------------------------------

ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


def requests(random: Random, many: int) -> list[tuple[Caller, Wish]]:
    return [_request(random) for _ in range(many)]


def _request(random: Random) -> tuple[Caller, Wish]:
    arn = random.choice(ARNS)
    account = arn.split(":")[4]
    session = (
        arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/s" if ":role/" in arn else arn
    )
    given = {key: random.choice(values) for key, values in GIVEN.items() if random.random() < 0.7}
    keys: Keys = {ORGANIZATION: "o-theirs" if account == STRANGER else "o-ours", PEOPLE: arn, **given}
    identity = (ALL,) if random.random() < 0.5 else ()
    role = arn if session != arn else None
    caller = Caller(arn, session, identity, keys, role)
    return caller, Wish("reach a bucket", random.choice(ACTIONS), random.choice(BUCKETS), OWNER)


def cases(document: Document, asked: list[tuple[Caller, Wish]]) -> list[Case]:
    """The requests, put to a resource with this policy."""
    return [
        Case(
            caller,
            Wish(wish.words, wish.action, wish.resource, wish.owner, document, wish.keys),
            allowed=False,
        )
        for caller, wish in asked
    ]
