"""Where evaluators of IAM policies differ from the engine, and what decides: AWS's documentation, or, where it says
nothing, the reading by which the request is refused.

A row holds for cases of a form. It says a case in other words, which mean what AWS documents and leave nothing to read in
another way: asked in these, the evaluator agrees; and so does the engine with itself. A difference that no row takes away
is a failure of `prove/random_policies.py`, and so is a row that takes none away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from prove.asked import Case
from prove.evaluators import forms
from prove.evaluators.rewording import changed, conditions, resources

Evaluator = Literal["iam-simulate", "reach"]

USER_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
SETS = f"{USER_GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html"
SET_EXAMPLES = f"{USER_GUIDE}reference_policies_condition_examples-multi-valued-context-keys.html"
OPERATORS = f"{USER_GUIDE}reference_policies_elements_condition_operators.html"
VARIABLES = f"{USER_GUIDE}reference_policies_variables.html"
VERSION = f"{USER_GUIDE}reference_policies_elements_version.html"
RESOURCES = f"{USER_GUIDE}reference_policies_elements_resource.html"
NOT_PRINCIPAL = f"{USER_GUIDE}reference_policies_elements_notprincipal.html"
EVALUATION = f"{USER_GUIDE}reference_policies_evaluation-logic_policy-eval-denyallow.html"
EVENTS = "https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html"
NOWHERE = ""
"""No page says it: the engine refuses."""


@dataclass(frozen=True)
class Row:
    """A form, what the evaluators make of it, what AWS documents, and where. `meant` says a case in other words, or
    returns it as it is."""

    evaluators: tuple[Evaluator, ...]
    form: str
    theirs: str
    documented: str
    source: str
    meant: Callable[[Case], Case]


SIMULATE: tuple[Evaluator, ...] = ("iam-simulate",)
REACH: tuple[Evaluator, ...] = ("reach",)
BOTH: tuple[Evaluator, ...] = ("iam-simulate", "reach")
ROWS = (
    Row(
        SIMULATE,
        "a policy variable in a policy without Version, or of 2008-10-17",
        "it is substituted",
        "it is no variable, only letters",
        VERSION,
        forms.old_version,
    ),
    Row(
        BOTH,
        "an ARN of fewer than six fields in Resource",
        "iam-simulate completes it in session policies, too, and refuses it in those of organizations; reach matches it as it is",
        "it is completed with * in policies of identities, boundaries and organizations; a * that ends a field goes on beyond the colon",
        RESOURCES,
        resources(forms.short_arns),
    ),
    Row(
        BOTH,
        "a * that ends a field of an ARN in Resource, where the resource has more fields",
        "it ends at the colon",
        "it goes on beyond the colon",
        RESOURCES,
        resources(forms.beyond_the_colon),
    ),
    Row(
        SIMULATE,
        "a policy variable with which a name without a kind begins, as of a queue",
        "the name is taken apart at the colon within the variable, and matches nothing",
        "it is substituted",
        VARIABLES,
        resources(forms.variables_in_names),
    ),
    Row(
        SIMULATE,
        "a policy variable whose key has an empty text",
        "as if the key were not there",
        "only a key that is not there has no value",
        VARIABLES,
        lambda case: conditions(forms.values_of_empty_variables)(resources(forms.empty_variables)(case)),
    ),
    Row(
        SIMULATE,
        "${*}, ${?} and ${$} with an operator that knows no wildcards",
        "they are not substituted",
        "they stand for the letter",
        VARIABLES,
        conditions(forms.letters),
    ),
    Row(
        SIMULATE,
        "NotResource and a policy variable that stands for nothing",
        "the statement does not apply",
        "it matches no resource, so that none is excepted by it",
        VARIABLES,
        resources(forms.excepted_nothing),
    ),
    Row(
        SIMULATE,
        "a negated operator and a policy variable that stands for nothing",
        "the condition does not hold",
        "nothing equals it, so that the condition holds",
        VARIABLES,
        conditions(forms.values_of_nothing),
    ),
    Row(
        BOTH,
        "Null of a key with an empty set or text",
        "the key is there",
        "what is empty is null",
        SET_EXAMPLES,
        conditions(forms.null_of_nothing),
    ),
    Row(
        BOTH,
        "ForAllValues of an empty text",
        "the text is compared",
        "it holds",
        SETS,
        conditions(forms.all_of_empty),
    ),
    Row(
        SIMULATE,
        "ForAnyValue:...IfExists of a key that is not there",
        "the condition does not hold",
        "IfExists holds for what is not there",
        OPERATORS,
        conditions(forms.any_if_exists),
    ),
    Row(
        SIMULATE,
        "a key for several values, with an empty set, without a set operator",
        "the condition does not hold",
        "as a key that is not there",
        OPERATORS,
        conditions(forms.empty_set),
    ),
    Row(
        SIMULATE,
        "a key for several values, with one, without a set operator",
        "the condition does not hold",
        "the value is compared, as in the tables of event patterns with one source",
        EVENTS,
        conditions(forms.single_value),
    ),
    Row(
        SIMULATE,
        "a key with several values, a negated operator without a set operator, in a Deny",
        "the condition does not hold",
        "it holds. Set operators are required for several values; nothing equals them without",
        NOWHERE,
        conditions(forms.several_values),
    ),
    Row(
        BOTH,
        "an ARN operator with a pattern of fewer than six fields",
        "iam-simulate: it matches nothing and differs from nothing; reach: its last field spans the rest",
        "each of six fields is compared by itself; of a pattern with fewer, the last one spans the rest where that refuses the request",
        NOWHERE,
        conditions(forms.five_fields),
    ),
    Row(
        SIMULATE,
        "NotIpAddress of a single address, and a request from one of the other family",
        "the condition does not hold",
        "it holds for all addresses but those",
        OPERATORS,
        conditions(forms.ranges),
    ),
    Row(
        SIMULATE,
        "a number with an exponent",
        "it ends before the exponent",
        "integers and decimals are compared by value",
        OPERATORS,
        conditions(forms.plain_numbers),
    ),
    Row(
        SIMULATE,
        "a date in seconds beside one in words",
        "the seconds are taken for milliseconds",
        "both are the same moment",
        OPERATORS,
        forms.dates,
    ),
    Row(
        BOTH,
        "Deny with NotPrincipal, without the account, the role or the session; or beside a boundary",
        "who is named in any way is spared; reach knows nothing of the boundary",
        "account, role and session must be named; who has a boundary is denied always",
        NOT_PRINCIPAL,
        lambda case: changed(case, lambda each, _: forms.not_principal(each, case.caller)),
    ),
    Row(
        REACH,
        "another session of the same role in Principal",
        "it stands for every session of the role",
        "a session is known by its name",
        f"{USER_GUIDE}reference_policies_elements_principal.html",
        lambda case: changed(case, lambda each, _: forms.other_sessions(each, case.caller)),
    ),
    Row(
        SIMULATE,
        "a session that the resource's own policy names, with a session policy",
        "the session policy limits what is granted",
        "it does not, within an account",
        EVALUATION,
        forms.named_session,
    ),
    Row(
        SIMULATE,
        'a resource\'s policy for everyone ("*"), and a caller with a boundary',
        "the boundary is no limit",
        "the boundary limits. Who is named is not limited by it; of everyone nothing is said",
        NOWHERE,
        forms.everyone_within_a_boundary,
    ),
)
