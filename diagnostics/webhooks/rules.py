"""Which things can be wrong with a callback, and what is to be done about each?"""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

VERIFIED = Rule(
    code="webhook-verified",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="the signature is {title}'s: it fits the body under {variable}",
        ru="подпись настоящая ({title}): она подходит к телу с секретом из {variable}",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
WRONG_SIGNATURE = Rule(
    code="webhook-wrong-signature",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="the signature fits the body neither with {variable} nor with any other secret or "
        "change of the body that was tried: another secret, another body, or another sender",
        ru="подпись не подходит к телу ни с {variable}, ни с другими известными секретами, ни "
        "после обычных переделок тела: другой секрет, другое тело или другой отправитель",
    ),
    remedy=Text(
        en="Do not act on this callback. Compare the secret with the one in the provider's "
        "account, keep the raw bytes of the body, and fetch the job itself to know its state.",
        ru="Не доверяйте этому вызову. Сверьте секрет с тем, что в кабинете провайдера, храните "
        "тело байт в байт, а состояние задания запросите сами.",
    ),
)
UNSIGNED = Rule(
    code="webhook-unsigned",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="there is no signature: {missing} is missing",
        ru="подписи нет: отсутствует {missing}",
    ),
    remedy=Text(
        en="Was it lost on the way (a proxy, a framework, a copy without headers)? If it never "
        "had one, {title} did not send it.",
        ru="Не потерялась ли она по дороге (прокси, фреймворк, копия без заголовков)? Если её не "
        "было вовсе, отправитель — не {title}.",
    ),
)
INCOMPLETE = Rule(
    code="webhook-incomplete",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="part of what is sent with a signature is missing: {missing}",
        ru="не хватает того, что приходит вместе с подписью: {missing}",
    ),
    remedy=Text(
        en="Hand on every header of the callback and its whole body.",
        ru="Передавайте все заголовки вызова и тело целиком.",
    ),
)
OTHER_SCHEME = Rule(
    code="webhook-other-scheme",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="it is not signed as {title} signs, but as {others} does",
        ru="подписано не так, как подписывает {title}, а так, как {others}",
    ),
    remedy=Text(
        en="Verify it as the provider that sent it: diagnostics webhook verify {others} FILE.",
        ru="Проверяйте его по провайдеру, который его прислал: diagnostics webhook verify {others} "
        "FILE.",
    ),
)
UNRECOGNISED = Rule(
    code="webhook-unrecognised",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="it is signed in none of the ways in which {titles} sign",
        ru="оно не подписано ни одним из способов, какими подписывают {titles}",
    ),
    remedy=Text(
        en="Do not act on it. Name the provider to learn what exactly is missing.",
        ru="Не доверяйте ему. Назовите провайдера, чтобы узнать, чего именно не хватает.",
    ),
)
SECRET_MISSING = Rule(
    code="webhook-secret-missing",
    severity=Severity.WARN,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="{variables} is not set, so {undone_en}",
        ru="не задано: {variables}, поэтому {undone_ru}",
    ),
    remedy=Text(
        en="Set {variables} in the environment or in .env; it stands {where_en}.",
        ru="Задайте {variables} в окружении или в .env; искать секрет {where_ru}.",
    ),
)
SECRET_MALFORMED = Rule(
    code="webhook-secret-malformed",
    severity=Severity.FAIL,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="the secret in {variable} cannot be one: {why_en}",
        ru="в {variable} не может быть секрета: {why_ru}",
    ),
    remedy=Text(
        en="Copy it again from the provider's account, whole and with nothing around it.",
        ru="Скопируйте его из кабинета провайдера заново: целиком и ничего лишнего.",
    ),
)
SECRET_FORM = Rule(
    code="webhook-secret-form",
    severity=Severity.FAIL,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="the signature fits only when the secret in {variable} is read differently: {why_en}",
        ru="подпись подходит, только если секрет из {variable} прочесть иначе: {why_ru}",
    ),
    remedy=Text(
        en="Set the secret exactly as the provider shows it, whsec_ included, and decode the "
        "base64 that follows to get the key.",
        ru="Задайте секрет ровно так, как его показывает провайдер, вместе с whsec_, а ключ "
        "получайте раскодированием base64 после него.",
    ),
)
OTHER_SECRET = Rule(
    code="webhook-other-secret",
    severity=Severity.FAIL,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="the signature fits {other}, not {variable}: the wrong secret is used",
        ru="подпись подходит к {other}, а не к {variable}: взят не тот секрет",
    ),
    remedy=Text(
        en="Swap them: the receiver has to verify with the secret that the sender signs with.",
        ru="Поменяйте их: получатель должен проверять тем секретом, которым подписывает "
        "отправитель.",
    ),
)
RESERIALISED = Rule(
    code="webhook-reserialised",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="the body is not the one that was signed: {why_en}",
        ru="тело не то, которое подписывали: {why_ru}",
    ),
    remedy=Text(
        en="Keep the raw bytes and verify them before anything parses them (express.raw, "
        "request.get_data(), await request.body()); parse afterwards.",
        ru="Берите сырые байты и проверяйте подпись до разбора (express.raw, request.get_data(), "
        "await request.body()); разбирайте потом.",
    ),
)
RAW_LOST = Rule(
    code="webhook-raw-lost",
    severity=Severity.WARN,
    blame=Blame.CLIENT,
    says=Text(
        en="the body was saved after it had been parsed: its bytes are lost and were guessed",
        ru="тело сохранили уже разобранным: его байты утрачены и восстановлены наугад",
    ),
    remedy=Text(
        en="Save the body as the text or base64 of the bytes that were received.",
        ru="Сохраняйте тело текстом или в base64, байт в байт как получено.",
    ),
)
EMPTY = Rule(
    code="webhook-empty-body",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="the body is empty, though {title} always sends one: was it read twice?",
        ru="тело пустое, хотя {title} всегда его присылает: не прочитано ли оно дважды?",
    ),
    remedy=Text(
        en="Read the body once, as bytes, and hand these bytes to the check and to the parser; a "
        "stream that was read is empty the second time.",
        ru="Читайте тело один раз, байтами, и передавайте их и проверке, и разбору: прочитанный "
        "поток во второй раз пуст.",
    ),
)
TIMESTAMP = Rule(
    code="webhook-timestamp",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="the timestamp is no unix time: {timestamp}",
        ru="метка времени — не unix-время: {timestamp}",
    ),
    remedy=Text(
        en="Hand it on as it came; it is a whole number of {unit_en}.",
        ru="Передавайте её как пришла: это целое число {unit_ru}.",
    ),
)
UNIT = Rule(
    code="webhook-timestamp-unit",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="the timestamp counts {seen_en}, where {title} counts {unit_en}",
        ru="метка времени — в {seen_ru}, а у {title} — в {unit_ru}",
    ),
    remedy=Text(
        en="Do not convert the header: it is part of what is signed; convert only to compare it "
        "with your clock.",
        ru="Не переводите заголовок: он входит в подпись; переводите только для сравнения с "
        "часами.",
    ),
)
LATE = Rule(
    code="webhook-late",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="it was signed {age_en} before {moment_en}; more than {tolerance_en} is refused",
        ru="подписано за {age_ru} до {moment_ru}; больше {tolerance_ru} не принимается",
    ),
    remedy=Text(
        en="A queue or a replay stands in between, or your clock is ahead. An old file: say when "
        "it was received (--received), or allow its age (--tolerance).",
        ru="Посередине очередь или повтор, либо ваши часы спешат. Если файл старый, укажите время "
        "получения (--received) или допустимый возраст (--tolerance).",
    ),
)
FUTURE = Rule(
    code="webhook-future",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="it was signed {age_en} after {moment_en}: a clock is wrong, most likely yours",
        ru="подписано на {age_ru} позже {moment_ru}: чьи-то часы врут, скорее всего ваши",
    ),
    remedy=Text(
        en="Let the receiver keep its clock by NTP.",
        ru="Синхронизируйте часы получателя по NTP.",
    ),
)
UNTIMED = Rule(
    code="webhook-untimed",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="the signature covers the body alone: {title} signs neither time nor id in it, so an "
        "old callback can be sent again unnoticed",
        ru="подпись охватывает только тело: ни времени, ни идентификатора {title} не подписывает, "
        "так что старый вызов можно незаметно повторить",
    ),
    remedy=Text(
        en="Remember which jobs are over, and take no second end of one.",
        ru="Запоминайте завершённые задания и не принимайте второй раз конец того же задания.",
    ),
)
VARIANT = Rule(
    code="webhook-variant",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="of the {count} reported ways in which {title} names its headers, this is {variant} "
        "({header})",
        ru="{title} называет заголовки по-разному (известно вариантов: {count}); здесь {variant} "
        "({header})",
    ),
    remedy=Text(
        en="Accept all of them: the name has changed before.",
        ru="Принимайте все: имя уже менялось.",
    ),
)
DOUBLED = Rule(
    code="webhook-doubled",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="it was delivered before: {id}, in {first}",
        ru="он уже приходил: {id}, см. {first}",
    ),
    remedy=Text(
        en="Answer 200 and do nothing: keep the ids you have handled, and act once for each.",
        ru="Отвечайте 200 и ничего не делайте: храните обработанные идентификаторы и действуйте "
        "один раз на каждый.",
    ),
)
ID_REUSED = Rule(
    code="webhook-id-reused",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="{id} was delivered before with another body, in {first}",
        ru="{id} уже приходил с другим телом, см. {first}",
    ),
    remedy=Text(
        en="Do not choose between them: fetch the job itself.",
        ru="Не выбирайте между ними: запросите само задание.",
    ),
)
OUT_OF_ORDER = Rule(
    code="webhook-out-of-order",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="it says {state} for {job}, which was over ({ended}) in {first}",
        ru="он сообщает {state} для {job}, хотя по {first} задание уже завершено ({ended})",
    ),
    remedy=Text(
        en="Never go back from a final state, whatever comes later.",
        ru="Никогда не возвращайтесь из конечного состояния, что бы ни пришло позже.",
    ),
)
UNDECRYPTABLE = Rule(
    code="webhook-undecryptable",
    severity=Severity.FAIL,
    blame=Blame.CREDENTIALS,
    says=Text(
        en="the payload does not open: {why_en}",
        ru="содержимое не открывается: {why_ru}",
    ),
    remedy=Text(
        en="Check that {variables} are those of the account that made the job, and that the "
        "encrypted field was not cut.",
        ru="Проверьте, что {variables} — от того аккаунта, который создал задание, и что "
        "зашифрованное поле не обрезано.",
    ),
)
SAMPLE = Rule(
    code="webhook-documented-sample",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="this is the sample of the documentation ({page}), and nothing verifies it: the printed "
        "signature is not that of its own fields, no key opens its text, and its client id was "
        "edited (22 characters cannot be its base64)",
        ru="это пример из документации ({page}), и проверить его нельзя ничем: напечатанная "
        "подпись не от этих полей, ни один ключ не открывает текст, а client id в нём правили "
        "(22 символа не могут быть таким base64)",
    ),
    remedy=Text(
        en="Test with a callback of the emulator instead: diagnostics emulate; the recipe that "
        "works stands in diagnostics/webhooks/schemes.",
        ru="Проверяйте свой код вызовом эмулятора: diagnostics emulate; рабочий рецепт — в "
        "diagnostics/webhooks/schemes.",
    ),
)
NOT_JSON = Rule(
    code="webhook-not-json",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="the payload is no JSON object ({size} bytes)",
        ru="содержимое — не объект JSON ({size} байт)",
    ),
    remedy=Text(
        en="Look at what stands between you and the provider: a proxy, a test tool, a form.",
        ru="Посмотрите, что стоит между вами и провайдером: прокси, тестовая программа, форма.",
    ),
)
NO_JOB = Rule(
    code="webhook-no-job",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="the payload names no job ({fields} is not there)",
        ru="содержимое не называет задания (нет поля {fields})",
    ),
    remedy=Text(
        en="Answer 200 and look the job up yourself.",
        ru="Отвечайте 200 и запросите состояние задания сами.",
    ),
)
UNKNOWN_STATE = Rule(
    code="webhook-unknown-state",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="it says {state}, which the documentation does not name",
        ru="он сообщает {state}, чего в документации нет",
    ),
    remedy=Text(
        en="Take it neither for success nor for failure: fetch the job itself.",
        ru="Не считайте это ни успехом, ни отказом: запросите само задание.",
    ),
)

RULES = (
    VERIFIED, WRONG_SIGNATURE, UNSIGNED, INCOMPLETE, OTHER_SCHEME, UNRECOGNISED, SECRET_MISSING,
    SECRET_MALFORMED, SECRET_FORM, OTHER_SECRET, RESERIALISED, RAW_LOST, EMPTY, TIMESTAMP, UNIT,
    LATE, FUTURE, UNTIMED, VARIANT, DOUBLED, ID_REUSED, OUT_OF_ORDER, UNDECRYPTABLE, SAMPLE,
    NOT_JSON, NO_JOB, UNKNOWN_STATE,
)  # fmt: skip
