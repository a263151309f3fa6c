"""What can go wrong with a script? The rules of the first stage of `scenarios/scenes.py`."""

from diagnostics.film.script import Flaw
from diagnostics.finding import Rule
from diagnostics.model import Blame, Severity, Text

NOTHING = Text(en="Nothing to do.", ru="Ничего делать не нужно.")
_STRICT = Text(
    en="Ask for a strict JSON schema, strip one fence that spans the whole answer, check the "
    "number of scenes, and keep a fallback.",
    ru="Запрашивайте строгую JSON-схему, снимайте одну обёртку ```, охватывающую весь ответ, "
    "проверяйте число сцен и держите запасной вариант.",
)


def info(code: str, says: Text, remedy: Text = NOTHING) -> Rule:
    return Rule(code=code, severity=Severity.INFO, blame=Blame.NONE, says=says, remedy=remedy)


def warn(code: str, blame: Blame, says: Text, remedy: Text) -> Rule:
    return Rule(code=code, severity=Severity.WARN, blame=blame, says=says, remedy=remedy)


def fail(code: str, blame: Blame, says: Text, remedy: Text) -> Rule:
    return Rule(code=code, severity=Severity.FAIL, blame=blame, says=says, remedy=remedy)


# --- the script -------------------------------------------------------------------------------

SCRIPT_WRITTEN = info(
    "scenes-script-written",
    Text(
        en="script: {count} scenes written in {seconds:.1f} s",
        ru="сценарий: сцен {count}, написан за {seconds:.1f} с",
    ),
)
FALLBACK = info(
    "scenes-script-fallback",
    Text(
        en="script: there is no usable one, so the prompt itself was split into {count} parts",
        ru="сценарий: пригодного нет, поэтому сам промпт разделён на {count} части",
    ),
    Text(
        en="The film is made, but of cruder scenes: mend the call to the language model.",
        ru="Фильм снят, но сцены грубее: почините вызов языковой модели.",
    ),
)
NOT_ASKED = info(
    "scenes-script-not-asked",
    Text(
        en="script: the language model was not asked: {detail}",
        ru="сценарий: языковая модель не спрошена: {detail}",
    ),
    Text(
        en="Grant its cost with --budget N.",
        ru="Разрешите её стоимость ключом --budget N.",
    ),
)
FLAWS: dict[Flaw, Rule] = {
    Flaw.FENCED: warn(
        "scenes-script-fenced",
        Blame.PROVIDER,
        Text(
            en="script: the model wrapped its JSON in a code fence; it was taken off",
            ru="сценарий: модель завернула JSON в блок кода ```; обёртка снята",
        ),
        Text(
            en="Strip one fence, and only when the whole trimmed answer is one; ask for a strict "
            "JSON schema.",
            ru="Снимайте одну обёртку и только если она охватывает весь ответ; запрашивайте "
            "строгую JSON-схему.",
        ),
    ),
    Flaw.PROSE: warn(
        "scenes-script-prose",
        Blame.PROVIDER,
        Text(
            en="script: the model wrote prose around its JSON; the JSON was found in it",
            ru="сценарий: модель окружила JSON пояснениями; JSON из них извлечён",
        ),
        _STRICT,
    ),
    Flaw.TRUNCATED: warn(
        "scenes-script-truncated",
        Blame.PARAMETERS,
        Text(
            en="script: the answer was cut at the output limit (finish_reason length: …{shown}); a "
            "cut list is never repaired",
            ru="сценарий: ответ обрезан по пределу длины (finish_reason length: …{shown}); "
            "обрезанный список не достраивается",
        ),
        Text(
            en="Raise max_completion_tokens, or ask for shorter scenes. Do not send the cut text "
            "back: every repeat costs more tokens.",
            ru="Увеличьте max_completion_tokens или просите сцены короче. Не отправляйте "
            "обрезанный текст обратно: каждый повтор стоит всё больше токенов.",
        ),
    ),
    Flaw.FILTERED: warn(
        "scenes-script-filtered",
        Blame.CONTENT_POLICY,
        Text(
            en="script: the provider's content filter stopped the answer",
            ru="сценарий: ответ остановлен фильтром содержания провайдера",
        ),
        Text(
            en="Reword the prompt; the same one will be stopped again.",
            ru="Переформулируйте промпт: тот же самый снова будет остановлен.",
        ),
    ),
    Flaw.REFUSED: warn(
        "scenes-script-refused",
        Blame.CONTENT_POLICY,
        Text(
            en="script: the model refused: {shown}",
            ru="сценарий: модель отказалась отвечать: {shown}",
        ),
        Text(
            en="Read the refusal and reword the prompt; repeating it will not help.",
            ru="Прочитайте отказ и переформулируйте промпт; повтор не поможет.",
        ),
    ),
    Flaw.NO_TEXT: warn(
        "scenes-script-empty",
        Blame.PROVIDER,
        Text(
            en="script: the answer is a success without any text",
            ru="сценарий: ответ успешный, но текста в нём нет",
        ),
        _STRICT,
    ),
    Flaw.NOT_JSON: warn(
        "scenes-script-not-json",
        Blame.PROVIDER,
        Text(
            en="script: no JSON in the answer: {shown}",
            ru="сценарий: в ответе нет JSON: {shown}",
        ),
        _STRICT,
    ),
    Flaw.WRONG_SHAPE: warn(
        "scenes-script-wrong-shape",
        Blame.PROVIDER,
        Text(
            en="script: JSON, but no list of scenes with a text prompt each: {shown}",
            ru="сценарий: JSON есть, но это не список сцен с текстовым prompt у каждой: {shown}",
        ),
        _STRICT,
    ),
    Flaw.EMPTY_PROMPT: warn(
        "scenes-script-blank-prompt",
        Blame.PROVIDER,
        Text(
            en="script: a scene has a blank prompt: {shown}",
            ru="сценарий: у одной из сцен пустой prompt: {shown}",
        ),
        _STRICT,
    ),
    Flaw.TOO_FEW: warn(
        "scenes-script-too-few",
        Blame.PROVIDER,
        Text(
            en="script: {found} scenes instead of {count}",
            ru="сценарий: сцен {found} вместо {count}",
        ),
        _STRICT,
    ),
    Flaw.TOO_MANY: warn(
        "scenes-script-too-many",
        Blame.PROVIDER,
        Text(
            en="script: {found} scenes instead of only {count}",
            ru="сценарий: сцен {found}, а нужно только {count}",
        ),
        _STRICT,
    ),
    Flaw.ERROR: warn(
        "scenes-script-error",
        Blame.PROVIDER,
        Text(
            en="script: an error inside a successful answer: {shown}",
            ru="сценарий: ошибка внутри успешного ответа: {shown}",
        ),
        Text(
            en="Read the error; treat such an answer as failed.",
            ru="Прочитайте ошибку; считайте такой ответ неудачей.",
        ),
    ),
}

RULES = (SCRIPT_WRITTEN, NOT_ASKED, FALLBACK, *FLAWS.values())
