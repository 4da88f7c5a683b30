"""Adapter: IAM takes a policy without a Version, or of 2008-10-17; moto only 2012-10-17.

The policies that the SAM translator makes from its policy templates have no Version.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.iam.policy_validation import BaseIAMPolicyValidator

if TYPE_CHECKING:
    from local.engine import Engine


def install(engine: Engine) -> None:
    # moto's check of the syntax, which stays, already refuses any other value.
    engine.patch(BaseIAMPolicyValidator, "_validate_version", lambda validator: None)
