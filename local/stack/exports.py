"""Adapter: what stacks of one account and Region export to each other. moto would delete what others import, and has no
ListImports.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ListImports.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, cloudformation_backends
from moto.cloudformation.parsing import Export
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from local.stack.errors import ExportInUse, StackError

if TYPE_CHECKING:
    from local.engine import Engine

PAGE = 100


def install(engine: Engine) -> None:
    engine.patch(CloudFormationBackend, "list_exports", _list_exports)
    engine.add(CloudFormationResponse, "list_imports", _list_imports)


class Neighbours:
    """The other stacks of a stack's account and Region."""

    def __init__(self, account: str, region: str, stack_id: str) -> None:
        self._account, self._region, self._own = account, region, stack_id

    def value(self, name: str) -> str:
        """What Fn::ImportValue stands for. A stack does not import from itself."""
        for stack in self._others():
            if name in stack.deployment.exports:
                return str(stack.deployment.exports[name])
        raise StackError(f"No export named {name} found.")

    def importers(self, name: str) -> list[str]:
        return importers(self._others(), name)

    def admit(self, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        """Refuse what another stack exports already, and a change of what another one imports."""
        for name in after.keys() - before.keys():
            for stack in self._others():
                if name in stack.deployment.exports:
                    raise StackError(f"Export with name {name} is already exported by stack {stack.name}.")
        for name, value in before.items():
            if after.get(name) != value and (users := self.importers(name)):
                change = "update" if name in after else "delete"
                raise in_use(change, name, users)

    def _others(self) -> list[Any]:
        stacks = cloudformation_backends[self._account][self._region].stacks.values()
        return [stack for stack in stacks if stack.stack_id != self._own]


def in_use(change: str, name: str, users: list[str]) -> ExportInUse:
    """In AWS's words of today, of an update and of DeleteStack alike: https://github.com/aws/aws-cdk/issues/33395,
    https://github.com/aws-samples/generative-ai-use-cases/issues/1232. Until about 2021 they were others."""
    return ExportInUse(
        f"{change.capitalize()} canceled. Cannot {change} export {name} as it is in use by {' and '.join(users)}."
    )


def importers(stacks: list[Any], name: str) -> list[str]:
    return [stack.name for stack in stacks if name in stack.deployment.imports]


def _list_exports(backend: Any, tokenstr: str | None) -> tuple[list[Export], str | None]:
    exports = [
        Export(stack.stack_id, name, value)
        for stack in backend.stacks.values()
        for name, value in stack.deployment.exports.items()
    ]
    start = int(tokenstr or 0)
    end = start + PAGE
    return exports[start:end], str(end) if end < len(exports) else None


def _list_imports(response: Any) -> ActionResult:
    name = response._get_param("ExportName")
    named = importers(list(response.cloudformation_backend.stacks.values()), name)
    if not named:
        raise ValidationError(message=f"Export '{name}' is not imported by any stack.")
    return ActionResult({"Imports": named})
