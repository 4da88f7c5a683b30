"""The fields of what is asked for and declared, each with what AWS and Groundwork demand of it, in words."""

from __future__ import annotations

import re
import reprlib
import unicodedata
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field

from groundwork.tags import OWN_TAGS

NEVER = "never"

MOST_TAGS = 50 - len(OWN_TAGS)
DEEPEST_UNIT = 5
LONGEST_UNIT_NAME = 128


_BRIEFLY = reprlib.Repr()
_BRIEFLY.maxstring = _BRIEFLY.maxother = 200


def shown(value: Any) -> str:
    """A value as it may stand in a sentence: quoted, on one line, never long, however deep it goes. Letters and signs are
    themselves; what changes its neighbours or cannot be seen is escaped."""
    text = "".join(map(_escaped, _BRIEFLY.repr(value)))
    return text if len(text) <= 80 else f"{text[:77]}..."


def _escaped(character: str) -> str:
    if character.isascii() or unicodedata.category(character)[0] in "LNPS":
        return character
    return character.encode("ascii", "backslashreplace").decode()


def _plain(value: str) -> str:
    """What is only a name here, and would be more than that in a policy, a template or a page."""
    if value.lower().startswith("arn:"):
        raise ValueError("is an ARN; give a name")
    if sign := next((each for each in value if each in "*?{}<>$"), None):
        raise ValueError(
            f"holds {sign}, which stands for something else in policies and templates; leave it out"
        )
    return value


def _account_name(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty; give the account a name of 1 to 50 characters")
    if value != value.strip():
        raise ValueError("has spaces around it; remove them")
    if len(value) > 50:
        raise ValueError(f"has {len(value)} characters; AWS allows at most 50")
    if not re.fullmatch(r"[ -~]+", value):
        raise ValueError("may hold printable ASCII characters only; remove the others")
    return value


_LOCAL_PART = re.compile(r"""(?!\.)[!#$*+\-./0-9=?@A-Z^_`a-z{}~]+""")
_DOMAIN = re.compile(r"(?=.*\.)[A-Za-z0-9](?:[A-Za-z0-9.\-]*[A-Za-z0-9])?")


def _email(value: str) -> str:
    """As Organizations demands of a root user's e-mail.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
    """
    if not value.strip():
        raise ValueError("is empty; give the root user an e-mail address of its own")
    if not 6 <= len(value) <= 64:
        raise ValueError(f"has {len(value)} characters; AWS takes 6 to 64")
    local, at, domain = value.rpartition("@")
    if (
        not at
        or "@" in local
        or not _LOCAL_PART.fullmatch(local)
        or not _DOMAIN.fullmatch(domain)
        or ".." in domain
    ):
        raise ValueError("is no e-mail address that AWS accepts; write it like aws+dev@example.com")
    return value


def unit_path(value: str) -> str:
    """A path of organizational units below the root, `Workloads/Development`."""
    names = value.split("/")
    if len(names) > DEEPEST_UNIT:
        raise ValueError(f"is {len(names)} levels deep; AWS allows {DEEPEST_UNIT} below the root")
    for name in names:
        if not name.strip():
            raise ValueError(
                "has an empty segment; write it like Workloads/Development, without slashes at its ends"
            )
        if name != name.strip():
            raise ValueError(f"has spaces around the segment {shown(name)}; remove them")
        if name in (".", ".."):
            raise ValueError(f"has the segment {name}; write the whole path from the root down")
        if len(name) > LONGEST_UNIT_NAME:
            raise ValueError(f"has a segment of {len(name)} characters; AWS allows {LONGEST_UNIT_NAME}")
        if not name.isprintable():
            raise ValueError(f"has unprintable characters in the segment {shown(name)}; remove them")
    return value


def ancestors(unit: str) -> list[str]:
    """A unit's path and those above it, topmost first."""
    names = unit.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def is_below(unit: str, ancestor: str) -> bool:
    return unit == ancestor or unit.startswith(f"{ancestor}/")


def _is_tag_text(text: str) -> bool:
    return all(
        each in "_.:/=+-@" or unicodedata.category(each)[0] in "LN" or _is_space(each) for each in text
    )


def _is_space(character: str) -> bool:
    return unicodedata.category(character) == "Zs"


def check_tag(key: str, text: str) -> None:
    """Raises ValueError for lengths and characters that no service takes in a tag."""
    if not 1 <= len(key) <= 128:
        raise ValueError(f"holds a key of {len(key)} characters ({shown(key)}); AWS takes 1 to 128")
    if len(text) > 256:
        raise ValueError(
            f"holds a value of {len(text)} characters at the key {shown(key)}; AWS takes at most 256"
        )
    if not _is_tag_text(key) or not _is_tag_text(text):
        raise ValueError(
            f"holds a character AWS does not take at the key {shown(key)}; use letters, digits, spaces and _.:/=+-@"
        )


def check_tags(value: dict[str, str]) -> dict[str, str]:
    """Of an account, besides Groundwork's own. Raises ValueError."""
    if len(value) > MOST_TAGS:
        raise ValueError(
            f"holds {len(value)} tags; AWS allows 50 and Groundwork sets {len(OWN_TAGS)}: give at most {MOST_TAGS}"
        )
    return _of_requesters(value)


def _of_requesters(value: dict[str, Any]) -> dict[str, Any]:
    """Tags that are nobody's but the requester's. None stands for one that is to be taken off."""
    for key, text in value.items():
        prefix = key.partition(":")[0].lower()
        if prefix == "groundwork" and ":" in key:
            raise ValueError(
                f"holds the key {shown(key)}; keys that begin with groundwork: are Groundwork's own, choose another"
            )
        if prefix == "aws" and ":" in key:
            raise ValueError(
                f"holds the key {shown(key)}; keys that begin with aws: are reserved by AWS, choose another"
            )
        check_tag(key, text or "")
    return value


def _day(value: str) -> str:
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value, re.ASCII):
            return date.fromisoformat(value).isoformat()
    except ValueError as impossible:
        raise ValueError(f"is no day of the calendar: {impossible}; write one like 2026-12-31") from None
    raise ValueError("is no day; write it like 2026-12-31, which begins at 00:00 UTC")


