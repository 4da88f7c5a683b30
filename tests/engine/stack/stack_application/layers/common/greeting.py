def text(name: str) -> str:
    return f"Hello, {name}"
