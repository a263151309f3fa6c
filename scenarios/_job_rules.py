"""What can go wrong with a job? The rules of `scenarios/job.py`, which is their judge."""

from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

HEALTHY = Rule(
    code="job-finished",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="job {subject} ended as {state} after {seconds:.0f} s and {polls} polls; its result "
        "is {output}",
        ru="задание {subject} завершилось ({state}) за {seconds:.0f} с, опросов: {polls}; "
        "результат: {output}",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
ANSWERED = Rule(
    code="call-answered",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject} was answered as it should be (HTTP {status}); it starts no job",
        ru="{subject}: получен нормальный ответ (HTTP {status}); задания этот вызов не создаёт",
    ),
    remedy=Text(en="Nothing to do.", ru="Ничего делать не нужно."),
)
RETRIED = Rule(
    code="job-created-after-retries",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} failed {failures} times (code {code}) before it was accepted",
        ru="{subject}: попытка принята только после неудачных ({failures}), код {code}",
    ),
    remedy=Text(
        en="Keep the retry with growing delays; report the times if it happens often.",
        ru="Сохраняйте повтор с растущей паузой; если это бывает часто, сообщите время провайдеру.",
    ),
)
AMBIGUOUS = Rule(
    code="job-create-ambiguous",
    severity=Severity.FAIL,
    blame=Blame.NETWORK,
    says=Text(
        en="{subject}: the request left, no answer came ({detail}): the job may run and cost "
        "credits. It was not sent again",
        ru="{subject}: запрос ушёл, а ответ не пришёл ({detail}): задание могло начаться и "
        "списать кредиты. Повторно не отправлено",
    ),
    remedy=Text(
        en="Look the job up in the provider's dashboard before you repeat the call.",
        ru="Прежде чем повторять вызов, найдите задание в кабинете провайдера.",
    ),
)
NOT_SENT = Rule(
    code="job-not-sent",
    severity=Severity.INFO,
    blame=Blame.NONE,
    says=Text(
        en="{subject} costs credits and was not sent: {detail}",
        ru="{subject} стоит кредитов и не отправлен: {detail}",
    ),
    remedy=Text(
        en="Grant credits with --budget N to let the program make the call.",
        ru="Разрешите трату ключом --budget N, чтобы программа выполнила вызов.",
    ),
)
NOT_ANSWERED = Rule(
    code="job-answer-unknown",
    severity=Severity.INFO,
    blame=Blame.UNDECIDED,
    says=Text(
        en="{subject}: no answer to this call is at hand, so what came of it is not known",
        ru="{subject}: ответа на этот вызов нет, поэтому чем он кончился, неизвестно",
    ),
    remedy=Text(
        en="Send the answer along: a HAR with content, `curl -i`, or the line that logs it.",
        ru="Пришлите и ответ: HAR с содержимым, `curl -i` или строку журнала с ним.",
    ),
)
NO_ID = Rule(
    code="job-without-id",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="{subject} reports success without a job id, so the job cannot be followed",
        ru="{subject} сообщает об успехе без идентификатора: задание нельзя отследить",
    ),
    remedy=Text(
        en="Do not repeat the call; ask the provider with the request id of this report.",
        ru="Не повторяйте вызов; обратитесь к провайдеру с идентификатором запроса из отчёта.",
    ),
)
FAILED = Rule(
    code="job-failed",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} was accepted and then failed (state {shown}); reason given: {reason}",
        ru="задание {subject} принято, а потом провалилось (состояние {shown}); "
        "причина от провайдера: {reason}",
    ),
    remedy=Text(
        en="Stop polling. If the inputs pass `diagnostics run media`, send this report to the "
        "provider and ask for the credits back.",
        ru="Прекратите опрос. Если файлы проходят `diagnostics run media`, отправьте отчёт "
        "провайдеру и попросите вернуть кредиты.",
    ),
)
FAILED_ON_INPUT = Rule(
    code="job-failed-on-input",
    severity=Severity.FAIL,
    blame=Blame.MEDIA,
    says=FAILED.says,
    remedy=Text(
        en="Stop polling. Mend the input file that the reason speaks of (diagnostics media FILE), "
        "then create a new job.",
        ru="Прекратите опрос. Исправьте входной файл, о котором говорит причина (diagnostics media "
        "ФАЙЛ), и создайте новое задание.",
    ),
)
FAILED_ON_POLICY = Rule(
    code="job-failed-on-policy",
    severity=Severity.FAIL,
    blame=Blame.CONTENT_POLICY,
    says=FAILED.says,
    remedy=Text(
        en="Stop polling. Moderation refused the content: change it; repeating it cannot help.",
        ru="Прекратите опрос. Содержимое не прошло модерацию: измените его, повторы не помогут.",
    ),
)
POLICY_WORDS = (
    r"moderat|nsfw|sensitive|flagged|safety|celebrit"
    r"|policy|violat|prohibit|inappropriate|porn|nudity"
)
REASONS = (
    (FAILED_ON_POLICY, POLICY_WORDS),
    (FAILED_ON_INPUT, r"\bfaces?\b|download|unsupported|codec|too (large|long|short|big|small)"),
    (FAILED_ON_INPUT, r"(invalid|bad|broken|corrupt\w*) (image|video|audio|media|file|url|format)"),
)
"""Words with which a provider tells why a job failed. Our reading: no page lists the reasons."""

