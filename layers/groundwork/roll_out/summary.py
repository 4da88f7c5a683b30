"""What became of a roll-out: one summary, in words and as data, and whether somebody must be told."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from groundwork.contracts import Change, Mode, Model
from groundwork.declaration import Declaration
from groundwork.errors import RollOutFailed, RollOutStopped, remedy_for
from groundwork.notifications.notices import Notice, with_chat
from groundwork.rendering import held_to, sentence, worst_first
from groundwork.roll_out.outcomes import REMEDY, Outcome, not_done, outcome_of
from groundwork.roll_out.store import Store
from groundwork.vending.outcome import Failure, in_words

log = logging.getLogger("groundwork")

LONGEST_DIFFERENCES = 100_000
LONGEST_REPORTS = 30_000
LONGEST_FAILURES = 50_000
LONGEST_MESSAGE = 20_000
LONGEST_IDS = 10_000
"""Characters. All of it travels in one state of at most 262,144 bytes; an SNS message may be as long."""
STOPPED = "States.ExceedToleratedFailureThreshold"


class Ended(Model):
    """How the roll-out ends: its output, or its failure; and whom to tell."""

    output: dict[str, Any]
    notice: Notice | None = None
    failure: Failure | None = None

    def told(self, *, for_chat: bool) -> Ended:
        """As the state machine tells it; `for_chat`, also in the form for a chat."""
        if self.notice is None or not for_chat:
            return self
        return self.model_copy(update={"notice": with_chat(self.notice)})


class Summarizer:
    def __init__(self, store: Store, declaration: Declaration) -> None:
        self._store = store
        self._declaration = declaration

    def summarize(self, mode: Mode, failure: Failure | None) -> Ended:
        """`failure` is what ended the Map State early. Writes the whole to the store."""
        known = {each.account_id: each for each in self._outcomes()}
        if failure:
            known = {each.account_id: each for each in self._not_begun()} | known
        outcomes = sorted(known.values(), key=lambda each: each.account_id)
        whole = self._whole(mode, outcomes)
        self._store.write(self._store.summary_key, whole)
        report = self._report(whole, outcomes)
        failed = [each for each in outcomes if each.failed]
        ending = _ending(failure, failed, whole["accounts"])
        drifted = mode == "plan" and any(each.is_ours and each.changes for each in outcomes)
        for_people = any(each.is_ours and each.for_people for each in outcomes)
        must_tell = failed or ending or drifted or for_people
        return Ended(
            output=_held(whole, outcomes) | report,
            notice=_notice(mode, outcomes, ending, whole["results"]) if must_tell else None,
            failure=ending,
        )

    def _whole(self, mode: Mode, outcomes: Sequence[Outcome]) -> dict[str, Any]:
        skipped: dict[str, str] = self._store.read(self._store.skipped_key)
        counts = Counter(each.outcome for each in outcomes) + Counter({"skipped": len(skipped)})
        components = Counter(change.component for each in outcomes for change in each.changes)
        reports = Counter(change.component for each in outcomes for change in each.for_people)
        return {
            "mode": mode,
            "declaration": self._declaration.version,
            "accounts": dict(sorted(counts.items())),
            "changesByComponent": dict(sorted(components.items())),
            "reportsByComponent": dict(sorted(reports.items())),
            "differences": {each.account_id: _json(each.changes) for each in outcomes if each.changes},
            "reports": {each.account_id: _json(each.reports) for each in outcomes if each.reports},
            "failures": {each.account_id: _failure(each) for each in outcomes if each.failed},
            "unplanned": {
                each.account_id: _failure(each) for each in outcomes if each.error and not each.is_ours
            },
            "inProgress": {each.account_id: each.busy for each in outcomes if each.busy},
            "behind": [each.account_id for each in outcomes if each.is_ours and each.declaration.behind],
            "skipped": skipped,
            "results": f"s3://{self._store.bucket}/{self._store.summary_key}",
        }

    def _report(self, whole: Mapping[str, Any], outcomes: Sequence[Outcome]) -> dict[str, str]:
        """Where the page is that shows it; nothing where it could not be written. A picture of a roll-out is no reason
        for it to fail."""
        try:
            from groundwork.roll_out.showing import shown  # no other function shows anything

            page = shown(self._store.name, whole, outcomes, self._declaration)
            self._store.write_page(self._store.report_key, page)
        except Exception:
            log.exception("The report could not be written")
            return {}
        return {"report": f"s3://{self._store.bucket}/{self._store.report_key}"}

    def _outcomes(self) -> Iterator[Outcome]:
        for status, child in self._store.outcomes():
            yield outcome_of(status, child)

    def _not_begun(self) -> Iterator[Outcome]:
        """Accounts of later stages are in no results."""
        for item in self._store.read(self._store.accounts_key):
            yield not_done(item)


def not_begun(failure: Failure) -> Ended:
    """How a roll-out ends that came to no account: its input was wrong, or AWS failed it."""
    words = in_words(failure.cause)
    told = Failure(error=failure.error, cause=f"{words}{REMEDY}{remedy_for(failure.error)}")
    notice = Notice(subject="Groundwork: the roll-out failed", message=told.cause)
    return Ended(output={}, notice=notice, failure=told)


def _failure(outcome: Outcome) -> dict[str, str]:
    return {"error": str(outcome.error), "cause": outcome.cause, "remedy": outcome.remedy}


def _json(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [change.to_json() for change in changes]


def _bare(changes: Iterable[Change]) -> list[Change]:
    """Without the calls, which are in the store."""
    return held_to(LONGEST_DIFFERENCES // 4, [change.model_copy(update={"call": None}) for change in changes])


# -- all of them -----------------------------------------------------------------------------------


def _held(whole: dict[str, Any], outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """As much of it as an execution's output has room for."""
    bare = {each.account_id: _json(_bare(each.changes)) for each in outcomes if each.changes}
    reports = {each.account_id: _json(_bare(each.for_people)) for each in outcomes if each.for_people}
    held = whole | _fitting("differences", LONGEST_DIFFERENCES, bare)
    held |= _fitting("reports", LONGEST_REPORTS, reports)
    held |= _fitting("failures", LONGEST_FAILURES, whole["failures"])
    held |= _fitting("unplanned", LONGEST_IDS, whole["unplanned"])
    held |= _fitting("inProgress", LONGEST_IDS, whole["inProgress"])
    held |= _fitting("skipped", LONGEST_IDS, whole["skipped"])
    behind = _fitting("behind", LONGEST_IDS, dict.fromkeys(whole["behind"]))
    return held | behind | {"behind": list(behind["behind"])}


