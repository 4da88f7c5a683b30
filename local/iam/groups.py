"""UpdateGroup with a new path and no new name, which moto ignores.

https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateGroup.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.iam.models import IAMBackend

if TYPE_CHECKING:
    from local.engine import Engine


def install(engine: Engine) -> None:
    def update(
        backend: IAMBackend, group_name: str, new_group_name: str | None, new_path: str | None
    ) -> None:
        group = backend.get_group(group_name)
        update_in_moto(backend, group_name, new_group_name, new_path)
        group.path = new_path or group.path

    update_in_moto = engine.patch(IAMBackend, "update_group", update)
