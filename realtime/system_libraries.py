"""A missing system library gets the exact line that installs it."""

from __future__ import annotations

import re

_DEBIAN_PACKAGE = {
    "libGL.so.1": "libgl1",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libEGL.so.1": "libegl1",
    "libGLESv2.so.2": "libgles2",
    "libX11.so.6": "libx11-6",
    "libxcb.so.1": "libxcb1",
    "libstdc++.so.6": "libstdc++6",
    "libgomp.so.1": "libgomp1",
}


def missing_library_advice(error: ImportError) -> str | None:
    """What to type when an import failed for want of a shared library; None when that was not the cause.

    Args:
        error: as raised by `import cv2`, say: "libGL.so.1: cannot open shared object file: No such file or directory".
    """
    found = re.search(r"(lib[\w.+-]+\.so[\w.]*): cannot open shared object file", str(error))
    if not found:
        return None
    library = found.group(1)
    package = _DEBIAN_PACKAGE.get(library)
    if package is None:
        return (
            f"the system library {library} is missing: install the package that holds it ('apt-file search {library}')"
        )
    return f"the system library {library} is missing: sudo apt-get install -y {package}"
