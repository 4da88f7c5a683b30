"""One set of AWS credentials, in the shapes that its users want."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Credentials:
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)

    def for_boto(self) -> dict[str, str]:
        """Keyword arguments of a boto3 client or session."""
        keys = {"aws_access_key_id": self.access_key_id, "aws_secret_access_key": self.secret_access_key}
        return keys | ({"aws_session_token": self.session_token} if self.session_token else {})

    def for_environment(self) -> dict[str, str]:
        """The environment variables that every AWS SDK reads."""
        return {name.upper(): value for name, value in self.for_boto().items()}
