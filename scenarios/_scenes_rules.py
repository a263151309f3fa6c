"""What can go wrong with a film once it has a script? By stage, for `scenes.py`."""

from diagnostics.model import Blame, Text
from scenarios._scenes_script_rules import RULES as SCRIPT_RULES
from scenarios._scenes_script_rules import fail, info, warn

# --- the clips --------------------------------------------------------------------------------

STAGES = info(
    "scenes-stages",
    Text(
        en="the stages of the film: {passed} of {count} went well",
        ru="этапы фильма: прошли {passed} из {count}",
    ),
)
CLIP_MADE = info(
    "scenes-clip-made",
    Text(
        en="scene {number}: generated in {seconds:.0f} s, polls {polls}",
        ru="сцена {number}: сгенерирована за {seconds:.0f} с, опросов {polls}",
    ),
)
THROTTLED = warn(
    "scenes-starts-throttled",
    Blame.RATE_LIMIT,
    Text(
        en="{count} of {scenes} starts made at the same moment were throttled ({code}) and "
        "accepted only when repeated",
        ru="из {scenes} одновременных запусков отклонено по частоте ({code}): {count}; они приняты "
        "только при повторе",
    ),
    Text(
        en="Space the starts (a second apart, or as the reset in the answer says) instead of "
        "sending all at once; creation has a limit of its own.",
        ru="Разносите запуски (по секунде или как сказано в ответе о сбросе), а не отправляйте все "
        "сразу: у создания свой предел частоты.",
    ),
)
THROTTLED_OUT = fail(
    "scenes-start-throttled-out",
    Blame.RATE_LIMIT,
    Text(
        en="scene {number}: its start was throttled ({code}) in each of {attempts} attempts",
        ru="сцена {number}: запуск отклонён по частоте ({code}) во всех попытках ({attempts})",
    ),
    Text(
        en="Space the starts, or start the scenes one after the other; wait 1–2 minutes first.",
        ru="Разносите запуски или запускайте сцены по одной; сначала подождите 1–2 минуты.",
    ),
)
START_UNKNOWN = fail(
    "scenes-start-unknown",
    Blame.NETWORK,
    Text(
        en="scene {number}: its start left and no answer came ({detail}): it may run and cost "
        "credits. It was not sent again",
        ru="сцена {number}: запрос на запуск ушёл, а ответ не пришёл ({detail}): задание могло "
        "начаться и списать кредиты. Повторно не отправлено",
    ),
    Text(
        en="Look it up in the provider's list of jobs before you start the scene again.",
        ru="Прежде чем запускать сцену снова, найдите её в списке заданий провайдера.",
    ),
)
NOT_STARTED = info(
    "scenes-clip-not-started",
    Text(
        en="scene {number}: not started: {detail}",
        ru="сцена {number}: не запущена: {detail}",
    ),
    Text(
        en="Grant its cost with --budget N; where no contract knows the prices, say them with "
        "--clip-price N and --script-price N.",
        ru="Разрешите трату ключом --budget N; если цен нет в контракте, назовите их ключами "
        "--clip-price N и --script-price N.",
    ),
)
OUT_OF_MEMORY = fail(
    "scenes-clip-out-of-memory",
    Blame.PARAMETERS,
    Text(
        en="scene {number}: the model ran out of memory on the provider's machine: {reason}",
        ru="сцена {number}: модели не хватило памяти на машине провайдера: {reason}",
    ),
    Text(
        en="Ask for less: a shorter scene, a smaller picture, a lighter model. The same request "
        "will fail again.",
        ru="Просите меньше: сцену короче, картинку меньше, модель легче. Тот же запрос снова "
        "упадёт.",
    ),
)
MODERATED = fail(
    "scenes-clip-moderated",
    Blame.CONTENT_POLICY,
    Text(
        en="scene {number}: moderation refused it: {reason}",
        ru="сцена {number}: отклонена модерацией: {reason}",
    ),
    Text(
        en="Reword this scene's prompt or choose another model; the same input is refused again.",
        ru="Переформулируйте промпт этой сцены или выберите другую модель: тот же запрос снова "
        "отклонят.",
    ),
)
CLIP_FAILED = fail(
    "scenes-clip-failed",
    Blame.PROVIDER,
    Text(
        en="scene {number}: generation ended with the state {state}: {reason}",
        ru="сцена {number}: генерация завершилась в состоянии {state}: {reason}",
    ),
    Text(en="{remedy_en}", ru="{remedy_ru}"),
)
CLIP_UNFINISHED = fail(
    "scenes-clip-unfinished",
    Blame.PROVIDER,
    Text(
        en="scene {number}: still {state} after {seconds:.0f} s and {polls} polls (job {job})",
        ru="сцена {number}: всё ещё {state} через {seconds:.0f} с, опросов {polls} (задание {job})",
    ),
    Text(
        en="Follow it on with: diagnostics poll {provider} {job}; it may still cost credits.",
        ru="Следите за ней дальше: diagnostics poll {provider} {job}; она ещё может списать "
        "кредиты.",
    ),
)
CLIP_OPEN = fail(
    "scenes-clip-open",
    Blame.UNDECIDED,
    Text(
        en="scene {number}: not over when the run stopped looking, after {seconds:.0f} s and "
        "{polls} polls (job {job}): too early to call it stuck",
        ru="сцена {number}: к концу запуска ещё не готова, прошло {seconds:.0f} с, опросов {polls} "
        "(задание {job}): рано считать, что она зависла",
    ),
    Text(
        en="Do not start it again: it may still end and is paid for. Follow it with: diagnostics "
        "poll {provider} {job}",
        ru="Не запускайте её заново: она может закончиться и уже оплачена. Следите за ней: "
        "diagnostics poll {provider} {job}",
    ),
)
STOPPED = fail(
    "scenes-stopped",
    Blame.UNDECIDED,
    Text(
        en="the run stopped before the film was made, and nothing had failed until then",
        ru="запуск прервался раньше, чем фильм был сделан, и до того ничего не ломалось",
    ),
    Text(
        en="Give it more time: --deadline, --max-polls.",
        ru="Дайте больше времени: --deadline, --max-polls.",
    ),
)
CLIP_LOST = fail(
    "scenes-clip-without-file",
    Blame.DELIVERY,
    Text(
        en="scene {number}: generation succeeded, but the answer names no file (job {job})",
        ru="сцена {number}: генерация успешна, но в ответе нет файла (задание {job})",
    ),
    Text(
        en="Read the job again within its lifetime; then ask the provider, naming the job.",
        ru="Прочитайте задание ещё раз, пока оно хранится; затем спросите провайдера, назвав его.",
    ),
)

