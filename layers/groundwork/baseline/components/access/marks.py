"""What says that a group or a policy is Groundwork's where no tag can: the id of its first statement ends in a mark.

A group carries no tags, and GetAccountAuthorizationDetails shows none of a policy. The mark is made of the name, so that
a copy under another name is nobody's but its maker's.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
https://docs.aws.amazon.com/IAM/latest/APIReference/API_ManagedPolicyDetail.html
"""

from __future__ import annotations

import hashlib

from groundwork.declaration.policy_files import Document, statements


def mark_of(name: str) -> str:
    """Letters and digits: IAM takes no other in the id of a statement."""
    return f"Groundwork{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def marked(document: Document, name: str) -> Document:
    """The document of a group or policy of this name, with its mark."""
    first, *rest = statements(document)
    return {**document, "Statement": [{**first, "Sid": f"{first.get('Sid', '')}{mark_of(name)}"}, *rest]}


def is_marked(document: Document, name: str) -> bool:
    return any(str(each.get("Sid", "")).endswith(mark_of(name)) for each in statements(document))


def unmarked(document: Document, name: str) -> Document:
    """The document as it was declared, to be compared."""
    if not is_marked(document, name):
        return document
    said = []
    for statement in statements(document):
        sid = str(statement.get("Sid", "")).removesuffix(mark_of(name))
        rest = {key: part for key, part in statement.items() if key != "Sid"}
        said.append({"Sid": sid, **rest} if sid else rest)
    return {**document, "Statement": said}
