"""Does a reader of the notes the project began with find each of their lines in our output?

Each row names one line of a note that states a symptom, a cause or a remedy (`line` quotes a few
words of it, so that it can be found there; `states` says it in ours), what plays or looks it up,
the finding that covers it, and the words of the output that say it, in English and in Russian.
"""

import io
import json
import re
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from diagnostics.cli.main import main
from diagnostics.errors import Exit


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a note, and where our output says the same."""

    note: str
    line: str
    kind: str
    states: str
    play: tuple[str, ...]
    finding: str = ""
    en: str
    ru: str


def run(provider: str, fault: str) -> tuple[str, ...]:
    return ("run", "--provider", provider, "--fault", fault)


def film(fault: str) -> tuple[str, ...]:
    return ("scenes", "a lamp by the sea", "--size", "160x90", "--fault", fault)


def asked(text: str) -> tuple[str, ...]:
    return ("explain", text)


FILM = ("scenes", "a lamp by the sea", "--size", "160x90")
REFUSED_TOKEN = run("replicate", "replicate-unauthenticated")
REFUSED_KEY = run("openai", "openai-bad-key")
UNKNOWN_VIDEO = run("heygen", "heygen-not-found")
SPINNER = asked("генерация крутится бесконечно, а на сайте HeyGen уже ошибка")
"""The complaint itself, as the note words it."""

NOTE_002 = (
    Line(
        note="002",
        line="Не удалось сгенерировать 3 сцен",
        kind="symptom",
        states="three scenes started at once could not be generated",
        play=film("scenes-throttled-out"),
        finding="scenes-start-throttled-out",
        en="its start was throttled",
        ru="запуск отклонён по частоте",
    ),
    Line(
        note="002",
        line="Простой парсинг может не работать",
        kind="cause",
        states="the language model wraps its JSON, so plain parsing breaks",
        play=film("scenes-fenced-json"),
        finding="scenes-script-fenced",
        en="wrapped its JSON in a code fence",
        ru="завернула JSON в блок кода",
    ),
    Line(
        note="002",
        line="обработка JSON в markdown, с валидацией структуры",
        kind="remedy",
        states="take the fence off, check the structure",
        play=film("scenes-fenced-json"),
        finding="scenes-script-fenced",
        en="Strip one fence",
        ru="Снимайте одну обёртку",
    ),
    Line(
        note="002",
        line="Добавлен фоллбак",
        kind="remedy",
        states="split the prompt itself when the model gives nothing usable",
        play=film("scenes-not-json"),
        finding="scenes-script-fallback",
        en="the prompt itself was split into 3 parts",
        ru="сам промпт разделён на 3 части",
    ),
    Line(
        note="002",
        line="401 Unauthorized",
        kind="symptom",
        states="Replicate refuses the token",
        play=REFUSED_TOKEN,
        finding="answer-business-code",
        en="401",
        ru="401",
    ),
    Line(
        note="002",
        line="Error: API token is invalid",
        kind="symptom",
        states="the log says that the token is invalid",
        play=asked("Error: API token is invalid"),
        en="Replicate answers 401 and no video is made",
        ru="Replicate отвечает 401, видео не создаётся",
    ),
    Line(
        note="002",
        line="Проверить `REPLICATE_API_TOKEN`",
        kind="remedy",
        states="look at the variable in the .env file",
        play=asked("Error: API token is invalid"),
        en="Open the .env file and copy the whole token again",
        ru="Откройте файл .env и скопируйте токен заново целиком",
    ),
    Line(
        note="002",
        line="Токен начинается с",
        kind="cause",
        states="the token lacks its prefix",
        play=asked("Error: API token is invalid"),
        en="does not begin with its prefix",
        ru="не начинается со своего префикса",
    ),
    Line(
        note="002",
        line="Нет пробелов в начале/конце",
        kind="cause",
        states="a space at an end of the token",
        play=asked("Error: API token is invalid"),
        en="has a space at an end",
        ru="имеет пробел с краю",
    ),
    Line(
        note="002",
        line="не обрезан",
        kind="cause",
        states="the token was cut while it was copied",
        play=asked("Error: API token is invalid"),
        en="was cut while it was copied",
        ru="обрезан при копировании",
    ),
    Line(
        note="002",
        line="Could not authenticate with OpenAI",
        kind="symptom",
        states="OpenAI refuses the key",
        play=REFUSED_KEY,
        finding="answer-business-code",
        en="invalid_api_key",
        ru="invalid_api_key",
    ),
    Line(
        note="002",
        line="Error when calling OpenAI API",
        kind="symptom",
        states="the log says that the call of OpenAI failed",
        play=asked("Error when calling OpenAI API"),
        en="OpenAI refuses to authenticate, and the prompt is not split",
        ru="OpenAI не проходит аутентификацию, и запрос не разбит",
    ),
    Line(
        note="002",
        line="Проверить `OPENAI_API_KEY`",
        kind="remedy",
        states="look at the variable in the .env file",
        play=asked("Could not authenticate with OpenAI"),
        en="Check OPENAI_API_KEY in the .env file",
        ru="Проверьте OPENAI_API_KEY в файле .env",
    ),
    Line(
        note="002",
        line="Проверить баланс",
        kind="remedy",
        states="look whether there is money on the account",
        play=run("openai", "openai-insufficient-quota"),
        finding="answer-business-code",
        en="insufficient_quota",
        ru="insufficient_quota",
    ),
    Line(
        note="002",
        line="нужны деньги на аккаунте",
        kind="cause",
        states="no money on the account looks like a refusal",
        play=asked("Could not authenticate with OpenAI"),
        en="then the balance of the account",
        ru="затем баланс аккаунта",
    ),
    Line(
        note="002",
        line="Failed to download video",
        kind="symptom",
        states="the videos are made and do not come down",
        play=film("scenes-expired-output"),
        finding="scenes-download-expired",
        en="its file is gone from the file host (HTTP 404)",
        ru="файла на файловом хосте больше нет (HTTP 404)",
    ),
    Line(
        note="002",
        line="`ConnectionError`, `Timeout`, `404`",
        kind="symptom",
        states="a download breaks off",
        play=film("scenes-cut-download"),
        finding="scenes-download-resumed",
        en="its download broke off",
        ru="скачивание обрывалось",
    ),
    Line(
        note="002",
        line="Проверить интернет-соединение",
        kind="remedy",
        states="look at the connection",
        play=asked("Failed to download video"),
        en="Check the internet connection, resume the download",
        ru="Проверьте интернет-соединение, докачайте файл",
    ),
    Line(
        note="002",
        line="проблема с CDN Replicate",
        kind="cause",
        states="the file host has trouble: try later",
        play=asked("Failed to download video"),
        en="the file host has trouble",
        ru="сбоит файловый хост",
    ),
    Line(
        note="002",
        line="URL видео может истечь",
        kind="cause",
        states="the address has expired",
        play=film("scenes-expired-output"),
        finding="scenes-download-expired",
        en="Download as soon as a scene is done",
        ru="Скачивайте сразу, как сцена готова",
    ),
    Line(
        note="002",
        line="Failed to stitch videos",
        kind="symptom",
        states="the clips are there and cannot be joined",
        play=asked("Failed to stitch videos: codec error"),
        en="Joining the scenes gives a garbled film, or fails",
        ru="Склейка сцен даёт испорченный ролик или не удаётся",
    ),
    Line(
        note="002",
        line="`codec error`, `ffmpeg error`",
        kind="cause",
        states="the clips do not fit each other",
        play=film("scenes-mixed-clips"),
        finding="scenes-clips-differ",
        en="the clips differ",
        ru="клипы различаются",
    ),
    Line(
        note="002",
        line="все 3 видео скачаны успешно",
        kind="remedy",
        states="first see that every clip came whole",
        play=asked("ffmpeg not found"),
        en="check first that every clip was downloaded whole",
        ru="сначала убедитесь, что все клипы скачаны полностью",
    ),
    Line(
        note="002",
        line="`moviepy` и `ffmpeg` установлены",
        kind="remedy",
        states="see that the tools are installed",
        play=asked("ffmpeg не установлен"),
        en="Install ffmpeg and a current moviepy",
        ru="Установите ffmpeg и свежий moviepy",
    ),
    Line(
        note="002",
        line="JSON not found in response",
        kind="symptom",
        states="the model's answer holds no JSON",
        play=film("scenes-not-json"),
        finding="scenes-script-not-json",
        en="no JSON in the answer",
        ru="в ответе нет JSON",
    ),
    Line(
        note="002",
        line="GPT вернул не-структурированный ответ",
        kind="cause",
        states="the model writes prose around its JSON",
        play=film("scenes-prose-json"),
        finding="scenes-script-prose",
        en="wrote prose around its JSON",
        ru="окружила JSON пояснениями",
    ),
    Line(
        note="002",
        line="если промт очень длинный",
        kind="cause",
        states="a long prompt makes an answer that is cut off",
        play=film("scenes-truncated-json"),
        finding="scenes-script-truncated",
        en="was cut at the output limit",
        ru="обрезан по пределу длины",
    ),
    Line(
        note="002",
        line="использует фоллбак (разбивает на 3 части)",
        kind="remedy",
        states="go on with the prompt split into three",
        play=film("scenes-truncated-json"),
        finding="scenes-script-fallback",
        en="the prompt itself was split into 3 parts",
        ru="сам промпт разделён на 3 части",
    ),
    Line(
        note="002",
        line="Rate limit exceeded",
        kind="symptom",
        states="the provider turns calls away",
        play=film("scenes-throttled-starts"),
        finding="scenes-starts-throttled",
        en="made at the same moment were throttled",
        ru="одновременных запусков отклонено по частоте",
    ),
    Line(
        note="002",
        line="Слишком много запросов",
        kind="cause",
        states="too many starts at once",
        play=run("replicate", "replicate-throttled"),
        finding="answer-business-code",
        en="429",
        ru="429",
    ),
    Line(
        note="002",
        line="Ждите 1-2 минуты",
        kind="remedy",
        states="wait one or two minutes",
        play=film("scenes-throttled-out"),
        finding="scenes-start-throttled-out",
        en="wait 1–2 minutes first",
        ru="сначала подождите 1–2 минуты",
    ),
    Line(
        note="002",
        line="добавляет задержки между запросами",
        kind="remedy",
        states="put pauses between the starts",
        play=film("scenes-throttled-starts"),
        finding="scenes-starts-throttled",
        en="Space the starts",
        ru="Разносите запуски",
    ),
    Line(
        note="002",
        line="`Memory Error`, `Out of memory`",
        kind="symptom",
        states="the memory does not suffice",
        play=film("scenes-out-of-memory"),
        finding="scenes-clip-out-of-memory",
        en="ran out of memory",
        ru="не хватило памяти",
    ),
    Line(
        note="002",
        line="Видео очень большие",
        kind="cause",
        states="the video is too large",
        play=asked("Memory Error, Out of memory"),
        en="The video is too large for the memory there is",
        ru="Видео слишком велико для имеющейся памяти",
    ),
    Line(
        note="002",
        line="Закройте другие приложения",
        kind="remedy",
        states="close other programs",
        play=asked("Memory Error, Out of memory"),
        en="close other programs as well",
        ru="закройте и другие программы",
    ),
    Line(
        note="002",
        line="Уменьшите качество видео",
        kind="remedy",
        states="lower resolution and length",
        play=film("scenes-out-of-memory"),
        finding="scenes-clip-out-of-memory",
        en="a shorter scene, a smaller picture",
        ru="сцену короче, картинку меньше",
    ),
    Line(
        note="002",
        line="Видео объединены с переходами",
        kind="remedy",
        states="what a good run looks like: three scenes, one film",
        play=FILM,
        finding="scenes-film-made",
        en="film: 14.0 s",
        ru="фильм: 14.0 с",
    ),
)

NOTE_003 = (
    Line(
        note="003",
        line="Ошибка уже отображается на сайте HeyGen",
        kind="symptom",
        states="the provider's site shows an error, the browser spins",
        play=SPINNER,
        en="keeps spinning although HeyGen's own site already shows the error",
        ru="продолжает крутиться, хотя на сайте HeyGen ошибка уже видна",
    ),
    Line(
        note="003",
        line="не получает актуальный статус",
        kind="cause",
        states="the caller does not learn the true state",
        play=SPINNER,
        en="the loop does not count it as an ending",
        ru="цикл не считает это концом",
    ),
    Line(
        note="003",
        line='"code":400569',
        kind="symptom",
        states="the status of an unknown video answers 404 with 400569",
        play=UNKNOWN_VIDEO,
        finding="job-not-found",
        en="400569",
        ru="400569",
    ),
    Line(
        note="003",
        line="Неправильный video_id",
        kind="cause",
        states="the id is not that of a video",
        play=SPINNER,
        en="The video id is wrong",
        ru="Неверен идентификатор видео",
    ),
    Line(
        note="003",
        line="Кэширование старого статуса",
        kind="cause",
        states="an old status is shown from a cache",
        play=SPINNER,
        en="an old status is shown from a cache",
        ru="показан старый статус из кэша",
    ),
    Line(
        note="003",
        line="Интервал не очищается при ошибке",
        kind="cause",
        states="the timer is not cleared on an error",
        play=SPINNER,
        en="never clears its timer",
        ru="не снимает таймер",
    ),
    Line(
        note="003",
        line="не правильно обрабатывает 404",
        kind="cause",
        states="a 404 is not read as an end",
        play=SPINNER,
        en="HTTP 404 with code 400569",
        ru="HTTP 404 с кодом 400569",
    ),
    Line(
        note="003",
        line='"status": "not_found"',
        kind="remedy",
        states="read that 404 as not_found",
        play=UNKNOWN_VIDEO,
        finding="job-not-found",
        en="not_found",
        ru="not_found",
    ),
    Line(
        note="003",
        line="Немедленно останавливаем генерацию",
        kind="remedy",
        states="stop at once on any final state",
        play=SPINNER,
        en="clear the timer on every way out",
        ru="снимайте таймер при любом выходе",
    ),
    Line(
        note="003",
        line="Проверьте правильность video_id",
        kind="remedy",
        states="check the id",
        play=SPINNER,
        en="check the video id",
        ru="сверьте идентификатор видео",
    ),
    Line(
        note="003",
        line="видео существует в HeyGen",
        kind="remedy",
        states="see whether the video exists in the provider's own list",
        play=SPINNER,
        en="against the HeyGen projects page",
        ru="со страницей проектов HeyGen",
    ),
    Line(
        note="003",
        line="Статус не обновляется",
        kind="symptom",
        states="the state does not change, an old progress is shown",
        play=asked("heygen: статус не обновляется, показывается старый прогресс"),
        en="old status is shown from a cache",
        ru="старый статус из кэша",
    ),
    Line(
        note="003",
        line="Очистите localStorage",
        kind="remedy",
        states="drop what was cached",
        play=SPINNER,
        en="drop the cached status",
        ru="сбросьте кэш статуса",
    ),
    Line(
        note="003",
        line="Генерация продолжается бесконечно",
        kind="symptom",
        states="the job is followed without end",
        play=run("heygen", "job-stuck"),
        finding="job-stuck",
        en="was still",
        ru="всё ещё в состоянии",
    ),
    Line(
        note="003",
        line="повторяющиеся попытки",
        kind="symptom",
        states="the log shows the same attempt again and again",
        play=run("heygen", "job-stuck"),
        finding="job-stuck",
        en="polls",
        ru="опросов",
    ),
)

LINES = (*NOTE_002, *NOTE_003)


@cache
def said(play: tuple[str, ...], language: str) -> tuple[str, frozenset[str]]:
    """What a command prints and writes, and the codes of its findings."""
    with TemporaryDirectory() as folder:
        where = () if play[0] == "explain" else ("--out", folder, "--format", "txt,json")
        screen, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(screen), redirect_stderr(errors):
            ended = main([*play, "--lang", language, *where])
        assert ended in {Exit.OK, Exit.FINDINGS, Exit.INCONCLUSIVE}, errors.getvalue()
        written = [path.read_text("utf-8") for path in Path(folder).rglob("*.txt")]
        codes = frozenset(
            finding["rule"]
            for path in Path(folder).rglob("result.json")
            for finding in json.loads(path.read_text("utf-8"))["findings"]
        )
    return re.sub(r"\s+", " ", " ".join([screen.getvalue(), *written])), codes


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("line", LINES, ids=[f"{one.note}: {one.states}" for one in LINES])
def test_our_output_says_what_the_note_says(line: Line, language: str) -> None:
    output, findings = said(line.play, language)
    assert (line.ru if language == "ru" else line.en) in output
    assert not line.finding or line.finding in findings


@pytest.mark.parametrize("kind", ["symptom", "cause", "remedy"])
@pytest.mark.parametrize("note", ["002", "003"])
def test_each_note_has_lines_of_each_kind(note: str, kind: str) -> None:
    assert [one for one in LINES if (one.note, one.kind) == (note, kind)]
