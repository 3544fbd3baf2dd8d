"""What Prometheus gets, and who may ask for it."""

from __future__ import annotations

import random
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from run_states import NAME, counted, state

from realtime.durations import BOUNDS_S, Durations
from realtime.failures import UserFacingError
from realtime.metrics_server import MetricsServer, read_token
from realtime.run_state import RunState

TOKEN = "a-token-of-twenty-and-more"


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    def states() -> list[RunState]:
        now_ns = time.monotonic_ns()
        return [state(at_ns=now_ns), state(source="camera 1", lost="unplugged", at_ns=now_ns)]

    with MetricsServer(0, states, TOKEN) as server:
        yield server


def ask(server: MetricsServer, path: str, token: str | None = TOKEN, method: str = "GET") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    request = urllib.request.Request(server.url + path, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def samples(text: str) -> dict[tuple[str, str, str, str], float]:
    """By name, source, stage and bound."""
    return {
        (one.name, one.labels["source"], one.labels.get("stage", ""), one.labels.get("le", "")): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_rates_drops_ages_restarts_and_histograms_are_told(server: MetricsServer):
    status, text = ask(server, "/metrics")
    assert status == 200
    found = samples(text)
    assert found["glimpse_frames_per_second", NAME, "", ""] == 29.9
    assert found["glimpse_messages_total", NAME, "capture", ""] == 300
    assert found["glimpse_frames_lost_total", NAME, "track", ""] == 4
    assert found["glimpse_frames_shed_total", NAME, "spot", ""] == 2
    assert found["glimpse_restarts_total", NAME, "spot", ""] == 0
    assert found["glimpse_reconnects_total", NAME, "", ""] == 1
    assert found["glimpse_expressions_total", NAME, "", ""] == 3
    assert ("glimpse_frame_age_seconds", NAME, "track", "") in found
    assert found["glimpse_stage_seconds_bucket", NAME, "track", "0.0025"] == 0
    assert found["glimpse_stage_seconds_bucket", NAME, "track", "0.005"] == 2
    assert found["glimpse_stage_seconds_bucket", NAME, "track", "+Inf"] == 3
    assert found["glimpse_stage_seconds_sum", NAME, "track", ""] == pytest.approx(0.028)
    assert found["glimpse_event_latency_seconds_bucket", NAME, "", "0.25"] == 1
    assert found["glimpse_up", "camera 1", "", ""] == 0


def test_health_answers_503_where_a_source_is_lost(server: MetricsServer):
    status, text = ask(server, "/health")
    assert status == 503 and "camera 1: the source is lost: unplugged" in text


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN[:-1], TOKEN + "x"])
@pytest.mark.parametrize("path", ["/metrics", "/health", "/"])
def test_without_the_token_nothing_is_told(server: MetricsServer, path: str, token: str | None):
    status, text = ask(server, path, token)
    assert status == 401 and NAME not in text


def test_other_addresses_and_methods_are_refused(server: MetricsServer):
    assert ask(server, "/etc/passwd")[0] == 404
    assert ask(server, "/metrics", method="POST")[0] == 405


def test_it_listens_on_the_loopback_address_only(server: MetricsServer):
    assert server.url.startswith("http://127.0.0.1:")
    with pytest.raises(UserFacingError, match=r"choose another with --metrics"):
        MetricsServer(int(server.url.rsplit(":", 1)[1]), list, TOKEN)


def test_garbage_on_its_port_stops_nobody(server: MetricsServer):
    rng = random.Random(3)
    port = int(server.url.rsplit(":", 1)[1])
    for number in range(200):
        with socket.create_connection(("127.0.0.1", port)) as vandal:
            start = rng.choice([b"", b"GET /metrics HTTP/1.1\r\n", b"\x16\x03\x01"])
            vandal.sendall(start + rng.randbytes(number))
    assert ask(server, "/metrics")[0] == 200


def test_a_token_is_made_once_and_for_its_user_alone(tmp_path: Path):
    path = tmp_path / "glimpse" / "metrics.token"
    token = read_token(path)
    assert len(token) >= 32 and read_token(path) == token
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(UserFacingError, match="others may read this token"):
        read_token(path)
    path.chmod(0o600)
    path.write_text("short\n")
    with pytest.raises(UserFacingError, match="holds no token"):
        read_token(path)


def test_durations_are_counted_between_their_bounds_and_added():
    counts = counted(0.0001, 0.001, 0.0011, 0.0149, 0.015, 0.0151, 99.0).counts
    assert counts[0] == 2 and counts[1] == 1 and counts[BOUNDS_S.index(0.015)] == 2 and counts[-1] == 1
    both = counted(0.1) + counted(0.1, 9)
    assert sum(both.counts) == 3 and both.total_ns == 9_200_000_000
    assert Durations() + both == both
