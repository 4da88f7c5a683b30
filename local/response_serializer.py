"""Adapter: moto's response serializer gives the answers that it always gives, but does not work out the same twice.

For each member of each structure moto tries up to a dozen names that the value might have in its own objects,
and works these names out every time; what they are follows from the member and the kind of object. For each date
in text it asks dateutil, which understands any spelling; nearly all dates are in ISO 8601.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core import serialize
from moto.core.serialize import AttributePickerContext, ResponseSerializer, XFormedAttributePicker

if TYPE_CHECKING:
    from local.engine import Engine

# What `datetime.fromisoformat` and dateutil read alike.
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def install(engine: Engine) -> None:
    # Codes such as AccessDenied are common to all services; no service's model has them.
    warnings.filterwarnings("ignore", message="Exception.* does not match an error shape")
    _install_names(engine)
    _install_dates(engine)


def _install_names(engine: Engine) -> None:
    known: dict[tuple[Any, str, type], tuple[str, ...]] = {}
    keys: dict[tuple[Any, str], frozenset[str]] = {}

    def names(picker: Any, context: AttributePickerContext) -> Iterable[str]:
        member = context.shape, context.key
        found = known.get((*member, type(context.obj)))
        if found is None:
            found = known[*member, type(context.obj)] = tuple(dict.fromkeys(work_out(picker, context)))
            if type(context.obj) is dict and not any("." in name for name in found):  # a path, with a dot
                keys[member] = frozenset(found)
        return found

    def value(serializer: Any, holder: Any, key: str, shape: Any) -> Any:
        """Most members of a structure are absent, and of a dict one sees that without trying each name."""
        if type(holder) is dict and not serializer._value_picker.response_transformers:
            possible = keys.get((shape, key))
            if possible is not None and possible.isdisjoint(holder):
                return None
        return pick(serializer, holder, key, shape)

    work_out = engine.patch(XFormedAttributePicker, "get_possible_keys", names)
    pick = engine.patch(ResponseSerializer, "get_value", value)


def _install_dates(engine: Engine) -> None:
    def parsed(value: Any) -> datetime:
        if isinstance(value, str) and ISO_8601.fullmatch(value):
            try:
                read = datetime.fromisoformat(value)
            except ValueError:
                return parse(value)  # type: ignore[no-any-return]
            return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
        return parse(value)  # type: ignore[no-any-return]

    parse = engine.patch(serialize, "parse_to_aware_datetime", parsed)
