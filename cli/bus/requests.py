"""Accounts that are asked for: read from a file, and compared with what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.trouble import Trouble
from groundwork.callers import SOURCE
from groundwork.contracts import (
    CHANGE_REQUESTED,
    REQUESTED,
    AccountRequest,
    ChangeRequest,
    read_trigger,
)
from groundwork.declaration.aws_names import did_you_mean
from groundwork.errors import InvalidRequest
from groundwork.fields import ancestors, shown
from groundwork.tags import EXPIRES_TAG

if TYPE_CHECKING:
    from cli.connection import Connection
    from cli.inventory import Entry

FIELDS = {"name": "accountName"}
"""Of a file, where it calls a field otherwise than the event."""
NOBODY = "00000000-0000-0000-0000-000000000000"


@dataclass
class Difference:
    """What was asked for and is otherwise: by field, asked and there."""

    entry: Entry
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)


def read_request(detail: Mapping[str, Any], where: str = "") -> AccountRequest:
    """Raises `Trouble` that names field, value and remedy."""
    asked: AccountRequest = _asked(REQUESTED, detail, where)
    return asked


def read_change(detail: Mapping[str, Any]) -> ChangeRequest:
    """As `read_request`."""
    asked: ChangeRequest = _asked(CHANGE_REQUESTED, detail)
    return asked


def _written(value: Any) -> Any:
    """A day as it stands in the file: YAML makes a date of it."""
    return value.isoformat() if type(value) is date else value


def _asked(detail_type: str, detail: Mapping[str, Any], where: str = "") -> Any:
    try:
        trigger = read_trigger({"id": NOBODY, "source": SOURCE, "detail-type": detail_type, "detail": detail})
    except InvalidRequest as wrong:
        raise Trouble(f"{where}{wrong}") from None
    return trigger.asked  # type: ignore[union-attr]  # by its detail type


def key_and_value(text: str) -> tuple[str, str]:
    """Of a tag as it is given."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise Trouble(f"--tag {text!r} is no tag.", "Write it as key=value.")
    return key, value


def read_contacts(path: Path) -> dict[str, Any]:
    """By type, as the event has them. Raises `Trouble`; none quotes what stands there."""
    import yaml

    try:
        raw = yaml.safe_load(path.read_text())
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}.", "Name a YAML file of contacts.") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise Trouble(f"{path} is no YAML.", "Correct it there.") from None
    if not isinstance(raw, dict) or not raw:
        raise Trouble(f"{path} holds no contact.", "It must have security, operations, billing or primary.")
    return raw


def read_file(path: Path) -> list[AccountRequest]:
    """A mapping with the key `accounts`, or a list: of each account what the event may hold, `name` for `accountName`.
    Raises `Trouble`."""
    import yaml

    try:
        raw = yaml.safe_load(path.read_text())
    except OSError as error:
        raise Trouble(f"{path} cannot be read: {error.strerror}.", "Name a YAML file of accounts.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Trouble(f"{path} is no YAML: {' '.join(str(error).split())}.", "Correct it there.") from None
    listed = raw.get("accounts") if isinstance(raw, dict) and raw.keys() <= {"accounts"} else raw
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed) or not listed:
        raise Trouble(
            f"{path} holds {shown(raw)}.",
            "It must be a list under `accounts:`, each with name and email, like events/accounts.yaml.",
        )
    if any("DetailType" in each for each in listed):
        raise Trouble(
            f"{path} holds events as they are put on the bus.",
            f"Post them by aws events put-events --entries file://{path}, or write the accounts like events/accounts.yaml.",
        )
    found = [
        read_request(
            {FIELDS.get(key, key): _written(value) for key, value in each.items()},
            f"{path}, account {number}: ",
        )
        for number, each in enumerate(listed, 1)
    ]
    for key in ("email", "account_name"):
        values = [str(getattr(each, key)).lower() for each in found]
        if twice := next((each for each in values if values.count(each) > 1), None):
            raise Trouble(f"{path} asks for {shown(twice)} twice.", "Remove one of the two accounts.")
    return found


def compared(
    aws: Connection, asked: Sequence[AccountRequest], there: Sequence[Entry]
) -> tuple[list[AccountRequest], list[Difference]]:
    """What is missing, and what is there, with what of it differs."""
    by_email = {each.email.lower(): each for each in there}
    missing = [each for each in asked if each.email.lower() not in by_email]
    client = aws.client("organizations")
    differences = [
        Difference(entry, dict(_differing(each, entry, client)))
        for each in asked
        if (entry := by_email.get(each.email.lower()))
    ]
    return missing, differences


def _differing(asked: AccountRequest, entry: Entry, client: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    if asked.account_name != entry.name:
        yield "name", (asked.account_name, entry.name)
    if asked.organizational_unit is not None and asked.organizational_unit != entry.unit:
        yield "organizationalUnit", (asked.organizational_unit, entry.unit)
    if asked.tags or asked.expires:
        pages = client.get_paginator("list_tags_for_resource").paginate(ResourceId=entry.account_id)
        tags = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        for key, value in asked.tags.items():
            if tags.get(key) != value:
                yield f"tag {key}", (value, tags.get(key))
        if asked.expires not in (None, tags.get(EXPIRES_TAG)):
            yield "expires", (asked.expires, tags.get(EXPIRES_TAG))


def unknown_units(aws: Connection, asked: Sequence[AccountRequest]) -> dict[str, str]:
    """Units that are asked for and that are not there, each with what it may have been meant to be."""
    from groundwork.aws.organizations import Organizations

    wanted = sorted({each.organizational_unit for each in asked if each.organizational_unit})
    if not wanted:
        return {}
    client = aws.client("organizations")
    (root,) = client.list_roots()["Roots"]
    organizations = Organizations(client)
    known = organizations.units(root["Id"], wanted)
    missing = [path for path in wanted if path not in known]
    beside = {path: _beside(client, root["Id"], known, path) for path in missing}
    return {path: did_you_mean(path, names) for path, names in beside.items()}


def _beside(client: Any, root: str, known: Mapping[str, str], path: str) -> list[str]:
    """The paths of the units beside the deepest part of a path that is there."""
    above = [each for each in ancestors(path) if each in known]
    parent, prefix = (known[above[-1]], f"{above[-1]}/") if above else (root, "")
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=parent)
    return [f"{prefix}{unit['Name']}" for page in pages for unit in page["OrganizationalUnits"]]
