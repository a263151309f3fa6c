"""What can be said of credits, prices and limits, and what is to be done about each?"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

_NOTHING = Text(en="Nothing to do.", ru="Ничего делать не нужно.")
_TOP_UP = Text(
    en="Top up the account or send a cheaper variant; retrying cannot help.",
    ru="Пополните счёт или отправьте вариант подешевле; повторы не помогут.",
)
ENOUGH = Rule(
    code="quota-enough",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{balance} {unit_en} are left; {subject} costs {price} ({how_en})",
        ru="осталось {balance} {unit_ru}; {subject} стоит {price} ({how_ru})",
    ),
    remedy=_NOTHING,
)
INSUFFICIENT = Rule(
    code="quota-insufficient",
    severity=Severity.FAIL,
    blame=Blame.QUOTA,
    says=Text(
        en="{balance} {unit_en} are left but {subject} costs {price} ({how_en}): expect {codes}",
        ru="осталось {balance} {unit_ru}, а {subject} стоит {price} ({how_ru}): ждите {codes}",
    ),
    remedy=_TOP_UP,
)
PRICE_UNKNOWN = Rule(
    code="quota-price-unknown",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{balance} {unit_en} are left; no document gives the price of this {subject}",
        ru="осталось {balance} {unit_ru}; цена вызова {subject} в документации не указана",
    ),
    remedy=Text(
        en="Compare the balance before and after one call to learn the price.",
        ru="Сравните баланс до и после одного вызова, чтобы узнать цену.",
    ),
)
NEARLY_EMPTY = Rule(
    code="quota-nearly-empty",
    severity=Severity.WARN,
    blame=Blame.QUOTA,
    says=Text(
        en="only {balance} {unit_en} are left; paid calls will probably end in {codes}",
        ru="осталось всего {balance} {unit_ru}; платные вызовы, скорее всего, ответят {codes}",
    ),
    remedy=_TOP_UP,
)
ODD_BALANCE = Rule(
    code="quota-odd-balance",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} calls itself a success, but its balance is {seen}",
        ru="{subject} сообщает об успехе, но баланс в нём — {seen}",
    ),
    remedy=Text(
        en="Read the balance in the provider's dashboard, and send the provider this report.",
        ru="Посмотрите баланс в кабинете провайдера и отправьте провайдеру этот отчёт.",
    ),
)
NO_BALANCE = Rule(
    code="quota-no-balance",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="no call of {subject} tells how much is left, so whether it suffices is not known",
        ru="у {subject} нет вызова, который сообщает остаток: хватит ли его, отсюда не узнать",
    ),
    remedy=Text(
        en="Look at the account itself ({where}) before you blame the code.",
        ru="Загляните в сам аккаунт ({where}), прежде чем винить код.",
    ),
)
DISPUTED = Rule(
    code="quota-price-disputed",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="the price of {subject} is not certain ({page}): {note}",
        ru="цена {subject} не вполне достоверна ({page}): {note}",
    ),
    remedy=Text(
        en="Trust what one call really deducts.",
        ru="Верьте тому, что на деле спишет один вызов.",
    ),
)
LIMITS = Rule(
    code="quota-limits",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="limits by the documents: {known}; no number is published for: {unknown}",
        ru="лимиты по документации: {known}; без опубликованных чисел: {unknown}",
    ),
    remedy=Text(
        en="Where no number is known, start slowly and watch for the rate-limit code.",
        ru="Где чисел нет, начинайте медленно и следите за кодом превышения частоты.",
    ),
)
RATE_HEADERS = Rule(
    code="quota-rate-headers",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="the answer tells about limits: {headers}{reset_en}",
        ru="ответ сообщает о лимитах: {headers}{reset_ru}",
    ),
    remedy=_NOTHING,
)
RATE_SPENT = Rule(
    code="quota-rate-spent",
    severity=Severity.WARN,
    blame=Blame.RATE_LIMIT,
    says=Text(
        en="the allowance of calls is used up for now: {headers}{reset_en}",
        ru="разрешённое число вызовов пока исчерпано: {headers}{reset_ru}",
    ),
    remedy=Text(
        en="Wait for the reset before the next call.", ru="Дождитесь сброса перед новым вызовом."
    ),
)
THROTTLED = Rule(
    code="quota-throttled",
    severity=Severity.WARN,
    blame=Blame.RATE_LIMIT,
    says=Text(
        en="{subject} was turned away {count} times for calling too often, then got through",
        ru="{subject}: {count} раз отказано из-за частоты вызовов, затем ответ получен",
    ),
    remedy=Text(
        en="Spread the calls, limit how many run at once, and honour Retry-After.",
        ru="Разнесите вызовы, ограничьте их параллельность и соблюдайте Retry-After.",
    ),
)
RULES = (
    ENOUGH,
    INSUFFICIENT,
    PRICE_UNKNOWN,
    NEARLY_EMPTY,
    ODD_BALANCE,
    NO_BALANCE,
    DISPUTED,
    LIMITS,
    RATE_HEADERS,
    RATE_SPENT,
    THROTTLED,
)
