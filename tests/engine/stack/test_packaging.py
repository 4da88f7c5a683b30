"""The layers as the embedded AWS packages them: by the Makefiles that `sam build` runs."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from local.stack.template.packaging import DECLARATION, NotPackageable, package

ROOT = Path(__file__).parents[3]


def declaration_of(stored: dict[str, bytes]) -> str:
    packages = [zipfile.ZipFile(io.BytesIO(data)) for name, data in stored.items() if name.endswith(".zip")]
    found = [each for each in packages if "python/baseline/baseline.yaml" in each.namelist()]
    assert len(found) == 1
    return found[0].read("python/baseline/baseline.yaml").decode()


def packaged() -> dict[str, bytes]:
    stored: dict[str, bytes] = {}

    def upload(name: str, data: bytes) -> str:
        stored[name] = data
        return f"s3://bucket/{name}"

    package(ROOT / "template.yaml", upload)
    return stored


def test_the_declaration_may_be_outside_of_the_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = (ROOT / "layers" / "baseline" / "baseline.yaml").read_text()
    assert declaration_of(packaged()) == shipped
    shutil.copy(ROOT / "layers" / "baseline" / "baseline.yaml", tmp_path)
    monkeypatch.setenv(DECLARATION, str(tmp_path))
    for comment in ("# mine\n", "# mine, changed\n"):  # nothing remembers what it was before
        (tmp_path / "baseline.yaml").write_text(comment + shipped)
        assert declaration_of(packaged()) == comment + shipped


@pytest.mark.parametrize(("text", "words"), [("Resources: {", "is no YAML"), (None, "There is no template")])
def test_what_is_no_template_is_said_in_a_sentence(tmp_path: Path, text: str | None, words: str) -> None:
    template = tmp_path / "template.yaml"
    if text:
        template.write_text(text)
    with pytest.raises(NotPackageable, match=words) as refused:
        package(template, lambda name, _: name)
    assert "\n" not in str(refused.value)
