"""Which mistakes do people make in JSON, and which other documents do they give instead of it?"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Met where `at` fits the text, after `before`; `why` is a part of the reader's complaint."""

    at: str
    says: str
    hint: str
    before: str = ""
    why: str = ""
    is_back: bool = False
    """The culprit is the sign before."""


STRICT = "JSON has double quotes only, no comments, no comma after the last element"
DOCUMENTS = (
    (r"<!doctype html|<html", "a web page", "an error page may have been saved instead of JSON"),
    (r"<", "HTML or XML", "an error page may have been saved instead of JSON"),
    (
        r"(\$ )?curl\s",
        "a curl command",
        "keep only the JSON that follows --data (-d); this release does not read curl commands",
    ),
    (
        r"(GET|POST|PUT|PATCH|DELETE|HEAD) \S+ HTTP/|HTTP/\d",
        "a raw HTTP message",
        'keep only its JSON body, or write {"method": …, "url": …, "body": {…}}',
    ),
    (r"```", "Markdown", "take out the ``` lines and keep the JSON between them"),
    (
        r"(const|let|var|export|import|from|def|async|await|fetch|axios|requests)\b(?!:)",
        "program code",
        "print the body as JSON instead: JSON.stringify(body) or json.dumps(body)",
    ),
    (
        r"interactions:\s",
        "a vcrpy cassette",
        "this release does not read cassettes; keep only the JSON of one request's body",
    ),
    (
        r"(%YAML|---\s|- |[\w-]+:(\s|$))",
        "YAML",
        "write it as JSON; yq -o json FILE does so",
    ),
    (
        r"[\w.%\[\]-]+=[^\s&]*(&|\s*$)",
        "a form (name=value&…)",
        'these providers take JSON: write {"name": "value"}',
    ),
)
MISTAKES = (
    Mistake(
        at=r"//|/\*",
        says="a comment stands here, and JSON has none",
        hint="take the comment out",
    ),
    Mistake(at=r"#", says="a comment stands here, and JSON has none", hint="take the comment out"),
    Mistake(
        at=r"[}\]]|$",
        before=",",
        why="Expecting",
        says="a comma stands after the last element",
        hint="take the comma out",
        is_back=True,
    ),
    Mistake(
        at=r",",
        why="Illegal trailing",
        says="a comma stands after the last element",
        hint="take the comma out",
    ),
    Mistake(at=r"[,}\]]|$", why="':'", says="a name without a value", hint='write "name": value'),
    Mistake(at=r",", says="one comma too many", hint="take the comma out"),
    Mistake(
        at=r"'",
        says="a single quote stands here; JSON has double quotes only",
        hint="write \"…\" instead of '…'",
    ),
    Mistake(
        at=r"[“”„«»‘’‟″`]",
        says="a typographic quote or back quote stands here; JSON has straight ones only",
        hint='write "…"',
    ),
    Mistake(
        at=r"(True|False|None)\b",
        says="this is Python's {seen}",
        hint="write {json}; json.dumps(body) does so",
    ),
    Mistake(
        at=r"[-+]?(NaN|nan|Infinity|Inf|inf)\b",
        says="JSON has no {seen}",
        hint="write a number or null",
    ),
    Mistake(at=r"undefined\b", says="JSON has no undefined", hint="write null, or leave it out"),
    Mistake(
        at=r"(TRUE|FALSE|NULL|Null)\b",
        says="JSON writes {seen} in small letters",
        hint="write {json}",
    ),
    Mistake(
        at=r"\$?\{\{?|<[\w .-]{1,60}>|\$\w",
        why="Expecting value",
        says="a place to be filled is left here",
        hint="put the value there",
    ),
    Mistake(
        at=r"\{",
        before="{",
        why="property name",
        says="a place to be filled is left here",
        hint="put the value there",
    ),
    Mistake(
        at=r"\.\.\.|…",
        says="an ellipsis stands here",
        hint="write out what it stands for, or take it out",
    ),
    Mistake(
        at=r"\+\d|\.\d",
        says="no number of JSON begins like this",
        hint="write it without + and with a digit before the point: 0.5",
    ),
    Mistake(
        at=r"[\dxXoObB_.eE]",
        before="0123456789.",
        why="delimiter",
        says="no number of JSON looks like this",
        hint="no leading zeros, no 0x, no underscores, a digit after the point",
    ),
    Mistake(
        at=r"[\dxXoObB_.eE]",
        before="0123456789.",
        why="Extra data",
        says="no number of JSON looks like this",
        hint="no leading zeros, no 0x, no underscores, a digit after the point",
    ),
    Mistake(
        at=r"[\w$-]+\s*:",
        why="property name",
        says="a name stands here without quotes",
        hint='write "{name}":',
    ),
    Mistake(
        at=r"[\u00a0\u00ad\u180e\u2000-\u200f\u2028-\u202f\u205f\u2060\u3000\ufeff]",
        says="an invisible character (U+{code}) stands here",
        hint="take it out; it often comes from a web page or a messenger",
    ),
    Mistake(
        at=r"[\n\r]",
        why="control character",
        says="a text is broken by a line break: a closing quote is missing, or \\n is due",
        hint='close the text with ", or write \\n for the line break',
    ),
    Mistake(at=r"\t", why="control character", says="a tab stands in a text", hint="write \\t"),
    Mistake(
        at=r"[\0-\x1f]",
        why="control character",
        says="a control character (U+{code}) stands in a text",
        hint="take it out, or write \\u{code}",
    ),
    Mistake(
        at=r"",
        why="escape",
        says="no escape of JSON begins like this",
        hint="write \\\\ for a backslash (C:\\\\photo.jpg)",
    ),
    Mistake(
        at=r'"',
        why="Unterminated",
        says="the quote opened here is never closed",
        hint="close the text with a double quote",
    ),
    Mistake(at=r"=", why="':'", says="= stands where a colon is due", hint="write a colon"),
    Mistake(at=r"", why="':'", says="a colon is missing here", hint='write "name": value'),
    Mistake(at=r"$", says="the text ends too early{open}", hint="was the file cut off?"),
    Mistake(
        at=r"[}\]]",
        why="delimiter",
        says="the wrong bracket closes here{open}",
        hint="close each bracket with its own kind",
    ),
    Mistake(at=r";", says="a semicolon stands here", hint="take it out, or write a comma"),
    Mistake(
        at=r"[\w]",
        before='"',
        why="delimiter",
        says="a quote ended the text here, but more follows",
        hint='write \\" for a quote inside a text, or add the missing comma',
    ),
    Mistake(at=r"", why="delimiter", says="a comma is missing before this", hint="add a comma"),
    Mistake(
        at=r"[{\[]",
        why="Extra data",
        says="a second JSON value begins here",
        hint="give one request a file",
    ),
    Mistake(at=r"[}\]]", why="Extra data", says="one closing bracket too many", hint="take it out"),
    Mistake(
        at=r"", why="Extra data", says="something follows the end of the JSON", hint="take it out"
    ),
    Mistake(at=r"[}\]]", says="a value is missing before this", hint="write the value"),
    Mistake(
        at=r"[^\W\d]",
        says="a word stands here without quotes",
        hint='write texts in quotes: "…"',
    ),
)
