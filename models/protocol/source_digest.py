"""A fingerprint of the code that a fold depends on: folds of changed code shall not be mixed."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("models", "kernels", "realtime")


def source_digest(*modules: str) -> str:
    """SHA-256 over the files of modules, all that they import of ours, directly or through others, and their tables.

    What the command line, the readers and the report are made of does not count: the samples have a fingerprint of
    their own, and a report can be written anew.

    Args:
        modules: where the recipe and its judgement stand, dotted.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
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
        for table in _tables(found[name]):
            digest.update(table.name.encode() + b"\0" + table.read_bytes())
    return digest.hexdigest()


def _file(module: str) -> Path | None:
    """The file of one of our modules; None for a package without code, a name in a module, or another's library."""
    if module.split(".")[0] not in _OURS:
        return None
    path = _ROOT.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def _tables(file: Path) -> list[Path]:
    """Tables beside a module that it names, such as `flow_pulls.csv`."""
    named = set(re.findall(r"[\w.-]+\.csv", file.read_text(encoding="utf-8")))
    return [path for name in sorted(named) if (path := file.with_name(name)).is_file()]


def _imported(file: Path) -> list[str]:
    """Every module that a file names in an import, wherever in it; `from a import b` may mean the module a.b."""
    names: list[str] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return names
