"""Adapter: StackSets with service-managed permissions, which deploy to the accounts of organizational units, by themselves to
those that come into one as well. moto's make stacks of accounts that are listed, at once, and ask nobody for anything.

Those with permissions of their owner's stay moto's. What is not embedded is refused: single accounts as targets, parameters of
single accounts, drift of a StackSet, stopping an operation.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from moto.cloudformation import responses

from local.organizations import Organizations

from .model import StackSet
from .operations import NEW, OPERATIONS, Asked, StackSets
from .working import follow_the_organization

if TYPE_CHECKING:
    from local.engine import Engine

CHANGES_OF_PLACE = ("move_account", "_new_account", "_part_with")


def install(engine: Engine) -> None:
    kept: StackSets = {}
    owner = responses.CloudFormationResponse

    def answered(ours: Callable[[Asked], Any], theirs: Callable[[Any], Any] | None) -> Any:
        def answer(response: Any) -> Any:
            asked = Asked(engine, kept, response)
            return theirs(response) if theirs and asked.is_about_others else ours(asked)

        return answer

    for name, ours in OPERATIONS.items():
        engine.patch(owner, name, answered(ours, vars(owner)[name]))
    for name, ours in NEW.items():
        engine.add(owner, name, answered(ours, None))

    def following(place: str) -> Any:
        change = getattr(Organizations, place)

        def changed(self: Any, *given: Any, **named: Any) -> Any:
            answer = change(self, *given, **named)
            own: list[StackSet] = [
                each
                for (account, _), sets in kept.items()
                if account == self.account_id
                for each in sets.values()
            ]
            if own:
                engine.in_background(follow_the_organization, engine, iter(own))
            return answer

        return changed

    for place in CHANGES_OF_PLACE:
        engine.patch(Organizations, place, following(place))
