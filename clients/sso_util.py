"""aws-sso-util, which asks IAM Identity Center: that is not embedded, and has to say so."""

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
        "`NotImplemented`: IAM Identity Center is not embedded",
        "An error occurred (NotImplemented) when calling the ListInstances operation",
    )


CLIENT = Client("aws-sso-util", version, tries)