def _fitting(name: str, limit: int, parts: Mapping[str, Any]) -> dict[str, Any]:
    """As many of the parts, by account id, as there is room for; how many more there are is said beside them."""
    fits: dict[str, Any] = {}
    for account_id, part in parts.items():
        limit -= len(json.dumps(part)) + len(account_id)
        if limit < 0:
            break
        fits[account_id] = part
    left_out = len(parts) - len(fits)
    return {name: fits} | ({f"{name}LeftOut": left_out} if left_out else {})


def _ending(failure: Failure | None, failed: list[Outcome], counts: Mapping[str, int]) -> Failure | None:
    if failure is None:
        return None
    done = sum(counts.values()) - counts.get("not-done", 0) - counts.get("skipped", 0)
    if failure.error == STOPPED:
        names = ", ".join(each.account_id for each in failed[:20])
        cause = (
            f"{len(failed)} of the {done} accounts done so far failed ({names}), a larger share of all than is "
            f"tolerated; {counts.get('not-done', 0)} accounts were not done."
        )
        return Failure(error=RollOutStopped.__name__, cause=f"{cause}{REMEDY}{RollOutStopped.remedy}")
    cause = f"{failure.error}: {in_words(failure.cause)}"
    return Failure(error=RollOutFailed.__name__, cause=f"{cause}{REMEDY}{RollOutFailed.remedy}")


def _notice(mode: Mode, outcomes: list[Outcome], ending: Failure | None, results: str) -> Notice:
    lines = [*([ending.cause, ""] if ending else []), *_lines(outcomes)]
    message = ""
    for number, line in enumerate(lines):
        if len(message) > LONGEST_MESSAGE:
            message += f"... and {len(lines) - number} more lines.\n"
            break
        message += f"{line}\n"
    if any(each.is_ours and each.for_people for each in outcomes):
        message += "\nWhat is left to you, Groundwork changes in no roll-out: decide, and do it by hand.\n"
    if mode == "plan":
        message += (
            "\nNothing was changed. To repair them all, start groundwork-roll-out; to repair one, start "
            'groundwork-vend-account with {"accountId": "<its id>"}.\n'
        )
    return Notice(subject=_subject(mode, outcomes)[:100], message=f"{message}\nEverything: {results}")


def _subject(mode: Mode, outcomes: list[Outcome]) -> str:
    ours = [each for each in outcomes if each.is_ours]
    differing = sum(1 for each in ours if each.differs)
    left = sum(1 for each in ours if each.for_people)
    failed = sum(1 for each in ours if each.failed)
    parts = [f"{differing} of {len(ours)} accounts differ from their baseline"] if mode == "plan" else []
    parts += [f"{failed} failed" if parts else f"{failed} of {len(ours)} accounts failed"] if failed else []
    parts += [f"{left} need a decision of yours"] if left else []
    return f"Groundwork: {', '.join(parts) or 'a roll-out stopped'}"


def _lines(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """The accounts with the worst first."""
    told = [each for each in outcomes if each.is_ours and (each.changes or each.for_people or each.error)]
    for each in sorted(told, key=_badness):
        yield f"{each.account_name} {each.account_id}: {each.outcome}".strip()
        yield from (f"  {sentence(change)}" for change in worst_first([*each.changes, *each.for_people]))
        if each.error:
            yield f"  {each.error}: {each.cause} {each.remedy}"
    if strangers := sum(1 for each in outcomes if not each.is_ours and each.changes):
        yield f"And {strangers} accounts that were there before Groundwork, and that nobody has adopted."


def _badness(outcome: Outcome) -> tuple[bool, int, str]:
    worst = sum(change.severity == "high" for change in (*outcome.changes, *outcome.reports))
    return outcome.error is None, -worst, outcome.account_id
