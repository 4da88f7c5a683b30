"""Config's exceptions, by their names."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ConfigError(ServiceException):
    """An exception of Config, by its name."""
