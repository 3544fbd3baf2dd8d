"""How long each operation takes on one core, and what a frame costs the spotter."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.bench_fields import SIZE, portrait, portrait_mesh
from kernels.clouds import regional_cloud
from kernels.expression_flow import ExpressionFlow
from kernels.face_regions import CLOUD_REGIONS, MOTION_REGIONS, depth_map, region_labels, stable_skin
from kernels.flow import FlowEstimator
from kernels.region_motion import main_direction, region_motion, top_magnitudes
from kernels.rigid import RigidMotion
from kernels.strain import optical_strain

CROP = 256
"""Size of the spotter's crop, px."""
CALLS = 200


def median_ms(call: Callable[[], Any]) -> float:
    """Median time of a call, ms."""
    call()
    times = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return float(np.median(times)) * 1e3


def operations() -> dict[str, float]:
    """Milliseconds of each operation on a 256x256 crop."""
    import cv2

    mesh = portrait_mesh() * np.float32(CROP / SIZE)
    before = cv2.resize(portrait(), (CROP, CROP), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    after = np.roll(before, 1, axis=1)
    depth, stable = depth_map(mesh, CROP, CROP), stable_skin(mesh, CROP, CROP)
    labels, cloud_labels = region_labels(mesh, CROP, CROP), region_labels(mesh, CROP, CROP, "cloud")
    tracking, precise = (FlowEstimator(CROP, CROP, preset) for preset in ("tracking", "precise"))
    rigid = RigidMotion(CROP, CROP)
    spotting, judging = (ExpressionFlow(CROP, CROP, preset) for preset in ("tracking", "precise"))
    for separate in (spotting, judging):
        separate.set_reference(before)
        separate.set_face(depth, stable)
    tracking.set_reference(before)
    flow = tracking.to(after)
    residual, strain, room = np.empty_like(flow), optical_strain(flow), np.empty_like(flow)
    regions = len(MOTION_REGIONS)

    def frame() -> None:
        found = spotting.to(after, out=residual)
        region_motion(found.rigid.residual, labels, regions)

    def cloud() -> None:
        regional_cloud(
            *(flow, strain, depth, cloud_labels),
            count=len(CLOUD_REGIONS),
            points=1024,
            face_width=184.0,
            centre=mesh.mean(axis=0),
        )

    return {
        "per frame: flow (tracking), rigid removal, regions": median_ms(frame),
        "flow with the head fitted to the images, precise, new reference": median_ms(
            lambda: judging.estimate(before, after, depth, stable, out=residual)
        ),
        "flow, tracking, reference kept": median_ms(lambda: tracking.to(after, out=room)),
        "flow, tracking, new reference": median_ms(lambda: tracking(before, after, out=room)),
        "flow, precise, new reference": median_ms(lambda: precise(before, after, out=room)),
        "rigid removal from a flow": median_ms(lambda: rigid.remove(flow, depth, stable, residual)),
        "region motion": median_ms(lambda: region_motion(flow, labels, regions)),
        "main direction (MDMO)": median_ms(lambda: main_direction(flow, labels, regions)),
        "top magnitudes": median_ms(lambda: top_magnitudes(flow, labels, regions, 50)),
        "optical strain": median_ms(lambda: optical_strain(flow)),
        "regional cloud, 8 x 1024 points": median_ms(cloud),
        "maps from the mesh: depth, stable skin, regions": median_ms(
            lambda: (
                depth_map(mesh, CROP, CROP),
                stable_skin(mesh, CROP, CROP),
                region_labels(mesh, CROP, CROP),
            )
        ),
    }


def first_use_s() -> float:
    """Seconds from the start of a fresh process to its first flow, with the kernels' code on disk, s."""
    program = (
        "import numpy as np\n"
        "from kernels.flow import FlowEstimator\n"
        "image = np.zeros((256, 256), np.uint8)\n"
        "FlowEstimator(256, 256)(image, image)\n"
    )
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return time.perf_counter() - begun
