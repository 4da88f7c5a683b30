"""What every component's tests share: a sabotage is named by the plan, mended by apply, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from groundwork.baseline.component import Component
from groundwork.contracts import Account, Change
from tests.component.conftest import World


@dataclass(frozen=True)
class Sabotage:
    """Something done behind Groundwork's back: the resource and the words by which a plan must name it."""

    name: str
    do: Callable[[World, Account], object]
    resource: str
    words: str
    severity: str = "medium"


def words(changes: Iterable[Change]) -> list[str]:
    return [f"{change.action} {change.resource}: {change.reason}" for change in changes]


def prove(
    world: World,
    component: Component[Any],
    account: Account,
    sabotage: Sabotage,
    portrait: Callable[[], Any],
    **given: Any,
) -> None:
    """The plan names exactly this sabotage, apply mends exactly this, a third run writes nothing, and the account holds
    what it held before, by AWS's own answers (`portrait`)."""
    before = portrait()
    assert [change for change in world.plan(component, account, **given) if change.action != "report"] == []
    sabotage.do(world, account)
    assert portrait() != before, "nothing was sabotaged"
    differences = [change for change in world.plan(component, account, **given) if change.action != "report"]
    assert {change.resource for change in differences} == {sabotage.resource}, words(differences)
    assert sabotage.words in " ".join(words(differences))
    assert sabotage.severity in {change.severity for change in differences}
    mended = [change for change in world.apply(component, account, **given) if change.action != "report"]
    assert mended == differences
    mark = len(world.aws.calls)
    assert [change for change in world.apply(component, account, **given) if change.action != "report"] == []
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    assert portrait() == before


def used_and_declared(
    world: World, component: Component[Any], mark: int
) -> tuple[frozenset[str], frozenset[str]]:
    """The IAM actions that this component's sessions used since `mark`, and those that it declares."""
    session = f"/groundwork-{component.name}"
    used = {
        call.action
        for call in world.aws.calls[mark:]
        if call.principal_arn and call.principal_arn.endswith(session) and call.verdict == "allowed"
    }
    declared = {
        action for permission in (*component.reads, *component.writes) for action in permission.actions
    }
    return frozenset(used), frozenset(declared)