# --- the downloads ----------------------------------------------------------------------------

DOWNLOADED = info(
    "scenes-download-done",
    Text(
        en="scene {number}: downloaded in {seconds:.1f} s ({size})",
        ru="сцена {number}: скачана за {seconds:.1f} с ({size})",
    ),
)
RESUMED = warn(
    "scenes-download-resumed",
    Blame.DELIVERY,
    Text(
        en="scene {number}: its download broke off {count} times and was brought to its end",
        ru="сцена {number}: скачивание обрывалось (раз: {count}), но доведено до конца",
    ),
    Text(
        en="Keep resuming by range with If-Range; a file without its end must not be joined.",
        ru="Продолжайте докачивать по диапазону с If-Range; файл без конца склеивать нельзя.",
    ),
)
EXPIRED = fail(
    "scenes-download-expired",
    Blame.DELIVERY,
    Text(
        en="scene {number}: its file is gone from the file host (HTTP {code}){lifetime_en}",
        ru="сцена {number}: файла на файловом хосте больше нет (HTTP {code}){lifetime_ru}",
    ),
    Text(
        en="Download as soon as a scene is done; read the job again for a fresh address. If the "
        "provider has deleted the file, only a new generation brings it back.",
        ru="Скачивайте сразу, как сцена готова; прочитайте задание снова, чтобы получить свежий "
        "адрес. Если провайдер файл удалил, поможет только новая генерация.",
    ),
)
HOST_REFUSED = fail(
    "scenes-download-refused",
    Blame.DELIVERY,
    Text(
        en="scene {number}: the file host answers HTTP {code}",
        ru="сцена {number}: файловый хост отвечает HTTP {code}",
    ),
    Text(
        en="Try again later; if it lasts, send this report to the provider. A 401 means that the "
        "host wants a key, and the contract does not list it among those that may be given one.",
        ru="Повторите позже; если не пройдёт, отправьте отчёт провайдеру. 401 значит, что хост "
        "ждёт ключ, а в контракте его нет среди хостов, которым ключ можно передать.",
    ),
)
UNREACHABLE = fail(
    "scenes-download-unreachable",
    Blame.NETWORK,
    Text(
        en="scene {number}: the file host {host} cannot be reached ({detail})",
        ru="сцена {number}: файловый хост {host} недоступен ({detail})",
    ),
    Text(
        en="Check network, DNS and proxy for that host: it is another one than the API's.",
        ru="Проверьте сеть, DNS и прокси для этого хоста: он не тот же, что у API.",
    ),
)
CUT = fail(
    "scenes-download-cut",
    Blame.DELIVERY,
    Text(
        en="scene {number}: its download broke off in all {count} attempts ({detail})",
        ru="сцена {number}: скачивание оборвалось во всех попытках ({count}): {detail}",
    ),
    Text(
        en="The clip exists: fetch its address again over a better line, before it expires.",
        ru="Клип существует: скачайте его по тому же адресу через более надёжную сеть, пока адрес "
        "действует.",
    ),
)
NOT_VIDEO = fail(
    "scenes-download-not-video",
    Blame.DELIVERY,
    Text(
        en="scene {number}: what was downloaded is no video ({detail})",
        ru="сцена {number}: скачано не видео ({detail})",
    ),
    Text(
        en="Open the address in a browser; an error page under HTTP 200 must not be joined.",
        ru="Откройте адрес в браузере; страницу ошибки с HTTP 200 склеивать нельзя.",
    ),
)
DISK_FULL = fail(
    "scenes-disk-full",
    Blame.CLIENT,
    Text(
        en="{file}: the disk of this machine is full ({detail})",
        ru="{file}: на диске этой машины нет места ({detail})",
    ),
    Text(
        en="Free some space or choose another folder with --out; the clips can be fetched again "
        "while their addresses live.",
        ru="Освободите место или выберите другую папку ключом --out; клипы можно скачать снова, "
        "пока действуют их адреса.",
    ),
)
MEMORY_SHORT = fail(
    "scenes-memory-short",
    Blame.CLIENT,
    Text(
        en="{file}: this machine has too little memory ({detail})",
        ru="{file}: этой машине не хватает памяти ({detail})",
    ),
    Text(
        en="Close other programs, or join with a smaller --size.",
        ru="Закройте другие программы или склеивайте с меньшим --size.",
    ),
)
LOCAL = fail(
    "scenes-local-failure",
    Blame.CLIENT,
    Text(
        en="{file}: this machine could not do its part ({detail})",
        ru="{file}: эта машина не справилась со своей частью ({detail})",
    ),
    Text(
        en="Check the rights on the folder of --out and its disk, then repeat.",
        ru="Проверьте права на папку --out и её диск, затем повторите.",
    ),
)

