"""The smallest real work for every statement of the roll-out's roles. See `errands`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.workflow.conftest import Execution
from tests.workflow.place import UNIT, Job, Place, told

ROLL_OUT = "RollOutStateMachineArn"


def update_machine(machine: str, needs: str, place: Place) -> Job:
    """Deploying a machine as it is: Step Functions looks whether its role may do what it does by itself."""
    client, arn = place.cloud.aws.client("stepfunctions"), place.cloud.outputs[machine]
    described = client.describe_state_machine(stateMachineArn=arn)

    def job() -> str:
        try:
            client.update_state_machine(
                stateMachineArn=arn,
                definition=described["definition"],
                loggingConfiguration=described["loggingConfiguration"],
            )
        except client.exceptions.ClientError as refused:
            return f"{refused} ({needs} and its like)"
        return ""

    return job


def roll_out(place: Place) -> Job:
    """One account, known by its tags, and a unit to look for: all that a roll-out asks AWS for."""
    tags = {"groundwork:kind": "workload"}
    wanted = {"accountIds": [place.account], "organizationalUnits": [UNIT], "tags": tags}
    asked = {"mode": "plan", "include": wanted}
    return lambda: _of_every_account(place.cloud.roll_out(**asked))


def _of_every_account(ended: Execution) -> str:
    """What went wrong in a roll-out, which ends well however many of its accounts fail."""
    return told(ended) or " ".join(failure["cause"] for failure in ended.output["failures"].values())


def tell_of_drift(place: Place) -> Job:
    """A plan that finds something, of which people are told."""

    def job() -> str:
        place.spoil()
        return told(place.cloud.roll_out(mode="plan", include={"accountIds": [place.account]}))

    return job


OF_THE_ROLL_OUT: dict[str, Callable[[Place], Job]] = {
    "RollOutStateMachine.InvokeItsFunctions": roll_out,
    "RollOutStateMachine.ReadTheListAndWriteResults": roll_out,
    "RollOutStateMachine.StartAChildForEachAccount": roll_out,
    "RollOutStateMachine.WaitForTheAccounts": roll_out,
    "RollOutStateMachine.HearOfTheirEnd": partial(update_machine, ROLL_OUT, "events:PutRule"),
    "RollOutStateMachine.SendNotices": tell_of_drift,
    "RollOutStateMachine.EncryptNotices": tell_of_drift,
    "RollOutStateMachine.WriteExecutionLogs": partial(update_machine, ROLL_OUT, "logs:CreateLogDelivery"),
    "SelectAccountsFunction.UseTheLedger": roll_out,
    "SelectAccountsFunction.LookAtTheOrganization": roll_out,
    "SelectAccountsFunction.WriteTheList": roll_out,
    "SummarizeRollOutFunction.FindResults": roll_out,
    "SummarizeRollOutFunction.ReadResultsAndWriteTheSummary": roll_out,
}
