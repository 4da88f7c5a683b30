"""STS: sessions that are somebody's, for a time, after MFA or without.

moto hands out credentials to whoever asks and the same ones to everybody. Here AssumeRole and GetSessionToken obey
their API references: who may is `local.iam`'s to say before the call gets here, and this module checks what the
call itself must satisfy (durations, sizes, MFA codes) and issues credentials through the registry.
"""

from __future__ import annotations

import re
import threading
import time
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.iam.models import IAMBackend, User, iam_backends
from moto.sts.responses import TokenResponse

from groundwork.policies.conditions import MalformedPolicy
from groundwork.policies.documents import Kind, compile_policy
from local.authorization import state
from local.identity import totp
from local.identity.credentials import Credentials
from local.identity.principals import PARTITION, Principal

if TYPE_CHECKING:
    from local.engine import Engine

SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}")
ROLE_ARN = re.compile(r"arn:[\w-]+:iam::(\d{12}):role/([\w+=,.@/-]+)")
HOUR = 3600
SHORTEST, LONGEST_ROLE, LONGEST_USER, LONGEST_ROOT = 900, 12 * HOUR, 36 * HOUR, HOUR
SESSION_POLICY_CHARACTERS, SESSION_POLICY_ARNS, SESSION_TAGS = 2048, 10, 50
ENABLING_STEPS = 4  # how far back the first of EnableMFADevice's two codes may lie

OPERATIONS = (
    *("assume_role", "get_access_key_info", "get_caller_identity"),
    *("get_federation_token", "get_session_token"),
)


class StsError(ServiceException):
    """One of the errors of the STS API reference."""


class MfaDevices:
    """Checks codes against virtual devices' seeds. A code is good once, within one step of now."""

    def __init__(self) -> None:
        self._used: set[tuple[str, int]] = set()
        self._lock = threading.Lock()

    def check(self, user: User, serial: str, code: str) -> None:
        """Raises StsError unless the device is the user's and shows this code, unused, about now."""
        device = iam_backends[user.account_id][PARTITION].virtual_mfa_devices.get(serial)
        if device is None or serial not in user.mfa_devices:
            raise StsError(
                "AccessDenied",
                "MultiFactorAuthentication failed, unable to validate MFA code.  "
                "Please verify your MFA serial number is valid and associated with this user.",
            )
        step = totp.matching_step(device.base32_string_seed, code, time.time())
        if step is None or not self._spend(device.base32_string_seed, step):
            message = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
            raise StsError("AccessDenied", message)

    def enable(self, seed: str, first: str, second: str) -> bool:
        """Whether two codes follow each other on the device, lately; they are spent then."""
        now = totp.step_at(time.time())
        for step in range(now - ENABLING_STEPS, now + 1):
            if (totp.code_of_step(seed, step), totp.code_of_step(seed, step + 1)) == (first, second):
                return self._spend(seed, step) and self._spend(seed, step + 1)
        return False

    def _spend(self, seed: str, step: int) -> bool:
        """By seed: a device that is made again under its name has another."""
        with self._lock:
            fresh = (seed, step) not in self._used
            self._used.add((seed, step))
            return fresh


def open_role_session(
    engine: Engine,
    role_arn: str,
    session_name: str,
    *,
    duration: int = HOUR,
    policies: tuple[str, ...] = (),
    service: str | None = None,
    **details: Any,
) -> tuple[Principal, Credentials]:
    """A session of an existing role. Decides nothing: who may is settled before.

    duration: AWS seconds, which pass in real time. details: further fields of Principal.
    """
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[1]
    role = state.find_role(account, name)
    if role is None:
        raise LookupError(f"no role {role_arn}")
    now = time.time()
    principal = Principal(
        "assumed-role",
        account,
        f"arn:{PARTITION}:sts::{account}:assumed-role/{name}/{session_name}",
        f"{role.id}:{session_name}",
        session_name,
        role_arn=role.arn,
        session_policies=policies,
        issued=now,
        expires=now + duration,
        service=service,
        **details,
    )
    return principal, engine.registry.issue(principal)


