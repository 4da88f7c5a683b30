"""What every component's tests share: a sabotage is named by the plan, mended by apply, and nothing is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from groundwork.baseline.component import Component
from groundwork.contracts import Account, Change
from tests.component.conftest import World


@dataclass(frozen=True)
class Sabotage:
    """Something done behind Groundwork's back: the resource and the words by which a plan must name it. `besides` are
    further resources that nobody can leave alone who does this; those of its parts, whose names AWS makes up, end with
    `parts`. `{account}` stands for the account's id."""

    name: str
    do: Callable[[World, Account], object]
    resource: str
    words: str
    severity: str = "medium"
    besides: tuple[str, ...] = ()
    parts: str = ""

    def within(self, account: Account) -> Sabotage:
        def filled(text: str) -> str:
            return text.replace("{account}", account.id)

        besides = tuple(map(filled, self.besides))
        return replace(self, resource=filled(self.resource), words=filled(self.words), besides=besides)


def some_of(catalogue: Sequence[Sabotage], *, most: int = 8) -> st.SearchStrategy[list[Sabotage]]:
    """Any of them together, in the catalogue's order."""
    chosen = st.sets(st.sampled_from(range(len(catalogue))), min_size=1, max_size=most)
    return chosen.map(lambda numbers: [catalogue[number] for number in sorted(numbers)])


def independent(catalogue: Sequence[Sabotage], *, most: int = 8) -> st.SearchStrategy[list[Sabotage]]:
    """Several of them, no two on one resource, in any order."""
    return st.lists(
        st.sampled_from(catalogue), min_size=1, max_size=most, unique_by=lambda each: each.resource
    )


def words(changes: Iterable[Change]) -> list[str]:
    return [f"{change.action} {change.resource}: {change.reason}" for change in changes]


def reports(changes: Iterable[Change]) -> list[str]:
    return words(change for change in changes if change.action == "report")


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
    prove_all(world, component, account, [sabotage], portrait, **given)


def prove_all(
    world: World,
    component: Component[Any],
    account: Account,
    sabotages: Iterable[Sabotage],
    portrait: Callable[[], Any],
    **given: Any,
) -> None:
    """`prove` for several at once, none of which undoes another."""
    expected = [each.within(account) for each in sabotages]
    before = portrait()
    assert differences(world.plan(component, account, **given)) == []
    for each in expected:
        each.do(world, account)
    assert portrait() != before, "nothing was sabotaged"
    planned = differences(world.plan(component, account, **given))
    named = {resource for each in expected for resource in (each.resource, *each.besides)}
    parts = tuple(each.parts for each in expected if each.parts)
    whole = {change.resource for change in planned if not (parts and change.resource.endswith(parts))}
    assert whole == named, words(planned)
    for each in expected:
        its = [change for change in planned if change.resource in (each.resource, *each.besides)]
        assert each.words in " ".join(words(its)), words(its)
        assert each.severity in {change.severity for change in its}, its
    assert differences(world.apply(component, account, **given)) == planned
    mark = len(world.aws.calls)
    assert differences(world.apply(component, account, **given)) == []
    written = [
        call.operation
        for call in world.calls_since(mark)
        if call.mutating and _is_of(component, call.principal_arn)
    ]
    assert written == []
    assert portrait() == before


def used_and_declared(
    world: World, component: Component[Any], mark: int = 0
) -> tuple[frozenset[str], frozenset[str]]:
    """The IAM actions that this component's sessions used since `mark`, and those that it declares."""
    used = {action for at, principal, action in world.allowed if at >= mark and _is_of(component, principal)}
    declared = {
        action
        for permission in (*component.reads, *component.reads_in_plan, *component.writes)
        for action in permission.actions
    }
    return frozenset(used), frozenset(declared)


def _is_of(component: Component[Any], principal: str | None) -> bool:
    """A session inside an account, or a role of the management account: both stand in the principal's ARN."""
    names = {f"groundwork-{component.name}", f"groundwork-{component.name}-reads"}
    return not names.isdisjoint((principal or "").split("/"))