def _day_or_never(value: str) -> str:
    return value if value == NEVER else _day(value)


def is_id(value: str) -> bool:
    """Whether it is written as an account's id."""
    return re.fullmatch(r"[0-9]{12}", value, re.ASCII) is not None


def _account_id(value: str) -> str:
    if not is_id(value):
        raise ValueError("is no account id; an account id has exactly 12 digits")
    return value


def at_most(longest: int) -> AfterValidator:
    """Of a contact: a text of so many characters, as AWS takes it."""

    def check(value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; give one")
        if len(value) > longest:
            raise ValueError(f"has {len(value)} characters; AWS takes {longest}: shorten it")
        return value

    return AfterValidator(check)


def _contact_email(value: str) -> str:
    if not re.fullmatch(r"[\w+=.#|!&-]+@[\w.-]+\.\w+", value, re.ASCII):
        raise ValueError("is no e-mail address that AWS takes; write it like security@example.com")
    return value


def _contact_phone(value: str) -> str:
    if not re.fullmatch(r"[ 0-9()+-]+", value):
        raise ValueError("may hold digits, spaces and ()+- only; write it like +41 44 123 45 67")
    return value


def _primary_phone(value: str) -> str:
    if not re.fullmatch(r"[+][ 0-9()-]+", value):
        raise ValueError(
            "must begin with + and hold digits, spaces and ()- only; write it like +41 44 123 45 67"
        )
    return value


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError("is no country code of two capital letters (ISO 3166-1); write it like CH")
    return value


def _event_id(value: str) -> str:
    """It becomes a tag of the account."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", value):
        raise ValueError("is no event's id; it has 1 to 64 letters, digits and hyphens")
    return value


def _creation_id(value: str) -> str:
    if not re.fullmatch(r"car-[a-z0-9]{8,32}", value):
        raise ValueError("is no id of a CreateAccount request; it is written like car-0123456789abcdef")
    return value


Some = TypeVar("Some", list[Any], dict[str, Any])


def _some(value: Some) -> Some:
    """What somebody computed and found nothing: not to be taken for everything."""
    if not value:
        raise ValueError("is empty; name some, or leave it out to have all")
    return value


NotEmpty = AfterValidator(_some)

Whole = Annotated[int, Field(strict=False)]
"""A number that JSONata has had in hand, which may write 2 as 2.0 or as 2E0."""


AccountName = Annotated[str, AfterValidator(_account_name)]
Email = Annotated[str, AfterValidator(_email)]
UnitPath = Annotated[str, AfterValidator(unit_path)]
NewName = Annotated[AccountName, AfterValidator(_plain)]
NewEmail = Annotated[Email, AfterValidator(_plain)]
NewUnitPath = Annotated[UnitPath, AfterValidator(_plain)]
"""As a requester may write them. What is in AWS or in the declaration already may be called otherwise."""
Tags = Annotated[dict[str, str], AfterValidator(check_tags)]
ChangedTags = Annotated[dict[str, str | None], AfterValidator(_of_requesters)]
Day = Annotated[str, AfterValidator(_day)]
DayOrNever = Annotated[str, AfterValidator(_day_or_never)]
AccountId = Annotated[str, AfterValidator(_account_id)]
EventId = Annotated[str, AfterValidator(_event_id)]
CreationId = Annotated[str, AfterValidator(_creation_id)]
ContactEmail = Annotated[str, at_most(254), AfterValidator(_contact_email)]
ContactPhone = Annotated[str, at_most(25), AfterValidator(_contact_phone)]
PrimaryPhone = Annotated[str, at_most(20), AfterValidator(_primary_phone)]
CountryCode = Annotated[str, AfterValidator(_country)]