class Sts:
    """The operations, as methods that take moto's response object."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.devices = MfaDevices()

    def _caller(self, request: TokenResponse) -> Principal:
        token = request.headers.get("X-Amz-Security-Token")
        caller: Principal = self._engine.registry.identify(request.get_access_key(), token)
        return caller

    def get_caller_identity(self, request: TokenResponse) -> ActionResult:
        caller = self._caller(request)
        return ActionResult({"UserId": caller.user_id, "Account": caller.account, "Arn": caller.arn})

    def get_access_key_info(self, request: TokenResponse) -> ActionResult:
        account = self._engine.registry.account_of(request._get_param("AccessKeyId"))
        if account is None:
            raise StsError("ValidationError", "The access key does not exist.")
        return ActionResult({"Account": account})

    def get_federation_token(self, request: TokenResponse) -> ActionResult:
        raise StsError("NotImplemented", "The embedded AWS has no federated users.")

    def get_session_token(self, request: TokenResponse) -> ActionResult:
        """A user's temporary credentials, after MFA when a code came along."""
        caller = self._caller(request)
        if caller.temporary:
            raise StsError("AccessDenied", "Cannot call GetSessionToken with session credentials")
        duration = request._get_int_param("DurationSeconds", 12 * HOUR)
        if not SHORTEST <= duration <= LONGEST_USER:
            raise _out_of_range("durationSeconds", duration, SHORTEST, LONGEST_USER)
        if caller.kind == "root":
            duration = min(duration, LONGEST_ROOT)
        mfa_at = self._mfa(request, caller)
        now = time.time()
        session = Principal(
            caller.kind,
            caller.account,
            caller.arn,
            caller.user_id,
            caller.name,
            issued=now,
            expires=now + duration,
            mfa_at=mfa_at,
        )
        return ActionResult({"Credentials": shown(session, self._engine.registry.issue(session))})

    def _mfa(self, request: TokenResponse, caller: Principal) -> float | None:
        """When MFA was shown with this very call, or None; a wrong code is refused."""
        serial, code = request._get_param("SerialNumber"), request._get_param("TokenCode")
        if not serial and not code:
            return None
        user = state.find_user(caller.account, caller.name) if caller.kind == "user" else None
        if not serial or not code or user is None:
            message = "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code."
            raise StsError("AccessDenied", message)
        self.devices.check(user, serial, code)
        return time.time()

    def assume_role(self, request: TokenResponse) -> ActionResult:
        caller = self._caller(request)
        role_arn = str(request._get_param("RoleArn"))
        match = ROLE_ARN.fullmatch(role_arn)
        if match is None:
            raise StsError("ValidationError", f"{role_arn} is invalid")
        name = str(request._get_param("RoleSessionName") or "")
        if not SESSION_NAME.fullmatch(name):
            raise StsError(
                "ValidationError",
                f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [\\w+=,.@-]{2,64}",
            )
        role = state.find_role(match.group(1), role_arn.rsplit("/", 1)[1])
        assert role is not None, "the gate admits nobody to a role that is not there"
        if refusal := self._engine.young_accounts.entry_refusal(match.group(1)):
            raise StsError(*refusal)
        duration = _role_duration(request, role, caller)
        policies, packed = _session_policies(request, role)
        self._mfa(request, caller)
        tags, transitive = _session_tags(request, caller)
        session, credentials = open_role_session(
            self._engine,
            role_arn,
            name,
            duration=duration,
            policies=policies,
            source_identity=request._get_param("SourceIdentity") or caller.source_identity,
            tags=tags,
            transitive_tags=transitive,
        )
        result = {
            "Credentials": shown(session, credentials),
            "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
            "SourceIdentity": session.source_identity,
        }
        return ActionResult(result | ({"PackedPolicySize": packed} if packed else {}))


def _role_duration(request: TokenResponse, role: Any, caller: Principal) -> int:
    duration = int(request._get_int_param("DurationSeconds", HOUR))
    if not SHORTEST <= duration <= LONGEST_ROLE:
        raise _out_of_range("durationSeconds", duration, SHORTEST, LONGEST_ROLE)
    if caller.kind == "assumed-role" and duration > HOUR:
        message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
        raise StsError("ValidationError", message)
    if duration > int(role.max_session_duration or HOUR):
        message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        raise StsError("ValidationError", message)
    return duration


