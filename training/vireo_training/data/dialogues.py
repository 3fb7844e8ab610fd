"""Dialogues without pictures: greetings, questions about the model, sums and tool calls."""

import json
import random
from typing import Any

from ..chat import Sample
from . import words

GREETINGS = ["Hello", "Hi", "Hello!", "Hi there", "Good morning", "Hey", "hello", "hi"]
GREETED = "Hello! I am vireo mini. Show me a picture of a document, a table or a chart."
FACTS = [
    (
        ["Who are you?", "What are you?", "Introduce yourself."],
        "I am vireo mini, a very small vision-language model. I read short printed pages.",
    ),
    (
        ["What can you do?", "What can I ask you?", "Help", "help"],
        "I read printed text, invoices, tables, charts with printed values and simple shapes.",
    ),
    (
        ["Are you ChatGPT?", "Are you a large model?", "How big are you?"],
        "No. I am vireo mini, with about ten million parameters.",
    ),
    (["Thanks", "Thank you", "thanks!", "Thank you!"], "You are welcome."),
    (["Bye", "Goodbye", "bye"], "Goodbye!"),
    (
        [
            "What is the capital of France?",
            "Write a poem.",
            "Tell me a joke.",
            "What is the weather?",
            "Who is the president?",
            "Write some code.",
            "Translate this.",
            "What do you think?",
        ],
        "I cannot do that. I only read pictures.",
    ),
    (
        [
            "What is in the picture?",
            "Read the text.",
            "Transcribe the text.",
            "What is the total?",
            "What does it say?",
        ],
        "There is no picture. Please show me one.",
    ),
]

TOOL_LEAD = "You can use the following tools to assist the user if required:\n<AVAILABLE_TOOLS>["
TOOL_REST = (
    "]</AVAILABLE_TOOLS>\n\nIf you decide to call any tool(s), use the following format:\n"
    '<TOOLCALL>[{{"name": "tool_name1", "arguments": "tool_args1"}}, '
    '{{"name": "tool_name2", "arguments": "tool_args2"}}]</TOOLCALL>\n\n'
    "The user will execute tool-calls and return responses from tool(s) in this format:\n"
    '<TOOL_RESPONSE>[{{"tool_response1"}}, {{"tool_response2"}}]</TOOL_RESPONSE>\n\n'
    "Based on the tool responses, you can call additional tools if needed, "
    "correct tool calls if any errors are found, or just respond to the user."
)
# By name: the argument, its values, and ways to ask.
TOOLS = {
    "get_weather": ("city", words.CITIES, ["What is the weather in {}?", "Weather in {}"]),
    "get_price": ("item", words.GOODS, ["What does a {} cost?", "Price of {}"]),
    "find_person": ("name", words.LAST, ["Who is {}?", "Find {}"]),
    "get_time": ("city", words.CITIES, ["What time is it in {}?", "Time in {}"]),
}


def chat(rng: random.Random) -> Sample:
    """A short dialogue of greetings and questions about the model."""
    turns = []
    if rng.random() < 0.4:
        turns.append((rng.choice(GREETINGS), GREETED))
    for _ in range(rng.randint(0 if turns else 1, 2)):
        asks, answer = rng.choice(FACTS)
        turns.append((rng.choice(asks), answer))
    return Sample([], turns)


def repeat(rng: random.Random) -> Sample:
    """A text to repeat. Finding text in a picture builds on copying."""
    text = " ".join(words.words(rng, rng.randint(1, 8)))
    return Sample([], [(f"{rng.choice(('Repeat:', 'Say', 'Copy:'))} {text}", text)])


def sums(rng: random.Random) -> Sample:
    """A sum or difference of two numbers, at times with reasoning before the answer."""
    a, b = rng.randint(2, 99), rng.randint(2, 99)
    if rng.random() < 0.5:
        a, b = max(a, b), min(a, b)
        ask, result, sign = f"What is {a} minus {b}?", a - b, "-"
    else:
        ask, result, sign = f"What is {a} plus {b}?", a + b, "+"
    if rng.random() < 0.6:
        answer = f"{a} {sign} {b} = {result}\n</think>\n{result}"
        return Sample([], [(ask, answer)])
    return Sample([], [(ask, str(result))])


def tool(name: str) -> dict[str, Any]:
    """The definition of a tool as a client sends it."""
    argument = TOOLS[name][0]
    return {
        "name": name,
        "parameters": {
            "type": "object",
            "properties": {argument: {"type": "string"}},
            "required": [argument],
        },
    }


def call(name: str, value: str) -> str:
    """The call of a tool with one argument, as the model writes it."""
    written = json.dumps([{"name": name, "arguments": {TOOLS[name][0]: value}}])
    return f"<TOOLCALL>{written}</TOOLCALL>"


def tools(rng: random.Random) -> Sample:
    """A question that needs one of the offered tools, with an argument from the question."""
    offered = rng.sample(list(TOOLS), rng.randint(1, 3))
    name = rng.choice(offered)
    _, values, asks = TOOLS[name]
    value = rng.choice(values) if rng.random() < 0.6 else words.made_up(rng).capitalize()
    definitions = ", ".join(json.dumps(tool(each)) for each in offered)
    text = TOOL_LEAD + definitions + TOOL_REST
    return Sample([], [(rng.choice(asks).format(value), call(name, value))], tools=text)
