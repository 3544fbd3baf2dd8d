"""Signals to a run that is a program of its own, and what is left of it afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import folders, wait_until, workers

PROGRAM = Path(__file__).with_name("run_fakes.py")
ENDLESS = {"count": 10**6, "fps": 100}


class Run:
    """A run under way."""

    def __init__(self, out: Path, **options: object) -> None:
        self.out = out
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, out, json.dumps(options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def wait_for_motion(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "MotionMeasured":
                return
        raise AssertionError(f"it ended before it began: {self.process.communicate()}")

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=40)
        return self.process.returncode, out, err

    def workers(self) -> list[psutil.Process]:
        mine = str(self.out)
        return [p for p in workers() if p.is_running() and mine in str(_environment(p))]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    out = tmp_path / "out.txt"
    monkeypatch.setenv("GLIMPSE_TEST_RUN", str(out))  # by which its processes are known
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(PROGRAM.parents[2]), str(PROGRAM.parent)]))
    return lambda **options: Run(out, **options)


def everything_gone(run: Run) -> bool:
    return not run.workers() and not folders(run.process.pid)


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_to_the_supervisor_is_a_clean_stop(start: Callable[..., Run], number: int, name: str):
    run = start(**ENDLESS)
    run.wait_for_motion()
    assert len(run.workers()) == 5
    run.process.send_signal(number)
    code, out, err = run.end()
    assert (code, err) == (130, "")
    assert f"stopped_by='{name}'" in out
    written = run.out.read_text().splitlines()
    assert written[-1] == "closed"
    assert written[-2].startswith("EndOfStream")
    assert everything_gone(run)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_is_a_clean_stop(start: Callable[..., Run], number: int):
    """What a terminal does on Ctrl-C, and a service manager on stop."""
    run = start(**ENDLESS)
    run.wait_for_motion()
    os.killpg(run.process.pid, number)
    code, _, err = run.end()
    assert (code, err) == (130, "")
    assert run.out.read_text().splitlines()[-1] == "closed"
    assert everything_gone(run)


def test_ctrl_c_while_starting_leaves_nothing(start: Callable[..., Run]):
    run = start(**ENDLESS)
    assert wait_until(lambda: len(run.workers()) > 1, 20)
    os.killpg(run.process.pid, signal.SIGINT)
    code, _, err = run.end()
    assert code == 130
    assert "Traceback" not in err
    assert everything_gone(run)


def test_ctrl_c_while_a_camera_is_waited_for_is_a_clean_stop(start: Callable[..., Run]):
    run = start(**ENDLESS, fault={"stage": "capture", "kind": "build-hang"})
    assert wait_until(lambda: len(run.workers()) == 5, 20)
    time.sleep(1)
    run.process.send_signal(signal.SIGINT)
    code, out, err = run.end()
    assert (code, err) == (130, "")
    assert "stopped_by='Ctrl-C'" in out
    assert everything_gone(run)


def test_a_second_ctrl_c_kills(start: Callable[..., Run]):
    run = start(**ENDLESS, fault={"stage": "publish", "kind": "hang", "at": 0}, limits={"grace_s": 100.0})
    run.wait_for_motion()
    run.process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.process.poll() is None
    run.process.send_signal(signal.SIGINT)
    assert run.end()[0] == 130
    assert everything_gone(run)


def test_a_stop_is_bounded_whatever_hangs(start: Callable[..., Run]):
    run = start(**ENDLESS, fault={"stage": "track", "kind": "hang", "at": 1}, limits={"grace_s": 1.0, "hang_s": 600.0})
    run.wait_for_motion()
    run.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    code, _, err = run.end()
    assert time.monotonic() - began < 15
    assert code == 1
    assert err == "glimpse: track failed: did not stop in time and was terminated\n"
    assert run.out.read_text().splitlines()[-1] == "closed", "stages after the hung one still finish"
    assert everything_gone(run)


@pytest.mark.parametrize("kind", ["", "hang"])
def test_children_leave_when_the_supervisor_is_killed(start: Callable[..., Run], kind: str):
    run = start(**ENDLESS, fault={"stage": "track", "kind": kind, "at": 20})
    run.wait_for_motion()
    run.process.kill()
    run.process.wait()
    assert wait_until(lambda: everything_gone(run), 3), "they had three seconds"
    assert "closed" in run.out.read_text()


def test_a_killed_child_is_one_clear_line_and_a_failing_exit_code(start: Callable[..., Run]):
    run = start(**ENDLESS, fault={"stage": "spot", "kind": "kill", "at": 60})
    code, _, err = run.end()
    assert code == 1
    assert err == "glimpse: spot was killed by SIGKILL (out of memory?)\n"
    assert everything_gone(run)


def test_a_signal_without_a_name_is_told_by_its_number(start: Callable[..., Run]):
    run = start(**ENDLESS)
    run.wait_for_motion()
    run.workers()[0].send_signal(signal.SIGRTMIN + 3)
    code, _, err = run.end()
    assert code == 1
    assert err.endswith(f"was killed by signal {signal.SIGRTMIN + 3}\n")


def test_a_worker_killed_from_outside_is_noticed(start: Callable[..., Run]):
    run = start(**ENDLESS)
    run.wait_for_motion()
    run.workers()[0].kill()
    code, _, err = run.end()
    assert code == 1
    assert err.count("\n") == 1
    assert "was killed by SIGKILL" in err
    assert everything_gone(run)
