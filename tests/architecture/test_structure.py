"""One name in four places, errors as a contract, and imports that run one way."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from groundwork.baseline.archive import WRITER
from groundwork.baseline.components import COMPONENTS
from groundwork.declaration.loading import load
from groundwork.errors import every_error

ROOT = Path(__file__).parents[2]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
RESOURCES: dict[str, Any] = TEMPLATE["Resources"]
MACHINES: dict[str, dict[str, Any]] = {
    name: resource["Properties"]
    for name, resource in RESOURCES.items()
    if resource["Type"] == "AWS::Serverless::StateMachine"
}
TEXTS = {name: (ROOT / machine["DefinitionUri"]).read_text() for name, machine in MACHINES.items()}
FUNCTIONS = {name for name, resource in RESOURCES.items() if resource["Type"] == "AWS::Serverless::Function"}
WITHOUT_STATE = {
    "AnswerLostExecutionFunction",
    "CloseDueAccountsFunction",
    "DecideRequestFunction",
    "DiscoverAccountsFunction",
    "NotifyPeopleFunction",
    "ReplayEventsFunction",
    "RequestClosingsFunction",
}
"""Functions that rules or people start, not a state machine."""
COMPONENT_FUNCTIONS = {"ApplyComponentFunction", "ApplyManagementComponentFunction"}


def states_of(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        for inner in [
            *state.get("Branches", []),
            *([state["ItemProcessor"]] if "ItemProcessor" in state else []),
        ]:
            yield from states_of(inner)


STATES = {state: body for text in TEXTS.values() for state, body in states_of(json.loads(text))}
LAMBDA_STATES = {
    name: state for name, state in STATES.items() if "lambda:invoke" in state.get("Resource", "")
}


def functions_of(state: dict[str, Any]) -> set[str]:
    return set(re.findall(r"\$\{(\w+Function)\}", state["Arguments"]["FunctionName"]))


def camel(kebab: str) -> str:
    return "".join(part.capitalize() for part in kebab.split("-"))


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


@pytest.mark.parametrize("name", sorted(LAMBDA_STATES))
def test_a_state_is_named_after_its_function_or_its_component(name: str) -> None:
    functions = functions_of(LAMBDA_STATES[name])
    assert functions, "the state calls no function of the template"
    if functions <= COMPONENT_FUNCTIONS:
        component = LAMBDA_STATES[name]["Arguments"]["Payload"]["component"]
        assert name == camel(component)
        assert component in COMPONENTS
    else:
        assert functions == {f"{name}Function"}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_has_its_folder_and_its_state(function: str) -> None:
    folder = snake(function.removesuffix("Function"))
    assert RESOURCES[function]["Properties"]["CodeUri"] == f"functions/{folder}"
    assert (ROOT / "functions" / folder / "handler.py").is_file()
    used = set().union(*(functions_of(state) for state in LAMBDA_STATES.values()))
    assert (function in used) != (function in WITHOUT_STATE)


def test_every_folder_is_a_function() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    assert folders == {snake(function.removesuffix("Function")) for function in FUNCTIONS}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_has_its_file_and_its_name(machine: str) -> None:
    name = snake(machine.removesuffix("StateMachine"))
    assert MACHINES[machine]["DefinitionUri"] == f"statemachines/{name}.asl.json"
    assert MACHINES[machine]["Name"] == f"groundwork-{name.replace('_', '-')}"


@pytest.mark.parametrize("machine", MACHINES)
def test_every_placeholder_has_its_substitution_and_back(machine: str) -> None:
    assert set(re.findall(r"\$\{(\w+)\}", TEXTS[machine])) == set(
        MACHINES[machine]["DefinitionSubstitutions"]
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_may_invoke_exactly_the_functions_it_calls(machine: str) -> None:
    statements = MACHINES[machine]["Policies"][0]["Statement"]
    invoke = next(statement for statement in statements if statement["Sid"] == "InvokeItsFunctions")
    allowed = {str(resource["Fn::GetAtt"][0]) for resource in invoke["Resource"]}
    assert allowed == set(re.findall(r"\$\{(\w+Function)\}", TEXTS[machine]))


def test_every_error_retried_or_caught_is_in_the_catalogue() -> None:
    ours = {error.__name__ for error in every_error()}
    aws = re.compile(r"^(States|Lambda|Sandbox|Runtime|EventBridge|Sfn|StepFunctions|SNS)\.\w+$")
    named = {
        error
        for state in STATES.values()
        for rule in [*state.get("Retry", []), *state.get("Catch", [])]
        for error in rule["ErrorEquals"]
    }
    assert {name for name in named if not aws.match(name)} <= ours


def test_every_component_has_a_state() -> None:
    assert {camel(name) for name in COMPONENTS} <= set(LAMBDA_STATES)


def test_every_declared_component_is_known() -> None:
    assert {name for names in load().baseline.values() for name in names} <= set(COMPONENTS)


@pytest.mark.parametrize(
    "function",
    ["CheckAccessFunction", "ApplyComponentFunction", "VerifyBaselineFunction", "TakeInventoryFunction"],
)
def test_functions_that_enter_accounts_may_assume_the_declared_entry_roles_only(function: str) -> None:
    statements = RESOURCES[function]["Properties"]["Policies"][0]["Statement"]
    enter = next(statement for statement in statements if statement["Sid"] == "EnterMemberAccounts")
    archives = [WRITER] if function == "ApplyComponentFunction" else []
    assert [str(resource["Fn::Sub"]).rsplit("/", 1)[1] for resource in enter["Resource"]] == [
        *load().entry_role_names,
        *archives,
    ]
    assert enter["Condition"]["StringNotEquals"] == {"aws:ResourceAccount": {"Ref": "AWS::AccountId"}}


def test_only_those_functions_enter_accounts() -> None:
    assuming = {
        name
        for name in FUNCTIONS
        if "sts:AssumeRole" in json.dumps(RESOURCES[name]["Properties"].get("Policies"))
    }
    assert assuming == {
        "CheckAccessFunction",
        "ApplyComponentFunction",
        "VerifyBaselineFunction",
        "TakeInventoryFunction",
    }


def test_one_function_closes_accounts_and_none_that_has_not_waited() -> None:
    closing = {
        name: statement
        for name in FUNCTIONS
        for policy in RESOURCES[name]["Properties"].get("Policies", [])
        for statement in policy["Statement"]
        if "CloseAccount" in json.dumps(statement["Action"])
    }
    assert closing.keys() == {"CloseDueAccountsFunction"}
    condition = closing["CloseDueAccountsFunction"]["Condition"]
    assert condition["StringLike"] == {"aws:ResourceTag/groundwork:state": "closing *"}
    assert condition["Null"] == {"aws:ResourceTag/groundwork:protected": "true"}


def test_a_function_that_a_rule_invokes_keeps_what_it_cannot_handle() -> None:
    """EventBridge invokes it asynchronously; a state machine hears of its functions' failures."""
    targets = [
        target["Arn"]
        for resource in RESOURCES.values()
        if resource["Type"] == "AWS::Events::Rule"
        for target in resource["Properties"]["Targets"]
    ]
    invoked = {arn["Fn::GetAtt"][0] for arn in targets if "Fn::GetAtt" in arn} & FUNCTIONS
    assert invoked == WITHOUT_STATE - {"ReplayEventsFunction"}
    kept = {"OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": ["UndeliveredEvents", "Arn"]}}}
    for name in invoked:
        assert RESOURCES[name]["Properties"]["EventInvokeConfig"] == {"DestinationConfig": kept}


