"""Security Hub's exceptions, in AWS's words where they are known."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class SecurityHubError(ServiceException):
    """An exception of Security Hub, by its name."""


def invalid_access(message: str) -> SecurityHubError:
    return SecurityHubError("InvalidAccessException", message)


def invalid_input(message: str) -> SecurityHubError:
    return SecurityHubError("InvalidInputException", message)


def access_denied(message: str) -> SecurityHubError:
    return SecurityHubError("AccessDeniedException", message)


def not_found(message: str) -> SecurityHubError:
    return SecurityHubError("ResourceNotFoundException", message)


def conflict(message: str) -> SecurityHubError:
    return SecurityHubError("ResourceConflictException", message)
