"""Do a file's name and its declared type agree with its bytes?"""

from diagnostics.model import MediaFacts

_ENDINGS = {
    "jpeg": "jpg jpeg jpe jfif",
    "png": "png apng",
    "webp": "webp",
    "gif": "gif",
    "bmp": "bmp dib",
    "tiff": "tif tiff",
    "avif": "avif",
    "heic": "heic heif",
    "svg": "svg",
    "mp3": "mp3 mpga",
    "wav": "wav wave",
    "m4a": "m4a m4b mp4 aac",
    "aac": "aac",
    "flac": "flac",
    "ogg": "ogg oga ogv opus",
    "mp4": "mp4 m4v mov",
    "mov": "mov qt mp4",
    "avi": "avi",
    "webm": "webm mkv",
    "mkv": "mkv webm mka",
    "pdf": "pdf",
}
_TYPES = {
    "jpeg": "image/jpeg image/jpg image/pjpeg",
    "png": "image/png image/apng image/x-png",
    "webp": "image/webp",
    "gif": "image/gif",
    "bmp": "image/bmp image/x-ms-bmp",
    "avif": "image/avif",
    "heic": "image/heic image/heif",
    "svg": "image/svg+xml",
    "mp3": "audio/mpeg audio/mp3 audio/mpeg3 audio/x-mpeg audio/x-mp3 audio/mpg",
    "wav": "audio/wav audio/x-wav audio/wave audio/vnd.wave audio/x-pn-wav",
    "m4a": "audio/mp4 audio/m4a audio/x-m4a audio/aac audio/aacp video/mp4 application/mp4",
    "aac": "audio/aac audio/aacp audio/x-aac",
    "flac": "audio/flac audio/x-flac",
    "ogg": "audio/ogg video/ogg application/ogg audio/opus",
    "mp4": "video/mp4 video/x-m4v application/mp4 video/quicktime",
    "mov": "video/quicktime video/mp4",
    "avi": "video/x-msvideo video/avi video/vnd.avi video/msvideo",
    "webm": "video/webm audio/webm",
    "mkv": "video/x-matroska audio/x-matroska video/matroska",
    "pdf": "application/pdf",
}
_KNOWN_ENDINGS = frozenset(" ".join(_ENDINGS.values()).split())
_SPEAKING = ("image/", "audio/", "video/", "text/html", "application/json", "application/pdf")
"""Types that say something; `application/octet-stream` and its like do not."""


def misnamed(ending: str, facts: MediaFacts) -> bool:
    """A media ending that does not belong to these bytes. No ending, no complaint."""
    fitting = _ENDINGS.get(facts.container)
    return fitting is not None and ending in _KNOWN_ENDINGS and ending not in fitting.split()


def mistyped(declared: str, facts: MediaFacts) -> bool:
    """A speaking `Content-Type` that does not belong to these bytes."""
    fitting = _TYPES.get(facts.container)
    return (
        fitting is not None and declared.startswith(_SPEAKING) and declared not in fitting.split()
    )
