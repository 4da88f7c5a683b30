"""The errors that are a contract with the state machine.

A Lambda error reaches Step Functions under its class name, so these names are what `vend_account.asl.json`
may Retry or Catch. Each class says, for a person, what to do about it: that is the `remedy` of `Account Failed`.
"""

from __future__ import annotations

from typing import ClassVar


class GroundworkError(Exception):
    """The root of every error Groundwork raises on purpose."""

    remedy: ClassVar[str] = (
        "Read the execution's history in the Step Functions console, then start it again with the same input."
    )


class Pending(GroundworkError):
    """Not yet: the state machine asks again later. It becomes a failure only when its patience ends."""


class Refused(GroundworkError):
    """Never, with this input: asking again changes nothing."""


# -- what was asked for ----------------------------------------------------------------------------


class InvalidRequest(Refused):
    """The trigger is malformed, or asks for something a requester may not have."""

    remedy = "Correct the field that the cause names and post the event (or start the execution) again."


class ApprovalPending(Refused):
    """Somebody has asked for this account before, and that request waits for an approval."""

    remedy = (
        "Nothing was changed. Have the request that the cause names approved or denied; then, or when its week is over, this "
        "event can be posted again."
    )


class RequestDenied(Refused):
    """Whoever may approve requests has denied this one."""

    remedy = "Nothing was made or changed. Talk to whoever the cause names; a new event is a new request, which may be approved."


class RequestNotApproved(Refused):
    """Nobody has approved the request in the time that there was."""

    remedy = "Nothing was made or changed. Post the event again, and have somebody who has groundwork-approver approve it within a week."


class AlreadyDecided(Refused):
    """The request need not wait: it was decided before the wait began. Its execution goes on."""

    remedy = "Nothing is to be done: the execution goes on by itself."


class EmailBelongsToAnotherAccount(Refused):
    """The e-mail is that of an account in the organization which this request did not create."""

    remedy = (
        "Nothing was changed. Ask with another e-mail, or start the execution by hand with that account's id."
    )


class AccountUnknown(Refused):
    """The account id is no account of this organization."""

    remedy = "Check the id; an account outside the organization must be invited and accept before it can be baselined."


class AccountNotActive(Refused):
    """The account is suspended, closing, closed or not activated: it is never touched."""

    remedy = "Reopen the account through AWS Support (within 90 days of its closure), or leave it alone."


class AccountProtected(Refused):
    """The account is one that nobody closes: management, security, tooling, or one with the tag `groundwork:protected`."""

    remedy = (
        "Nothing was changed. If it is to be closed all the same, a person takes off what protects it: the tag "
        "groundwork:protected, or its place in baseline.yaml; then post the event again."
    )


class AccountClosing(Refused):
    """The account is to be closed, and nobody works in it until then."""

    remedy = (
        "To have it back before the time that the cause names: groundwork reopen <its id>, or the event Account Reopen "
        'Requested with {"accountId": "<its id>"}; then ask again. A new account needs an e-mail of its own.'
    )


class AccountNotAdopted(Refused):
    """The account was there before Groundwork; only a person or the declaration adopts it."""

    remedy = 'To adopt it, start groundwork-vend-account by hand with {"accountId": "<its id>"}.'


class AccountNotReady(Refused):
    """The account has never reached its baseline, and only an account that has is changed."""

    remedy = (
        'Nothing was changed. Start the execution with {"accountId": "<its id>"}, which brings the account to its baseline, or '
        "see why it failed; when `Account Ready` has come, post the event again."
    )


# -- waiting for others ----------------------------------------------------------------------------


class RequestInProgress(Pending):
    """Another execution works on the same request."""

    remedy = "Look at the execution that the cause names; when it has ended, post the event again."


class AccountBusy(Pending):
    """Another execution holds the lease of this account."""

    remedy = "Look at the execution that the cause names; when it has ended, start this one again."


class SecurityAccountMissing(Pending):
    """No security account exists, and none is on its way."""

    remedy = "Post the `Account Requested` event of the security account that the declaration names, then post this one again."


class SecurityAccountNotReady(Pending):
    """The security account exists but has not reached its baseline."""

    remedy = "See why the security account's own execution has not ended in Account Ready, mend that, then start this one again."


class SecurityAccountAlmostReady(Pending):
    """The security account is there, and its own execution is laying down its baseline."""

    remedy = SecurityAccountNotReady.remedy


