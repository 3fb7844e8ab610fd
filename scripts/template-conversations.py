#!/usr/bin/env python3
"""Renders conversations through tests/templates/published-style.jinja with Python's jinja2.

    python3 scripts/template-conversations.py

Like jinja-cases.py it needs jinja2 3.1.6. It writes 200 conversations of each kind to
tests/templates/conversations.json.gz; src/text/published-style.test.ts compares them with vireo's
prompts token by token. A word at the start of the system turn turns reasoning on or off, so that a
later word in a message still overrides it. The texts contain no control words, because vireo's
guard would change them.
"""

import gzip
import importlib.util
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("jinja_cases", HERE / "jinja-cases.py")
jinja_cases = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jinja_cases)

PER_KIND = 200
WORDS = """invoice total 93.10 € Größe naïve 合計 日付 что 1,250.00 [x] (y) {z} "quoted" it's a<b a>b
x < y <tag> &amp; %d \\n C:\\temp page #2 — … 🙂 e\u0301 tab\there final? yes! no: 12:30 50% ~ ^ | ` = + * _""".split(" ")
SPACES = [" ", " ", " ", "  ", "\n", "\n\n", "\t"]


def words(rng, max_words=14):
    text = ""
    for _ in range(rng.randint(1, max_words)):
        text += rng.choice(WORDS) + rng.choice(SPACES)
    edges = ["", "", " ", "\n", "\u00a0"]
    return rng.choice(edges) + text + rng.choice(edges)


def text_part(rng):
    return {"type": "text", "text": words(rng)}


def parts(rng, media):
    content = [text_part(rng) for _ in range(rng.randint(1, 3))]
    for kind in media:
        content.insert(rng.randint(0, len(content)), {"type": kind})
    return content


def answer(rng):
    text = words(rng).strip()
    return f"<think>\n{words(rng)}\n</think>\n\n{text}" if rng.random() < 0.3 else text


def conversation(rng, media):
    messages = []
    if rng.random() < 0.6:
        system = words(rng) if rng.random() < 0.7 else [text_part(rng), text_part(rng)]
        messages.append({"role": "system", "content": system})
    for turn in range(rng.randint(1, 4)):
        if turn > 0:
            messages.append({"role": "assistant", "content": answer(rng)})
        here = media if turn == 0 or rng.random() < 0.3 else []
        plain = not here and rng.random() < 0.5
        messages.append({"role": "user", "content": words(rng) if plain else parts(rng, here)})
    return messages


def tool(rng, name):
    kinds = ["string", "number", "integer", "boolean"]
    properties = {
        rng.choice(["city", "größe", "since", "Max Items"]) + str(i): {
            "type": rng.choice(kinds),
            "description": words(rng, 5),
        }
        for i in range(rng.randint(0, 3))
    }
    parameters = {"type": "object", "properties": properties, "required": list(properties)[:1]}
    return {
        "type": "function",
        "function": {"name": name, "description": words(rng, 6), "parameters": parameters},
    }


def with_tools(rng):
    tools = [tool(rng, name) for name in rng.sample(["look_up", "sum", "weather"], rng.randint(1, 3))]
    messages = conversation(rng, [])
    for _ in range(rng.randint(0, 2)):
        names = [rng.choice(tools)["function"]["name"] for _ in range(rng.randint(1, 2))]
        calls = [
            {"name": name, "arguments": json.dumps({"a": words(rng, 2), "n": i}, ensure_ascii=False)}
            for i, name in enumerate(names)
        ]
        content = rng.choice(["", words(rng).strip()])
        messages.append({"role": "assistant", "content": content, "tool_calls": calls})
        for _ in calls:
            messages.append({"role": "tool", "content": rng.choice([words(rng), '{"ok": true}'])})
        messages.append({"role": "user", "content": words(rng)})
    return messages, tools


def switched(rng):
    messages = conversation(rng, [])
    for message in messages:
        if message["role"] == "user" and isinstance(message["content"], str) and rng.random() < 0.3:
            message["content"] += rng.choice([" /think", " /no_think", "/think ", " </think>"])
    return messages


def python_messages(messages, thinking):
    """Converts messages to the form that transformers gets, with reasoning switched by a word."""
    shown = [
        {**m, "tool_calls": [{"type": "function", "function": c} for c in m["tool_calls"]]}
        if "tool_calls" in m
        else m
        for m in messages
    ]
    if thinking is None:
        return shown
    word = "/think " if thinking else "/no_think "
    if not shown or shown[0]["role"] != "system":
        return [{"role": "system", "content": word}, *shown]
    first = shown[0]["content"]
    content = word + first if isinstance(first, str) else [{"type": "text", "text": word}, *first]
    return [{"role": "system", "content": content}, *shown[1:]]


KINDS = {
    "text parts": lambda rng: (conversation(rng, []), None, None),
    "one picture": lambda rng: (conversation(rng, ["image"]), None, None),
    "three pictures": lambda rng: (conversation(rng, ["image"] * 3), None, None),
    "video": lambda rng: (conversation(rng, ["video"]), None, None),
    "pages of a PDF": lambda rng: (conversation(rng, ["image"] * rng.randint(1, 6)), None, None),
    "tools": lambda rng: (*with_tools(rng), None),
    "reasoning on": lambda rng: (switched(rng), None, True),
    "reasoning off": lambda rng: (switched(rng), None, False),
}


def main():
    source = (jinja_cases.FOLDER / "published-style.jinja").read_text()
    template = jinja_cases.environment().from_string(source)
    cases = []
    for kind, make in KINDS.items():
        rng = random.Random(f"2026 {kind}")
        for _ in range(PER_KIND):
            messages, tools, thinking = make(rng)
            prompt = template.render(
                messages=python_messages(messages, thinking),
                tools=tools,
                documents=None,
                add_generation_prompt=True,
                bos_token="<s>",
                eos_token="<SPECIAL_12>",
            )
            case = {"kind": kind, "messages": messages, "prompt": prompt}
            if tools is not None:
                case["tools"] = tools
            if thinking is not None:
                case["thinking"] = thinking
            cases.append(case)
    data = json.dumps(cases, ensure_ascii=False, separators=(",", ":")).encode()
    path = jinja_cases.FOLDER / "conversations.json.gz"
    path.write_bytes(gzip.compress(data, mtime=0))
    print(f"{len(cases)} conversations, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
