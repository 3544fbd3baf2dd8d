"""What code a model's folds depend on, so that folds of changed code are not mixed and others are kept."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("models", "kernels")


def source_digest(module: str) -> str:
    """SHA-256 of a module's file and of every file of ours that it imports, at the top or within a function.

    Read from the text, so that it does not depend on what else this process has loaded.

    Args:
        module: dotted, such as `models.cloud_recipe`.
    """
    waiting, seen = [module], {}
    while waiting:
        name = waiting.pop()
        file = _file(name)
        if name in seen or file is None:
            continue
        content = file.read_bytes()
        seen[name] = content
        waiting += _imports(content)
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(name.encode())
        digest.update(seen[name])
    return digest.hexdigest()


def _imports(content: bytes) -> Iterator[str]:
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            # What is imported may be a module itself.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file(name: str) -> Path | None:
    if name.split(".")[0] not in _OURS:
        return None
    place = _ROOT.joinpath(*name.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    return None
