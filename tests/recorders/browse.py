"""BASE_URL KEY HAR [CONTENT]: makes a video from a page of Chromium, and lets Playwright record it.

A child of the tests: Playwright stands beside the environment, in `.venv/recorders`.
"""

import json
import shutil
import sys
from typing import Any

from playwright.sync_api import sync_playwright

CREATE = "/api/open/v3/content/video/createbytalkingphoto"
STATUS = "/api/open/v3/content/video/infobymodelid"
POLLS_MOST = 40
STORY = """async ([create, status, key, body, most]) => {
    const headers = {"x-api-key": key, "content-type": "application/json"};
    const ask = (url, more) => fetch(url, {headers, ...more}).then(answer => answer.json());
    await fetch("/nothing-here.js").catch(() => null);
    await fetch(body.talking_photo_url).catch(() => null);
    await fetch(body.audio_url).catch(() => null);
    const made = await ask(create, {method: "POST", body: JSON.stringify(body)});
    if (made.code !== 1000) return made;
    for (let poll = 0; poll < most; poll++) {
        const told = await ask(`${status}?video_model_id=${made.data._id}`);
        if (told.data.video_status > 2) {
            if (told.data.video) await fetch(told.data.video).then(answer => answer.blob());
            return told;
        }
        await new Promise(done => setTimeout(done, 60));
    }
}"""


def main(base_url: str, key: str, har: str, content: str = "embed") -> None:
    """Record one story; what it came to is printed."""
    body = {
        "talking_photo_url": f"{base_url}/_media/face.jpg",
        "audio_url": f"{base_url}/_media/speech.mp3",
        "resolution": "720",
    }
    with sync_playwright() as playwright:
        program = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        mode: Any = content
        context = browser.new_context(record_har_path=har, record_har_content=mode)
        page = context.new_page()
        page.goto(f"{base_url}/_emulator")
        told = page.evaluate(STORY, [CREATE, STATUS, key, body, POLLS_MOST])
        context.close()
        browser.close()
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
