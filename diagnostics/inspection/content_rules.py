"""What can be wrong with the bytes of an input file, and what is to be done about it?

`{likely}` is the code that the provider would answer, as ` → 1015`, or nothing.
"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

_FAIL, _WARN, _INFO = Severity.FAIL, Severity.WARN, Severity.INFO


def _rule(
    code: str, severity: Severity, says: Text, remedy: Text, *, blame: Blame = Blame.MEDIA
) -> Rule:
    return Rule(code=code, severity=severity, blame=blame, says=says, remedy=remedy)


_NOTHING = Text(en="Nothing to do.", ru="Ничего делать не нужно.")
_CHECK_LINK = Text(
    en="Open the link in a private browser window without signing in; upload the file again if it "
    "does not download.",
    ru="Откройте ссылку в приватном окне браузера без входа в аккаунт; если файл не скачивается, "
    "загрузите его заново.",
)
_CONVERT = Text(
    en="Convert the file to {limit} and upload it again; renaming it changes nothing.",
    ru="Преобразуйте файл ({limit}) и загрузите заново; переименование не поможет.",
)

PAGE = _rule(
    "media-web-page",
    _FAIL,
    Text(
        en="{subject}: {host} serves a web page, not a file{likely}",
        ru="{subject}: {host} отдаёт веб-страницу, а не файл{likely}",
    ),
    _CHECK_LINK,
)
SHARE_PAGE = _rule(
    "media-share-page",
    _FAIL,
    Text(
        en="{subject}: this is {service}'s page for people, not the file itself{likely}",
        ru="{subject}: это страница {service} для просмотра, а не сам файл{likely}",
    ),
    Text(
        en="Give a direct download link, or upload the file to ordinary storage.",
        ru="Дайте прямую ссылку на скачивание или выложите файл в обычное хранилище.",
    ),
)
EMPTY = _rule(
    "media-empty",
    _FAIL,
    Text(en="{subject}: the file is empty{likely}", ru="{subject}: файл пуст{likely}"),
    Text(
        en="Upload the file again and compare its size.",
        ru="Загрузите файл заново и сверьте размер.",
    ),
)
FORMAT = _rule(
    "media-format",
    _FAIL,
    Text(
        en="{subject}: the bytes are {seen}, wanted is {limit}{likely}",
        ru="{subject}: содержимое — {seen}, а нужно {limit}{likely}",
    ),
    _CONVERT,
)
UNDECODABLE = _rule(
    "media-undecodable",
    _FAIL,
    Text(
        en="{subject}: the file ({container}) cannot be decoded: {seen}{likely}",
        ru="{subject}: файл ({container}) не декодируется: {seen}{likely}",
    ),
    Text(
        en="Export the file again, check that it plays to its end, upload it anew.",
        ru="Экспортируйте файл заново, убедитесь, что он открывается до конца, и загрузите снова.",
    ),
)
SIZE = _rule(
    "media-size",
    _FAIL,
    Text(
        en="{subject}: the file has {seen}, the limit is {limit}{likely}",
        ru="{subject}: размер файла {seen}, предел {limit}{likely}",
    ),
    Text(en="Compress or cut the file.", ru="Сожмите или обрежьте файл."),
)
DURATION = _rule(
    "media-duration",
    _FAIL,
    Text(
        en="{subject}: it lasts {seen}, the limit is {limit}{likely}",
        ru="{subject}: длительность {seen}, предел {limit}{likely}",
    ),
    Text(en="Cut the file to {limit}.", ru="Приведите длительность к {limit}."),
)
FPS = _rule(
    "media-fps",
    _FAIL,
    Text(
        en="{subject}: {seen} frames a second, the limit is {limit}{likely}",
        ru="{subject}: {seen} кадров в секунду, предел {limit}{likely}",
    ),
    Text(
        en="Encode the video again with {limit} frames a second.",
        ru="Перекодируйте видео: {limit} кадров в секунду.",
    ),
)
FPS_ADVISED = _rule(
    "media-fps-advised",
    _WARN,
    Text(
        en="{subject}: {seen} frames a second, {limit} is advised",
        ru="{subject}: {seen} кадров в секунду, рекомендуется {limit}",
    ),
    Text(
        en="If the result disappoints, encode the video again with {limit} frames a second.",
        ru="Если результат плох, перекодируйте видео: {limit} кадров в секунду.",
    ),
)
CODEC = _rule(
    "media-codec",
    _FAIL,
    Text(
        en="{subject}: the codec is {seen}, wanted is {limit}{likely}",
        ru="{subject}: кодек {seen}, а нужен {limit}{likely}",
    ),
    Text(en="Encode it again as {limit}.", ru="Перекодируйте в {limit}."),
)
AUDIO_MISSING = _rule(
    "media-audio-missing",
    _FAIL,
    Text(
        en="{subject}: there is no sound track in it, and one is needed{likely}",
        ru="{subject}: в файле нет звуковой дорожки, а она нужна{likely}",
    ),
    Text(en="Export the file again with its sound.", ru="Экспортируйте файл заново, со звуком."),
)
AUDIO_FORBIDDEN = _rule(
    "media-audio-forbidden",
    _FAIL,
    Text(
        en="{subject}: there is a sound track in it, and none is allowed{likely}",
        ru="{subject}: в файле есть звуковая дорожка, а её быть не должно{likely}",
    ),
    Text(en="Export the file again without sound.", ru="Экспортируйте файл заново, без звука."),
)
DIMENSIONS = _rule(
    "media-dimensions",
    _FAIL,
    Text(
        en="{subject}: {seen} pixels, the limit is {limit}{likely}",
        ru="{subject}: {seen} пикселей, предел {limit}{likely}",
    ),
    Text(en="Scale it down to {limit}.", ru="Уменьшите изображение до {limit}."),
)
TYPE_MISMATCH = _rule(
    "media-type-mismatch",
    _WARN,
    Text(
        en="{subject}: {host} calls it {declared}, but the bytes are {container}",
        ru="{subject}: {host} объявляет {declared}, но содержимое — {container}",
    ),
    Text(
        en="Correct the Content-Type of the stored file: some downloaders believe it.",
        ru="Исправьте Content-Type файла в хранилище: некоторые загрузчики ему верят.",
    ),
)
NAME_MISMATCH = _rule(
    "media-name-mismatch",
    _WARN,
    Text(
        en="{subject}: the name ends in .{ending}, but the bytes are {container}",
        ru="{subject}: имя оканчивается на .{ending}, но содержимое — {container}",
    ),
    Text(
        en="Give the file its true ending: some providers judge by the name.",
        ru="Дайте файлу верное расширение: некоторые провайдеры судят по имени.",
    ),
)
FINE = _rule(
    "media-fine",
    _INFO,
    Text(en="{subject}: {what}", ru="{subject}: {what}"),
    _NOTHING,
    blame=Blame.NONE,
)

BREACHES = {
    "format": FORMAT,
    "undecodable": UNDECODABLE,
    "size": SIZE,
    "duration": DURATION,
    "fps": FPS,
    "codec": CODEC,
    "audio": AUDIO_MISSING,
    "dimensions": DIMENSIONS,
}
"""By the kind of a `media.Breach`."""

RULES = tuple(rule for rule in list(globals().values()) if isinstance(rule, Rule))
