"""Pictures that come from elsewhere as JPEG."""

from __future__ import annotations

from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL.JpegImagePlugin import JpegImageFile


def decode_jpeg(data: bytes, longest_side: int) -> NDArray[np.uint8] | None:
    """RGB uint8 (H, W, 3); None for what is no JPEG, is damaged, or is larger than `longest_side`, px.

    The size is read from the header before anything is decoded: a few bytes may promise gigabytes.
    """
    try:
        with JpegImageFile(BytesIO(data)) as header:
            if max(header.size) > longest_side:
                return None
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except (OSError, ValueError, SyntaxError, cv2.error):
        return None
    return None if decoded is None else np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)
