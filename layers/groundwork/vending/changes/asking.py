"""What becomes of a request to change an account: refused before anything is touched, or claimed by one execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from groundwork.aws.organizations import Listed
from groundwork.contracts import ChangeRequest, ChangeRequested, Changes, StartedByHand
from groundwork.errors import AccountNotReady, InvalidRequest, RequestInProgress
from groundwork.fields import EXPIRES_TAG, MOST_TAGS, NEVER, OWN_TAGS, is_below, shown
from groundwork.ledger.records import Memory
from groundwork.vending.beginning import Beginning, done, is_ready, require_active, require_staying
from groundwork.vending.kinds import PROTECTED_TAG, declared_as
from groundwork.vending.rules import mistakes_of_day, mistakes_of_unit, name_of_another
from groundwork.vending.work import Wish, Work

MOST_LETTERS = 4_000
"""Of the tags of one change, which travel through the state machine and are told in words, too."""
SHOWN_LATE_SECONDS = 4 * 3600
"""For which AWS may show an account's former name.

https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-update-acct-name.html
"""


class ChangeAsked(Beginning):
    """What becomes of `Account Change Requested`, and of a start that says the same."""

    def _change_requested(self, trigger: ChangeRequested, execution: str) -> Work:
        asked = trigger.asked
        self._check_allowed()
        listed, tags, memory = self._meant(asked)
        work = self._change(asked, listed, tags, memory, execution, trigger.request_id)
        self._check_approvals(asked, listed, memory)
        other = self._ledger.changes.take(trigger.request_id, execution, self._executions.is_running)
        if other:
            return done(work, "in-progress", f"{other} carries out this event, or has.")
        self._claim_new_name(asked, listed, memory)
        return work

    def _meant(self, asked: ChangeRequest) -> tuple[Listed, Mapping[str, str], Memory]:
        account_id = asked.account_id
        if account_id is None and asked.email is None:
            raise InvalidRequest("accountId is missing; say which account, by accountId or by email.")
        if account_id is None:
            memory = self._directory.recall(self._management, [asked.email or ""])
            holder = self._directory.holder(asked.email or "", memory)
            if holder is None:
                raise InvalidRequest(
                    f"email {shown(asked.email)} is that of no account of this organization."
                )
            account_id = holder.id
        listed, tags = self._organizations.shown(account_id)
        if asked.email and asked.email.lower() != listed.email.lower():
            raise InvalidRequest(
                f"email {shown(asked.email)} is not that of account {listed.id}, which has {listed.email!r}; an account is its "
                "id: leave email out, or correct one of the two."
            )
        return listed, tags, self._memory_of(listed, [asked.account_name] if asked.account_name else [])

    def _change(
        self,
        asked: Changes,
        listed: Listed,
        tags: Mapping[str, str],
        memory: Memory,
        execution: str,
        request_id: str | None,
    ) -> Work:
        """The work, where nothing stands against it; nothing is claimed yet."""
        require_active(listed)
        require_staying(listed, tags)
        record = memory.requests.get(listed.email.lower())
        if record and record.state != "ready" and self._is_busy(record, execution):
            raise RequestInProgress(f"{record.owner} works on the request that made account {listed.id}.")
        if mistakes := [*self._mistaken_change(asked, listed, tags, memory)]:
            raise InvalidRequest(" ".join(mistakes))
        if not is_ready(tags):
            raise AccountNotReady(f"Account {listed.id} ({listed.name!r}) has not reached its baseline yet.")
        wish = Wish(
            account_name=asked.account_name,
            organizational_unit=asked.organizational_unit,
            tags={key: value for key, value in asked.tags.items() if value is not None},
            untag=[key for key, value in asked.tags.items() if value is None],
            expires=asked.expires,
        )
        work = self._baseline(listed, tags, execution, request_id, memory)
        return work.model_copy(update={"route": "change", "wish": wish, "seen": None})

    def _changed_by_start(
        self, trigger: StartedByHand, listed: Listed, tags: Mapping[str, str], memory: Memory, execution: str
    ) -> Work:
        if trigger.components:
            raise InvalidRequest(
                "components stands beside a change, which is followed by the whole baseline; leave it out."
            )
        if trigger.mode == "apply":
            self._check_allowed()
        work = self._change(trigger, listed, tags, memory, execution, None)
        if trigger.mode == "apply":
            self._claim_new_name(trigger, listed, memory)
        return work.model_copy(update={"mode": trigger.mode})

    # -- what is refused ---------------------------------------------------------------------------

    def _check_allowed(self) -> None:
        if not self._declaration.changes.allowed:
            raise InvalidRequest(
                "Accounts are not changed here; baseline.yaml must say changes: {allowed: true}. A start with mode: plan tells "
                "what would be changed."
            )

    def _mistaken_change(
        self, asked: Changes, listed: Listed, tags: Mapping[str, str], memory: Memory
    ) -> Iterator[str]:
        kind, who = self._kind(listed, memory), f"{listed.name!r} ({listed.id})"
        if kind == "management":
            yield f"accountId {listed.id} is the management account, which is never changed; name another."
            return
        if not asked.some:
            yield "Nothing is to be changed; give accountName, organizationalUnit, tags or expires."
        if asked.kind and asked.kind != kind:
            yield (
                f"kind {asked.kind!r} is not that of {who}, which is {kind!r}: baseline.yaml alone says of which kind an account "
                "is; leave kind out."
            )
        letters = sum(len(key) + len(value or "") for key, value in asked.tags.items())
        if letters > MOST_LETTERS:
            yield f"tags hold {letters} characters, keys and values together; ask for at most {MOST_LETTERS} at once."
        yield from self._mistaken_name(asked, listed, memory)
        yield from self._mistaken_place(asked, listed, memory)
        if asked.expires and asked.expires != NEVER:
            yield from mistakes_of_day(asked.expires, kind, self._declaration)
            if PROTECTED_TAG in tags:
                yield f"expires {shown(asked.expires)} is not for {who}: it has the tag {PROTECTED_TAG}, and is never closed; leave expires out."
        own = {key for key in tags if key not in OWN_TAGS} | asked.tags.keys()
        own |= {EXPIRES_TAG} if asked.expires else set()
        left = own - {key for key, value in asked.tags.items() if value is None}
        if len(left) > MOST_TAGS:
            yield f"tags leave {who} with {len(left)} tags of its own; AWS allows 50 and Groundwork sets {len(OWN_TAGS)}: take some off."

    def _mistaken_name(self, asked: Changes, listed: Listed, memory: Memory) -> Iterator[str]:
        name = asked.account_name
        if name is None or name == listed.name:
            return
        if not self._declaration.changes.renaming:
            yield (
                f"accountName {name!r} is not that of account {listed.id}; accounts are renamed where baseline.yaml says "
                "changes: {renaming: true}."
            )
            return
        own = declared_as(listed, self._declaration, memory.pinned or {})
        if own and own.name != name:
            yield f"accountName {name!r} is not that of {own.name!r} in baseline.yaml; change it there first."
        elif not own and (mistake := name_of_another(name, self._declaration)):
            yield mistake
        elif bearer := self._bearer(name, listed.email, memory):
            yield f"accountName {name!r} is that of {bearer}; choose another name."

    def _mistaken_place(self, asked: Changes, listed: Listed, memory: Memory) -> Iterator[str]:
        unit = asked.organizational_unit
        own = declared_as(listed, self._declaration, memory.pinned or {})
        home = own.organizational_unit if own else None
        if unit and home and unit != home:
            yield (
                f"organizationalUnit {unit!r} is not that of {listed.name!r}; baseline.yaml declares {home!r}: change it there "
                "first."
            )
        elif unit:
            given = {"organizationalUnit": unit, "createOrganizationalUnit": asked.create_organizational_unit}
            yield from mistakes_of_unit(given, self._declaration)

    def _check_approvals(self, asked: ChangeRequest, listed: Listed, memory: Memory) -> None:
        """A request for a new account in that unit would wait for somebody's approval, and a change would pass it by."""
        unit = asked.organizational_unit
        if unit is None or unit == self._organizations.path_of(listed.unit_ids, memory.units):
            return
        guarded = self._declaration.approvals.organizational_units
        if above := next((each for each in guarded if is_below(unit.casefold(), each.casefold())), None):
            raise InvalidRequest(
                f"organizationalUnit {unit!r}: an account in {above!r} needs an approval, and nobody approves a change; have it "
                "moved by somebody who may start groundwork-vend-account."
            )

    def _claim_new_name(self, asked: Changes, listed: Listed, memory: Memory) -> None:
        name = asked.account_name
        if name is None or name == listed.name:
            return
        noted = memory.names.get(name.casefold())
        if not self._ledger.claim_name(name, listed.email, noted, SHOWN_LATE_SECONDS):
            raise RequestInProgress(f"Another execution has just asked for an account of the name {name!r}.")