def _session_policies(request: TokenResponse, role: Any) -> tuple[tuple[str, ...], int]:
    """The policies of a session, and how much of the packed limit they take, in percent."""
    inline = request._get_param("Policy")
    arns = [entry["arn"] for entry in request._get_param("PolicyArns") or []]
    if inline is not None and len(inline) > SESSION_POLICY_CHARACTERS:
        raise StsError(
            "ValidationError",
            f"1 validation error detected: Value '{inline}' at 'policy' failed to satisfy constraint: "
            f"Member must have length less than or equal to {SESSION_POLICY_CHARACTERS}",
        )
    if len(arns) > SESSION_POLICY_ARNS:
        raise StsError("ValidationError", f"At most {SESSION_POLICY_ARNS} session policy ARNs may be passed")
    texts = [inline] if inline else []
    for arn in arns:
        text = state.managed_policy_text(role.account_id, arn)
        if text is None:
            raise StsError("MalformedPolicyDocument", f"Policy {arn} does not exist or is not attachable.")
        texts.append(text)
    for text in texts[: 1 if inline else 0]:
        try:
            compile_policy(text, Kind.SESSION)
        except MalformedPolicy as error:
            message = f"This policy contains invalid Json or is malformed: {error}"
            raise StsError("MalformedPolicyDocument", message) from error
    material = "".join([inline or "", *arns])
    packed = len(zlib.compress(material.encode())) * 100 // SESSION_POLICY_CHARACTERS if material else 0
    if packed > 100:
        raise StsError("PackedPolicyTooLarge", f"Packed size of session policy is {packed}% of the limit")
    return tuple(texts), packed


def _session_tags(request: TokenResponse, caller: Principal) -> tuple[dict[str, str], frozenset[str]]:
    """The session's own tags over what the caller's session passes on."""
    tags = {tag["Key"]: tag.get("Value", "") for tag in request._get_param("Tags") or []}
    if len(tags) > SESSION_TAGS:
        raise StsError("ValidationError", f"At most {SESSION_TAGS} session tags may be passed")
    inherited = {key: value for key, value in caller.tags.items() if key in caller.transitive_tags}
    if set(map(str.lower, tags)) & set(map(str.lower, inherited)):
        raise StsError(
            "InvalidParameterValue", "A transitive tag of the calling session cannot be overridden"
        )
    transitive = frozenset(request._get_param("TransitiveTagKeys") or ()) | frozenset(inherited)
    return {**inherited, **tags}, transitive


def shown(session: Principal, credentials: Credentials) -> dict[str, Any]:
    """As STS answers them."""
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": datetime.fromtimestamp(session.expires or 0, UTC),
    }


def _out_of_range(name: str, value: int, least: int, most: int) -> StsError:
    return StsError(
        "ValidationError",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must have value between {least} and {most}",
    )


def install(engine: Engine) -> None:
    sts = Sts(engine)
    engine.mfa_devices = sts.devices
    for operation in OPERATIONS:
        engine.patch(TokenResponse, operation, _method(getattr(sts, operation)))

    def enable(backend: IAMBackend, user_name: str, serial_number: str, code_1: str, code_2: str) -> None:
        device = backend.virtual_mfa_devices.get(serial_number)
        if device is None:
            message = f"VirtualMFADevice with serial number {serial_number} doesn't exist."
            raise StsError("NoSuchEntity", message)
        if device.user is not None:
            raise StsError("EntityAlreadyExists", f"MFA Device {serial_number} is already in use.")
        if not sts.devices.enable(device.base32_string_seed, code_1, code_2):
            raise StsError("InvalidAuthenticationCode", "Authentication code for device is not valid.")
        enable_in_moto(backend, user_name, serial_number, code_1, code_2)

    enable_in_moto = engine.patch(IAMBackend, "enable_mfa_device", enable)


def _method(operation: Any) -> Any:
    def call(request: TokenResponse) -> ActionResult:
        result: ActionResult = operation(request)
        return result

    return call
