"""Archives that were built for Lambda's platform: they run here, or are refused when they are uploaded."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.engine import Engine
from tests.engine.support import create_function, create_role

RISC_V = 243
MODULE = b"\x7fELF" + bytes(14) + struct.pack("<H", RISC_V)
"""The beginning of an extension module for a processor that Lambda has not, and no laptop of ours."""
CODE = """
import pydantic, pydantic_core

def handle(event, context):
    return [pydantic_core.__version__, pydantic_core.__file__, pydantic.__file__]
"""
PLAIN = "def handle(event, context):\n    return 'plain'\n"


@pytest.fixture(scope="module")
def aws() -> Iterator[Engine]:
    with Engine(time_scale=0.001, organization=None) as engine:
        create_role(engine, "function", "lambda.amazonaws.com")
        yield engine


def archive(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return buffer.getvalue()


def layer_with(number: str) -> bytes:
    """As pip's --target makes it for another platform: two files of a package, and what records them."""
    files = {"pydantic_core/__init__.py": b"1 / 0", "pydantic_core/_pydantic_core.cpython-313-x.so": MODULE}
    record = f"pydantic_core-{number}.dist-info/RECORD"
    rows = "".join(f"{name},,\n" for name in [*files, record])
    own = {"mine.py": b"", record: rows.encode()}
    return archive({f"python/{name}": content for name, content in {**files, **own}.items()})


def publish(aws: Engine, name: str, content: bytes, **more: Any) -> str:
    published = aws.client("lambda").publish_layer_version(
        LayerName=name, Content={"ZipFile": content}, **more
    )
    return str(published["LayerVersionArn"])


def test_compiled_packages_of_a_layer_come_from_this_machine_in_the_same_version(aws: Engine) -> None:
    layer = publish(aws, "same", layer_with(version("pydantic_core")))
    create_function(aws, "same", CODE, role="function", Layers=[layer])
    answer = aws.client("lambda").invoke(FunctionName="same")
    assert "FunctionError" not in answer, answer["Payload"].read()
    assert json.loads(answer["Payload"].read())[0] == version("pydantic_core")


def test_another_version_is_refused_when_the_layer_is_published(aws: Engine) -> None:
    with pytest.raises(ClientError) as refused:
        publish(aws, "other", layer_with("0.0.1"))
    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert (
        f"pydantic_core 0.0.1 from its own environment, which has {version('pydantic_core')}"
        in error["Message"]
    )
    assert "other" not in [layer["LayerName"] for layer in aws.client("lambda").list_layers()["Layers"]]


def test_a_module_of_no_package_is_refused_and_the_function_goes_on(aws: Engine) -> None:
    create_function(aws, "plain", PLAIN, role="function")
    client = aws.client("lambda")
    compiled = archive({"handler.py": PLAIN.encode(), "fast.so": MODULE})
    with pytest.raises(ClientError, match=r"fast\.so does not run under .* build for this machine"):
        client.update_function_code(FunctionName="plain", ZipFile=compiled)
    assert json.loads(client.invoke(FunctionName="plain")["Payload"].read()) == "plain"
    role = client.get_function(FunctionName="plain")["Configuration"]["Role"]
    with pytest.raises(ClientError, match=r"fast\.so does not run"):
        client.create_function(
            FunctionName="fast",
            Role=role,
            Handler="handler.handle",
            Runtime="python3.13",
            Code={"ZipFile": compiled},
        )
    with pytest.raises(ClientError, match="not found"):
        client.get_function(FunctionName="fast")


def test_what_is_for_another_language_is_taken_as_it_is(aws: Engine) -> None:
    """Until a function of Python would have it: by its runtime, or by its layers."""
    compiled = archive({"index.js": b"", "fast.so": MODULE})
    layer = publish(aws, "of-node", compiled, CompatibleRuntimes=["nodejs22.x"])
    create_function(aws, "python", PLAIN, role="function")
    client = aws.client("lambda")
    role = client.get_function(FunctionName="python")["Configuration"]["Role"]
    client.create_function(
        FunctionName="node",
        Role=role,
        Handler="index.handle",
        Runtime="nodejs22.x",
        Architectures=["arm64"],
        Code={"ZipFile": compiled},
        Layers=[layer],
    )
    client.update_function_code(FunctionName="node", ZipFile=compiled)
    for runtimes in ([], ["nodejs22.x", "python3.13"]):
        with pytest.raises(ClientError, match=r"fast\.so does not run under"):
            publish(aws, "of-both", compiled, CompatibleRuntimes=runtimes)
    with pytest.raises(ClientError, match=r"fast\.so does not run under"):
        client.update_function_configuration(FunctionName="python", Layers=[layer])
    with pytest.raises(ClientError, match=r"fast\.so does not run under"):
        client.update_function_configuration(FunctionName="node", Runtime="python3.13")
    assert client.get_function(FunctionName="node")["Configuration"]["Runtime"] == "nodejs22.x"
    assert json.loads(client.invoke(FunctionName="python")["Payload"].read()) == "plain"


def test_a_record_of_names_in_another_encoding_is_read(aws: Engine) -> None:
    rows = f"mine/fast.so,,\nmine/{chr(233)}.py,,\n".encode("latin-1")
    files = {"mine/fast.so": MODULE, "mine-0.0.1.dist-info/RECORD": rows}
    with pytest.raises(ClientError, match=r"InvalidParameterValueException.*fast\.so does not run under"):
        publish(aws, "encoded", archive({f"python/{name}": content for name, content in files.items()}))
