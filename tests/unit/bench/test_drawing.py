"""The drawing of a critical path: every state and call is in it, and no label lies on another."""

from __future__ import annotations

from itertools import combinations
from xml.etree import ElementTree

from bench.drawing import Lines, drawing
from bench.models.critical_path import Call, Step

SVG = "{http://www.w3.org/2000/svg}"
PATH = [
    Step("stepfunctions StartExecution", 10, 10.06, invoked=False),
    Step(
        "ReadRequest",
        10.1,
        10.4,
        (Call("dynamodb GetItem", 10.2, 10.26), Call("sts AssumeRole", 10.3, 10.36)),
    ),
    Step("VerifyBaseline", 10.5, 13.5, (Call("iam GetRole", 10.6, 12),)),
]


def parsed() -> ElementTree.Element:
    return ElementTree.fromstring(drawing([Lines("base: <1 call>", PATH), Lines("now", PATH[:2])]))


def test_every_state_and_call_is_drawn() -> None:
    titles = [title.text or "" for title in parsed().iter(f"{SVG}title")]
    for step in PATH:
        assert any(title.startswith(f"{step.name}:") for title in titles)
        assert all(any(title.startswith(f"{call.name}:") for title in titles) for call in step.calls)


def test_labels_do_not_lie_on_each_other() -> None:
    boxes = []
    for text in parsed().iter(f"{SVG}text"):
        wide = len(text.text or "") * 7
        shift = {"right": wide, "middle": wide / 2}.get(text.attrib.get("class", ""), 0)
        x, y = float(text.attrib["x"]) - shift, float(text.attrib["y"])
        boxes.append((x, x + wide, y - 10, y + 2))
    for (left, right, top, bottom), (left_, right_, top_, bottom_) in combinations(boxes, 2):
        assert right <= left_ or right_ <= left or bottom <= top_ or bottom_ <= top


def test_everything_is_within_the_page() -> None:
    root = parsed()
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for block in root.iter(f"{SVG}rect"):
        x, y, wide, high = (float(block.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and x + wide <= width and y >= 0 and y + high <= height
