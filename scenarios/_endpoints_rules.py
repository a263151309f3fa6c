"""Which things can be wrong with an address, and what is to be done about each?"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

_NOTHING = Text(en="Nothing to do.", ru="Ничего делать не нужно.")

TABLE = Rule(
    code="endpoint-table",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject}: {alive} of {probed} addresses answer, {missing} do not exist, {unknown} "
        "cannot be told; {untouched} operations that delete or change something were left alone",
        ru="{subject}: отвечают {alive} из {probed} адресов, не существуют {missing}, неясно "
        "{unknown}; операции, которые что-то удаляют или меняют, не вызывались ({untouched})",
    ),
    remedy=_NOTHING,
)
SET = Rule(
    code="endpoint-set",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="address set “{subject}”: {alive} of {all} alive: {lines}",
        ru="набор адресов «{subject}»: живы {alive} из {all}: {lines}",
    ),
    remedy=Text(
        en="Use the documented addresses; others may vanish without notice.",
        ru="Используйте адреса из документации: прочие могут исчезнуть без предупреждения.",
    ),
)
MISSING = Rule(
    code="endpoint-missing",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: nothing stands at {method} {path} (HTTP {status}), and the call needs it",
        ru="{subject}: по адресу {method} {path} ничего нет (HTTP {status}), а вызову он нужен",
    ),
    remedy=Text(
        en="Look it up in the current documentation, or ask the provider where it went.",
        ru="Найдите операцию в текущей документации или спросите провайдера, куда она делась.",
    ),
)
MOVED = Rule(
    code="endpoint-moved",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: {method} {path} is gone (HTTP {status}), but {new} answers ({set})",
        ru="{subject}: {method} {path} больше нет (HTTP {status}), зато отвечает {new} ({set})",
    ),
    remedy=Text(
        en="Call {new} instead, after checking its parameters in the documentation.",
        ru="Вызывайте {new}, сверив параметры с документацией.",
    ),
)
STALE = Rule(
    code="endpoint-stale-address",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{method} {path} does not exist (HTTP {status}); the documents name {right}",
        ru="{method} {path} не существует (HTTP {status}); в документации — {right}",
    ),
    remedy=Text(en="Call {right}.", ru="Вызывайте {right}."),
)
WRONG_HOST = Rule(
    code="endpoint-wrong-host",
    severity=Severity.FAIL,
    blame=Blame.ENDPOINT,
    says=Text(
        en="none of the {count} addresses exists at {subject}: host, prefix or version is wrong",
        ru="ни одного из {count} адресов нет на {subject}: неверен хост, префикс или версия",
    ),
    remedy=Text(
        en="Compare the base URL with the documented {host}.",
        ru="Сравните базовый URL с документированным {host}.",
    ),
)
METHOD = Rule(
    code="endpoint-other-method",
    severity=Severity.WARN,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject}: {path} exists but does not take {method} (HTTP {status})",
        ru="{subject}: {path} существует, но метод {method} не принимает (HTTP {status})",
    ),
    remedy=Text(
        en="Check the method against the current documentation.",
        ru="Сверьте метод с текущей документацией.",
    ),
)
GONE = Rule(
    code="endpoint-gone",
    severity=Severity.WARN,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{count} documented addresses that this call does not need are gone: {subject}",
        ru="нет документированных адресов, которые этому вызову не нужны ({count}): {subject}",
    ),
    remedy=Text(
        en="Build nothing on the addresses that are gone; ask the provider whether "
        "they were retired.",
        ru="Не стройте ничего на исчезнувших адресах; спросите провайдера, не отключены ли они.",
    ),
)
UNCLEAR = Rule(
    code="endpoint-unclear",
    severity=Severity.WARN,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject}: {method} {path} gave no answer that tells whether it exists ({status})",
        ru="{subject}: по ответу {method} {path} не понять, существует ли он ({status})",
    ),
    remedy=Text(
        en="Run this again later; other addresses of the host do answer.",
        ru="Повторите позже: другие адреса этого хоста отвечают.",
    ),
)
NOTHING_TOLD = Rule(
    code="endpoint-nothing-told",
    severity=Severity.WARN,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject}: none of {count} addresses gave an answer that tells whether it exists; "
        "that is what an outage or a gateway looks like, not a move",
        ru="{subject}: ни один из {count} адресов не дал ответа, по которому видно, существует ли "
        "он; так выглядит сбой или шлюз, а не переезд",
    ),
    remedy=Text(
        en="Leave the addresses as they are, and run this again later.",
        ru="Адреса не меняйте; повторите проверку позже.",
    ),
)
GUARDED = Rule(
    code="endpoint-guarded",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject} answers HTTP {status} without a key even where nothing can be: which of the "
        "{count} addresses exist, only calls with a key tell",
        ru="{subject} без ключа отвечает HTTP {status} даже там, где ничего быть не может: какие "
        "из адресов ({count}) существуют, покажут только вызовы с ключом",
    ),
    remedy=_NOTHING,
)
PLAIN_HTTP = Rule(
    code="endpoint-plain-http",
    severity=Severity.WARN,
    blame=Blame.ENDPOINT,
    says=Text(
        en="{subject} is called over http://: the key travels in clear text",
        ru="{subject} вызывается по http://: ключ передаётся открытым текстом",
    ),
    remedy=Text(
        en="Write https://, and replace a key that has already travelled this way.",
        ru="Пишите https:// и замените ключ, который уже так передавался.",
    ),
    source="facts/akool.md 1.5 (45): the lip-sync page's status samples use http://",
)
RULES = (
    TABLE,
    SET,
    MISSING,
    MOVED,
    STALE,
    WRONG_HOST,
    METHOD,
    GONE,
    UNCLEAR,
    NOTHING_TOLD,
    GUARDED,
    PLAIN_HTTP,
)
