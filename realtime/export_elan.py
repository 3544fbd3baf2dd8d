"""Events as an ELAN annotation file (.eaf, format 3.0, by The Language Archive in Nijmegen).

ELAN lets no two annotations of a tier overlap, so expressions that overlap lie on tiers of their own.
"""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree

from realtime.events_file import EventLine
from realtime.export_table import unit_number

_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_CONSTRAINTS = {
    "Time_Subdivision": "parts that fill their parent without gaps",
    "Symbolic_Subdivision": "ordered parts without times",
    "Symbolic_Association": "one for each parent",
    "Included_In": "parts within their parent, gaps allowed",
}
_TOLD = ("label", "action units", "probabilities", "strength", "id")


@dataclass
class _Document:
    """Counts slots and annotations while tiers are filled."""

    slots: list[int] = field(default_factory=list)
    annotations: int = 0

    def slot(self, time_ms: int) -> str:
        self.slots.append(time_ms)
        return f"ts{len(self.slots)}"

    def annotation(self) -> str:
        self.annotations += 1
        return f"a{self.annotations}"


def write_elan(events: Sequence[EventLine], video: Path | None, path: Path) -> None:
    """Write one file.

    Tiers: `expression` (micro or macro, from onset to offset), below it `label`, `action units`, `probabilities`,
    `strength` and `id`, one to one, and `phase` (rise until the apex, then decay), aligned in time.

    Args:
        events: of one recording.
        video: it belongs to; named relative to `path`, so that both can be moved together.
        path: file to write.
    """
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": f"Glimpse {version('glimpse')}",
            "DATE": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    document = _Document()
    header = _header(root, video, path)
    order = ElementTree.SubElement(root, "TIME_ORDER")
    for number, lane in enumerate(_lanes(events)):
        _tiers(root, document, lane, f" {number + 1}" if number else "")
    # The format wants slots in the order of time.
    for number, time_ms in sorted(enumerate(document.slots, start=1), key=lambda slot: slot[1]):
        ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time_ms))
    identity = uuid5(NAMESPACE_URL, "|".join(f"{event.id} {event.onset_s}" for event in events))
    _property(header, "URN", f"urn:nl-mpi-tools-elan-eaf:{identity}")
    _property(header, "lastUsedAnnotationId", str(document.annotations))
    _types(root)
    ElementTree.indent(root, " " * 4)
    ElementTree.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _header(root: ElementTree.Element, video: Path | None, path: Path) -> ElementTree.Element:
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if video is not None:
        relative = Path(os.path.relpath(video.resolve(), path.resolve().parent)).as_posix()
        url = relative if relative.startswith(".") else f"./{relative}"
        kind = mimetypes.guess_type(video.name)[0] or "video/*"
        ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, MIME_TYPE=kind, RELATIVE_MEDIA_URL=url)
    return header


def _property(header: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(header, "PROPERTY", NAME=name).text = value


def _lanes(events: Sequence[EventLine]) -> list[list[EventLine]]:
    """Events that do not overlap, in as few rows as that takes; one row, if an empty one, at least."""
    lanes: list[list[EventLine]] = [[]]
    for event in sorted(events, key=lambda event: event.onset_s):
        free = next((lane for lane in lanes if not lane or _ms(lane[-1].offset_s) <= _ms(event.onset_s)), None)
        if free is None:
            lanes.append([event])
        else:
            free.append(event)
    return lanes


def _tiers(root: ElementTree.Element, document: _Document, events: Sequence[EventLine], suffix: str) -> None:
    parent = f"expression{suffix}"
    tier = _tier(root, parent, "expression")
    named = {}
    for event in events:
        named[event.id] = document.annotation()
        _aligned(tier, named[event.id], document, event.onset_s, event.offset_s, event.kind)
    for what in _TOLD:
        told = _tier(root, what + suffix, "told", parent)
        for event in events:
            annotation = ElementTree.SubElement(told, "ANNOTATION")
            reference = {"ANNOTATION_ID": document.annotation(), "ANNOTATION_REF": named[event.id]}
            inner = ElementTree.SubElement(annotation, "REF_ANNOTATION", reference)
            ElementTree.SubElement(inner, "ANNOTATION_VALUE").text = _says(event, what)
    phases = _tier(root, f"phase{suffix}", "phase", parent)
    for event in events:
        for name, start_s, end_s in (("rise", event.onset_s, event.apex_s), ("decay", event.apex_s, event.offset_s)):
            if _ms(end_s) > _ms(start_s):
                _aligned(phases, document.annotation(), document, start_s, end_s, name)


def _tier(root: ElementTree.Element, name: str, kind: str, parent: str = "") -> ElementTree.Element:
    below = {"PARENT_REF": parent} if parent else {}
    return ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": kind, **below, "TIER_ID": name})


def _aligned(
    tier: ElementTree.Element, name: str, document: _Document, start_s: float, end_s: float, value: str
) -> None:
    start_ms = _ms(start_s)
    slots = {
        "TIME_SLOT_REF1": document.slot(start_ms),
        "TIME_SLOT_REF2": document.slot(max(_ms(end_s), start_ms + 1)),
    }
    annotation = ElementTree.SubElement(tier, "ANNOTATION")
    inner = ElementTree.SubElement(annotation, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": name, **slots})
    ElementTree.SubElement(inner, "ANNOTATION_VALUE").text = value


def _says(event: EventLine, what: str) -> str:
    if what == "label":
        return event.label
    if what == "action units":
        return "+".join(sorted(event.action_units, key=unit_number))
    if what == "probabilities":
        return " ".join(f"{name} {value:.2f}" for name, value in event.probabilities.items())
    return f"{event.strength:.2f} px" if what == "strength" else event.id


def _types(root: ElementTree.Element) -> None:
    for name, constraint in (("expression", ""), ("told", "Symbolic_Association"), ("phase", "Included_In")):
        bound = {"CONSTRAINTS": constraint} if constraint else {}
        alignable = "false" if name == "told" else "true"
        given = {"GRAPHIC_REFERENCES": "false", "LINGUISTIC_TYPE_ID": name, "TIME_ALIGNABLE": alignable}
        ElementTree.SubElement(root, "LINGUISTIC_TYPE", bound | given)
    for name, says in _CONSTRAINTS.items():
        ElementTree.SubElement(root, "CONSTRAINT", DESCRIPTION=says, STEREOTYPE=name)


def _ms(time_s: float) -> int:
    return max(round(1000 * time_s), 0)
