"""The owner's YAML, read."""

from __future__ import annotations

from typing import Any

from groundwork.errors import InvalidDeclaration
from groundwork.fields import shown


def parsed(text: str, file: str) -> Any:
    """Raises `InvalidDeclaration`, which names the file, for what is no YAML, and where a key stands twice."""
    import yaml  # where it is needed: its import takes as long as that of the whole domain

    class Loader(yaml.SafeLoader):
        """YAML lets a key stand twice, and the last one win."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
            if twice := next((key for key in keys if keys.count(key) > 1), None):
                line = node.start_mark.line + 1
                raise InvalidDeclaration(
                    f"{file}: line {line}: holds the key {shown(twice)} twice; remove one."
                )
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, Loader)  # noqa: S506 - it is a SafeLoader
    except yaml.YAMLError as broken:
        raise InvalidDeclaration(f"{file}: is no YAML: {' '.join(str(broken).split())}.") from None
