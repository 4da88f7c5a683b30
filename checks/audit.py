"""`make audit`: what tools of other people's making say of policies, templates and packages.

Policies are asked of an outside evaluator (`prove.policies`); the template and the rendered policies are read by
cfn-lint and checkov, whose accepted findings stand beside the line, or in .checkov.yaml with their reason; packages are
looked up by pip-audit in PyPI's database of vulnerabilities, which takes a network that reaches it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from checks.rendered import rendered
from prove import policies
from prove.asked import AUDIT, ROOT

BIN = Path(sys.executable).parent
RENDERED = ROOT / ".cache" / "rendered-policies.json"
LOCKS = (
    "layers/groundwork/requirements.txt",
    "requirements-sam.txt",
    "requirements-dev.txt",
    "requirements-audit.txt",
)
"""What ships comes first, then what deploys it."""
SEED = 20_170_301


def main() -> int:
    findings = [finding for look in (_policies, _templates, _packages) for finding in look()]
    for finding in findings:
        print(finding)
    return 1 if findings else 0


def _policies() -> Iterator[str]:
    chapter = policies.decided(SEED, print)
    print(
        f"policies: {chapter.held} of {chapter.tried} cases decided as documented; {'; '.join(chapter.words)}"
    )
    for failure in chapter.failures:
        yield f"policies: {failure.what}\n  {failure.again}"


def _templates() -> Iterator[str]:
    RENDERED.parent.mkdir(exist_ok=True)
    RENDERED.write_text(json.dumps(rendered(), indent=1))
    for path in (ROOT / "template.yaml", RENDERED):
        linted = _said([BIN / "cfn-lint", path])
        audited = _said(
            [
                *(AUDIT / "bin" / "checkov", "--file", path, "--framework", "cloudformation"),
                *("--config-file", ROOT / ".checkov.yaml", "--output", "json", "--skip-download"),
            ]
        )
        found = json.loads(audited.stdout)
        counts = found["summary"]
        print(f"{path.name}: checkov passed {counts['passed']}, accepted {counts['skipped']} with a reason")
        if linted.returncode:
            yield f"{path.name}: cfn-lint: {linted.stdout}"
        for check in found["results"]["failed_checks"]:
            yield f"{path.name}: checkov: {check['resource']}: {check['check_id']} {check['check_name']}"


def _packages() -> Iterator[str]:
    """A lock of which PyPI says nothing is not audited; then nothing is said of the others, either."""
    for lock in LOCKS:
        answer = _said(
            [
                *(AUDIT / "bin" / "pip-audit", "--requirement", ROOT / lock, "--format", "json"),
                *("--require-hashes", "--disable-pip", "--no-deps", "--progress-spinner", "off"),
            ]
        )
        packages = json.loads(answer.stdout)["dependencies"] if answer.stdout else []
        known = [package for package in packages if "skip_reason" not in package]
        if not known:
            print(f"{lock}: NOT AUDITED: no database of vulnerabilities is reached from here")
            return
        print(f"{lock}: pip-audit knows {len(known)} of {len(packages)} packages")
        for package in known:
            for hole in package["vulns"]:
                remedy = f"mended in {', '.join(hole['fix_versions']) or 'no version yet'}"
                yield f"{lock}: {package['name']} {package['version']}: {hole['id']}, {remedy}"


def _said(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, check=False, text=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main())
