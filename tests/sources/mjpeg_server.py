"""A network camera that can be killed, frozen, brought back, and given another size: MJPEG over HTTP."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np


class Camera(BaseHTTPRequestHandler):
    """Thirty pictures a second. What it does is said in a file: `run`, `stall`, or a size such as `320x240`."""

    order: Path

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        number = 0
        try:
            while True:
                order = self.order.read_text().strip()
                if order == "stall":
                    time.sleep(0.05)
                    continue
                width, height = (int(part) for part in order.split("x")) if "x" in order else (160, 120)
                picture = np.full((height, width, 3), 40 + number % 100, np.uint8)
                jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode() + jpeg + b"\r\n")
                number += 1
                time.sleep(1 / 30)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        pass


if __name__ == "__main__":
    Camera.order = Path(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Camera)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
