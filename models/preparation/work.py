"""Preparing many clips side by side, going on where an earlier run stopped."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from importlib.metadata import version
from pathlib import Path

import cv2

from models.code_commit import current_commit
from models.datasets.clip import AnnotatedClip
from models.preparation.frames import ClipUnusable
from models.preparation.settings import PrepareSettings, recipe
from models.preparation.store import (
    CONTENTS,
    Contents,
    StoreError,
    clip_file,
    entry_of,
    fingerprint,
    is_there,
    read_contents,
    write_clip,
    write_contents,
)

Advanced = Callable[[int, int], None]
"""Called with the number of clips done and of all."""


def prepare_all(
    clips: Sequence[AnnotatedClip],
    settings: PrepareSettings,
    store: Path,
    data: Sequence[str],
    command: str,
    processes: int = 1,
    advanced: Advanced | None = None,
) -> Contents:
    """Prepare what is not yet in the store, and write its contents.

    Args:
        clips: all clips that the store shall hold.
        settings: what is made of them.
        store: its folder.
        data: where the clips come from, for the record.
        command: the command line, for the record.
        processes: how many clips at a time.
        advanced: called with the number of clips done and of all, first with those that were there from before.

    Raises:
        ValueError: settings out of range, or two clips that would share a file.
        StoreError: the folder holds something else.
        OSError: the store cannot be written.
    """
    settings.check()
    _refuse_strangers(store)
    files = [clip_file(store, clip) for clip in clips]
    if len(set(files)) < len(files):
        twice = next(file for file in files if files.count(file) > 1)
        raise ValueError(f"two clips would be kept as {twice}: name each folder of --data once")
    made_by = recipe(settings)
    sources = [fingerprint(clip) for clip in clips]
    open_jobs = [
        at for at, (file, source) in enumerate(zip(files, sources, strict=True)) if not is_there(file, made_by, source)
    ]
    before = len(clips) - len(open_jobs)
    store.mkdir(parents=True, exist_ok=True)
    failed: dict[str, str] = {}

    def finished(at: int, problem: str | None, done: int) -> None:
        if problem is not None:
            failed[f"{clips[at].dataset}/{clips[at].subject}/{clips[at].name}"] = problem
            files[at].unlink(missing_ok=True)
        if advanced:
            advanced(before + done, len(clips))

    if advanced:
        advanced(before, len(clips))
    if processes <= 1 or len(open_jobs) <= 1:
        for done, at in enumerate(open_jobs, start=1):
            finished(at, _work(settings, clips[at], files[at], sources[at]), done)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(min(processes, len(open_jobs)), context, _start) as pool:
            jobs: dict[Future[str | None], int] = {
                pool.submit(_work, settings, clips[at], files[at], sources[at]): at for at in open_jobs
            }
            waiting, done = set(jobs), 0
            try:
                while waiting:
                    ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    for job in ready:
                        done += 1
                        finished(jobs[job], job.result(), done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    kept = [entry_of(store, file) for file in files if file.is_file()]
    contents = Contents(settings, command, current_commit(), _versions(), list(data), kept, failed)
    write_contents(store, contents)
    return contents


_preparer: object | None = None


def _start() -> None:
    cv2.setNumThreads(1)  # the processes share the cores already
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")


def _work(settings: PrepareSettings, clip: AnnotatedClip, file: Path, source: str) -> str | None:
    """Prepare one clip; None, or why it cannot be."""
    from models.preparation.prepare import Preparer

    global _preparer
    if not isinstance(_preparer, Preparer) or _preparer.settings != settings:
        _preparer = Preparer(settings)
    try:
        prepared = _preparer.prepare(clip)
    except ClipUnusable as error:
        return str(error)
    write_clip(file, clip, prepared, recipe(settings), source)
    return None


def _refuse_strangers(store: Path) -> None:
    if store.exists() and not store.is_dir():
        raise StoreError(f"{store} is a file: give a folder")
    if store.is_dir() and any(store.iterdir()) and not (store / "clips").is_dir() and not (store / CONTENTS).exists():
        raise StoreError(f"{store} holds something else: give a new folder, or one that prepare has made")
    if (store / CONTENTS).exists():
        read_contents(store)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("numpy", "opencv-contrib-python", "mediapipe", "h5py")}
