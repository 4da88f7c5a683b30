"""AWS Budgets, and the quota request template of Service Quotas.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CreateBudget.html
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_PutServiceQuotaIncreaseRequestIntoTemplate.html
"""

from __future__ import annotations

from .answer import FAULT, THROTTLED, Answers, again, quota, read, refused, unsent

CALLS_OF_BUDGETS = (
    "CreateBudget CreateNotification CreateSubscriber DeleteBudget DeleteNotification DeleteSubscriber DescribeBudget "
    "DescribeNotificationsForBudget DescribeSubscribersForNotification UpdateBudget UpdateSubscriber"
)

_CHANGED = again("Somebody else changed the budget a moment ago: seen at the next look.")
_WHOLE = unsent("The budget is of all that the account spends, in no billing view.")

ANSWERS_OF_BUDGETS: Answers = {
    "AccessDeniedException": refused(
        "Something denies the account its own budget: see that no service control policy stands against budgets:ViewBudget and "
        "budgets:ModifyBudget of the entry role; in an account that joined by invitation, have its root user activate IAM "
        "access to billing information; or take budget out of baseline."
    ),
    "BillingViewHealthStatusException": _WHOLE,
    "CreationLimitExceededException": quota(
        "The budget has ten alerts, or an alert ten addresses, with those that somebody added: take some off, or declare "
        "fewer under budget."
    ),
    "DuplicateRecordException": _CHANGED,
    "ExpiredNextTokenException": again("The answer came too late for its next page."),
    "InternalErrorException": FAULT,
    "InvalidNextTokenException": unsent("The page is the one that AWS Budgets named."),
    "InvalidParameterException": refused(
        "AWS Budgets does not take the budget as it is declared: correct the amount, the alerts or the addresses under budget "
        "and deploy."
    ),
    "NotFoundException": {
        "DescribeBudget": read("There is no such budget yet."),
        "DescribeSubscribersForNotification": read("There is no such alert yet."),
        "": _CHANGED,
    },
    "ServiceQuotaExceededException": quota(
        "The account has as many budgets as AWS Budgets allows it: delete one that is not needed, or take budget out of baseline."
    ),
    "ThrottlingException": THROTTLED,
}

CALLS_OF_SERVICE_QUOTAS = (
    "AssociateServiceQuotaTemplate GetAssociationForServiceQuotaTemplate ListServiceQuotaIncreaseRequestsInTemplate "
    "PutServiceQuotaIncreaseRequestIntoTemplate"
)

_IN_ORGANIZATION = refused(
    "The quota request template belongs to an organization with all features: see why the component organization has failed, "
    "or take quota-template out of baseline.management."
)
_MAY_NOT = refused(
    "Service Quotas does not let the management account have its quota request template: see that the function's role is as "
    "deployed, and that no permissions boundary stands against it; or take quota-template out of baseline.management."
)
_UNTRUSTED = again("Service Quotas does not see yet that the organization trusts it.")

ANSWERS_OF_SERVICE_QUOTAS: Answers = {
    "AWSServiceAccessNotEnabledException": {
        "GetAssociationForServiceQuotaTemplate": read("Service Quotas is not trusted yet."),
        "ListServiceQuotaIncreaseRequestsInTemplate": read("Service Quotas is not trusted yet."),
        "": _UNTRUSTED,
    },
    "AccessDeniedException": _MAY_NOT,
    "DependencyAccessDeniedException": _MAY_NOT,
    "IllegalArgumentException": refused(
        "Service Quotas does not take a quota as it is declared: see with `aws service-quotas get-aws-default-service-quota` that "
        "it can be raised and that value is above its default, and correct it under quotaTemplate.quotas."
    ),
    "NoAvailableOrganizationException": _IN_ORGANIZATION,
    "NoSuchResourceException": refused(
        "Service Quotas knows no such quota in the Region: find its codes with `aws service-quotas list-service-quotas`, and "
        "correct it under quotaTemplate.quotas."
    ),
    "OrganizationNotInAllFeaturesModeException": _IN_ORGANIZATION,
    "QuotaExceededException": quota(
        "The quota request template has as many quotas as AWS allows, ten: take some out that are not declared, or declare fewer "
        "under quotaTemplate.quotas."
    ),
    "ServiceException": FAULT,
    "ServiceQuotaTemplateNotInUseException": read("The template is not associated yet."),
    "TemplatesNotAvailableInRegionException": refused(
        "This partition of AWS has no quota request template in us-east-1: take quota-template out of baseline.management."
    ),
    "TooManyRequestsException": THROTTLED,
}
