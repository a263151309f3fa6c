"""How else can a job end, or not end? Rules of `scenarios/job.py` on states and their freshness."""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

FAILED_WITH_CODE = Rule(
    code="job-failed-with-code",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} was accepted and then failed (state {value}) with code {code}: "
        "{reason}{meaning}",
        ru="задание {subject} принято, а потом провалилось (состояние {value}) с кодом {code}: "
        "{reason}{meaning}",
    ),
    remedy=Text(en="Stop polling. {remedy_en}", ru="Прекратите опрос. {remedy_ru}"),
)
NOT_FOUND = Rule(
    code="job-not-found",
    severity=Severity.FAIL,
    blame=Blame.PARAMETERS,
    says=Text(
        en="job {subject} is not_found: the provider knows no job of that id (code {code}: "
        "{reason}). That is an end: no later poll will find it",
        ru="задание {subject} — not_found: у провайдера нет задания с таким идентификатором (код "
        "{code}: {reason}). Это конец: следующие опросы его не найдут",
    ),
    remedy=Text(
        en="Clear the timer, and drop the id that you have stored. {remedy_en}",
        ru="Снимите таймер и сбросьте сохранённый идентификатор. {remedy_ru}",
    ),
)
WAITS = Rule(
    code="job-waits-for-a-person",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} is {shown}: it goes no further until a person acts",
        ru="задание {subject} в состоянии {shown}: дальше оно не пойдёт, пока не вмешается человек",
    ),
    remedy=Text(
        en="Stop polling. Answer its question or give the consent it asks for, in the provider's "
        "dashboard or by its follow-up call; then poll again. Do not create a new job.",
        ru="Прекратите опрос. Ответьте на вопрос задания или дайте согласие в кабинете провайдера "
        "либо отдельным вызовом, потом опрашивайте снова. Новое задание не создавайте.",
    ),
)
CLOSED = Rule(
    code="job-closed",
    severity=Severity.FAIL,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject} was ended before it was done: {shown}, after {polls} polls{why_en}",
        ru="задание {subject} прекращено до завершения: {shown}, опросов: {polls}{why_ru}",
    ),
    remedy=Text(
        en="Stop polling, and count this state among the ends: the job is over and has no result. "
        "{todo_en}",
        ru="Прекратите опрос и считайте это состояние конечным: задание окончено, результата не "
        "будет. {todo_ru}",
    ),
)
UNLISTED = Rule(
    code="job-state-unlisted",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} ended as {value}, a state that the provider's pages do not list; it was "
        "read as {status}, as other APIs mean it",
        ru="задание {subject} закончилось состоянием {value}, которого нет в документации; оно "
        "прочитано как {status} — так его понимают другие API",
    ),
    remedy=Text(
        en="Let your client take the whole family of words (completed, complete, success, "
        "succeeded, done; failed, error, canceled, aborted) as an end.",
        ru="Пусть ваш клиент считает концом всё семейство слов (completed, complete, success, "
        "succeeded, done; failed, error, canceled, aborted).",
    ),
)
DONE_WITH_ERROR = Rule(
    code="job-done-with-error",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} is {state} and has a result, yet its answer names error {code}{meaning}",
        ru="задание {subject} в состоянии {state} и с результатом, но в ответе назван код ошибки "
        "{code}{meaning}",
    ),
    remedy=Text(
        en="Trust the result address first, and look at the result: it may be a lesser one (with "
        "a watermark). {remedy_en}",
        ru="Прежде всего верьте адресу результата, но посмотрите на сам файл: он может быть хуже "
        "(например, с водяным знаком). {remedy_ru}",
    ),
)
STALE = Rule(
    code="job-answer-stale",
    severity=Severity.WARN,
    blame=Blame.CLIENT,
    says=Text(
        en="job {subject}: {stale} of {polls} status answers are stale ({sign}): they tell how the "
        "job stood before, and were not taken as news",
        ru="задание {subject}: устаревших ответов о статусе {stale} из {polls} ({sign}): они "
        "говорят о прошлом состоянии и новостью не считались",
    ),
    remedy=Text(
        en="Ask for the status past every cache (Cache-Control: no-cache, no CDN or proxy cache "
        "for that address), drop a status kept in the browser, and never let an older answer "
        "overwrite a newer one.",
        ru="Запрашивайте статус мимо всех кэшей (Cache-Control: no-cache, без кэша CDN и прокси "
        "для этого адреса), сбросьте статус, сохранённый в браузере, и не давайте старому ответу "
        "затирать новый.",
    ),
)
REMOVED = Rule(
    code="job-output-removed",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="job {subject} is {state}, but the provider has deleted its result{lifetime_en}",
        ru="задание {subject} в состоянии {state}, но провайдер уже удалил результат{lifetime_ru}",
    ),
    remedy=Text(
        en="It cannot be had back: create the job anew, and copy the file to your own place as "
        "soon as the job is done.",
        ru="Вернуть его нельзя: создайте задание заново и копируйте файл к себе сразу, как только "
        "оно готово.",
    ),
)
RULES = (FAILED_WITH_CODE, NOT_FOUND, WAITS, CLOSED, UNLISTED, DONE_WITH_ERROR, STALE, REMOVED)
