"""Compiled loops over pixels: blur, pyramid, gradients, and the mismatch of a warped pair.

Images carry a margin of two repeated pixels, grids one of repeated cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kernels.compiled import compiled_fast
from kernels.flow_sampling import sample_bilinear, sample_cubic
from kernels.flow_scheme import Warp

Plane = NDArray[np.float32]

SIDE = np.float32(0.1065)
"""Weight of each neighbour in the slight blur: a Gaussian of sigma 0.5 px."""
ONE, TWO, ZERO, HALF = np.float32(1), np.float32(2), np.float32(0), np.float32(0.5)
QUARTER, EIGHT_12, ONE_12 = np.float32(0.25), np.float32(8 / 12), np.float32(1 / 12)
NEAR, FAR = np.float32(0.125), np.float32(0.375)


@compiled_fast
def repeat_margin(image: Plane) -> None:
    """Fill the two outer rows and columns."""
    height, width = image.shape
    for y in range(2, height - 2):
        image[y, 0] = image[y, 1] = image[y, 2]
        image[y, width - 1] = image[y, width - 2] = image[y, width - 3]
    for x in range(width):
        image[0, x] = image[1, x] = image[2, x]
        image[height - 1, x] = image[height - 2, x] = image[height - 3, x]


@compiled_fast
def smooth(image: Plane, out: Plane) -> None:
    """3x3 blur of a plain image into an image with margin."""
    height, width = image.shape
    middle = ONE - TWO * SIDE
    row = np.empty(width, np.float32)
    for y in range(height):
        above, below = max(y - 1, 0), min(y + 1, height - 1)
        for x in range(width):
            row[x] = middle * image[y, x] + SIDE * (image[above, x] + image[below, x])
        for x in range(1, width - 1):
            out[y + 2, x + 2] = middle * row[x] + SIDE * (row[x - 1] + row[x + 1])
        out[y + 2, 2] = middle * row[0] + SIDE * (row[0] + row[1])
        out[y + 2, width + 1] = middle * row[width - 1] + SIDE * (row[width - 1] + row[width - 2])
    repeat_margin(out)


@compiled_fast
def halve(image: Plane, out: Plane) -> None:
    """Means of 2x2 pixels."""
    height, width = out.shape[0] - 4, out.shape[1] - 4
    for y in range(height):
        upper, lower = image[2 * y + 2], image[2 * y + 3]
        for x in range(width):
            out[y + 2, x + 2] = QUARTER * (upper[2 * x + 2] + upper[2 * x + 3] + lower[2 * x + 2] + lower[2 * x + 3])
    repeat_margin(out)


@compiled_fast
def gradients(image: Plane, along_x: Plane, along_y: Plane, tensor: Plane) -> None:
    """Derivatives by (1, -8, 0, 8, -1) / 12 and the sums of their products over 4x4 pixels."""
    height, width = along_x.shape
    columns = width // 4
    tensor[:] = ZERO
    for y in range(height):
        for x in range(width):
            along_x[y, x] = EIGHT_12 * (image[y + 2, x + 3] - image[y + 2, x + 1]) - ONE_12 * (
                image[y + 2, x + 4] - image[y + 2, x]
            )
        for x in range(width):
            along_y[y, x] = EIGHT_12 * (image[y + 3, x + 2] - image[y + 1, x + 2]) - ONE_12 * (
                image[y + 4, x + 2] - image[y, x + 2]
            )
        row = y // 4 + 1
        for column in range(columns):
            xx = xy = yy = ZERO
            for x in range(4 * column, 4 * column + 4):
                gx, gy = along_x[y, x], along_y[y, x]
                xx += gx * gx
                xy += gx * gy
                yy += gy * gy
            tensor[0, row, column + 1] += xx
            tensor[1, row, column + 1] += xy
            tensor[2, row, column + 1] += yy


@compiled_fast
def motion_row(motion: Plane, y: int, cells: Plane, out: Plane) -> None:
    """One pixel row of one component of the motion, bilinear between the centres of cells."""
    place = (np.float32(y) + HALF) * QUARTER + HALF
    upper = int(place)
    share = place - np.float32(upper)
    for x in range(cells.size):
        cells[x] = motion[upper, x] + share * (motion[upper + 1, x] - motion[upper, x])
    for column in range(cells.size - 2):
        left, here, right = cells[column], cells[column + 1], cells[column + 2]
        out[4 * column] = here + FAR * (left - here)
        out[4 * column + 1] = here + NEAR * (left - here)
        out[4 * column + 2] = here + NEAR * (right - here)
        out[4 * column + 3] = here + FAR * (right - here)


@compiled_fast
def mismatch(pair: Warp, cubic: bool, out: Plane) -> None:
    """Per cell the sums of gradient times mismatch; then gain and offset of the warped pair by least squares."""
    before, after, along_x, along_y, motion, light = pair
    height, width = along_x.shape
    columns = width // 4
    flat, stride = after.reshape(-1), after.shape[1]
    u, v, warped = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    cells = np.empty(columns + 2, np.float32)
    room = np.empty((8, width), np.float32)
    index = np.empty(width, np.int32)
    across, down = motion[0], motion[1]
    gain, offset = light[0], light[1]
    right, bottom = np.float32(width - 1), np.float32(height - 1)
    # Sums about a grey level of the image itself: float32 would lose digits about zero.
    level = before[2 + height // 2, 2 + width // 2]
    count = e_sum = b_sum = eb_sum = bb_sum = ZERO
    out[:] = ZERO
    for y in range(height):
        motion_row(across, y, cells, u)
        motion_row(down, y, cells, v)
        if cubic:
            sample_cubic(flat, stride, height, y, u, v, index, room, warped)
        else:
            sample_bilinear(flat, stride, height, y, u, v, index, room, warped)
        for x in range(width):
            px, py = np.float32(x) + u[x], np.float32(y) + v[x]
            inside = ONE if px >= ZERO and px <= right and py >= ZERO and py <= bottom else ZERO
            here = before[y + 2, x + 2]
            error = inside * (warped[x] - gain * here - offset)
            warped[x] = error
            grey = inside * (here - level)
            count += inside
            e_sum += error
            b_sum += grey
            eb_sum += error * grey
            bb_sum += grey * grey
        row = y // 4 + 1
        for column in range(columns):
            p = q = ZERO
            for x in range(4 * column, 4 * column + 4):
                p += along_x[y, x] * warped[x]
                q += along_y[y, x] * warped[x]
            out[0, row, column + 1] += p
            out[1, row, column + 1] += q
    count = max(count, ONE)
    spread = bb_sum - b_sum * b_sum / count
    change = (eb_sum - e_sum * b_sum / count) / spread if spread > count else ZERO
    light[0] = gain + change
    light[1] = offset + (e_sum - change * b_sum) / count - change * level


@compiled_fast
def enlarge(motion: Plane, out: Plane) -> None:
    """Motion of cells to the flow of pixels (H, W, 2)."""
    height, width = out.shape[:2]
    across, down = motion[0], motion[1]
    wide = 4 * (motion.shape[2] - 2)
    u, v = np.empty(wide, np.float32), np.empty(wide, np.float32)
    cells = np.empty(motion.shape[2], np.float32)
    for y in range(height):
        motion_row(across, y, cells, u)
        motion_row(down, y, cells, v)
        for x in range(width):
            out[y, x, 0] = u[x]
            out[y, x, 1] = v[x]
