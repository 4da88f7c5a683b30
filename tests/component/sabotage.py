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
    """Something done behind Groundwork's back: the resource and the words by which a plan must name it. `besides` are
    further resources that nobody can leave alone who does this."""

    name: str
    do: Callable[[World, Account], object]
    resource: str
    words: str
    severity: str = "medium"
    besides: tuple[str, ...] = ()


def words(changes: Iterable[Change]) -> list[str]:
    return [f"{change.action} {change.resource}: {change.reason}" for change in changes]


def differences(changes: Iterable[Change]) -> list[Change]:
    """Without reports, in an order of their own: two lists of the same differences are equal."""
    return sorted((change for change in changes if change.action != "report"), key=Change.model_dump_json)


def prove_complete(world: World, component: Component[Any], account: Account, **given: Any) -> list[Change]:
    """The plan tells all that apply then does, and nothing is left to do. Returns what was done."""
    planned = differences(world.plan(component, account, **given))
    done = differences(world.apply(component, account, **given))
    assert words(done) == words(planned)
    assert done == planned
    assert differences(world.plan(component, account, **given)) == []
    return done


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
    assert differences(world.plan(component, account, **given)) == []
    sabotage.do(world, account)
    assert portrait() != before, "nothing was sabotaged"
    planned = differences(world.plan(component, account, **given))
    assert {change.resource for change in planned} == {sabotage.resource, *sabotage.besides}, words(planned)
    assert sabotage.words in " ".join(words(planned))
    assert sabotage.severity in {change.severity for change in planned}
    assert differences(world.apply(component, account, **given)) == planned
    mark = len(world.aws.calls)
    assert differences(world.apply(component, account, **given)) == []
    assert [call.operation for call in world.calls_since(mark) if call.mutating] == []
    assert portrait() == before


def used_and_declared(
    world: World, component: Component[Any], mark: int = 0
) -> tuple[frozenset[str], frozenset[str]]:
    """The IAM actions that this component's sessions used since `mark`, and those that it declares."""
    names = {f"groundwork-{component.name}", f"groundwork-{component.name}-reads"}
    # A session inside an account, or a role of the management account: both stand in the principal's ARN.
    used = {
        action
        for at, principal, action in world.allowed
        if at >= mark and not names.isdisjoint(principal.split("/"))
    }
    declared = {
        action for permission in (*component.reads, *component.writes) for action in permission.actions
    }
    return frozenset(used), frozenset(declared)
