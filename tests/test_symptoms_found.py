"""Is the right row of symptoms found, however the complaint is worded, and none for noise?"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.lookup import symptoms, wording
from diagnostics.lookup.symptoms import ENOUGH, find

TRACEBACK = """Traceback (most recent call last):
  File "/srv/bot/pipeline/scenes.py", line 88, in split_prompt
    data = json.loads(answer)
           ^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3.11/json/__init__.py", line 346, in loads
    return _default_decoder.decode(s)
  File "/usr/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
"""
DIRTY_KEY = """Traceback (most recent call last):
  File "/app/venv/lib/python3.12/site-packages/openai/_base_client.py", line 1005, in request
    response = self._client.send(
  File "/app/venv/lib/python3.12/site-packages/httpcore/_sync/http11.py", line 94, in handle
    self._send_request_headers(**kwargs)
httpx.LocalProtocolError: Illegal header value b'Bearer invented-openai-key-0001\\n'

The above exception was the direct cause of the following exception:

  File "/app/main.py", line 12, in <module>
    print(client.models.list())
openai.APIConnectionError: Connection error.
"""
LOG = "\n".join(
    f"2026-11-02 10:{minute:02d}:00 INFO worker-3 poll {minute} job=abc state=processing http=200"
    for minute in range(60)
)

PHRASINGS = (
    ("1", "my script using replicate.run() just hangs forever, status in the UI is aborted"),
    ("1", "replicate.run висит вечно, в кабинете статус aborted"),
    ("2", "the prediction has failed but the app still polls it"),
    ("2", "приложение всё ещё опрашивает задачу, которая провалилась или отменена"),
    ("3", "replicate model is in starting state for 15 minutes, is it a cold boot?"),
    ("3", "модель replicate уже полчаса в starting, холодный запуск?"),
    ("4", "heygen: the spinner never ends even though their site shows an error"),
    ("4", "На сайте HeyGen уже ошибка, а у нас в браузере генерация всё крутится"),
    (
        "4",
        'Status Code: 404 Response Text: {"code":400569,"message":"ResourceType.VIDEO not found"}',
    ),
    ("4", "heygn spiner never stops"),
    ("4", "ResourceType.PACIFIC_VIDEO not foud"),
    ("5", "heygen answers 200 with an error object inside and we poll endlessly"),
    ("5", "бесконечный опрос: HTTP 200, но в ответе объект error"),
    ("6", "we get 'session not found' for the video agent dozens of times a day"),
    ("6", "сессия видео-агента не найдена, а видео так и висит в running"),
    ("7", "one video blocked our worker for 80+ minutes, no upper bound for attempts"),
    ("8", "our loop waits for 'succeeded' but the translation says completed"),
    ("8", "опрос перевода ждёт succeeded, а API отдаёт completed"),
    ("9", "heygen video is created but every status endpoint gives 404"),
    ("10", "kie.ai veo: spinner endless, one credit is lost, moderation came later"),
    ("11", "the agent hangs, no timeout, request is never answered"),
    ("11", "httpx.ReadTimeout while waiting for an answer"),
    ("12", "task stays RUNNING forever"),
    ("12", "задача вечно RUNNING"),
    ("13", "the tool says success but there is no file, polling attempts were exhausted"),
    ("14", "our frontend polls the failed job for ever"),
    ("15", "replicate.run() returned None after a minute with Prefer: wait"),
    ("15", "replicate вернул None вместо видео через 60 секунд"),
    ("16", "Runway task THROTTLED is treated as an error"),
    ("16", "статус задачи THROTTLED, клиент счёл его ошибкой"),
    ("17", "the API answered 201 and my code thinks it failed"),
    ("18", "veo: done is true but generatedSamples is empty"),
    ("18", "операция done, но видео пустое, фильтр безопасности?"),
    ("19", "heygen says completed yet video_url is null"),
    ("19", "статус completed, а video_url null"),
    ("20", "just created an avatar and it is not usable yet"),
    ("21", "status: failed, error: null, no reason given"),
    ("22", "we were charged two times for one click after a read timeout"),
    ("22", "за один клик списали дважды"),
    ("22", "двоиное списание"),
    ("24", "Idempotency-Key is different for every retry attempt"),
    ("25", "the prediction continues to run after my client timed out, who cancels it?"),
    ("26", "openai client sent three requests because of one timeout"),
    ("27", "HeyGen: insufficient credit, but the account has plenty of credits"),
    ("27", "heygen пишет insufficient credit, хотя кредиты на аккаунте есть"),
    ("27", "failure_code: MOVIO_PAYMENT_INSUFFICIENT_CREDIT"),
    ("28", "new runway account: not enough credits"),
    ("29", "credits were deducted although the call failed with insufficient credits"),
    ("31", "Error code: 429 - {'error': {'message': 'exceeded your current quota', 'code': None}}"),
    ("31", "OpenAI: превышена квота, 429, повторы не помогают"),
    ("31", "credit_balance_exhausted"),
    ("33", "replicate js sdk sends six requests at once on a 429"),
    ("34", "429 when I start three scenes in parallel on replicate"),
    ("34", "Не удалось сгенерировать 3 сцен: Rate limit exceeded"),
    ("34", "replicate: Request was throttled, resets in ~12s"),
    ("35", "kling: too many concurrent tasks even after retrying with backoff"),
    ("36", "kling api 429 code 1102, resource pack used up"),
    ("37", "trial_video_limit_exceeded (limit: 5)"),
    ("37", "heygen дневной лимит пробных видео"),
    ("38", "we poll the status every 500ms"),
    ("39", "the output was flagged as sensitive (E005), retrying does not help"),
    ("39", "модерация отмечает и промпт, и картинку, повторы не помогают"),
    ("43", "CelebrityDetectedError 451"),
    ("44", "the gateway returns a 500 for a content policy violation"),
    ("45", "Runway failureCode: SAFETY.INPUT.TEXT"),
    ("46", "links on replicate.delivery stop working after an hour"),
    ("46", "через час ссылка replicate.delivery отдаёт 404"),
    ("47", "AccessDenied: Request has expired"),
    ("49", "403 when downloading a heygen video that is ten days old"),
    ("50", "результат AKOOL через неделю недоступен"),
    ("51", "Failed to stitch videos: clips have different sizes"),
    ("51", "ошибка ffmpeg при объединении видео"),
    ("52", "joining 29.97 and 23.98 fps clips gives glitches"),
    ("53", TRACEBACK),
    ("53", "GPT вернул JSON в markdown, парсинг падает"),
    ("53", "JSON not found in response from GPT"),
    (
        "55",
        "JSONDecodeError: Unterminated string starting at: line 9 column 15 (char 412)",
    ),
    ("55", "ответ GPT обрезан, finish_reason length"),
    ("56", "GPT returned two scenes instead of three"),
    ("58", "max_tokens is not supported with this model"),
    ("59", DIRTY_KEY),
    ("59", "openai пишет connection error, но интернет работает"),
    ("59", "APIConectionError: Connection eror."),
    ("60", "Illegal header value b'Bearer ' in github actions"),
    ("61", "422 invalid version or not permitted"),
    ("63", "heygen POST v2/talking_photo returns an html 404"),
    ("64", "40010 VIDEO_FORMAT_NOT_SUPPORTED but the format is fine, plan resolution?"),
    ("65", "sora api stopped working, 404 on /v1/videos"),
    ("66", "vercel function 504 FUNCTION_INVOCATION_TIMEOUT while the video renders"),
    ("67", "webhook signature does not match"),
    ("67", "подпись вебхука не сходится"),
    ("68", "cloudflare 403 error 1003 on every request"),
    ("69", "AKOOL: код 1015, сервер перегружен"),
    ("70", "akool gives HTTP 200 but nothing is created"),
    ("71", "I send Authorization and x-api-key together and akool ignores my key"),
    ("72", "akool: paths from the Postman collection return 404"),
    (
        "I1",
        "InvalidHeader: leading whitespace, reserved or return character(s) in header value",
    ),
    ("I2", "there is a trailing space in my api key"),
    ("I2", "в конце ключа пробел"),
    ("I4", "api key in quotes gives 401"),
    ("I5", "UnicodeEncodeError: 'ascii' codec can't encode character '\\u0441' in position 12"),
    ("I5", "в ключе русская буква"),
    ("N1", "Error: API token is invalid (replicate, 401 Unauthorized)"),
    ("N1", "replicate 401, токен обрезан"),
    ("N2", "Could not authenticate with OpenAI: Error code: 401"),
    ("N3", "MemoryError while joining videos"),
    ("N3", "Out of memory, видео очень большие"),
    ("N5", "Failed to download video: ConnectionError"),
    (
        "23",
        "our POST wrapper repeats three times when the connection breaks, 3 charges and one video",
    ),
    ("23", "обёртка три раза повторила POST после обрыва, списаний три, а видео одно"),
    ("30", "users without balance drain our budget, limit is by IP only"),
    ("32", "openai background response: response.error says insufficient_quota, we restart it"),
    ("40", "a single soft moderation rejection kills our whole pipeline"),
    ("41", "Seedance: the output audio may contain sensitive information"),
    ("42", "customers see the provider's internal Request id in our error message"),
    ("48", "veo file uri gives 403 in the player, needs the api key"),
    ("54", "splitting on backticks corrupts JSON that has inner code blocks"),
    ("57", "instructor burns 900k tokens retrying truncated output"),
    ("62", "replicate sporadically answers 404 Not Found when many run in parallel"),
    ("I1", "newline at the end of the key: ValueError: Invalid header value"),
    ("I3", "в файле .env пробел перед ключом"),
    ("N4", "ModuleNotFoundError: No module named 'moviepy'"),
    ("N4", "FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'"),
)
"""Wordings that stand in no row word for word, and the row that each of them means."""


@pytest.mark.parametrize(("row", "complaint"), PHRASINGS)
def test_the_right_row_stands_first(row: str, complaint: str) -> None:
    found = find(complaint)
    assert [one.symptom.id for one in found[:1]] == [row]


def test_the_wordings_stand_in_no_row() -> None:
    said = {phrase for row in symptoms.load() for phrase in row.say}
    repeated = [complaint for _, complaint in PHRASINGS if complaint in said]
    assert len(repeated) <= len(PHRASINGS) / 10


def test_every_row_is_asked_for_in_other_words() -> None:
    asked = {row for row, _ in PHRASINGS}
    assert {row.id for row in symptoms.load()} - asked == set()


def test_every_row_is_found_by_each_of_its_own_phrases() -> None:
    missed = [
        (row.id, phrase)
        for row in symptoms.load()
        for phrase in row.say
        if [one.symptom.id for one in find(phrase)[:1]] != [row.id]
    ]
    assert missed == []


@pytest.mark.parametrize(
    "noise",
    [
        "",
        " ",
        "the weather in Berlin, please",
        "sourdough video starter recipe",
        "how do I bake bread",
        "my printer does not print",
        "create a new file in vim",
        "как поменять пароль от почты",
        "the train is late again",
        "SELECT * FROM users WHERE id = 7",
        "segmentation fault (core dumped)",
        "TypeError: 'NoneType' object is not subscriptable",
        "npm ERR! missing script: build",
        "fatal: not a git repository",
        "рецепт борща",
        "курс доллара сегодня",
        "ошибка в сочинении по литературе",
        "video",
        "error",
        "please help",
        "help, it does not work!",
        "помогите, ничего не работает",
        "key",
        "9999",
        "404",
        "create a film about cats",
        "I lost my house key",
        "my job at the bank is slow",
        "the credit card was stolen",
        "the spinner of my fishing rod hangs",
        "three scenes in the play",
        "what is the price of a video",
        "download python 3.13",
        "lorem ipsum dolor sit amet " * 50,
        "{}",
        "\x00",
        "🦆",
        "::::----",
        "1" * 5_000,
        LOG,
    ],
)
def test_noise_finds_nothing(noise: str) -> None:
    assert find(noise) == ()


def test_an_error_is_found_at_the_end_of_a_long_log() -> None:
    found = find(f"{LOG}\nreplicate.exceptions.ReplicateError: Insufficient credit to run model\n")
    assert found[0].symptom.id == "28"


def test_words_scattered_over_a_log_are_no_phrase() -> None:
    filling = "\n".join(f"line {n} of ordinary prose about {n} apples" for n in range(40))
    scattered = filling.join(["webhook ", " signature ", " verification ", " failed"])
    assert find(scattered) == ()


def test_a_megabyte_is_read_in_no_time() -> None:
    find("warm")
    started = time.perf_counter()
    find("Unterminated string " * 50_000)
    find("абракадабра" * 100_000)
    find(" ".join(f"unknownword{n}x" for n in range(50_000)))
    assert time.perf_counter() - started < 3


@given(text=st.text(max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    assert all(ENOUGH <= one.score <= 1 for one in find(text))


@given(
    text=st.lists(
        st.sampled_from([word for row in symptoms.load() for word in " ".join(row.say).split()]),
        max_size=40,
    )
)
def test_any_mix_of_our_words_gives_few_rows_best_first(text: list[str]) -> None:
    scores = [one.score for one in find(" ".join(text))]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= 3


# --- words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "same",
    [
        "spinner spinning hangs крутится висит зависает",
        "key keys token токен ключ ключа ключом",
        "charged billed списание списали",
        "polling polls опрос опрашивает",
        "timeout time-out таймаут тайм-аут",
        "expired истекла протухла",
        "ссылка ссылки ссылку link url",
        "создание создаётся creates created",
        "подпись подписи signature",
        "moderation moderated модерация модерации",
        "webhook вебхук вебхука",
    ],
)
def test_words_of_one_meaning_are_one_concept(same: str) -> None:
    assert len({wording.concepts(word)[0] for word in same.split()}) == 1


@pytest.mark.parametrize(
    "pair",
    ["key/credit", "poll/policy", "job/join", "ключ/кредит", "сцена/сессия", "charge/change"],
)
def test_words_of_two_meanings_stay_two(pair: str) -> None:
    one, other = pair.split("/")
    assert wording.concepts(one) != wording.concepts(other)


def test_a_name_counts_as_a_whole_and_in_its_parts() -> None:
    assert {"insufficient_quota", "quota"} <= set(wording.concepts("insufficient_quota"))
    assert {"connect", "apiconnectionerror"} <= set(wording.concepts("APIConnectionError"))


def test_no_word_stands_on_two_lines_of_synonyms() -> None:
    lines: dict[str, set[int]] = {}
    for number, line in enumerate(wording.same_words()):
        for word in line:
            lines.setdefault(wording.stem(word), set()).add(number)
    assert {word: found for word, found in lines.items() if len(found) > 1} == {}


@pytest.mark.parametrize("slip", ["quots", "quotaa", "qouta", "quuta"])
def test_one_slip_is_one_slip(slip: str) -> None:
    assert wording.one_slip("quota", slip)


@pytest.mark.parametrize("other", ["quarto", "quo", "atouq", "qouat"])
def test_two_slips_are_another_word(other: str) -> None:
    assert not wording.one_slip("quota", other)


@given(one=st.text(max_size=12), other=st.text(max_size=12))
def test_a_slip_is_one_both_ways(one: str, other: str) -> None:
    assert wording.one_slip(one, other) == wording.one_slip(other, one)
