"""How can a caller misbehave around a job? The rules of `_job_behaviour.py`, their judge."""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

POLLS_ON = Rule(
    code="client-polls-after-end",
    severity=Severity.WARN,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} had ended ({end}) and was asked about {count} more times",
        ru="задание {subject} уже закончилось ({end}), но его состояние запросили ещё {count} раз",
    ),
    remedy=Text(
        en="Clear the timer on every way out of the loop: on success, on failure, on a JSON 404, "
        "on "
        "an error inside HTTP 200, and on an exception. Test for the end before anything else.",
        ru="Снимайте таймер при любом выходе из цикла: при успехе, ошибке, JSON-ответе 404, ошибке "
        "внутри HTTP 200 и при исключении. Проверяйте конец прежде всего остального.",
    ),
)
POLLS_FAST = Rule(
    code="client-polls-fast",
    severity=Severity.INFO,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} was asked about every {seconds:.2g} s (median of {count} reads); "
        "{advised:g} "
        "s would do",
        ru="состояние задания {subject} запрашивали каждые {seconds:.2g} с (медиана, чтений: "
        "{count}); хватило бы раза в {advised:g} с",
    ),
    remedy=Text(
        en="Poll less often, growing the pause while nothing changes, or use a webhook.",
        ru="Опрашивайте реже, увеличивая паузу, пока ничего не меняется, или используйте вебхук.",
    ),
)
POLLS_THROTTLED = Rule(
    code="client-polls-throttled",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} was asked about every {seconds:.2g} s (median of {count} reads) until "
        "the "
        "provider limited the rate ({limited} answers); {advised:g} s would do",
        ru="состояние задания {subject} запрашивали каждые {seconds:.2g} с (медиана, чтений: "
        "{count}), пока провайдер не ограничил частоту (ответов: {limited}); хватило бы раза в "
        "{advised:g} с",
    ),
    remedy=POLLS_FAST.remedy,
)
POLLS_UNBOUND = Rule(
    code="client-polls-without-bound",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} was polled for {seconds:.0f} s, {count} reads, the last {same} of them "
        "saying "
        "the same ({state}){most_en}: nothing ended the waiting",
        ru="задание {subject} опрашивали {seconds:.0f} с, чтений: {count}, последние {same} "
        "говорят "
        "одно и то же ({state}){most_ru}: ожидание ничем не ограничено",
    ),
    remedy=Text(
        en="Give the loop an upper bound in time. When it is reached, report an error that carries "
        "the job id, never the last state as a result, and do not start the job anew.",
        ru="Ограничьте цикл по времени. Когда предел достигнут, сообщайте об ошибке с "
        "идентификатором "
        "задания, а не выдавайте последнее состояние за результат, и не создавайте задание заново.",
    ),
)
REPEATS_PAID = Rule(
    code="client-repeats-paid-create",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="{subject} costs credits and was sent again with the same body, {seconds:.0f} s after "
        "an "
        "attempt of unknown outcome ({detail}); {count} such repeats: the job may run and be paid "
        "twice",
        ru="платный вызов {subject} отправлен снова с тем же телом через {seconds:.0f} с после "
        "попытки "
        "с неизвестным исходом ({detail}); таких повторов: {count}: задание могло выполниться и "
        "оплатиться дважды",
    ),
    remedy=Text(
        en="Never repeat a paid create after a time-out or a lost answer: look the job up first "
        "(the "
        "provider's list, the dashboard, the balance). Set max_retries=0 on the create in an SDK, "
        "and give it a time-out longer than the slowest answer.",
        ru="Не повторяйте платный вызов после тайм-аута или потерянного ответа: сначала найдите "
        "задание (список у провайдера, кабинет, баланс). В SDK ставьте для создания max_retries=0 "
        "и "
        "тайм-аут больше самого медленного ответа.",
    ),
)
STORM = Rule(
    code="client-ignores-throttling",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="{subject} was sent again {count} times too soon after being told to slow down (HTTP "
        "429), the "
        "soonest {gap:.2f} s later{asked_en}",
        ru="{subject}: после просьбы не спешить (HTTP 429) запрос повторён слишком рано, раз: "
        "{count}, "
        "быстрее всего через {gap:.2f} с{asked_ru}",
    ),
    remedy=Text(
        en="Wait as long as the answer says (Retry-After, the reset headers or the text), else "
        "with "
        "growing pauses. Replicate's JavaScript client does not sleep between its attempts: limit "
        "the rate yourself.",
        ru="Ждите столько, сколько сказано в ответе (Retry-After, заголовки сброса или текст), "
        "иначе с "
        "растущими паузами. JavaScript-клиент Replicate между попытками не ждёт: ограничивайте "
        "частоту сами.",
    ),
)
RULES = (POLLS_ON, POLLS_FAST, POLLS_THROTTLED, POLLS_UNBOUND, REPEATS_PAID, STORM)
