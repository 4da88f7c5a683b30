"""The Engine: moto's server on a loopback port, in this process, with every adapter installed.

    with Engine(time_scale=0.05) as aws:
        outputs = aws.deploy("template.yaml")
        aws.client("events").put_events(...)

An adapter is a module of this package with `install(engine) -> None`. It changes moto only through
`engine.patch` and `engine.add`, so that `close` takes every change back, and cleans up after itself with `engine.on_close`.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal, Self

from moto.core.config import default_user_config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend

from local.calls import CallRecord
from local.causes import cause_of
from local.clients import Clients, service_model
from local.clock import Clock
from local.identity.credentials import Credentials
from local.json_texts import DEEPEST
from local.server import Server

ADAPTERS: Sequence[str] = (
    "local.lookups",
    "local.response_serializer",
    "local.identity.principals",
    "local.identity.sessions",
    "local.identity.sts",
    "local.identity.console",
    "local.faults.effects",
    "local.unused_services",
    "local.authorization",
    "local.answers",
    "local.latency",
    "local.iam.entities",
    "local.organizations",
    "local.services",
    "local.functions.invocations",
    "local.stepfunctions.adapter",
    "local.events.eventbridge",
    "local.iam.policy_versions",
    "local.iam.removals",
    "local.iam.service_roles",
    "local.stack.cloudformation",
    "local.stack.template_sources",
    "local.stack.requests",
    "local.stack.change_sets",
    "local.stack.exports",
    "local.stack.drift",
    "local.stack.validations",
    "local.stack.shown",
    "local.stack.held",
    "local.stack.stack_sets",
)
BACKGROUND_WORKERS = 64
ADMINISTRATOR = "administrator"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
MOTO_CONFIGURATION = {
    "stepfunctions": {"execute_state_machine": True},
    "iam": {"load_aws_managed_policies": True},
}


def _endpoint_variable(service: str) -> str:
    service_id: str = service_model(service).service_id
    return f"AWS_ENDPOINT_URL_{service_id.upper().replace(' ', '_')}"


@contextmanager
def _everything_stays() -> Iterator[None]:
    """Modules and models that a boot reads in are many objects, and none of them ever garbage: the collector is not
    to look through them while they come, nor later. The second boot of a process reads in next to nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if enabled:
            gc.enable()


class EngineAlreadyRunning(RuntimeError):
    """moto's state is one per process, so a second Engine would share it."""


