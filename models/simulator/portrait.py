"""Portraits to animate: the one that scikit-image ships, or any picture of a face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.simulator.face_frame import face_width
from realtime.face_mesh import FaceMesh

PICTURES = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff")
FIT_WIDTH = 224.0  # px; the mesh network was trained on faces of about this size


@dataclass(frozen=True)
class Portrait:
    """A picture of a face with its mesh."""

    name: str
    image: NDArray[np.uint8]  # RGB (height, width, 3)
    mesh: NDArray[np.float32]  # (468, 3) px of the image

    def placed(self, width: int, height: int, face_px: float, centre: tuple[float, float] = (0.5, 0.53)) -> Portrait:
        """The portrait scaled into a frame.

        Args:
            width, height: of the frame, px.
            face_px: face width in the frame, px.
            centre: where the middle of the face comes to lie, as a fraction of the frame.

        Returns:
            A portrait whose image is the frame; where the picture ends its border is mirrored on.
        """
        scale = face_px / face_width(self.mesh)
        middle = (self.mesh[:, :2].min(0) + self.mesh[:, :2].max(0)) / 2
        shift = np.array(centre) * (width, height) - scale * middle
        affine = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        image = self.image
        if scale < 0.7:  # sampling without a low pass would alias
            image = cv2.GaussianBlur(image, (0, 0), 0.45 / scale)
        frame = cv2.warpAffine(
            image, affine, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT_101
        )
        mesh = np.column_stack([self.mesh[:, :2] @ affine[:, :2].T + affine[:, 2], self.mesh[:, 2] * scale])
        return Portrait(self.name, np.asarray(frame, np.uint8), mesh.astype(np.float32))


def fit_portrait(name: str, image: NDArray[np.uint8], fitter: FaceMesh) -> Portrait:
    """Fit the mesh to the largest face of a picture.

    The network's answer depends on the crop by about a pixel, so the mesh is the mean over shifted copies.

    Args:
        name: what to call the portrait in messages.
        image: RGB uint8 (height, width, 3).
        fitter: a mesh made for still pictures.

    Raises:
        ValueError: no face was found.
    """
    faces = fitter.fit(image)
    if not faces:
        raise ValueError(f"no face found in {name}: give a picture in which a face looks at the camera")
    found = Portrait(name, image, max(faces, key=face_width))
    side = int(FIT_WIDTH * 2)
    fits = []
    for right, down, size in ((0, 0, 1.0), (5, 3, 1.0), (-4, 5, 0.96), (3, -5, 1.05), (-5, -3, 1.02)):
        crop = found.placed(side, side, FIT_WIDTH * size, (0.5 + right / side, 0.5 + down / side))
        refit = fitter.fit(crop.image)
        if refit:
            mesh = max(refit, key=face_width)
            # Undo the placement: the same points in the original picture and in the crop give the affine map.
            scale = (crop.mesh[0, 2] - crop.mesh[152, 2]) / (found.mesh[0, 2] - found.mesh[152, 2])
            origin = crop.mesh[0, :2] - scale * found.mesh[0, :2]
            fits.append(np.column_stack([(mesh[:, :2] - origin) / scale, mesh[:, 2] / scale]))
    mesh = np.mean(fits, axis=0).astype(np.float32) if fits else found.mesh
    return Portrait(name, image, mesh)


def builtin_portrait() -> Portrait:
    """The public-domain portrait of Eileen Collins (NASA) that scikit-image ships inside its wheel."""
    import skimage.data

    fitter = FaceMesh(still=True)
    try:
        return fit_portrait("astronaut", np.ascontiguousarray(skimage.data.astronaut(), np.uint8), fitter)
    finally:
        fitter.close()


def load_portraits(source: Path) -> list[Portrait]:
    """Portraits of a picture file, or of every picture in a folder, sorted by name.

    Raises:
        ValueError: there is no picture, a file cannot be read, or a picture shows no face.
    """
    files = sorted(p for p in source.iterdir() if p.suffix.lower() in PICTURES) if source.is_dir() else [source]
    if not files:
        raise ValueError(f"no picture in {source}: put portraits ({', '.join(PICTURES)}) there")
    fitter = FaceMesh(still=True)
    try:
        return [fit_portrait(file.name, _read(file), fitter) for file in files]
    finally:
        fitter.close()


def _read(file: Path) -> NDArray[np.uint8]:
    picture = cv2.imread(str(file), cv2.IMREAD_COLOR) if file.is_file() else None
    if picture is None:
        raise ValueError(f"cannot read {file} as a picture: give a readable {', '.join(PICTURES)} file")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)
