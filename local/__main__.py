"""`python -m local --port 4566`: the embedded AWS with Groundwork deployed in it, until it is interrupted.

Prints `Ready: <address>` once the management account has reached its baseline, then how to use it from a shell.
`--template` deploys another SAM application instead of Groundwork.
"""

from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from cli.connection import note_of_local
from groundwork.declaration.aws_names import partitions
from local.console.server import Console
from local.engine import Engine
from local.faults.plan import InvalidPlan, read_plan
from local.reloading import Reloader
from local.services.identity_center import enable
from local.services.identity_center.center import SERVICE
from local.services.service_quotas import DEFAULT as DEFAULT_ACCOUNTS
from local.stack.cloudformation import DeploymentFailed
from local.stack.template.packaging import NotPackageable

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
TIME_SCALE = 0.05
PROBE_SECONDS = 0.1
PATIENCE_SECONDS = 300
OWN_STACK = "application"
APPLYING = {"ApplyOnDeployment": "true"}
"""On a laptop nobody has to read a plan first."""


class NotBootstrapped(Exception):
    """The management account did not reach its baseline; the message says why."""


def main() -> int:
    arguments = _arguments()
    console_port = arguments.port + 1 if arguments.console_port is None else arguments.console_port
    for port in filter(None, (arguments.port, console_port)):
        if not _is_free(port):
            print(
                f"Port {port} of 127.0.0.1 is taken; stop what listens there, or choose another: "
                f"make local PORT={arguments.port + 10}",
                file=sys.stderr,
            )
            return 1
    try:
        faults, seed = read_plan(arguments.faults) if arguments.faults else ([], 0)
    except InvalidPlan as wrong:
        print(wrong, file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell starts background jobs with SIGINT ignored
        signal.signal(number, _interrupt)
    atexit.register(gc.freeze)  # nothing is worth collecting any more, and it would take seconds
    what = arguments.template or "Groundwork"
    try:
        with Engine(arguments.port, arguments.time_scale) as aws:
            try:
                print(f"Booting the embedded AWS and deploying {what} into it ...", flush=True)
                aws.creation.account_limit = arguments.quota_accounts
                center = _enabled(aws, arguments.identity_center)
                console = Console(aws, console_port) if console_port else None
                told = _deploy_own(aws, arguments.template) if arguments.template else _bootstrap(aws)
                if faults:
                    aws.faults.plan(faults, seed)
                if not arguments.template:
                    Reloader(aws, TEMPLATE, lambda line: print(line, flush=True))
                aws.on_mail.append(lambda to, text: print(f"Mail to {to}: {text}", flush=True))
                print("\n".join([*_welcome(aws, console), *told, *center]), flush=True)
                _note(aws, arguments.port)
                if faults:
                    print(f"Faults: {len(faults)} from {arguments.faults}, seed {seed}", flush=True)
                while True:
                    signal.pause()
            finally:  # a second Ctrl-C must not leave sandboxes behind
                note_of_local(arguments.port).unlink(missing_ok=True)
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        return 0
    except (NotBootstrapped, DeploymentFailed, NotPackageable, OSError) as failure:
        print(failure, file=sys.stderr)
        return 1


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            f"QUOTA_ACCOUNTS is {text!r}: give a whole number of at least 1, like 25"
        )
    return int(text)


