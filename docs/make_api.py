"""The API reference, made from the docstrings: `python docs/make_api.py` writes docs/api.md."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path
from types import FunctionType

PAGE = Path(__file__).with_name("api.md")
ROOT = Path(__file__).resolve().parents[1]
SECTIONS = {
    "Sources": ("realtime.source:open_source", "realtime.source:SourceSpec", "realtime.source:Source"),
    "Stages": (
        "realtime.track:FaceTracker",
        "realtime.spot:Spotter",
        "realtime.recognise:Recogniser",
        "realtime.chain:StageChain",
        "realtime.parcel:Parcel",
    ),
    "Runs": (
        "realtime.pipeline:plan_pipeline",
        "realtime.graph_run:run_plan",
        "realtime.graph:Stage",
        "realtime.graph:Build",
    ),
    "Settings": ("realtime.settings:load_settings",),
    "Results": ("realtime.events_file:EventLine", "realtime.evidence:unpack_evidence", "realtime.evidence:Evidence"),
    "Kernels": (
        "kernels.flow:FlowEstimator",
        "kernels.magnify:magnify_eulerian",
        "kernels.magnify:magnify_lagrangian",
        "kernels.interpolate:interpolate_frames",
    ),
    "Networks": ("engine.pick:load", "engine.classifier:Classifier"),
}
HEAD = """# API reference

Made from the docstrings by `python docs/make_api.py`; a test holds it to them. What is not listed here may change
without notice. How to add a source, a sink or a model: [extending](extending.md).
"""


def page() -> str:
    """The whole reference as Markdown."""
    parts = [HEAD]
    for title, names in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [entry(name) for name in names]
    return "\n".join(parts).rstrip() + "\n"


def entry(name: str) -> str:
    """One class or function, and of a class its public methods."""
    module, _, symbol = name.partition(":")
    found = getattr(import_module(module), symbol)
    lines = [f"### `{module}.{symbol}`\n"]
    if inspect.isclass(found):
        if "__init__" in vars(found) and isinstance(vars(found)["__init__"], FunctionType):
            lines.append(f"```python\n{symbol}{signature(found)}\n```\n")
        lines.append(prose(found))
        for method, body in vars(found).items():
            if isinstance(body, FunctionType) and not method.startswith("_") and body.__doc__:
                lines.append(f"#### `.{method}`\n\n```python\n{method}{signature(body)}\n```\n")
                lines.append(prose(body))
    else:
        lines.append(f"```python\n{symbol}{signature(found)}\n```\n")
        lines.append(prose(found))
    return "\n".join(lines)


def signature(found: object) -> str:
    """As it is written, without `self`; long ones one argument a line."""
    made = inspect.signature(found)  # type: ignore[arg-type]
    arguments: list[str] = []
    for name, one in made.parameters.items():
        if one.kind is one.KEYWORD_ONLY and "*" not in arguments:
            arguments.append("*")
        if name != "self":
            said = re.sub(r": '([^']*)'", r": \1", str(one))
            said = re.sub(rf"PosixPath\('{re.escape(str(ROOT))}/([^']*)'\)", r"Path('\1')", said)
            arguments.append(re.sub(r"<function .* at 0x\w+>", "...", said))
    back = "" if made.return_annotation in (inspect.Signature.empty, None, "None") else f" -> {made.return_annotation}"
    back = re.sub(r"<class '([\w.]*\.)?(\w+)'>", r"\2", back)
    line = f"({', '.join(arguments)}){back}"
    return line if len(line) < 90 else "(\n    " + ",\n    ".join(arguments) + f",\n){back}"


def prose(found: object) -> str:
    """A docstring as Markdown: its sections become lists."""
    text = inspect.getdoc(found) or ""
    out, inside = [], False
    for line in text.splitlines():
        heading = re.fullmatch(r"(Args|Returns|Raises|Attributes|Yields):", line)
        argument = re.fullmatch(r"    ([\w., *]+): (.*)", line)
        if heading:
            out += [f"**{heading.group(1)}**", ""]
            inside = True
        elif inside and argument:
            out.append(f"- `{argument.group(1)}`: {argument.group(2)}")
        elif inside and line.startswith("    "):
            out.append(f"  {line.strip()}" if out and out[-1].startswith(("- ", "  ")) else line.strip())
        else:
            inside = inside and not line
            out.append(line)
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    PAGE.write_text(page())
    print(f"{PAGE}: {len(page().splitlines())} lines")