class ManagementAccountNotReady(Pending):
    """The management account has not reached its baseline: no account is made before."""

    remedy = (
        'Start groundwork-vend-account with {"accountId": "<management account id>"}, which a deployment only plans, or see '
        "why that execution failed and mend it; then post the event again."
    )


# -- Organizations ---------------------------------------------------------------------------------


class OrganizationNotReady(Refused):
    """No organization, or one with consolidated billing only."""

    remedy = (
        "In the management account create an organization, or enable all features in it "
        '(`aws organizations enable-all-features`), then start the execution with {"accountId": "<management account id>"}.'
    )


class CreationSlotsTaken(Pending):
    """AWS takes no further CreateAccount for the moment: five are in progress."""

    remedy = "Other accounts are being created. Post the event again when they are done."


class CreationTooFast(Pending):
    """AWS took no CreateAccount at this rate: something else creates accounts in the organization, too."""

    remedy = "See what else creates accounts in the organization (CloudTrail: CreateAccount). Post the event again when it is done."


class OrganizationBusy(Pending):
    """Organizations answered that another change is in progress, or that it is still being set up (up to an hour)."""

    remedy = "Wait an hour for a new organization, else a few minutes, and start the execution again."


class CreationUnanswered(Pending):
    """AWS did not answer CreateAccount: it may have taken the request, so that the next attempt looks first."""

    remedy = (
        "AWS Organizations does not answer. Post the event again: Groundwork looks for the account first."
    )


class AccountNotCreated(Pending):
    """CreateAccount is still IN_PROGRESS."""

    remedy = "Start the execution again: it goes on waiting for the same CreateAccount request. After a day, ask AWS Support."


class CreationFailedForNow(Pending):
    """CreateAccount failed for a reason that AWS says may pass."""

    remedy = "AWS reported a passing fault. Post the event again; if it fails for a day, open a case with AWS Support."


class AccountRefused(Refused):
    """CreateAccount failed for good; the message carries AWS's reason and its own remedy."""

    remedy = "Follow the remedy in the cause, then post the event again."


# -- inside the account ----------------------------------------------------------------------------


class AccountNotUsable(Pending):
    """The new account cannot be entered yet, or one of its services does not answer yet."""

    remedy = (
        "The account exists but AWS has not finished activating it, or its entry role does not trust this account. "
        'Check the role and the error that the cause names, then start the execution with {"accountId": "<its id>"}.'
    )


class AccountBeingEnrolled(Pending):
    """Control Tower, or somebody else, is still setting up a young account: what they lay down must be there first."""

    remedy = (
        "See in Control Tower whether it has enrolled the account, and end what failed there; then start the execution with "
        '{"accountId": "<its id>"}. An hour after the account joined, Groundwork goes on without waiting.'
    )


class AccountNotEnterable(Refused):
    """No declared entry role of the account lets Groundwork in."""

    remedy = (
        "The account needs one of the declared entry roles, with AdministratorAccess and a trust policy for the management "
        "account. The guard rails let nobody in the account make one: take groundwork-guardrails off the account's path "
        "in Organizations meanwhile, or have the role made before the account joins; then start the execution with "
        '{"accountId": "<its id>"}.'
    )


class EntryRoleDenied(Refused):
    """The entry role lets us in, and may not do there what the baseline needs."""

    remedy = (
        "Give the entry role AdministratorAccess again, or take off it the denial that the cause names (a service control "
        "policy's, a boundary's; where it names PutPublicAccessBlock, perhaps an S3 policy of the organization, which then "
        'holds that setting: declare accountSettings.s3PublicAccessBlock: false); then start the execution with {"accountId": "<its id>"}.'
    )


class SessionPolicyTooLarge(GroundworkError):
    """STS packs what one component needs in an account larger than it takes, although the text fits."""

    remedy = (
        "Nothing was changed by this component. Its permissions do not depend on the declaration: report the cause to "
        "Groundwork's maintainers, and go back to the version before meanwhile."
    )


class ComponentNotSettled(GroundworkError):
    """AWS does not take, or does not show, what a component has laid down: not yet, or something else changes it again."""

    remedy = (
        "Do what the cause says. Where it only names what differs, another tool or a policy fights over it: settle that. "
        "Then start the execution again."
    )


class StackInProgress(Pending):
    """CloudFormation is at work on a stack, which may take it an hour, or takes no more calls for now."""

    remedy = (
        "See the events of the stack in the CloudFormation console of the account. When it is complete, start the execution "
        'with {"accountId": "<its id>"}: it does only what is left.'
    )