def _region(text: str) -> str:
    if not partitions().get(text):
        raise argparse.ArgumentTypeError(f"IDENTITY_CENTER is {text!r}: give a Region, like us-east-1")
    return text


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=4566, help="of 127.0.0.1 (default: 4566)")
    parser.add_argument(
        "--console-port", type=int, help="of the console; 0: none (default: the port after --port)"
    )
    parser.add_argument(
        "--time-scale",
        type=float,
        default=TIME_SCALE,
        help=f"real seconds for each second that AWS makes one wait; 1 is faithful (default: {TIME_SCALE})",
    )
    parser.add_argument(
        "--template",
        type=Path,
        help="a SAM application to deploy instead of Groundwork (docs/embedded-aws.md)",
    )
    parser.add_argument(
        "--quota-accounts",
        type=_count,
        default=DEFAULT_ACCOUNTS,
        help=f"how many accounts the organization may have (default: {DEFAULT_ACCOUNTS}, as with AWS)",
    )
    parser.add_argument(
        "--identity-center",
        type=_region,
        metavar="REGION",
        help="enable IAM Identity Center there, as a person does in its console: AWS has no API for an organization's",
    )
    parser.add_argument(
        "--faults", type=Path, help="a fault plan, followed once Groundwork is deployed (docs/faults.md)"
    )
    arguments = parser.parse_args()
    if not 0 < arguments.time_scale <= 1:
        parser.error("--time-scale must be over 0 and at most 1")
    return arguments


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _bootstrap(aws: Engine) -> list[str]:
    """Deploy Groundwork, and wait for the execution that the deployment itself starts; what to try then. Raises
    `NotBootstrapped`."""
    outputs = aws.deploy(TEMPLATE, parameters=APPLYING)
    machine, logs = outputs["StateMachineArn"], outputs["FunctionLogGroup"]
    execution = _first_execution(aws.client("stepfunctions"), machine)
    if execution["status"] != "SUCCEEDED":
        raise NotBootstrapped(
            f"The management account did not reach its baseline: {execution.get('error')}: {execution.get('cause')}"
        )
    by_hand = json.dumps({"accountId": aws.management_account})
    return [
        "aws events put-events --entries file://events/account-requested-security.json",
        "aws events put-events --entries file://events/account-requested-dev.json",
        f"aws stepfunctions list-executions --state-machine-arn {machine}",
        "aws organizations list-accounts --output table",
        "aws organizations create-account --account-name sandbox --email aws+sandbox@example.com",
        f"aws stepfunctions start-execution --state-machine-arn {machine} --input '{by_hand}'",
        f"aws logs filter-log-events --log-group-name {logs} --query 'events[].message'",
    ]


def _enabled(aws: Engine, region: str | None) -> list[str]:
    """Enable IAM Identity Center of the organization, where it is asked for; what to try then."""
    if region is None:
        return []
    center = enable(aws.management_account, region)
    store = f"--region {region} --identity-store-id {center.identity_store}"
    return [
        "",
        f"# IAM Identity Center is enabled in {region}: {center.arn}",
        f"aws identitystore create-group {store} --display-name admin-external-accounts",
        f"aws sso-admin list-permission-sets --region {region} --instance-arn {center.arn}",
        f"aws organizations register-delegated-administrator --service-principal {SERVICE} --account-id <security>",
    ]


def _deploy_own(aws: Engine, template: Path) -> list[str]:
    """Deploy another application; what came of it. Raises `DeploymentFailed` and `NotPackageable`."""
    outputs = aws.deploy(template, stack_name=OWN_STACK)
    return [
        f"aws cloudformation list-stack-resources --stack-name {OWN_STACK} --output table",
        *(f"# {name}: {value}" for name, value in outputs.items()),
    ]


def _first_execution(states: Any, machine: str) -> Any:
    """The first execution of the state machine once it has ended. Raises `NotBootstrapped` when none does."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        for started in states.list_executions(stateMachineArn=machine)["executions"]:
            execution = states.describe_execution(executionArn=started["executionArn"])
            if execution["status"] != "RUNNING":
                return execution
        time.sleep(PROBE_SECONDS)
    raise NotBootstrapped(
        f"The management account did not reach its baseline within {PATIENCE_SECONDS} seconds."
    )


def _surroundings(aws: Engine) -> dict[str, str]:
    """The environment of whoever talks to it as the management account's administrator."""
    return {
        **aws.administrator.for_environment(),
        **aws.endpoint_variables(),
        "AWS_DEFAULT_REGION": aws.region,
    }


def _note(aws: Engine, port: int) -> None:
    """For `groundwork --local`: a new file, which nobody else may read from its beginning on."""
    note = note_of_local(port)
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    with os.fdopen(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(_surroundings(aws), file)


def _welcome(aws: Engine, console: Console | None) -> list[str]:
    return [
        f"Ready: {aws.url}",
        *([f"Console: {console.url}"] if console else []),
        "",
        *(f"export {name}={value}" for name, value in _surroundings(aws).items()),
        "",
        "# The management account's administrator. In another shell, with these exports:",
    ]


if __name__ == "__main__":
    sys.exit(main())
