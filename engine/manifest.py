"""The list of shipped models and their fingerprints: nothing is loaded that is not on it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from engine.classifier import ModelError

WEIGHTS = Path(__file__).resolve().parent.parent / "models" / "weights"
"""Where the checkout keeps its models."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model file."""

    file: str  # relative to the manifest
    sha256: str
    bytes: int
    trained_by: str  # command line
    commit: str  # of the code that trained it
    proof: str = ""  # file with the stored test vector, relative to the manifest
    proof_sha256: str = ""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All models of a folder, by name."""

    models: dict[str, Entry]


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder of models.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    path = folder / "manifest.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise ModelError(f"{path}: no such manifest; run from a complete checkout of the project") from None
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{path}: cannot be read ({error}); restore it with git checkout") from None


def find_model(name: str, folder: Path = WEIGHTS) -> tuple[Path, Entry]:
    """A model's file, after its fingerprint has been checked.

    Raises:
        ModelError: unknown name, missing file, or content that is not what was shipped.
    """
    models = read_manifest(folder).models
    if name not in models:
        raise ModelError(
            f"no model named {name!r} in {folder}; there are: {', '.join(sorted(models)) or 'none'}",
            "others are trained and exported first, and given as a file: docs/training.md",
        )
    entry = models[name]
    return _checked(folder / entry.file, entry.sha256), entry


def find_proof(name: str, folder: Path = WEIGHTS) -> Path:
    """The file with a model's stored test vector, after its fingerprint has been checked.

    Raises:
        ModelError: as `find_model`, or the model was entered without one.
    """
    entry = find_model(name, folder)[1]
    if not entry.proof:
        raise ModelError(f"{folder}: {name} has no stored test vector; write it with `python -m engine export`")
    return _checked(folder / entry.proof, entry.proof_sha256)


def record_model(name: str, path: Path, trained_by: str, commit: str, proof: Path | None = None) -> Entry:
    """Enter a model into the manifest beside it, and return its entry.

    Args:
        name: by which it is found.
        path: the ONNX file.
        trained_by: command line.
        commit: of the code that trained it.
        proof: its stored test vector, in the same folder; without one it cannot be picked.

    Raises:
        ModelError: there is a manifest that cannot be read.
    """
    folder = path.parent
    entry = Entry(
        path.name,
        sha256_of(path),
        path.stat().st_size,
        trained_by,
        commit,
        proof.name if proof else "",
        sha256_of(proof) if proof else "",
    )
    known = read_manifest(folder).models if (folder / "manifest.json").exists() else {}
    manifest = Manifest(dict(sorted({**known, name: entry}.items())))
    # Replaced at once: whoever reads it meanwhile sees the old list or the new one.
    written = folder / "manifest.json.new"
    written.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
    written.replace(folder / "manifest.json")
    return entry


def _checked(path: Path, expected: str) -> Path:
    try:
        found = sha256_of(path)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); restore it with git checkout") from None
    if found != expected:
        raise ModelError(
            f"{path}: SHA-256 is {found[:12]}..., the manifest says {expected[:12]}...; "
            "the file is damaged or foreign, restore it with git checkout"
        )
    return path


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
