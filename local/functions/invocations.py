"""Adapter: Lambda functions run. moto would want Docker; here the fleet of sandboxes does it.

Follows Invoke in the Lambda API reference, "Asynchronous invocation" and "Lambda logs" in
the developer guide.
"""

from __future__ import annotations

import base64
import json
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.models import LambdaFunction, LayerVersion
from moto.awslambda.responses import LambdaResponse
from moto.awslambda.utils import get_backend
from moto.core.exceptions import JsonRESTError

from local.functions.archives import CompiledForElsewhere, require_runnable
from local.functions.destinations import deliver_result
from local.functions.fleet import Fleet
from local.functions.sandbox import Outcome, SandboxSpec

if TYPE_CHECKING:
    from local.engine import Engine

LAMBDA = "lambda.amazonaws.com"
MAXIMUM_REQUEST_BYTES = {"RequestResponse": 6 * 1024 * 1024, "Event": 1024 * 1024}
# moto forgets these parts of a function's configuration.
REMEMBERED = ("LoggingConfig", "DeadLetterConfig")
ASYNC_RETRY_SECONDS = (60.0, 120.0)


class RequestTooLarge(JsonRESTError):
    code = 413

    def __init__(self, limit: int) -> None:
        message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
        super().__init__("RequestEntityTooLargeException", message)


class InvalidParameterValue(JsonRESTError):
    code = 400

    def __init__(self, message: str) -> None:
        super().__init__("InvalidParameterValueException", message)


