"""What can be wrong with a credential, and what is to be done about each?

One row a problem of `KeyFacts`: what it means (en, ru), what to do (en, ru). No sentence ever
holds a value, only the name of its variable.
"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

_PROBLEMS: dict[str, tuple[str, str, str, str]] = {
    "blank": (
        "is set, but there is nothing in it",
        "задана, но пуста",
        "Give it a value; in CI, check that the secret reaches this job.",
        "Задайте значение; в CI проверьте, что секрет передан в это задание.",
    ),
    "newline": (
        "holds a line break, which no HTTP header may carry",
        "содержит перевод строки, а его в заголовке HTTP быть не может",
        "Strip it: it usually comes from `echo` (use `printf %s`), a file or the clipboard.",
        "Уберите его: обычно он приходит из `echo` (пишите `printf %s`), файла или буфера обмена.",
    ),
    "quotes": (
        "has quotation marks around its value, which the provider takes for a part of the key",
        "содержит кавычки вокруг значения: провайдер сочтёт их частью ключа",
        "Remove the quotes; `docker --env-file` and CI settings keep them literally.",
        "Уберите кавычки; `docker --env-file` и настройки CI передают их буквально.",
    ),
    "inner-space": (
        "has a space in the middle",
        "содержит пробел в середине",
        "Copy the key again in one piece.",
        "Скопируйте ключ заново целиком.",
    ),
    "edge-space": (
        "begins or ends with a space",
        "начинается или заканчивается пробелом",
        "Remove the space at the edge.",
        "Уберите пробел по краям.",
    ),
    "non-ascii": (
        "holds characters that no key has (outside ASCII)",
        "содержит символы не из ASCII, которых в ключах не бывает",
        "Copy the key again from the provider's own page.",
        "Скопируйте ключ заново со страницы провайдера.",
    ),
    "look-alike": (
        "holds characters that only look right: a Cyrillic or Greek letter, or an invisible space",
        "содержит символы-двойники: кириллическую или греческую букву либо невидимый пробел",
        "Do not retype it or copy it through a chat or a document; copy it from the source.",
        "Не перепечатывайте ключ и не копируйте через чат или документ: возьмите его из источника.",
    ),
    "control-character": (
        "holds a control character",
        "содержит управляющий символ",
        "Copy the key again; check how the file that holds it is encoded.",
        "Скопируйте ключ заново; проверьте кодировку файла, в котором он лежит.",
    ),
    "bearer-prefix": (
        "begins with `Bearer`, a header's name or its own name; the program adds those itself",
        "начинается с `Bearer`, имени заголовка или своего имени; их программа добавляет сама",
        "Keep only the key itself.",
        "Оставьте только сам ключ.",
    ),
    "placeholder": (
        "still holds the placeholder of an example",
        "всё ещё содержит заглушку из примера",
        "Put the real key in its place.",
        "Замените её настоящим ключом.",
    ),
    "too-short": (
        "is too short for a key",
        "слишком коротка для ключа",
        "Compare its length with the key on the provider's page.",
        "Сравните длину с ключом на странице провайдера.",
    ),
    "same-as-client-id": (
        "is the client id, not the key",
        "содержит client id, а не ключ",
        "Take the secret (API key) from the same page of the account.",
        "Возьмите секрет (API key) на той же странице аккаунта.",
    ),
    "cut": (
        "holds a shortened key (with dots or stars, or only its beginning)",
        "содержит сокращённый ключ (с точками, звёздочками или только начало)",
        "Use the copy button of the provider's page: what it shows is masked.",
        "Нажмите «копировать» на странице провайдера: показанный там ключ скрыт.",
    ),
    "other-provider": (
        "has the shape of a key of another provider ({provider})",
        "похожа на ключ другого провайдера ({provider})",
        "Check which variable belongs to which provider.",
        "Проверьте, не перепутаны ли переменные провайдеров.",
    ),
    "token-shape": (
        "has the shape of a token (JWT), which is issued for a key but is none",
        "похожа на токен (JWT): его выдают по ключу, но сам он не ключ",
        "Put the key itself here, and let the program buy its token.",
        "Укажите сам ключ: токен программа получит сама.",
    ),
    "unusual-length": (
        "has {length} characters where known keys have {detail}: cut, or pasted twice?",
        "содержит {length} символов, а известные ключи — {detail}: обрезан или вставлен дважды?",
        "Compare its length with the key on the provider's page, and copy it again.",
        "Сравните длину с ключом на странице провайдера и скопируйте его заново.",
    ),
    "unusual-shape": (
        "does not look like this provider's keys usually do",
        "не похожа на обычные ключи этого провайдера",
        "Nothing, if it works; otherwise copy it again.",
        "Ничего, если работает; иначе скопируйте заново.",
    ),
}

KEY_RULES = {
    problem: Rule(
        code=f"credentials-key-{problem}",
        severity=Severity.WARN,
        blame=Blame.CREDENTIALS,
        says=Text(en=f"{{subject}} {row[0]}", ru=f"{{subject}} {row[1]}"),
        remedy=Text(en=row[2], ru=row[3]),
    )
    for problem, row in _PROBLEMS.items()
}
"""WARN by themselves; the judge raises them when the provider or HTTP itself refused the key."""

ILLEGAL = frozenset({"newline", "non-ascii", "look-alike", "control-character"})
"""Problems that keep a request from leaving the machine, or spoil it for certain."""
UNSENDABLE = ILLEGAL | {"blank", "edge-space"}
"""What a request that could not be put on the wire is blamed on."""
SHAPES = frozenset({"unusual-shape", "too-short", "token-shape"})
"""Mere oddities: a warning at most."""
LOOKS = SHAPES | {"unusual-length"}
"""Of no weight once the key works."""

ORIGINS = {
    "environment": Text(en="from the environment", ru="из окружения"),
    ".env file": Text(en="from .env", ru="из .env"),
    "emulator": Text(en="from the emulator", ru="от эмулятора"),
    "capture": Text(en="in the capture", ru="в записи"),
}
ACCEPTED = Rule(
    code="credentials-accepted",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="the provider accepted the credentials ({how_en})",
        ru="провайдер принял учётные данные ({how_ru})",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
CHOICE = Rule(
    code="credentials-method",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="more than one way to authenticate is configured ({available}); used: {used}",
        ru="настроено несколько способов аутентификации ({available}); использован: {used}",
    ),
    remedy=Text(
        en="Keep one of them, so that a stale one cannot mislead.",
        ru="Оставьте один, чтобы устаревший не вводил в заблуждение.",
    ),
)
BOTH = Rule(
    code="credentials-both-headers",
    severity=Severity.WARN,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="both {headers} are sent; {winner} wins and the other is ignored",
        ru="отправляются оба заголовка: {headers}; действует {winner}, второй не учитывается",
    ),
    remedy=Text(
        en="Send one of them: a stale token hides a good key.",
        ru="Отправляйте один из них: просроченный токен заслоняет исправный ключ.",
    ),
    source="https://docs.akool.com/authentication/usage",
)
INCOMPLETE = Rule(
    code="credentials-incomplete",
    severity=Severity.WARN,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="{present} is set but {subject} is not: a token cannot be bought with half a pair",
        ru="{present} задана, а {subject} нет: по половине пары токен не получить",
    ),
    remedy=Text(
        en="Set {subject} as well, or use the other way to authenticate.",
        ru="Задайте и {subject} или используйте другой способ аутентификации.",
    ),
)
MISSING = Rule(
    code="credentials-missing",
    severity=Severity.FAIL,
    blame=Blame.CREDENTIALS,
    says=Text(en="no credential is set ({subject})", ru="ключ не задан ({subject})"),
    remedy=Text(
        en="Set {subject} in the environment or in .env.",
        ru="Задайте {subject} в окружении или в файле .env.",
    ),
)
RULES = (ACCEPTED, CHOICE, BOTH, INCOMPLETE, MISSING, *KEY_RULES.values())