class TemplateNotThere(Pending):
    """A template that CloudFormation is to read from a bucket of the security account is not in it yet."""

    remedy = (
        "Start the execution of the security account, whose id the cause names: it puts the template there. When it has ended, "
        'start this one again with {"accountId": "<its id>"}.'
    )


class StackFailed(Refused):
    """CloudFormation could not make, change or delete a stack; the cause has its own first failed event."""

    remedy = (
        "Mend what the cause says: the template, a parameter or the policies of the stack's role in the declaration, or what "
        'stands in its way in the account. Then start the execution with {"accountId": "<its id>"}: it tries once more.'
    )


class IdentityCenterInProgress(Pending):
    """IAM Identity Center is at work in accounts, takes no more calls for now, or waits for what another account's execution makes."""

    remedy = (
        "See the permission set, or the account's assignments, in the console of IAM Identity Center. When it is done, start the "
        'execution with {"accountId": "<its id>"}: it does only what is left.'
    )


class IdentityCenterFailed(Refused):
    """There is no instance, no such group, or IAM Identity Center could not provision or assign a permission set."""

    remedy = (
        "Do what the cause says in IAM Identity Center or its identity provider, or correct the declaration. Then start the "
        'execution with {"accountId": "<its id>"}: it does only what is left.'
    )


class ConflictingSetup(Refused):
    """Somebody else's resource stands where the baseline wants its own, and the declaration does not take it over."""

    remedy = "Remove the resource that the cause names, or set takeOver for the component in baseline.yaml."


class RefusedByAws(Refused):
    """AWS refuses a call for as long as something stands against it that a person must settle."""

    remedy = 'Do what the cause says, then start the execution with {"accountId": "<its id>"}: it does only what is left.'


class QuotaReached(Refused):
    """A quota of AWS is used up, or a limit that cannot be raised is reached; the cause names it."""

    remedy = (
        "Raise the quota that the cause names (Service Quotas console, in the account and Region that has it), or make room; "
        'then start the execution with {"accountId": "<its id>"}: it does only what is left.'
    )


class RefusedUnexpectedly(Refused):
    """AWS refuses a call in a way that nothing which Groundwork sends should lead to."""

    remedy = (
        "Report the cause to Groundwork's maintainers. Nothing needs to be undone; starting the execution again does only "
        "what is left."
    )


class AccountNotCovered(Pending):
    """The declaration has an organization trail cover this account, and none does."""

    remedy = (
        'Start the execution with {"accountId": "<management account id>"}, which makes the organization trail or mends it; '
        "then start this one again."
    )


class BaselineFailed(GroundworkError):
    """At least one component failed; the cause lists every one of them."""

    remedy = 'Mend what the cause lists, then start the execution with {"accountId": "<its id>"}: it does only what is left.'


class BaselineNotVerified(Pending):
    """A component that had settled differs again; it is brought to what is declared once more."""

    remedy = "Start the execution again: it does only what is left."


class BaselineUndone(GroundworkError):
    """A component that had settled differs again, however often it is mended."""

    remedy = "Something undoes the baseline. See the differences in the cause, settle that, then start the execution again."


class RollOutStopped(GroundworkError):
    """More accounts of a roll-out failed than it tolerates."""

    remedy = (
        "Mend what the failures of the summary name, then start the roll-out again with the same input: accounts that are "
        "done are only looked at. Nothing needs to be undone."
    )


class RollOutFailed(GroundworkError):
    """A roll-out could not go through its accounts."""

    remedy = "See the Map Run in the Step Functions console for what failed it, then start the roll-out again: it does only what is left."


class AnswerNotSent(GroundworkError):
    """EventBridge did not take an answer."""


# -- the owner's files -----------------------------------------------------------------------------


class InvalidDeclaration(GroundworkError):
    """`baseline.yaml` or one of its policies is not valid; the message names file, key, value and remedy."""

    remedy = "Correct the file that the cause names and deploy again."


def remedy_for(error: str) -> str:
    """The remedy of the error class of this name; that of the root class for names which are not ours."""
    found: type[GroundworkError] = next(
        (kind for kind in every_error() if kind.__name__ == error), GroundworkError
    )
    return found.remedy


def every_error() -> list[type[GroundworkError]]:
    """Every error class, depth first."""

    def below(kind: type[GroundworkError]) -> list[type[GroundworkError]]:
        return [kind, *(child for direct in kind.__subclasses__() for child in below(direct))]

    return below(GroundworkError)
