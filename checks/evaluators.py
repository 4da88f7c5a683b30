"""docs/evaluators.md: how the embedded AWS reads policies where others read them in another way."""

from __future__ import annotations

from checks.references import MADE
from prove.evaluators.disagreements import ROWS, Row


def evaluators() -> str:
    return "\n".join(
        [
            "# Where evaluators of IAM policies differ",
            "",
            MADE.format("prove/evaluators/disagreements.py"),
            "",
            "`make prove ONLY=random_policies` draws 20,000 requests with policies in every layer (of the identity, boundary,",
            "session, organization and resource; every condition operator, with `IfExists` and set operators; policy variables;",
            "negated elements; two accounts) and asks three evaluators: the embedded AWS's own,",
            "[iam-simulate](https://github.com/cloud-copilot/iam-simulate) and",
            "[reach-security](https://github.com/ctrl-adam/Reach)'s for single requests. They agree but for the forms below.",
            "A case in which they differ is asked again in other words, which mean what the column *The embedded AWS* says and",
            "leave nothing to read in another way: then they agree, or the proof fails.",
            "",
            "Where the documentation says nothing, the embedded AWS takes the reading by which the request is refused: an",
            "`Allow` in such a form does not allow, a `Deny` denies. **A guard rail in such a form may not hold on AWS**: say it",
            "in another.",
            "",
            "| Form | Others | The embedded AWS | By |",
            "|---|---|---|---|",
            *map(_line, ROWS),
            "",
        ]
    )


def _line(row: Row) -> str:
    source = f"[user guide]({row.source})" if row.source else "Nothing found: refused"
    if "eventbridge" in row.source:
        source = f"[EventBridge]({row.source})"
    others = row.theirs if len(row.evaluators) > 1 else f"{row.evaluators[0]}: {row.theirs}"
    return f"| {row.form[0].upper()}{row.form[1:]} | {others} | {row.documented} | {source} |"
