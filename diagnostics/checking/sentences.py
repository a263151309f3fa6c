"""Which sentence and which remedy belong to each kind of violation?"""

from collections.abc import Mapping

from diagnostics.checking.words import NOTHING, Fact, Violation, joined, sentence
from diagnostics.model import Text

_SAYS = {
    "type": Text(
        en="`{parameter}` must be {types}, but is {given}.",
        ru="`{parameter}`: ожидается {types}, а передано: {given}.",
    ),
    "enum": Text(
        en="`{parameter}` cannot be {given}; allowed: {allowed}.",
        ru="`{parameter}`: значение {given} недопустимо; допустимо: {allowed}.",
    ),
    "required": Text(
        en="`{parameter}` is required and missing.",
        ru="Нет обязательного параметра `{parameter}`.",
    ),
    "empty": Text(
        en="`{parameter}` is required, but is empty.",
        ru="Обязательный параметр `{parameter}` пуст.",
    ),
    "misspelt": Text(
        en="`{parameter}` is required and missing; `{seen}` stands there instead.",
        ru="Нет обязательного параметра `{parameter}`; вместо него передан `{seen}`.",
    ),
    "minimum": Text(
        en="`{parameter}` is {given}; the least allowed is {limit}.",
        ru="`{parameter}` = {given}; наименьшее допустимое значение — {limit}.",
    ),
    "maximum": Text(
        en="`{parameter}` is {given}; the most allowed is {limit}.",
        ru="`{parameter}` = {given}; наибольшее допустимое значение — {limit}.",
    ),
    "above": Text(
        en="`{parameter}` is {given}; it must be greater than {limit}.",
        ru="`{parameter}` = {given}; значение должно быть больше {limit}.",
    ),
    "below": Text(
        en="`{parameter}` is {given}; it must be less than {limit}.",
        ru="`{parameter}` = {given}; значение должно быть меньше {limit}.",
    ),
    "multiple-of": Text(
        en="`{parameter}` is {given}; it must be a multiple of {limit}.",
        ru="`{parameter}` = {given}; значение должно быть кратно {limit}.",
    ),
    "min-length": Text(
        en="`{parameter}` has {size} characters; at least {limit} are needed.",
        ru="`{parameter}`: символов — {size}, нужно не меньше {limit}.",
    ),
    "max-length": Text(
        en="`{parameter}` has {size} characters; at most {limit} are allowed.",
        ru="`{parameter}`: символов — {size}, разрешено не больше {limit}.",
    ),
    "min-items": Text(
        en="`{parameter}` has {size} elements; at least {limit} are needed.",
        ru="`{parameter}`: элементов — {size}, нужно не меньше {limit}.",
    ),
    "max-items": Text(
        en="`{parameter}` has {size} elements; at most {limit} are allowed.",
        ru="`{parameter}`: элементов — {size}, разрешено не больше {limit}.",
    ),
    "unique-items": Text(
        en="`{parameter}` names the same element twice.",
        ru="В `{parameter}` один и тот же элемент указан дважды.",
    ),
    "pattern": Text(
        en="`{parameter}` is {given}, which does not have the documented shape {limit}.",
        ru="`{parameter}` = {given}: это не соответствует документированному виду {limit}.",
    ),
    "unknown": Text(
        en="`{parameter}` is not a parameter of {operation}: the provider may ignore it or refuse "
        "the call.",
        ru="У {operation} нет параметра `{parameter}`: провайдер может его не заметить "
        "или отклонить вызов.",
    ),
    "not-together": Text(
        en="{names} may not be given together.",
        ru="{names} нельзя передавать вместе.",
    ),
    "forbidden": Text(
        en="`{parameter}` may not be given here.",
        ru="`{parameter}` здесь передавать нельзя.",
    ),
    "one-of": Text(
        en="One of {names} must be given; none is.",
        ru="Нужно передать хотя бы один из параметров: {names}; нет ни одного.",
    ),
    "only-one-of": Text(
        en="Only one of {names} may be given.",
        ru="Можно передать только один из параметров: {names}.",
    ),
    "alternatives": Text(
        en="`{parameter}` is {given}, which fits none of the documented forms.",
        ru="`{parameter}`: передано {given}; это не подходит ни под один из описанных вариантов.",
    ),
    "no-body": Text(
        en="The call has no body; {operation} needs one with {names}.",
        ru="У запроса нет тела; для {operation} в нём нужны: {names}.",
    ),
    "body-not-wanted": Text(
        en="{operation} takes no body, but one is given.",
        ru="{operation} не принимает тело запроса, а оно передано.",
    ),
    "retired": Text(
        en="{operation} was announced as retired on {day}: probe it, do not assume it.",
        ru="Объявлено отключение {operation} с {day}: проверяйте запросом, а не предполагайте.",
    ),
    "body-type": Text(
        en="The body must be {types}, but is {given}.",
        ru="Тело запроса: ожидается {types}, а передано: {given}.",
    ),
    "too-deep": Text(
        en="The body is nested too deeply to be read.",
        ru="Тело запроса вложено слишком глубоко, его нельзя прочитать.",
    ),
    "not-json": Text(
        en="The body holds a value that JSON cannot carry.",
        ru="В теле есть значение, которое нельзя передать в JSON.",
    ),
    "not-unicode": Text(
        en="`{parameter}` holds half a character (a lone surrogate such as \\ud800).",
        ru="В `{parameter}` есть половина символа (одиночный суррогат вида \\ud800).",
    ),
    "too-many": Text(
        en="There are more violations; only the first {limit} are shown.",
        ru="Нарушений больше; показаны первые {limit}.",
    ),
}