class Engine:
    """One AWS organization on this machine. One Engine at a time per process.

    organization: "all" creates it with all features, "billing" with consolidated billing only,
    None not at all. latency: real seconds that every call but the administrator's is on its way.
    """

    management_account: str = DEFAULT_ACCOUNT_ID
    region: str = "us-east-1"
    partition: str = "aws"
    current: ClassVar[Engine | None] = None
    _guard: ClassVar[threading.Lock] = threading.Lock()

    # Set by the adapter that owns it.
    authorizer: Any = None  # local.authorization
    registry: Any = None  # local.identity.principals
    mfa_devices: Any = None  # local.identity.sts: checks their codes
    creation: Any = None  # local.organizations: how CreateAccount behaves
    young_accounts: Any = None  # local.organizations: accounts that are not ready yet
    functions: Any = None  # local.functions: the fleet of sandboxes
    bus: Any = None  # local.events.eventbridge
    deployer: Any = None  # local.stack.cloudformation: what `sam deploy` does
    minter: Any = None  # local.identity.sessions: sessions of roles that services assume
    is_trail_logging: Any = None  # local.services.cloudtrail: whether a trail covers an account's Region
    faults: Any = None  # local.faults: the plan of what fails
    latency: Any = None  # local.latency: what the way to AWS and back takes

    def __init__(
        self,
        port: int = 0,
        time_scale: float = 1.0,
        organization: Literal["all", "billing"] | None = "all",
        latency: float = 0.0,
    ) -> None:
        self.clock = Clock(time_scale)
        with Engine._guard:
            if Engine.current is not None:
                raise EngineAlreadyRunning("close the running Engine first: moto's state is one per process")
            Engine.current = self
        self.calls: list[CallRecord] = []
        self.on_call: list[Callable[[CallRecord], None]] = []  # told of each call when it is logged
        self.on_mail: list[
            Callable[[str, str], None]
        ] = []  # told of each mail that AWS would send: to whom, and what
        self.failures: list[BaseException] = []
        self.running = False
        self._closing = ExitStack()
        try:
            with _everything_stays():
                self._boot(port, organization)
            self.latency.seconds = latency
        except BaseException:
            self.close()
            raise

    def _boot(self, port: int, organization: Literal["all", "billing"] | None) -> None:
        # What interprets state machines calls itself several times for each level of an input. It stays so: another engine
        # of this process may be at work when this one closes.
        sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * DEEPEST))
        self._closing.callback(moto_api_backend.reset)
        moto_api_backend.reset()
        # moto would route every call to this account, whatever its credentials say.
        os.environ.pop("MOTO_ACCOUNT_ID", None)
        # 1,300 images in each account and Region, which no account here starts.
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        logging.getLogger("moto").setLevel(logging.NOTSET)
        self._closing.callback(default_user_config.update, dict(default_user_config))  # type: ignore[arg-type]
        default_user_config.update(MOTO_CONFIGURATION)  # type: ignore[typeddict-item]
        self._workers = ThreadPoolExecutor(BACKGROUND_WORKERS, thread_name_prefix="aws")
        self._unfinished: set[Future[Any]] = set()
        self._closing.callback(self._workers.shutdown, wait=False, cancel_futures=True)
        server = Server(port)
        self._closing.callback(server.close)
        self.port, self.url = server.port, server.url
        # S3 Control's endpoint rules put the account in front of the host, and no resolver knows
        # 123456789012.127.0.0.1: here it lands in the user part, which is not sent anywhere.
        self.endpoints = {"s3control": self.url.replace("://", "://account@")}
        self.clients = Clients(lambda service: self.endpoints.get(service, self.url))
        self.administrator = self._create_administrator()
        for name in ADAPTERS:
            importlib.import_module(name).install(self)
        self.running = True
        if organization:
            features = {"all": "ALL", "billing": "CONSOLIDATED_BILLING"}[organization]
            self.client("organizations").create_organization(FeatureSet=features)

    def _create_administrator(self) -> Credentials:
        from moto.iam.models import iam_backends

        iam = iam_backends[self.management_account][self.partition]
        iam.create_user(self.region, ADMINISTRATOR)
        iam.attach_user_policy(ADMINISTRATOR_POLICY, ADMINISTRATOR)
        key = iam.create_access_key(ADMINISTRATOR)
        return Credentials(key.access_key_id, key.secret_access_key)

    # For users of the engine ---------------------------------------------------------------------

    def client(
        self, service: str, *, region: str | None = None, credentials: Credentials | None = None
    ) -> Any:
        """A boto3 client of this AWS; for the administrator unless credentials are given."""
        return self.clients.get(service, region or self.region, credentials or self.administrator)

    def endpoint_variables(self) -> dict[str, str]:
        """The environment variables that bring every AWS SDK, and the AWS CLI, to this AWS. Names that some operations put
        in front of the host would lead nowhere."""
        own = {_endpoint_variable(service): url for service, url in self.endpoints.items()}
        return {"AWS_ENDPOINT_URL": self.url, "AWS_DISABLE_HOST_PREFIX_INJECTION": "true", **own}

    def deploy(
        self,
        template_path: str | Path,
        stack_name: str = "groundwork",
        parameters: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Package, transform and deploy a SAM template in the management account; its outputs."""
        outputs: dict[str, str] = self.deployer(Path(template_path), stack_name, dict(parameters or {}))
        return outputs

    def close(self) -> None:
        """End every sandbox, stop the server, take all patches back and forget the state. Safe to repeat."""
        self.running = False
        for name in ("moto", "werkzeug"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # what is cut off would complain of it
        try:
            self._closing.close()
        finally:
            with Engine._guard:
                if Engine.current is self:
                    Engine.current = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # For adapters --------------------------------------------------------------------------------

    def mint(self, role_arn: str, session_name: str, *, service: str) -> Credentials:
        """Credentials that the service principal `service` (as in `lambda.amazonaws.com`) gets for a role.

        Raises RoleNotAssumable when the role is not there or its trust policy does not admit the service.
        """
        credentials: Credentials = self.minter(role_arn, session_name, service)
        return credentials

    def emit(
        self,
        source: str,
        detail_type: str,
        detail: Mapping[str, Any],
        *,
        account: str | None = None,
        region: str | None = None,
        resources: Sequence[str] = (),
    ) -> None:
        """Put an event of AWS itself (source `aws.*`) on an account's default bus."""
        self.bus.emit(
            source, detail_type, detail, account or self.management_account, region or self.region, resources
        )

    def in_background(self, action: Callable[..., Any], *arguments: Any) -> Future[Any] | None:
        """Run what a service does after it has answered. Nothing is started once the engine is closed.

        An exception is a defect of the embedded AWS: it is logged, in a line, and kept in `failures`.
        """
        if not self.running:
            return None
        try:
            future = self._workers.submit(action, *arguments)
        except RuntimeError:  # closed since
            return None
        self._unfinished.add(future)
        future.add_done_callback(self._unfinished.discard)
        future.add_done_callback(self._note_failure)
        return future

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing runs in the background at this moment."""
        return not self._unfinished

    def _note_failure(self, future: Future[Any]) -> None:
        if not future.cancelled() and (error := future.exception()) is not None and self.running:
            self.failures.append(error)
            logging.getLogger(__name__).error("The embedded AWS failed: %s", cause_of(error))

    def patch(self, owner: Any, name: str, replacement: Any) -> Any:
        """Replace an attribute of a moto module or class until the engine closes; returns the original.

        A staticmethod or classmethod comes back as the descriptor it is; pass one to keep it one.
        An attribute that a class inherits is shadowed, and returned as inherited.
        """
        if name in vars(owner):
            original = vars(owner)[name]
            self._closing.callback(setattr, owner, name, original)
        else:
            original = getattr(owner, name)
            self._closing.callback(delattr, owner, name)
        setattr(owner, name, replacement)
        return original

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Give a class of moto's what it lacks, until the engine closes.

        Raises RuntimeError when moto has it by now: what is added here can go.
        """
        if name in vars(owner):
            raise RuntimeError(f"moto has {owner.__name__}.{name} now: it need not be added any more")
        setattr(owner, name, value)
        self._closing.callback(delattr, owner, name)

    def patch_everywhere(self, name: str, original: Any, replacement: Any, within: str) -> None:
        """Replace `original` in every loaded module of the package `within` that imported it by name."""
        for module in [m for n, m in sys.modules.items() if n.startswith(within)]:
            if vars(module).get(name) is original:
                self.patch(module, name, replacement)

    def on_close(self, action: Callable[..., Any], *arguments: Any) -> None:
        """Call `action` when the engine closes; the last registered first."""
        self._closing.callback(action, *arguments)
