"""Policy documents compared by meaning: AWS returns them in another order, and lists of one as single values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from groundwork.policy_files import Document, statements


def canonical(value: Any) -> Any:
    """The same for two values that mean the same in a policy document."""
    if isinstance(value, Mapping):
        return {key: canonical(part) for key, part in value.items()}
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        parts = sorted((canonical(part) for part in value), key=_text)
        return parts[0] if len(parts) == 1 else parts
    return value


def differences(found: Document | None, wanted: Document) -> str:
    """In words, by statement id, what sets `found` apart from `wanted`; empty when they mean the same."""
    if found is None:
        return "has no policy"
    if canonical(found) == canonical(wanted):
        return ""
    there, expected = _by_id(found), _by_id(wanted)
    words = [
        *(f"lacks the statement {name}" for name in sorted(expected.keys() - there.keys())),
        *(f"holds the foreign statement {name}" for name in sorted(there.keys() - expected.keys())),
        *(
            f"has another statement {name} than declared"
            for name in sorted(expected.keys() & there.keys())
            if there[name] != expected[name]
        ),
    ]
    return "policy " + (", ".join(words) or "is written differently")


def _by_id(document: Document) -> dict[str, str]:
    return {
        str(statement.get("Sid") or f"number {number}"): _text(canonical(statement))
        for number, statement in enumerate(statements(document), 1)
    }


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
