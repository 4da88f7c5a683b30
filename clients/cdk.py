"""The AWS CDK: `bootstrap` in dev, and an app of two stacks, one of which reads an export of the other."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from clients.environments import FOLDER, LOCKS, from_npm
from clients.trials import Client, Trial, holds, refused, run, works
from clients.world import World

APP = Path(__file__).parent / "cdk_app"
QUIET = ["--no-notices", "--no-color"]


def version() -> str:
    from_npm("cdk")
    pinned = json.loads((LOCKS / "cdk" / "package.json").read_text())["dependencies"]
    return f"{pinned['aws-cdk']}, library {pinned['aws-cdk-lib']}"


def tries(world: World) -> Iterator[Trial]:
    folder, dev = world.home / "cdk", world.accounts["dev"].id
    shutil.copytree(APP, folder)
    (folder / "node_modules").symlink_to(FOLDER / "cdk" / "node_modules")
    program = from_npm("cdk") / "cdk"
    shell = {**world.shell(world.inside("dev")), "CI": "1", "CDK_DISABLE_CLI_TELEMETRY": "1"}

    yield works(
        "`cdk bootstrap`",
        run([program, "bootstrap", f"aws://{dev}/us-east-1", *QUIET], shell, folder),
        "the stack `CDKToolkit`: bucket, repository, parameter and five roles",
        "bootstrapped",
    )
    deploy: list[str | Path] = [program, "deploy", "--require-approval", "never", *QUIET]
    yield works(
        "`cdk deploy --all`, by the roles that `bootstrap` made",
        run([*deploy, "--all"], shell, folder),
        "two stacks, the second with what the first exports",
        "✅  Store",
        "✅  Writer",
    )
    yield works(
        "`cdk deploy Writer -c greeting=again`",
        run([*deploy, "Writer", "-c", "greeting=again"], shell, folder),
        "the function is changed, the stack that it depends on is not",
        "Store (no changes)",
        "✅  Writer",
    )
    yield holds("The function, invoked", "writes into the bucket of the other stack", *_written(world))
    yield refused(
        "`cdk destroy Store` alone",
        run([program, "destroy", "Store", "--exclusively", "--force", *QUIET], shell, folder),
        "the stack stays: an export of its is in use",
        "Delete canceled. Cannot delete export",
        "in use by Writer",
    )
    yield works(
        "`cdk destroy Writer`",
        run([program, "destroy", "Writer", "--exclusively", "--force", *QUIET], shell, folder),
        "the stack is gone",
        "Writer: destroyed",
    )


def _written(world: World) -> tuple[bool, str]:
    inside = world.inside("dev")
    stacks = world.aws.client("cloudformation", credentials=inside)
    outputs = {
        output["OutputKey"]: output["OutputValue"]
        for stack in stacks.describe_stacks()["Stacks"]
        for output in stack.get("Outputs", [])
    }
    if "Function" not in outputs:
        return False, f"the stacks have {sorted(outputs)}"
    answer = world.aws.client("lambda", credentials=inside).invoke(FunctionName=outputs["Function"])
    said = answer["Payload"].read().decode()
    return said == '"again"', said


CLIENT = Client("AWS CDK", version, tries)
