"""Making an account, exactly once: look, then ask AWS, then wait for its answer.

https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from groundwork.aws.organizations import IN_PROGRESS_LIMIT, Creation, Listed, Organizations
from groundwork.contracts import Model
from groundwork.errors import (
    AccountNotCreated,
    AccountRefused,
    AccountUnknown,
    CreationFailedForNow,
    CreationSlotsTaken,
    CreationTooFast,
    EmailBelongsToAnotherAccount,
    OrganizationBusy,
    RequestInProgress,
)
from groundwork.ledger import Ledger
from groundwork.ledger.records import RequestRecord
from groundwork.side_by_side import side_by_side
from groundwork.tags import APPROVED_TAG, BASELINE_TAG, CREATING, KIND_TAG, REQUEST_TAG, STATE_TAG
from groundwork.vending.work import Seen, Work

if TYPE_CHECKING:
    from groundwork.declaration import Declaration

ATTEMPTS = 5
TAKEN = "EMAIL_ALREADY_EXISTS"
"""CreateAccount requests for one account that may fail in passing before the failure is taken as final."""


@dataclass(frozen=True)
class Reason:
    """Why AWS refuses an account: in words, and what a person can do about it."""

    meaning: str
    remedy: str
    passing: bool = False


REASONS = {
    "ACCOUNT_LIMIT_EXCEEDED": Reason(
        "the organization has as many accounts as its quota allows (closed ones count until they are gone)",
        "Raise the quota 'Default maximum number of accounts' of AWS Organizations in Service Quotas (in us-east-1, from the management account), then post the event again.",
    ),
    "ACCOUNT_NUMBER_LIMIT_EXCEEDED": Reason(
        "the organization has as many accounts as its quota allows (closed ones count until they are gone)",
        "Raise the quota 'Default maximum number of accounts' of AWS Organizations in Service Quotas (in us-east-1, from the management account), then post the event again.",
    ),
    TAKEN: Reason(
        "the e-mail is the root user's of an AWS account outside this organization",
        "Ask with another e-mail (plus-addressing gives as many as you like), or invite that account into the organization.",
    ),
    "INVALID_EMAIL": Reason(
        "AWS does not accept the e-mail address", "Correct the e-mail address, then post the event again."
    ),
    "INVALID_ADDRESS": Reason(
        "the postal address of the management account is not valid",
        "Correct the contact information of the management account (Account page), then post the event again.",
    ),
    "GOVCLOUD_ACCOUNT_ALREADY_EXISTS": Reason(
        "an account with this e-mail exists in AWS GovCloud (US) already",
        "Ask with another e-mail, or invite the GovCloud account into the organization there.",
    ),
    "MISSING_BUSINESS_VALIDATION": Reason(
        "AWS has not received the business license of the management account's owner",
        "Submit the business license validation in the management account, wait until AWS accepts it, then post the event again.",
    ),
    "FAILED_BUSINESS_VALIDATION": Reason(
        "AWS's validation of the business license failed",
        "Correct the business license of the management account with AWS Support, then post the event again.",
    ),
    "PENDING_BUSINESS_VALIDATION": Reason(
        "AWS is still validating the business license",
        "Wait until AWS has validated the business license of the management account, then post the event again.",
    ),
    "INVALID_IDENTITY_FOR_BUSINESS_VALIDATION": Reason(
        "the identity does not match the business license",
        "Correct the identity of the license holder in the management account with AWS Support, then post the event again.",
    ),
    "UNKNOWN_BUSINESS_VALIDATION": Reason(
        "AWS could not validate the business license, for a reason it does not tell",
        "Open a case with AWS Support from the management account about its business validation, then post the event again.",
    ),
    "MISSING_PAYMENT_INSTRUMENT": Reason(
        "the management account has no payment method",
        "Add a payment method in the management account's billing console, then post the event again.",
    ),
    "INVALID_PAYMENT_INSTRUMENT": Reason(
        "the payment method of the management account is not valid",
        "Replace the payment method in the management account's billing console, then post the event again.",
    ),
    "UPDATE_EXISTING_RESOURCE_POLICY_WITH_TAGS_NOT_SUPPORTED": Reason(
        "the organization's resource-based delegation policy stands against tags at creation",
        "Correct the resource-based delegation policy in AWS Organizations' settings, then post the event again.",
    ),
    "MASTER_ACCOUNT_ADDRESS_DOES_NOT_MATCH_MARKETPLACE": Reason(
        "the management account belongs to another marketplace than its address says",
        "Have AWS Support move the management account to the marketplace of its address, then post the event again.",
    ),
    "MASTER_ACCOUNT_MISSING_CONTACT_INFO": Reason(
        "the management account has no valid contact address and phone number",
        "Complete the contact information of the management account (Account page), then post the event again.",
    ),
    "MASTER_ACCOUNT_MISSING_BUSINESS_LICENSE": Reason(
        "the management account has no valid business license",
        "Submit the business license of the management account with AWS Support, then post the event again.",
    ),
    "MASTER_ACCOUNT_PAYMENT_INSTRUMENT_REQUIRED": Reason(
        "the management account has no payment method",
        "Add a payment method in the management account's billing console, then post the event again.",
    ),
    "UNMET_BILLING_PREREQUISITE": Reason(
        "AWS does not support the management account's billing configuration",
        "Open a case with AWS Support from the management account about its billing, then post the event again.",
    ),
    "TAG_POLICY_VIOLATION": Reason(
        "the tags do not comply with a tag policy of the organization",
        "Ask with tags that the tag policies of the organization allow (Groundwork's own begin with groundwork:), or have those changed.",
    ),
    "MAX_TAG_LIMIT_EXCEEDED": Reason(
        "AWS takes no more tags on an account", "Ask with fewer tags, then post the event again."
    ),
    "AccessDeniedException": Reason(
        "Groundwork may not create accounts here",
        "See that the stack is in the management account, and its role for CreateAccount as it was deployed; then post the event again.",
    ),
    "UnsupportedAPIEndpointException": Reason(
        "AWS does not offer this where Groundwork asks for it",
        "Deploy the stack in the Region that AWS Organizations has its endpoint in (us-east-1), then post the event again.",
    ),
    "CONCURRENT_ACCOUNT_MODIFICATION": Reason(
        "AWS saw the same request twice at once",
        "Post the event again: Groundwork looks for the account first.",
        passing=True,
    ),
    "INTERNAL_FAILURE": Reason(
        "AWS failed internally",
        "Post the event again; if AWS goes on failing, open a case with AWS Support.",
        passing=True,
    ),
}
"""Every FailureReason of CreateAccount, and the reasons and exceptions by which it refuses at once and for good."""


class PendingCreation(Model):
    """A CreateAccount request on its way, or the account that is there already."""

    creation_id: str | None = None
    account_id: str | None = None


class CreatedAccount(Model):
    """The account, and what Organizations shows of it where it has been asked."""

    account_id: str
    seen: Seen | None = None


class Creator:
    def __init__(self, declaration: Declaration, ledger: Ledger, organizations: Organizations) -> None:
        self._declaration = declaration
        self._ledger = ledger
        self._organizations = organizations

    def create(self, work: Work) -> PendingCreation:
        """Ask AWS for the account unless that has been done. Raises `CreationSlotsTaken` while five are in progress,
        `CreationTooFast` when somebody else has used the slot, and `AccountRefused`."""
        record, in_progress = side_by_side(
            lambda: self._record(work), self._organizations.creations_in_progress
        )
        if record.account_id or record.creation_id:
            return PendingCreation(creation_id=record.creation_id, account_id=record.account_id)
        # What was in progress a moment ago, and is no more, this look finds.
        if record.attempts and (existing := self._existing(work)):
            return PendingCreation(account_id=existing)
        if orphan := self._orphan(record, in_progress):
            return self._note(work, orphan)
        if len(in_progress) >= IN_PROGRESS_LIMIT:
            raise CreationSlotsTaken(
                f"AWS is creating {len(in_progress)} accounts, as many as it takes at once."
            )
        if not self._ledger.note_attempt(work.email, work.execution, record.attempts + 1):
            raise RequestInProgress(f"Another execution has taken over the request for {work.email}.")
        tags = {
            KIND_TAG: work.kind,
            STATE_TAG: CREATING,
            REQUEST_TAG: record.request_id,
            BASELINE_TAG: self._declaration.version,
        } | ({APPROVED_TAG: record.approved_by} if record.approved_by else {})
        try:
            creation = self._organizations.create_account(
                work.account_name, work.email, self._declaration.entry_role_names[0], record.tags | tags
            )
        except (CreationSlotsTaken, CreationTooFast, OrganizationBusy):
            # Nothing is on its way, and waiting for a slot is no attempt.
            self._ledger.note_attempt(work.email, work.execution, record.attempts)
            raise
        except ClientError as error:
            code = error.response["Error"]["Code"]
            reason = str(error.response.get("Reason", code))
            if reason in REASONS or code in ("ConstraintViolationException", "InvalidInputException"):
                self._ledger.forget_attempts(work.email, work.execution)
                raise AccountRefused(
                    f"{_why(reason)} AWS says: {error.response['Error']['Message']}"
                ) from error
            raise
        return self._note(work, creation)

    def check(self, work: Work, creating: PendingCreation) -> CreatedAccount:
        """The new account. Raises `AccountNotCreated` while AWS works, `CreationFailedForNow` when it may be
        asked again, and `AccountRefused` when it may not."""
        if creating.account_id:
            return CreatedAccount(account_id=creating.account_id)
        if not creating.creation_id:
            raise AccountNotCreated(f"CreateAccount has not been asked for {work.email} yet.")
        try:
            creation = self._ended(creating.creation_id)
        except CreationFailedForNow:  # forgotten, or shown late: the next attempt looks for its account first
            self._ledger.forget_creation(work.email, creating.creation_id)
            raise
        if creation is None:
            raise AccountNotCreated(
                f"CreateAccount request {creating.creation_id} for {work.email} is in progress."
            )
        if creation.state == "SUCCEEDED" and creation.account_id:
            account_id = creation.account_id
            listed, tags = self._made(account_id)
            if listed.email.lower() != work.email.lower():
                self._ledger.forget_creation(work.email, creation.id)
                raise CreationFailedForNow(
                    f"CreateAccount request {creation.id} was somebody else's, of the same name."
                )
            if not self._ledger.note_account(work.email, account_id):
                known = {"account_id": account_id, "creation_id": creation.id, "state": "created"}
                self._ledger.claim(as_record(work).model_copy(update=known), None)
            return CreatedAccount(account_id=listed.id, seen=Seen(listed=listed, tags=tags))
        return CreatedAccount(account_id=self._failed(work, creation))

    def _ended(self, creation_id: str) -> Creation | None:
        """None while AWS works on it. The list of what is in progress may be asked for more often than a single
        request, and all executions that wait ask."""
        if any(each.id == creation_id for each in self._organizations.creations_in_progress()):
            return None
        creation = self._organizations.creation(creation_id)
        return None if creation.state == "IN_PROGRESS" else creation

    def _made(self, account_id: str) -> tuple[Listed, dict[str, str]]:
        """Organizations may say that an account is made before it shows it."""
        try:
            return self._organizations.shown(account_id)
        except AccountUnknown as early:
            raise AccountNotCreated(f"Account {account_id} is made, and not shown yet: {early}") from early

    def _failed(self, work: Work, creation: Creation) -> str:
        record = self._record(work)
        self._ledger.forget_creation(work.email, creation.id)
        if existing := self._existing(work):  # an earlier attempt of ours made it
            self._ledger.note_account(work.email, existing)
            return existing
        name = creation.reason or "UNKNOWN"
        reason = REASONS.get(name)
        # Whose is an e-mail that is taken when this was not the first attempt? An earlier one may be about to show.
        ours = name == TAKEN and record.attempts > 1
        if reason and (reason.passing or ours) and record.attempts < ATTEMPTS:
            raise CreationFailedForNow(_why(name))
        self._ledger.forget_attempts(work.email, work.execution)
        raise AccountRefused(_why(name) + (self._former(work.email) if name == TAKEN else ""))

    def _former(self, email: str) -> str:
        """Whose an e-mail was that AWS gives to no account any more, where that is known."""
        known = self._ledger.closings.closed_with(email)
        if known is None:
            return ""
        return (
            f" It is that of the account {known['accountId']} ({known['accountName']!r}), which was closed: AWS keeps the "
            "e-mail of a closed account for good."
        )

    def _existing(self, work: Work) -> str | None:
        """The account this request made, when an earlier attempt died before it could write that down. Raises
        `EmailBelongsToAnotherAccount`; nothing of ours is on its way then, and whoever asks next begins anew."""
        listed = self._organizations.by_email(work.email)
        if listed and self._organizations.tags(listed.id).get(REQUEST_TAG) != work.request_id:
            self._ledger.note_email(listed.email, listed.id)
            self._ledger.forget_attempts(work.email, work.execution)
            raise EmailBelongsToAnotherAccount(
                f"email {work.email!r} became that of the account {listed.name!r} ({listed.id}) meanwhile."
            )
        return listed.id if listed else None

    def _orphan(self, record: RequestRecord, in_progress: list[Creation]) -> Creation | None:
        """A request that an earlier attempt of ours may have made and could not write down. Statuses show no e-mail,
        so `check` compares it once the account is there."""
        return (
            next((each for each in in_progress if each.name == record.account_name), None)
            if record.attempts
            else None
        )

    def _record(self, work: Work) -> RequestRecord:
        record = self._ledger.request(work.email)
        if record is None:  # the ledger was lost after this execution had claimed the request
            record = as_record(work)
            if not self._ledger.claim(record, None):
                raise RequestInProgress(f"Another execution has taken over the request for {work.email}.")
        return record

    def _note(self, work: Work, creation: Creation) -> PendingCreation:
        self._ledger.note_creation(work.email, work.execution, creation.id)
        return PendingCreation(creation_id=creation.id)


def as_record(work: Work) -> RequestRecord:
    """What a lost ledger should know of the request that an execution works on. Whether AWS has been asked for the
    account nobody knows then: it counts as one attempt, so that a look comes before the next."""
    return RequestRecord(
        email=work.email,
        account_name=work.account_name,
        kind="workload" if work.kind == "management" else work.kind,
        organizational_unit=work.organizational_unit,
        tags=work.tags,
        request_id=work.request_id or "",
        owner=work.execution,
        attempts=1,
    )


def _why(name: str) -> str:
    reason = REASONS.get(name)
    return f"{name}: {reason.meaning}." if reason else f"{name}: AWS refused to create the account."


def remedy_of_refusal(cause: str) -> str | None:
    """The remedy of the reason with which an `AccountRefused` begins."""
    reason = REASONS.get(cause.partition(":")[0])
    return reason.remedy if reason else None
