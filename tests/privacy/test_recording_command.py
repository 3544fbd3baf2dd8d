"""Recording a camera from the command line: what lies on disk afterwards, and that it can be made to go away."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import pytest

from models.simulator.simulate import SimulationPlan, simulate_all
from realtime.kept_session import read_manifest
from realtime.landmark_record import read_landmarks

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def jpegs(tmp_path_factory) -> list[bytes]:
    plan = SimulationPlan(tmp_path_factory.mktemp("clip"), clips=1, seconds=4, fps=30, seed=3, face_px=200)
    video = cv2.VideoCapture(str(simulate_all(plan, 1)[0]))
    frames = []
    while (read := video.read())[0]:
        frames.append(cv2.imencode(".jpg", read[1])[1].tobytes())
    return frames


@pytest.fixture
def camera_url(jpegs):
    class MjpegCamera(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            try:
                for number in range(30 * 60):
                    jpeg = jpegs[number % len(jpegs)]
                    head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                    self.wfile.write(head.encode() + jpeg + b"\r\n")
                    time.sleep(1 / 30)
            except OSError:
                return

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), MjpegCamera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def glimpse(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "run_camera.py", *map(str, words)]
    env = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)


def record(url: str, out: Path, *words: str, until: str) -> str:
    """Watch the camera until a file in the session's folder has some size, then press Ctrl-C."""
    command = [sys.executable, "run_camera.py", "camera", url, "--record", "--out", str(out), *words]
    watching = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and watching.poll() is None:
            if any(path.stat().st_size > 60_000 for path in out.glob(f"*/{until}")):
                break
            time.sleep(0.1)
        watching.send_signal(signal.SIGINT)
        said, _ = watching.communicate(timeout=60)
    finally:
        watching.kill()
    assert watching.returncode == 130, said
    return said


def test_landmarks_only_leaves_no_pixel_and_forget_leaves_nothing(camera_url, tmp_path):
    said = record(camera_url, tmp_path, "--landmarks-only", until="landmarks.arrows")
    (session,) = tmp_path.iterdir()
    assert sorted(path.name for path in session.iterdir()) == [
        "events.jsonl",
        "landmarks.arrows",
        "manifest.json",
        "report.html",
    ]
    assert "data:image" not in re.sub(r"\.wheel \{[^}]*\}", "", (session / "report.html").read_text())
    frames, _, meshes = read_landmarks(session / "landmarks.arrows")
    assert len(frames) > 5 and meshes[..., 0].max() < 700
    manifest = read_manifest(session)
    assert manifest.keeps == "landmarks" and manifest.ended and all(file.sha256 for file in manifest.files if file.size)
    assert f"run_camera.py forget {session}" in said
    done = glimpse("forget", session)
    assert done.returncode == 0 and not session.exists(), done.stdout + done.stderr


def test_a_recording_is_marked_and_listed(camera_url, tmp_path):
    record(camera_url, tmp_path, until="recording.mp4")
    (session,) = tmp_path.iterdir()
    there, image = cv2.VideoCapture(str(session / "recording.mp4")).read()
    blue, _, red = image[16, image.shape[1] - 16].astype(int)
    assert there and red > 150 and blue < 110, "the mark of a recording is burnt into its frames"
    sizes = {file.name: file.size for file in read_manifest(session).files}
    assert sizes["recording.mp4"] == (session / "recording.mp4").stat().st_size


def test_landmarks_only_without_record_is_refused():
    done = glimpse("camera", "0", "--landmarks-only")
    assert done.returncode == 1 and "give both" in done.stderr


def test_forgetting_what_is_no_session_is_refused(tmp_path):
    done = glimpse("forget", tmp_path)
    assert done.returncode == 1 and "nothing was deleted" in done.stderr and tmp_path.exists()