_REMEDY = {
    "type": Text(en="Write {instead}.", ru="Напишите {instead}."),
    "enum": Text(en="Write {instead}.", ru="Напишите {instead}."),
    "required": Text(
        en="Add it; the documentation's example has {example}.",
        ru="Добавьте его; в примере из документации: {example}.",
    ),
    "misspelt": Text(en="Rename `{seen}` to `{right}`.", ru="Переименуйте `{seen}` в `{right}`."),
    "unknown": Text(en="Did you mean `{right}`?", ru="Возможно, имелся в виду `{right}`?"),
}

_PLAIN = {
    "type": Text(en="Give it the documented type.", ru="Передайте значение описанного типа."),
    "enum": Text(
        en="Use one of the allowed values.", ru="Используйте одно из допустимых значений."
    ),
    "required": Text(en="Add it.", ru="Добавьте его."),
    "empty": Text(en="Give it a value.", ru="Укажите значение."),
    "minimum": Text(en="Use {limit} or more.", ru="Укажите {limit} или больше."),
    "maximum": Text(en="Use {limit} or less.", ru="Укажите {limit} или меньше."),
    "above": Text(en="Use a greater number.", ru="Укажите большее число."),
    "below": Text(en="Use a smaller number.", ru="Укажите меньшее число."),
    "min-length": Text(en="Write a longer text.", ru="Напишите текст длиннее."),
    "max-length": Text(en="Shorten the text.", ru="Сократите текст."),
    "min-items": Text(en="Add elements.", ru="Добавьте элементы."),
    "max-items": Text(en="Split the call into several.", ru="Разбейте вызов на несколько."),
    "unique-items": Text(en="Name each element once.", ru="Укажите каждый элемент один раз."),
    "pattern": Text(en="Write it in that shape.", ru="Запишите значение в этом виде."),
    "unknown": Text(en="Leave it out.", ru="Уберите его."),
    "not-together": Text(en="Keep one of them.", ru="Оставьте что-то одно."),
    "forbidden": Text(en="Leave it out.", ru="Уберите его."),
    "one-of": Text(en="Add one of them.", ru="Добавьте один из них."),
    "only-one-of": Text(en="Keep one of them.", ru="Оставьте что-то одно."),
    "no-body": Text(en="Send a JSON object.", ru="Передайте объект JSON."),
    "body-not-wanted": Text(en="Leave the body out.", ru="Уберите тело запроса."),
    "retired": Text(
        en="Move to the call that the provider names in its place, where there is one.",
        ru="Перейдите на вызов, который провайдер назвал взамен, если он есть.",
    ),
    "body-type": Text(en="Send a JSON object.", ru="Передайте объект JSON."),
    "too-deep": Text(en="Flatten the body.", ru="Сделайте тело менее вложенным."),
    "not-json": Text(en="Use only JSON values.", ru="Используйте только значения JSON."),
    "not-unicode": Text(en="Write the whole character.", ru="Запишите символ целиком."),
}

ALLOWED = Text(en="Allowed: {allowed}.", ru="Допустимо: {allowed}.")
BECAUSE = Text(en="It applies because {when}.", ru="Это действует, потому что {when}.")


def violation(  # noqa: PLR0913  # what is known of a violation
    kind: str,
    parameter: str,
    facts: Mapping[str, Fact],
    *,
    fails: bool = True,
    place: str = "body",
    when: Text = NOTHING,
) -> Violation:
    """A violation in the words of its kind; a remedy that needs an unknown fact is not given."""
    known = {**facts, "parameter": parameter}
    says = sentence(_SAYS[kind], known)
    return Violation(
        parameter=parameter,
        kind=kind,
        says=joined(says, sentence(BECAUSE, {"when": when})) if when.en else says,
        fails=fails,
        remedy=remedy(kind, known),
        place=place,
        allowed=str(facts.get("allowed", "")),
    )


def remedy(kind: str, facts: Mapping[str, Fact]) -> Text:
    """The precise remedy if its facts are known, else the general one of that kind."""
    needs = {"type": "instead", "enum": "instead", "required": "example"}.get(kind, "right")
    exact = _REMEDY.get(kind) if needs in facts else None
    return sentence(exact or _PLAIN.get(kind, NOTHING), facts)