def install(engine: Engine) -> None:
    service = LambdaService(engine)
    engine.functions = service.fleet
    engine.on_close(service.fleet.close)

    original_init = LambdaFunction.__init__

    def remember(function: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
        original_init(function, account_id, spec, *rest, **named)
        _require_function_runs(function)
        function.remembered = {name: spec[name] for name in REMEMBERED if spec.get(name)}

    original_configuration = LambdaFunction.get_configuration

    def configuration(function: Any, on_create: bool = False) -> dict[str, Any]:
        logging = {"LogFormat": "Text", "LogGroup": function.logs_group_name} | _logging_config(function)
        remembered = getattr(function, "remembered", {})
        return original_configuration(function, on_create) | remembered | {"LoggingConfig": logging}

    original_update = LambdaFunction.update_configuration

    def update(function: Any, updates: dict[str, Any]) -> Any:
        _change(original_update, function, updates)
        function.remembered |= {name: updates[name] for name in REMEMBERED if name in updates}
        return function.get_configuration()

    original_layer_init, original_update_code = LayerVersion.__init__, LambdaFunction.update_function_code

    def publish(layer: Any, *given: Any, **named: Any) -> None:
        original_layer_init(layer, *given, **named)
        runtimes = layer.compatible_runtimes
        if not runtimes or any(map(_is_python, runtimes)):
            _require_runs(layer)

    def update_code(function: Any, updates: dict[str, Any]) -> Any:
        return _change(original_update_code, function, updates)

    def invoke(function: Any, body: Any, asked: Mapping[str, str], headers: dict[str, str]) -> bytes:
        return service.invoke(function, body, asked, headers)

    engine.patch(LambdaFunction, "__init__", remember)
    engine.patch(LambdaFunction, "get_configuration", configuration)
    engine.patch(LambdaFunction, "update_configuration", update)
    engine.patch(LambdaFunction, "update_function_code", update_code)
    engine.patch(LambdaFunction, "invoke", invoke)
    engine.patch(LayerVersion, "__init__", publish)
    engine.patch(LambdaResponse, "invoke", _answer_invoke)


def _is_python(runtime: str | None) -> bool:
    return (runtime or "").startswith("python")


def _layers(function: Any) -> list[Any]:
    backend = get_backend(function.account_id, function.region)
    found = (backend.layers_versions_by_arn(layer["Arn"]) for layer in function.layers)
    return [layer for layer in found if layer is not None]


def _change(update: Callable[[Any, dict[str, Any]], Any], function: Any, updates: dict[str, Any]) -> Any:
    """Update a function, which stays as it was where it could not run then."""
    before = dict(vars(function))
    updated = update(function, updates)
    try:
        _require_function_runs(function)
    except InvalidParameterValue:
        vars(function).update(before)
        raise
    return updated


def _require_function_runs(function: Any) -> None:
    """Of another language than Python none runs here; AWS takes its archives, and so does this."""
    if _is_python(function.run_time):
        for holder in (function, *_layers(function)):
            _require_runs(holder)


def _require_runs(holder: Any) -> None:
    """Refuse the archive of a function or a layer that this machine's Python could not run."""
    try:
        require_runnable(getattr(holder, "code_bytes", b""))
    except CompiledForElsewhere as foreign:
        raise InvalidParameterValue(str(foreign)) from foreign


def _answer_invoke(request: Any) -> tuple[int, dict[str, str], bytes]:
    """The HTTP half of Invoke: status by invocation type, and the log's tail only for who asked for it."""
    *_, name, _invocations = request.path.split("/")
    function = request.backend.get_function(unquote(name), request._get_param("Qualifier"))
    headers: dict[str, str] = {"Content-Type": "application/json"}
    payload = function.invoke(request.body, request.headers, headers)
    status = {"Event": 202, "DryRun": 204}.get(_header(request.headers, "X-Amz-Invocation-Type"), 200)
    if _header(request.headers, "X-Amz-Log-Type") != "Tail":
        headers.pop("X-Amz-Log-Result", None)
    return status, headers | {"status": str(status)}, payload


def _header(headers: Mapping[str, str], name: str) -> str:
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def _logging_config(function: Any) -> dict[str, str]:
    return dict(getattr(function, "remembered", {}).get("LoggingConfig", {}))


class LambdaService:
    """Invocations of the functions that moto's state describes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.fleet = Fleet(self._credentials)

    def invoke(self, function: Any, body: Any, asked: Mapping[str, str], headers: dict[str, str]) -> bytes:
        payload = body if isinstance(body, bytes) else (body or "").encode()
        payload = payload or b"{}"
        kind = _header(asked, "X-Amz-Invocation-Type") or "RequestResponse"
        limit = MAXIMUM_REQUEST_BYTES.get(kind, sys.maxsize)
        if len(payload) > limit:
            raise RequestTooLarge(limit)
        _require_json(payload)
        headers["X-Amz-Executed-Version"] = str(function.version)
        if kind == "DryRun":
            return b""
        if kind == "Event":
            self.engine.in_background(self._run_asynchronously, function, payload)
            return b""
        outcome = self._run(function, payload, str(uuid.uuid4()))
        if outcome.function_error:
            headers["X-Amz-Function-Error"] = outcome.function_error
        headers["X-Amz-Log-Result"] = base64.b64encode("\n".join(outcome.log).encode()[-4096:]).decode()
        return outcome.payload

    def _run_asynchronously(self, function: Any, payload: bytes) -> None:
        """Lambda's own queue: retries after one minute and after two more, then the destination or DLQ."""
        request_id = str(uuid.uuid4())
        config = _event_invoke_config(function)
        retries = int(config.get("MaximumRetryAttempts", len(ASYNC_RETRY_SECONDS)))
        outcome = self._run(function, payload, request_id)
        attempts = 1
        while outcome.function_error and attempts <= retries:
            self.engine.clock.wait(ASYNC_RETRY_SECONDS[attempts - 1])
            outcome = self._run(function, payload, request_id)
            attempts += 1
        deliver_result(self.engine, function, config, payload, request_id, outcome, attempts)

    def _run(self, function: Any, payload: bytes, request_id: str) -> Outcome:
        runtime = function.run_time or "a container image"
        if not _is_python(runtime):
            told = (
                f"The embedded AWS runs functions of Python alone, and {function.function_name} is {runtime}."
            )
            error = {"errorType": "Runtime.NotEmbedded", "errorMessage": told}
            return Outcome(json.dumps(error).encode(), "Unhandled", [told], 0.0, cold=False, status="error")
        spec = self._spec(function)
        started = time.time()
        outcome, stream = self.fleet.invoke(spec, payload, request_id)
        self._log(function, spec, stream, request_id, outcome, started)
        return outcome

    def _spec(self, function: Any) -> SandboxSpec:
        layers = _layers(function)
        logging = _logging_config(function)
        settings = {"AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text")}
        if "ApplicationLogLevel" in logging:
            settings["AWS_LAMBDA_LOG_LEVEL"] = logging["ApplicationLogLevel"]
        return SandboxSpec(
            arn=function.function_arn,
            name=function.function_name,
            version=str(function.version),
            role=function.role,
            region=function.region,
            handler=function.handler,
            runtime=function.run_time,
            task=self.fleet.unpack([function.code_sha_256], lambda: [function.code_bytes]),
            opt=self.fleet.unpack(
                ["opt", *(layer.code_sha_256 for layer in layers)],
                lambda: [layer.code_bytes for layer in layers],
            ),
            variables={name: str(value) for name, value in function.environment_vars.items()},
            timeout=float(function.timeout),
            memory=int(function.memory_size),
            log_group=logging.get("LogGroup", function.logs_group_name),
            log_settings=settings,
            python=sys.executable,
        )

    def _credentials(self, spec: SandboxSpec) -> dict[str, str]:
        credentials = self.engine.mint(spec.role, spec.name, service=LAMBDA)
        return credentials.for_environment() | self.engine.endpoint_variables()

    def _log(
        self, function: Any, spec: SandboxSpec, stream: str, request_id: str, outcome: Outcome, started: float
    ) -> None:
        """Write what was logged into CloudWatch Logs, between Lambda's own START and REPORT."""
        describe = (
            _json_platform_log if _logging_config(function).get("LogFormat") == "JSON" else _text_platform_log
        )
        before, after = describe(spec, request_id, outcome, started)
        now = int(time.time() * 1000)
        messages = [*before, *outcome.log, *after]
        logs = function.logs_backend
        if not self._may_log(function, spec, exists=spec.log_group in logs.groups):
            return
        logs.ensure_log_group(spec.log_group)
        logs.ensure_log_stream(spec.log_group, stream)
        logs.put_log_events(
            spec.log_group, stream, [{"timestamp": now, "message": line} for line in messages]
        )

    def _may_log(self, function: Any, spec: SandboxSpec, exists: bool) -> bool:
        """Lambda writes logs as the function's role; one that may not has no logs, and nobody is told."""
        _, partition, _, region, account, _ = function.function_arn.split(":", 5)
        group = f"arn:{partition}:logs:{region}:{account}:log-group:{spec.log_group}"
        needed = [
            ("logs:CreateLogStream", f"{group}:*"),
            ("logs:PutLogEvents", f"{group}:log-stream:*"),
        ]
        if not exists:
            needed.append(("logs:CreateLogGroup", group))
        return all(self.engine.authorizer.role_may(spec.role, action, arn).allowed for action, arn in needed)


