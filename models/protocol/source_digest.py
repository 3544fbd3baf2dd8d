"""A fingerprint of the code that a fold depends on: folds of changed code shall not be mixed."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("models", "kernels", "realtime")
_JUDGING = "models.protocol.folds"


def source_digest(module: str) -> str:
    """SHA-256 over the files that a recipe and its judgement import, directly or through others.

    What the command line, the readers and the report are made of does not count: the samples have a fingerprint of
    their own, and a report can be written anew.

    Args:
        module: where the recipe stands, dotted.
    """
    found: dict[str, Path] = {}
    waiting = [module, _JUDGING]
    while waiting:
        name = waiting.pop()
        file = _file(name)
        if name in found or file is None:
            continue
        found[name] = file
        waiting += _imported(file)
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(name.encode() + b"\0" + found[name].read_bytes())
    return digest.hexdigest()


def _file(module: str) -> Path | None:
    """The file of one of our modules; None for a package without code, a name in a module, or another's library."""
    if module.split(".")[0] not in _OURS:
        return None
    path = _ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _imported(file: Path) -> list[str]:
    """Every module that a file names in an import, wherever in it; `from a import b` may mean the module a.b."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
