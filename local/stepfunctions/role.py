"""Part of the Step Functions adapter: what Step Functions asks of AWS with a state machine's role, off the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.authorization.refusals import Refusal
from local.authorization.resources import Call

if TYPE_CHECKING:
    from local.engine import Engine

STATES = "states.amazonaws.com"
SESSION_NAME = "states"


class RoleSession:
    """A session of a role. What it asks for is decided over and logged as if it had come over HTTP.

    Raises RoleNotAssumable when the role does not admit Step Functions.
    """

    def __init__(self, engine: Engine, role_arn: str, region: str) -> None:
        credentials = engine.mint(role_arn, SESSION_NAME, service=STATES)
        self._principal = engine.registry.identify(credentials.access_key_id, credentials.session_token)
        self._authorizer, self._region = engine.authorizer, region

    def ask(self, service: str, operation: str, **parameters: Any) -> Refusal | None:
        """Why this call is not allowed, or None."""
        call = Call(service, operation, parameters, self._principal, self._region, {})
        refusal: Refusal | None = self._authorizer.admit(call)
        return refusal
