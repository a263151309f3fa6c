"""What is in a picture file? Asked of Pillow; decoded only to prove that some is gone."""

import warnings
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any

PLUGINS = {
    "jpeg": ("JpegImagePlugin", "JpegImageFile"),
    "png": ("PngImagePlugin", "PngImageFile"),
    "webp": ("WebPImagePlugin", "WebPImageFile"),
    "gif": ("GifImagePlugin", "GifImageFile"),
    "bmp": ("BmpImagePlugin", "BmpImageFile"),
    "avif": ("AvifImagePlugin", "AvifImageFile"),
}
TRUNCATED = "the file ends early"
_ENDS = {"jpeg": b"\xff\xd9", "png": b"IEND", "gif": b"\x3b"}
_TAIL_BYTES = 65_536
_DECODED_PIXELS_MAX = 50_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What one picture file holds."""

    width: int | None = None
    height: int | None = None
    animated: bool | None = None
    problem: str | None = None


def look(data: bytes, container: str, *, complete: bool) -> Picture:
    """Read the picture's header. Never raises, never warns, never unpacks a bomb."""
    plugin, name = PLUGINS[container]
    opener = getattr(import_module(f"PIL.{plugin}"), name)
    # The plugin itself, not Image.open: that loads every format and warns of bombs on its own.
    try:
        with warnings.catch_warnings(action="ignore"), opener(BytesIO(data)) as image:
            width, height = image.size
            return Picture(
                width=width,
                height=height,
                animated=_animated(image),
                problem=_problem(image, data, container) if complete else None,
            )
    except Exception as error:  # noqa: BLE001  # hostile bytes: Pillow raises a dozen kinds
        return Picture(problem=f"it cannot be read as {container}: {_said(error)}")


def _animated(image: Any) -> bool:
    return bool(getattr(image, "is_animated", False))


def _problem(image: Any, data: bytes, container: str) -> str | None:
    pixels, most = image.width * image.height, _pixels_max()
    if pixels > most:
        return f"{image.width}×{image.height} is more than the {most} pixels a decoder accepts"
    mark = _ENDS.get(container)
    if mark is None or mark in data[-_TAIL_BYTES:] or pixels > _DECODED_PIXELS_MAX:
        return None
    return _decoding_problem(image)


def _decoding_problem(image: Any) -> str | None:
    """A file without its end mark may still be whole for a lenient decoder: try."""
    try:
        image.load()
    except Exception:  # noqa: BLE001  # see look
        return TRUNCATED
    return None


def _pixels_max() -> int:
    from PIL import Image  # noqa: PLC0415  # loaded by now

    return int(Image.MAX_IMAGE_PIXELS or _DECODED_PIXELS_MAX)


def _said(error: Exception) -> str:
    """The library's reason in one short line."""
    return (str(error) or type(error).__name__).splitlines()[0][:120]
