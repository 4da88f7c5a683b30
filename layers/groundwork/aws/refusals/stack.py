"""What the stack itself is made of: its table, topics, queues, events and executions.

No component asks them. What the SDK's eight attempts do not get over fails the function, then the execution.
"""

from __future__ import annotations

from .answer import Answers, read

CALLS_OF_DYNAMODB = "BatchGetItem DeleteItem GetItem PutItem Scan UpdateItem"
CALLS_OF_EVENTS = "ListTargetsByRule PutEvents"
CALLS_OF_SNS = "Publish"
CALLS_OF_SQS = "ChangeMessageVisibility DeleteMessage ReceiveMessage"
CALLS_OF_STEP_FUNCTIONS = "DescribeExecution GetExecutionHistory SendTaskSuccess StartExecution"

_FAULT = read(
    "The SDK asks up to eight times; then the execution fails. Start it again: it does what is left."
)
_GONE = read("The execution fails: something of the stack was deleted or changed by hand. Deploy again.")
_UNSENT = read(
    "Nothing that Groundwork sends leads to it. The execution fails; report it to Groundwork's maintainers."
)
_KEY = read(
    "Nothing is sent: the key that the stack's owner put on it refuses. Correct its policy; `replay` sends again."
)

ANSWERS_OF_DYNAMODB: Answers = {
    "ConditionalCheckFailedException": read("Somebody else was faster: the answer that the lock is made of."),
    "InternalServerError": _FAULT,
    "ItemCollectionSizeLimitExceededException": _UNSENT,
    "ProvisionedThroughputExceededException": _FAULT,
    "ReplicatedWriteConflictException": _UNSENT,
    "RequestLimitExceeded": _FAULT,
    "ResourceNotFoundException": _GONE,
    "ThrottlingException": _FAULT,
    "TransactionConflictException": _UNSENT,
}
ANSWERS_OF_EVENTS: Answers = {
    "InternalException": _FAULT,
    "ResourceNotFoundException": _GONE,
}
ANSWERS_OF_SNS: Answers = {
    "AuthorizationError": _GONE,
    "EndpointDisabled": _UNSENT,
    "InternalError": _FAULT,
    "InvalidParameter": _UNSENT,
    "InvalidSecurity": _KEY,
    "KMSAccessDenied": _KEY,
    "KMSDisabled": _KEY,
    "KMSInvalidState": _KEY,
    "KMSNotFound": _KEY,
    "KMSOptInRequired": _KEY,
    "KMSThrottling": _FAULT,
    "NotFound": _GONE,
    "ParameterValueInvalid": _UNSENT,
    "PlatformApplicationDisabled": _UNSENT,
    "ValidationException": _UNSENT,
}
ANSWERS_OF_SQS: Answers = {
    "InvalidAddress": _GONE,
    "InvalidIdFormat": _UNSENT,
    "InvalidSecurity": _UNSENT,
    "KmsAccessDenied": _KEY,
    "KmsDisabled": _KEY,
    "KmsInvalidKeyUsage": _KEY,
    "KmsInvalidState": _KEY,
    "KmsNotFound": _KEY,
    "KmsOptInRequired": _KEY,
    "KmsThrottled": _FAULT,
    "MessageNotInflight": _FAULT,
    "OverLimit": _FAULT,
    "QueueDoesNotExist": _GONE,
    "ReceiptHandleIsInvalid": _FAULT,
    "RequestThrottled": _FAULT,
    "UnsupportedOperation": _UNSENT,
}
ANSWERS_OF_STEP_FUNCTIONS: Answers = {
    "ExecutionAlreadyExists": read("It was started before: nothing to do."),
    "ExecutionDoesNotExist": read("It is long over: it is taken as not running."),
    "ExecutionLimitExceeded": _FAULT,
    "InvalidArn": read("It is taken as not running."),
    "InvalidExecutionInput": _UNSENT,
    "InvalidName": _UNSENT,
    "InvalidOutput": _UNSENT,
    "InvalidToken": read("Nobody waits with this token any more: the decision stands in the ledger."),
    "KmsAccessDeniedException": _KEY,
    "KmsInvalidStateException": _KEY,
    "KmsThrottlingException": _FAULT,
    "StateMachineDeleting": _GONE,
    "StateMachineDoesNotExist": _GONE,
    "TaskDoesNotExist": read("Nobody waits with this token any more: the decision stands in the ledger."),
    "TaskTimedOut": read("Nobody waits with this token any more: the decision stands in the ledger."),
    "ValidationException": _UNSENT,
}