# --- the join ---------------------------------------------------------------------------------

FILM_MADE = info(
    "scenes-film-made",
    Text(
        en="film: {length:.1f} s, {fps:g} fps, {size}, sound: {sound_en}; joined in {seconds:.1f} "
        "s",
        ru="фильм: {length:.1f} с, {fps:g} кадр/с, {size}, звук: {sound_ru}; склеен за "
        "{seconds:.1f} с",
    ),
)
PARTIAL = info(
    "scenes-film-partial",
    Text(
        en="film: made of {have} of {count} scenes (without {missing})",
        ru="фильм: собран из {have} сцен из {count} (без {missing})",
    ),
    Text(
        en="Start only the missing scenes again; those that are here need no second payment.",
        ru="Запустите снова только недостающие сцены: за готовые второй раз платить не нужно.",
    ),
)
MIXED = info(
    "scenes-clips-differ",
    Text(
        en="the clips differ ({detail}); all were brought to {size} at {fps:g} fps",
        ru="клипы различаются ({detail}); все приведены к {size}, {fps:g} кадр/с",
    ),
)
SILENT = info(
    "scenes-clip-silent",
    Text(
        en="scene {number}: has no sound while another scene has; it is silent in the film",
        ru="сцена {number}: без звука, хотя у другой сцены звук есть; в фильме на её месте тишина",
    ),
)
OTHER_LENGTH = warn(
    "scenes-clip-other-length",
    Blame.PROVIDER,
    Text(
        en="scene {number}: {found:.1f} s long instead of {wanted:g} s",
        ru="сцена {number}: длится {found:.1f} с вместо {wanted:g} с",
    ),
    Text(
        en="Ask for a length that the model knows; the film is longer or shorter by the rest.",
        ru="Просите длительность, которую модель поддерживает; фильм из-за этого другой длины.",
    ),
)
JOIN_FAILED = fail(
    "scenes-join-failed",
    Blame.DELIVERY,
    Text(
        en="film: the clips are here but could not be joined ({detail})",
        ru="фильм: клипы скачаны, но склеить их не удалось ({detail})",
    ),
    Text(
        en="Check the named clip with: diagnostics media FILE; download a broken one again.",
        ru="Проверьте названный клип: diagnostics media FILE; испорченный скачайте заново.",
    ),
)
FILM_UNFIT = fail(
    "scenes-film-unfit",
    Blame.CLIENT,
    Text(
        en="film: {what_en} is {found} instead of {wanted}",
        ru="фильм: {what_ru}: {found} вместо {wanted}",
    ),
    Text(
        en="The join is at fault, not the provider: report it together with the clips' facts.",
        ru="Виновата склейка, а не провайдер: сообщите об этом, приложив данные о клипах.",
    ),
)

RULES = (
    STAGES,
    *SCRIPT_RULES,
    CLIP_MADE,
    THROTTLED,
    THROTTLED_OUT,
    START_UNKNOWN,
    NOT_STARTED,
    OUT_OF_MEMORY,
    MODERATED,
    CLIP_FAILED,
    CLIP_UNFINISHED,
    CLIP_OPEN,
    STOPPED,
    CLIP_LOST,
    DOWNLOADED,
    RESUMED,
    EXPIRED,
    HOST_REFUSED,
    UNREACHABLE,
    CUT,
    NOT_VIDEO,
    DISK_FULL,
    MEMORY_SHORT,
    LOCAL,
    FILM_MADE,
    PARTIAL,
    MIXED,
    SILENT,
    OTHER_LENGTH,
    JOIN_FAILED,
    FILM_UNFIT,
)