def test_no_session_of_another_account_is_without_its_policy() -> None:
    """IAM cannot demand a session policy of whoever assumes a role: the one place that assumes one gives it."""
    calls = [
        (path.name, {keyword.arg for keyword in node.keywords})
        for path in [*LAYER, *HANDLERS]
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "assume_role"
    ]
    ((name, given),) = calls
    assert name == "sessions.py"
    assert {"Policy", "DurationSeconds"} <= given


# -- imports -----------------------------------------------------------------------------------------


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module
    }


LAYER = sorted((ROOT / "layers" / "groundwork").rglob("*.py"))
HANDLERS = sorted((ROOT / "functions").rglob("*.py"))
LAPTOP_ONLY = {
    *("local", "cli", "demo", "bench", "prove", "tests", "checks", "clients"),
    *("moto", "pytest", "samtranslator"),
}
KNOWS_LAMBDA = {"entry.py", "metrics.py"}


@pytest.mark.parametrize("path", [*LAYER, *HANDLERS], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_ships_imports_what_does_not(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imports(path)}
    assert not roots & LAPTOP_ONLY
    if path in LAYER:
        assert "functions" not in roots
        assert ("aws_lambda_powertools" in roots) == (path.name in KNOWS_LAMBDA)
    else:
        assert "boto3" not in roots, "AWS access sits in the layer"


@pytest.mark.parametrize(
    "path",
    [*LAYER, *HANDLERS, ROOT / "template.yaml", *(ROOT / "statemachines").glob("*.json")],
    ids=lambda path: path.name,
)
def test_no_partition_is_written_down(path: Path) -> None:
    assert "arn:aws:" not in path.read_text()


@pytest.mark.parametrize("path", HANDLERS, ids=lambda path: path.parent.name)
def test_a_handler_is_thin(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree)
    assert not any(isinstance(node, ast.Try) for node in ast.walk(tree)), (
        "errors are the contract: let them pass"
    )
    handle = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "handle")
    assert len(handle.body) <= 8


def test_a_function_loads_the_component_that_it_applies_and_no_other() -> None:
    code = (
        "import handler, sys; from groundwork.baseline.components import COMPONENTS; COMPONENTS['trail'];"
        "print(*[name for name in sys.modules if name.startswith('groundwork.baseline.components.')])"
    )
    paths = os.pathsep.join((str(ROOT / "functions" / "apply_component"), str(ROOT / "layers")))
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {name.split(".")[3] for name in done.stdout.split()} == {"trail"}