STUCK = Rule(
    code="job-stuck",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} was still {state} after {seconds:.0f} s and {polls} polls",
        ru="задание {subject} всё ещё в состоянии {state} через {seconds:.0f} с, опросов: {polls}",
    ),
    remedy=Text(
        en="Do not start it anew: it may still end and is paid for. Check it once more later, "
        "then send the id to the provider.",
        ru="Не запускайте заново: задание может закончиться и уже оплачено. Проверьте ещё раз "
        "позже, затем отправьте идентификатор провайдеру.",
    ),
)
STILL_RUNNING = Rule(
    code="job-still-running",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="job {subject} was {state} when polling ended after {seconds:.0f} s and {polls} polls: "
        "too early to call it stuck",
        ru="опрос задания {subject} закончился через {seconds:.0f} с (опросов: {polls}), состояние "
        "— {state}: рано считать, что оно зависло",
    ),
    remedy=Text(
        en="Do not start it anew: it may still end and is paid for. Poll longer: --max-polls, "
        "--poll-interval.",
        ru="Не запускайте заново: задание может закончиться и уже оплачено. Опрашивайте дольше: "
        "--max-polls, --poll-interval.",
    ),
)
NOT_FOLLOWED = Rule(
    code="job-not-followed",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="job {subject} was accepted and never asked about: how it ended is not known",
        ru="задание {subject} принято, но его состояние не запрашивалось: чем оно кончилось, "
        "неизвестно",
    ),
    remedy=Text(
        en="Do not start it anew: look it up by its id, or run again with more time (--deadline).",
        ru="Не запускайте заново: найдите задание по идентификатору или повторите запуск, дав "
        "больше времени (--deadline).",
    ),
)
UNKNOWN_STATE = Rule(
    code="job-unknown-state",
    severity=Severity.FAIL,
    blame=Blame.UNDECIDED,
    says=Text(
        en="job {subject} is in state {value}, which the provider's pages do not list; "
        "{polls} polls brought no other",
        ru="задание {subject} в состоянии {value}, которого нет в документации; "
        "опросов: {polls}, другого состояния не было",
    ),
    remedy=Text(
        en="Ask the provider what state {value} means and whether it is final; until then count "
        "the job neither as done nor as failed.",
        ru="Спросите провайдера, что значит состояние {value} и окончательно ли оно; до ответа "
        "не считайте задание ни готовым, ни проваленным.",
    ),
)
NO_STATE = Rule(
    code="job-without-state",
    severity=Severity.FAIL,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject}: the status answer reports success but has no state where one is "
        "documented ({where}); {polls} polls",
        ru="задание {subject}: ответ о статусе успешен, но состояния в документированном месте "
        "нет ({where}); опросов: {polls}",
    ),
    remedy=Text(
        en="Count the job neither as done nor as failed; send this report to the provider.",
        ru="Не считайте задание ни готовым, ни проваленным; отправьте отчёт провайдеру.",
    ),
)
SLOW_ANSWERS = Rule(
    code="job-answers-slow",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="{slow} of {count} answers took {limit:g} s or longer, the median {seconds:.1f} s",
        ru="ответов дольше {limit:g} с: {slow} из {count}, медиана {seconds:.1f} с",
    ),
    remedy=Text(
        en="Set time-outs above the slowest answer, so that a paid call is not given up half-way; "
        "report the times if it lasts.",
        ru="Задайте тайм-аут больше самого медленного ответа, чтобы не бросать оплаченный вызов "
        "на полпути; если не пройдёт, сообщите провайдеру время.",
    ),
)
OUTPUT_SLOW = Rule(
    code="job-output-slow",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="the result of job {subject} came slowly: {size} bytes in {seconds:.0f} s",
        ru="результат задания {subject} скачивался медленно: {size} байт за {seconds:.0f} с",
    ),
    remedy=Text(
        en="Download with resume and a generous time-out; copy the file to your own storage.",
        ru="Скачивайте с докачкой и большим тайм-аутом; храните копию у себя.",
    ),
)
BACKWARDS = Rule(
    code="job-backwards",
    severity=Severity.WARN,
    blame=Blame.PROVIDER,
    says=Text(
        en="job {subject} went back from {before} to {after}",
        ru="задание {subject} вернулось из состояния {before} в {after}",
    ),
    remedy=Text(
        en="Trust only a final state; never show progress from a single answer.",
        ru="Верьте только окончательному состоянию; не показывайте прогресс по одному ответу.",
    ),
)
NO_OUTPUT = Rule(
    code="job-done-without-output",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="job {subject} is {state} but gives no result address, not even when read again",
        ru="задание {subject} в состоянии {state}, но адреса результата нет и при повторном чтении",
    ),
    remedy=Text(
        en="Read once more later; then send the job id to the provider. Do not start a new job.",
        ru="Прочитайте ещё раз позже, затем отправьте идентификатор провайдеру. Не создавайте "
        "новое задание.",
    ),
)
FILTERED = Rule(
    code="job-output-filtered",
    severity=Severity.FAIL,
    blame=Blame.CONTENT_POLICY,
    says=Text(
        en="job {subject} is {state}, but its result was taken out: {reason}",
        ru="задание {subject} в состоянии {state}, но результат изъят: {reason}",
    ),
    remedy=Text(
        en="Read “done without a file” as a refusal: change the prompt or the picture; repeating "
        "it cannot help.",
        ru="Считайте «готово без файла» отказом модерации: измените запрос или картинку, повторы "
        "не помогут.",
    ),
    source="symptoms row 18",
)
LATE_OUTPUT = Rule(
    code="job-output-late",
    severity=Severity.WARN,
    blame=Blame.DELIVERY,
    says=Text(
        en="job {subject} was {state} before its result address was there",
        ru="задание {subject} стало {state} раньше, чем появился адрес результата",
    ),
    remedy=Text(
        en="On success without an address read again before you give up.",
        ru="При успехе без адреса прочитайте состояние ещё раз, прежде чем сдаваться.",
    ),
)
OUTPUT_GONE = Rule(
    code="job-output-unreachable",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="the result of job {subject} cannot be fetched: {detail}",
        ru="результат задания {subject} не скачивается: {detail}",
    ),
    remedy=Text(
        en="Result links expire{lifetime_en}: read the job again for a fresh link and copy the "
        "file at once.",
        ru="Ссылки на результат истекают{lifetime_ru}: прочитайте задание ещё раз, возьмите "
        "свежую ссылку и сразу скопируйте файл.",
    ),
)
OUTPUT_UNFIT = Rule(
    code="job-output-not-media",
    severity=Severity.FAIL,
    blame=Blame.DELIVERY,
    says=Text(
        en="the result of job {subject} is not media but {detail}",
        ru="результат задания {subject} не медиафайл, а {detail}",
    ),
    remedy=Text(
        en="Send the job id and the address to the provider.",
        ru="Отправьте провайдеру идентификатор задания и адрес.",
    ),
)
RULES = (
    HEALTHY,
    ANSWERED,
    RETRIED,
    AMBIGUOUS,
    NOT_SENT,
    NOT_ANSWERED,
    NO_ID,
    FAILED,
    FAILED_ON_INPUT,
    FAILED_ON_POLICY,
    STUCK,
    STILL_RUNNING,
    NOT_FOLLOWED,
    UNKNOWN_STATE,
    NO_STATE,
    SLOW_ANSWERS,
    OUTPUT_SLOW,
    BACKWARDS,
    NO_OUTPUT,
    FILTERED,
    LATE_OUTPUT,
    OUTPUT_GONE,
    OUTPUT_UNFIT,
)
