"""The standards that Security Hub CSPM offers, as its user guide of 2026 lists them.

https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html
https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html
"""

from __future__ import annotations

from collections.abc import Mapping

FSBP = "standards/aws-foundational-security-best-practices/v/1.0.0"
OLDEST_CIS = "ruleset/cis-aws-foundations-benchmark/v/1.2.0"
STANDARDS: Mapping[str, str] = {
    FSBP: "AWS Foundational Security Best Practices v1.0.0",
    "standards/aws-resource-tagging-standard/v/1.0.0": "AWS Resource Tagging Standard v1.0.0",
    OLDEST_CIS: "CIS AWS Foundations Benchmark v1.2.0",
    "standards/cis-aws-foundations-benchmark/v/1.4.0": "CIS AWS Foundations Benchmark v1.4.0",
    "standards/cis-aws-foundations-benchmark/v/3.0.0": "CIS AWS Foundations Benchmark v3.0.0",
    "standards/cis-aws-foundations-benchmark/v/5.0.0": "CIS AWS Foundations Benchmark v5.0.0",
    "standards/nist-800-53/v/5.0.0": "NIST Special Publication 800-53 Revision 5",
    "standards/nist-800-171/v/2.0.0": "NIST Special Publication 800-171 Revision 2",
    "standards/pci-dss/v/3.2.1": "PCI DSS v3.2.1",
    "standards/pci-dss/v/4.0.1": "PCI DSS v4.0.1",
}
"""Names by the last part of the ARN."""
ON_BY_DEFAULT = (FSBP, OLDEST_CIS)


def standard_arn(partition: str, region: str, standard: str) -> str:
    """The oldest one is of no Region."""
    where = "" if standard.startswith("ruleset/") else region
    return f"arn:{partition}:securityhub:{where}::{standard}"


def known(arn: str) -> str | None:
    """The standard that an ARN of any Region names."""
    last = arn.rpartition("::")[2]
    return last if last in STANDARDS and arn.startswith("arn:") else None
