"""Which AWS the commands talk to, as whom, and where Groundwork is in it.

Groundwork lives in us-east-1, whatever Region the profile says: events of Organizations are seen there alone.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.given import GIVEN
from cli.trouble import NOT_PERMITTED, UNREACHABLE, Trouble

if TYPE_CHECKING:
    from groundwork.ledger import Ledger

REGION = "us-east-1"
STACK = "groundwork"
VEND, ROLL_OUT = "groundwork-vend-account", "groundwork-roll-out"
DEFAULT_PORT = 4566


def note_of_local(port: int = DEFAULT_PORT) -> Path:
    """Where the embedded AWS on this port notes its address and its administrator's key, for `--local`."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return state / "groundwork" / f"local-{port}.json"


class Connection:
    """Clients of the management account, made when they are needed."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, str], Any] = {}
        self._making = threading.Lock()

    @cached_property
    def _session(self) -> Any:
        import botocore.session

        given = _local() if GIVEN.local else {}
        made = botocore.session.Session(profile=None if GIVEN.local else GIVEN.profile)
        made.set_config_variable("region", REGION)
        made.set_config_variable("sts_regional_endpoints", "regional")  # the other one takes no AssumeRoot
        if given:
            made.set_credentials(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"])
            self._endpoint: str | None = given["AWS_ENDPOINT_URL"]
        else:
            self._endpoint = os.environ.get("AWS_ENDPOINT_URL")
        return made

    def client(self, service: str, region: str = REGION) -> Any:
        from botocore.config import Config

        with self._making:
            if (service, region) not in self._clients:
                session = self._session
                if session.get_credentials() is None:
                    from botocore.exceptions import NoCredentialsError

                    raise NoCredentialsError
                patient = Config(
                    retries={"mode": "adaptive", "max_attempts": 6},
                    connect_timeout=5,
                    read_timeout=60,
                    max_pool_connections=32,
                )
                self._clients[service, region] = session.create_client(
                    service, region_name=region, endpoint_url=self._endpoint, config=patient
                )
            return self._clients[service, region]

    @property
    def configured_region(self) -> str | None:
        """What the environment or the profile says, to other commands."""
        import botocore.session

        said = os.environ.get("AWS_REGION")  # which botocore does not read, and others do
        return said or botocore.session.Session(profile=GIVEN.profile).get_config_variable("region")

    @property
    def endpoint(self) -> str | None:
        """Where AWS is, when it is not at its usual place."""
        return self._endpoint if self._session else None

    def client_with(self, credentials: Mapping[str, Any], service: str) -> Any:
        """A client with these credentials, as STS answers them."""
        with self._making:
            return self._session.create_client(
                service,
                region_name=REGION,
                endpoint_url=self._endpoint,
                aws_access_key_id=credentials["AccessKeyId"],
                aws_secret_access_key=credentials["SecretAccessKey"],
                aws_session_token=credentials["SessionToken"],
            )

    @cached_property
    def caller(self) -> Mapping[str, str]:
        """`Account`, `Arn` and `UserId` of whoever asks."""
        answer: Mapping[str, str] = self.client("sts").get_caller_identity()
        return answer

    @property
    def source(self) -> str:
        """Of the events that are posted: it says who asks, which IAM lets nobody say for another."""
        from groundwork.callers import SOURCE, caller_in, source_of

        own = source_of(self.caller["UserId"])
        return own if caller_in(own) else SOURCE

    @property
    def account(self) -> str:
        return self.caller["Account"]

    @property
    def partition(self) -> str:
        return self.caller["Arn"].split(":")[1]

    def state_machine(self, name: str) -> str:
        """Its ARN."""
        return f"arn:{self.partition}:states:{REGION}:{self.account}:stateMachine:{name}"

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """What the stack says of itself. Raises `Trouble` where Groundwork is not deployed."""
        client = self.client("cloudformation")
        try:
            (stack,) = client.describe_stacks(StackName=STACK)["Stacks"]
        except client.exceptions.ClientError as error:
            if "does not exist" in str(error):
                raise Trouble(
                    f"Groundwork is not deployed in account {self.account}: there is no stack {STACK} in {REGION}.",
                    "Use a profile of the management account, or deploy it (docs/deploy.md).",
                    NOT_PERMITTED,
                ) from None
            raise
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}

    def ledger(self) -> Ledger:
        from groundwork.ledger import Ledger

        return Ledger(self.outputs["LedgerTable"], client=self.client("dynamodb"))


def _local() -> Mapping[str, str]:
    """What the embedded AWS noted. Raises `Trouble` when none is running."""
    url = os.environ.get("AWS_ENDPOINT_URL", "")
    port = int(url.rpartition(":")[2]) if url.rpartition(":")[2].isdecimal() else DEFAULT_PORT
    note = note_of_local(port)
    try:
        noted: Mapping[str, str] = json.loads(note.read_text())
    except FileNotFoundError:
        raise Trouble(
            f"No embedded AWS is running on port {port}.",
            "Start it: groundwork local. If it is on another port, take the exports that it printed: AWS_ENDPOINT_URL says which.",
            UNREACHABLE,
        ) from None
    return noted
