"""aws-sso-util, which asks IAM Identity Center, where nobody has enabled that."""

from __future__ import annotations

from collections.abc import Iterator

from clients.environments import from_pip, locked
from clients.trials import Client, Trial, refused, run
from clients.world import World


def version() -> str:
    from_pip("sso_util")
    return locked("sso_util", "aws-sso-util")


def tries(world: World) -> Iterator[Trial]:
    program = from_pip("sso_util") / "aws-sso-util"
    yield refused(
        "`aws-sso-util admin assignments`",
        run([program, "admin", "assignments"], world.shell(world.aws.administrator), world.home),
        "nobody has enabled IAM Identity Center: `No Identity Center instance found`",
        "No Identity Center instance found",
    )


CLIENT = Client("aws-sso-util", version, tries)