def _require_json(payload: bytes) -> None:
    try:
        json.loads(payload)
    except ValueError as error:
        raise JsonRESTError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from error


def _event_invoke_config(function: Any) -> dict[str, Any]:
    return dict(function.event_invoke_config[0].config) if function.event_invoke_config else {}


def _text_platform_log(
    spec: SandboxSpec, request_id: str, outcome: Outcome, started: float
) -> tuple[list[str], list[str]]:
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {outcome.duration_ms:.2f} ms\t"
        f"Billed Duration: {int(outcome.duration_ms) + 1} ms\tMemory Size: {spec.memory} MB\t"
    )
    start = f"START RequestId: {request_id} Version: {spec.version}"
    return [start], [f"END RequestId: {request_id}", report]


def _json_platform_log(
    spec: SandboxSpec, request_id: str, outcome: Outcome, started: float
) -> tuple[list[str], list[str]]:
    def entry(moment: float, kind: str, record: dict[str, Any]) -> str:
        stamp = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": stamp, "type": f"platform.{kind}", "record": record})

    metrics = {
        "durationMs": round(outcome.duration_ms, 3),
        "billedDurationMs": int(outcome.duration_ms) + 1,
        "memorySizeMB": spec.memory,
    }
    start = entry(started, "start", {"requestId": request_id, "version": spec.version})
    report = entry(
        time.time(), "report", {"requestId": request_id, "metrics": metrics, "status": outcome.status}
    )
    return [start], [report]
