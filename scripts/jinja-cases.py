#!/usr/bin/env python3
"""Renders templates with Python's jinja2 and saves the results for tests/templates/jinja.test.ts.

    python3 scripts/jinja-cases.py

It needs jinja2 3.1.6; earlier versions let templates change lists. Templates come from three
sources: a grammar, the constructs listed in tests/templates/constructs.json, and the files
tests/templates/*.jinja, which cover the features that templates of many model families use.
It writes tests/templates/cases.json.gz. A case is a template, its variables and the rendered text,
or null if rendering raises. The seed is fixed, so the same jinja2 writes the same file.
"""

import datetime
import gzip
import json
import pathlib
import random

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "templates"
GENERATED = 2600
CONVERSATIONS_PER_FAMILY = 40


class Generation(Extension):
    """`{% generation %}` as in transformers: a block that renders as its body."""

    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return nodes.CallBlock(self.call_method("_body"), [], [], body).set_lineno(line)

    def _body(self, caller):
        return caller()


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(
        value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def environment():
    env = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, "jinja2.ext.loopcontrols"]
    )
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = lambda pattern: datetime.datetime.now().strftime(pattern)
    return env


ENV = environment()


class Strict(ImmutableSandboxedEnvironment):
    """Fails on expressions that Jinja's constant folding prints as nothing: `{{ 5[1:] }}`."""

    def getitem(self, obj, argument):
        return obj[argument] if isinstance(argument, slice) else super().getitem(obj, argument)


STRICT = Strict.__new__(Strict)
STRICT.__dict__.update(ENV.overlay().__dict__)
STRICT.shared = True


def render(source, variables, env=ENV):
    """Returns the text, or None if Python raises."""
    try:
        return env.from_string(source).render(**variables)
    except Exception:
        return None


TEXTS = [
    "", " ", "a", "Hello", "Hello there, how are you?", "  two blanks  ", "line\nline\n", "\n\n",
    "tab\there", "quote \" and '", "it's", "<b>&amp;</b>", "é ß İ ﬁ", "😀 emoji 👩‍👩‍👧", "漢字かな", "x" * 40,
    "/think", "/no_think please", "a/thinkb", "<think>\nhm\n</think>\n\nAnswer.", "</think>", "1", "-2",
    "3.5", "1e3", " 42 ", "true", "None", "a,b,,c", "key: value", "{\"a\": 1}", "[1, 2]", "C:\\dir",
    "\u00a0nbsp\u00a0", "\u2028sep", "%d %s", "{} {0}", "UPPER lower Title", "a-b (c) [d]",
]  # fmt: skip
NAMES = ["get_weather", "search", "add numbers", "f"]
CITIES = ["Paris", "Zürich", "東京"]


class Conversations:
    """Generates random variables of the kinds that a chat template gets."""

    def __init__(self, rng):
        self.rng = rng

    def text(self):
        return self.rng.choice(TEXTS)

    def parts(self):
        kinds = ["text", "text", "image", "image_url", "video"]
        made = []
        for _ in range(self.rng.randint(0, 5)):
            kind = self.rng.choice(kinds)
            made.append({"type": "text", "text": self.text()} if kind == "text" else {"type": kind})
        return made

    def call(self):
        arguments = {"city": self.rng.choice(CITIES), "days": self.rng.randint(-3, 9), "f": 0.5}
        if self.rng.random() < 0.3:
            arguments = json.dumps(arguments)
        function = {"name": self.rng.choice(NAMES), "arguments": arguments}
        made = {"type": "function", "function": function}
        if self.rng.random() < 0.5:
            made["id"] = "call%05d" % self.rng.randint(0, 99999)
        return made

    def message(self, role):
        content = self.parts() if self.rng.random() < 0.3 and role == "user" else self.text()
        made = {"role": role, "content": content}
        if role == "assistant" and self.rng.random() < 0.35:
            made["tool_calls"] = [self.call() for _ in range(self.rng.randint(1, 2))]
            if self.rng.random() < 0.3:
                made["content"] = None
        if role == "assistant" and self.rng.random() < 0.2:
            made["reasoning_content"] = self.text()
        if role == "tool" and self.rng.random() < 0.5:
            made["name"] = self.rng.choice(NAMES)
            made["tool_call_id"] = "call00001"
        return made

    def messages(self):
        made = [self.message("system")] if self.rng.random() < 0.5 else []
        for _ in range(self.rng.randint(0, 3)):
            made.append(self.message("user"))
            made.append(self.message("assistant"))
            while "tool_calls" in made[-1] and self.rng.random() < 0.6:
                made.append(self.message("tool"))
        if self.rng.random() < 0.9:
            made.append(self.message("user"))
        if self.rng.random() < 0.05:
            made.append(self.message(self.rng.choice(["system", "developer", "assistant"])))
        return made

    def tool(self):
        parameters = {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "where: \"city\" <b>"},
                "days": {"type": ["integer", "null"], "minimum": 1, "enum": [1, 2, None]},
                "list": {"type": "array", "items": {"type": "number"}, "default": [1.5, True]},
            },
            "required": ["city"],
        }
        function = {"name": self.rng.choice(NAMES), "description": self.text(), "parameters": parameters}
        if self.rng.random() < 0.2:
            del function["parameters"]
        return {"type": "function", "function": function}

    def variables(self):
        made = {
            "messages": self.messages(),
            "tools": [self.tool() for _ in range(self.rng.randint(1, 2))] if self.rng.random() < 0.4 else None,
            "documents": None,
            "add_generation_prompt": self.rng.random() < 0.8,
            "bos_token": "<s>",
            "eos_token": "</s>",
        }
        if self.rng.random() < 0.3:
            made["enable_thinking"] = self.rng.random() < 0.5
        return made


class Grammar:
    """Generates random templates whose values mostly have the types that their operations need."""

    def __init__(self, rng):
        self.rng = rng
        self.names = {}

    def pick(self, *options):
        return self.rng.choice(options)()

    def expression(self, kind, depth=0):
        if self.rng.random() < 0.015:
            kind = self.rng.choice(["text", "number", "truth", "list", "dict"])
        names = self.names.get(kind, [])
        if names and self.rng.random() < 0.3:
            return self.rng.choice(names)
        if depth > 2:
            return getattr(self, f"{kind}_literal")()
        return getattr(self, kind)(depth + 1)

    def literal(self, value):
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
            if self.rng.random() < 0.5:
                return "'" + escaped.replace("'", "\\'") + "'"
            return '"' + escaped.replace('"', '\\"') + '"'
        return {True: "true", False: "False", None: "none"}.get(value, repr(value)) if not isinstance(
            value, (int, float)
        ) or isinstance(value, bool) else repr(value)

    def text_literal(self):
        return self.literal(self.rng.choice(TEXTS))

    def number_literal(self):
        values = [0, 1, 2, 3, -1, -2, 7, 10, 100, 2.5, 0.5, -1.5, 1.0, 1e3, 0.1, 10**16, 10**20, 1e16, 1e-5]
        return self.literal(self.rng.choice(values))

    def truth_literal(self):
        return self.rng.choice(["true", "false", "True", "False", "none", "missing", "add_generation_prompt"])

    def list_literal(self):
        options = [
            "[]", "[1, 2, 3]", "['b', 'a', 'C']", "(1, 'x')", "(1,)", "messages", "range(4)", "[[1, 2], [3]]",
            "[none, true, 1.0]", "tools", "[{'r': 'a', 'n': 1}, {'r': 'B', 'n': 2}, {'r': 'a', 'n': 3}]",
            "'a b c'.split()", "messages|map(attribute='role')|list",
        ]  # fmt: skip
        return self.rng.choice(options)

    def dict_literal(self):
        options = [
            "{}", "{'a': 1, 'b': 'x'}", "{1: 2, 'k': [1, {'z': none}]}", "messages[0]", "messages[-1]",
            "dict(x=1, y=[2])", "{'b': 2, 'a': 1, 'C': 3}", "tools[0].function",
        ]  # fmt: skip
        return self.rng.choice(options)

    def text(self, depth):
        t, n, l, d = (lambda k=k: self.expression(k, depth) for k in ["text", "number", "list", "dict"])
        method = self.rng.choice
        return self.pick(
            self.text_literal,
            lambda: f"{t()} ~ {self.expression(self.rng.choice(['text', 'number', 'list', 'truth']), depth)}",
            lambda: f"({t()} + {t()})",
            lambda: f"{t()} * {self.rng.randint(-1, 3)}",
            lambda: f"({t()}).{method(['upper', 'lower', 'title', 'capitalize', 'strip', 'lstrip', 'rstrip', 'swapcase', 'casefold'])}()",
            lambda: f"({t()}).{method(['strip', 'lstrip', 'rstrip'])}({self.literal(method([' a', chr(10), 'xH', 'e', '<>']))})",
            lambda: f"({t()}).replace({t()}, {t()})",
            lambda: f"({t()}).replace({self.literal(method(['a', 'l', ' ', '']))}, {t()}, {self.rng.randint(-1, 2)})",
            lambda: f"({t()}).{method(['removeprefix', 'removesuffix'])}({self.literal(method(['H', 'a', '</think>']))})",
            lambda: f"({t()}).{method(['center', 'ljust', 'rjust'])}({self.rng.randint(0, 12)}{method(['', ', ' + chr(39) + '*' + chr(39)])})",
            lambda: f"({t()}).zfill({self.rng.randint(0, 6)})",
            lambda: f"({t()})[{self.slice()}]",
            lambda: f"({t()})[{self.rng.randint(-3, 3)}]",
            lambda: f"{t()}|{method(['trim', 'upper', 'lower', 'title', 'capitalize', 'string', 'reverse', 'escape', 'safe', 'e|upper', 'first', 'last', 'urlencode', 'forceescape'])}",
            lambda: f"({t()})|{method(['indent', 'indent(2)', 'indent(1, true)', 'indent(first=true)', 'indent(3, false, true)', 'truncate(5)', 'truncate(8, true)', 'truncate(5, false, chr, 0)'.replace('chr', repr('~'))])}",
            lambda: f"{self.expression(method(['list', 'dict', 'number', 'truth']), depth)}|{method(['string', 'tojson', 'tojson(indent=2)', 'tojson(sort_keys=true)', 'tojson(ensure_ascii=true)', 'tojson(separators=[chr, chr])'.replace('chr', repr(':'))])}",
            lambda: f"{l()}|join({self.literal(method([', ', '', chr(10)]))})",
            lambda: f"{self.literal(method([', ', '-']))}.join({l()}|map('string'))",
            lambda: f"({t()}).split({self.literal(method([',', 'l', '</think>']))})[{method(['0', '-1', '1'])}]",
            lambda: f"({t()} if {self.expression('truth', depth)} else {t()})",
            lambda: f"{d()}.{method(['role', 'content', 'a', 'missing'])}",
            lambda: f"{d()}[{self.literal(method(['role', 'content', 'b']))}]",
            lambda: f"({t()})|default({t()}{method(['', ', true'])})",
            lambda: f"missing|default({t()})",
            lambda: f"'%s|%5s|%-4d|%.2f' % ({t()}, {n()}, {self.rng.randint(0, 99)}, {self.rng.choice([0.125, 2.5, 1 / 3])})",
            lambda: f"'{{}}-{{0}}'.format({t()})" if self.rng.random() < 0.2 else f"'{{}}:{{:>6}}'.format({t()}, {t()})",
        )

    def number(self, depth):
        n, t, l = (lambda k=k: self.expression(k, depth) for k in ["number", "text", "list"])
        return self.pick(
            self.number_literal,
            lambda: f"({n()} {self.rng.choice(['+', '-', '*', '/', '//', '%'])} {n()})",
            lambda: f"({n()} ** {self.rng.randint(-1, 3)})",
            lambda: f"-{n()}",
            lambda: f"({n()})|{self.rng.choice(['abs', 'int', 'float', 'round', 'round(1)', 'round(2)', chr(114) + 'ound(0, ' + repr('floor') + ')', 'round(1, ' + repr('ceil') + ')'])}",
            lambda: f"{t()}|{self.rng.choice(['int', 'float', 'length', 'int(7)', 'wordcount', 'count', 'int(base=16)'])}",
            lambda: f"{l()}|{self.rng.choice(['length', 'count', 'sum', 'min', 'max', 'first', 'last'])}",
            lambda: f"({t()}).{self.rng.choice(['find', 'count', 'rfind', 'index'])}({self.literal(self.rng.choice(['a', 'l', 'zz', '']))})",
            lambda: f"({l()})[{self.rng.randint(-2, 2)}]",
            lambda: f"({l()}).{self.rng.choice(['index', 'count'])}({n()})",
            lambda: f"({n()} if {self.expression('truth', depth)} else {n()})",
            lambda: f"{self.expression('dict', depth)}|length",
        )

    def truth(self, depth):
        e = lambda: self.expression(self.rng.choice(["text", "number", "list", "dict", "truth"]), depth)
        t, n, l, d, b = (
            lambda k=k: self.expression(k, depth) for k in ["text", "number", "list", "dict", "truth"]
        )
        tests = [
            "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number", "boolean",
            "true", "false", "integer", "float", "callable", "lower", "upper", "escaped",
        ]  # fmt: skip
        operators = ["==", "!=", "<", "<=", ">", ">="]
        return self.pick(
            self.truth_literal,
            lambda: f"{e()} is {self.rng.choice(['', 'not '])}{self.rng.choice(tests)}",
            lambda: f"{n()} is {self.rng.choice(['odd', 'even', 'divisibleby 3', 'eq(2)', 'lt 3', 'ge(1)', 'in [1, 2]', 'sameas 1'])}",
            lambda: f"{n()} {self.rng.choice(operators)} {n()}",
            lambda: f"{t()} {self.rng.choice(operators)} {t()}",
            lambda: f"{l()} {self.rng.choice(operators)} {l()}",
            lambda: f"{e()} == {e()}",
            lambda: f"{n()} < {n()} <= {n()}",
            lambda: f"{t()} {self.rng.choice(['in', 'not in'])} {t()}",
            lambda: f"{self.rng.choice([t, n])()} {self.rng.choice(['in', 'not in'])} {self.rng.choice([l, d])()}",
            lambda: f"({b()} {self.rng.choice(['and', 'or'])} {b()})",
            lambda: f"not {b()}",
            lambda: f"({t()}).{self.rng.choice(['startswith', 'endswith'])}({self.rng.choice([t, lambda: '(' + repr('H') + ', ' + repr('a') + ')'])()})",
            lambda: f"({t()}).{self.rng.choice(['isdigit', 'isalpha', 'isspace', 'isupper', 'islower', 'isalnum', 'istitle', 'isnumeric'])}()",
        )

    def slice(self):
        part = lambda: self.rng.choice(["", "", "1", "-1", "2", "0", "-3", "9"])
        step = self.rng.choice(["", "", ":", ":2", ":-1", ":-2"])
        return f"{part()}:{part()}{step}"

    def list(self, depth):
        l, t, n = (lambda k=k: self.expression(k, depth) for k in ["list", "text", "number"])
        choice = self.rng.choice
        key = lambda: repr(choice(["role", "content", "n", "r"]))
        return self.pick(
            self.list_literal,
            lambda: f"[{t()}, {n()}, {self.expression('truth', depth)}]",
            lambda: f"({l()} + {l()})",
            lambda: f"({l()} * {self.rng.randint(-1, 2)})",
            lambda: f"({l()})[{self.slice()}]",
            lambda: f"({t()}).{choice(['split()', 'splitlines()', 'split(' + repr(',') + ')', 'rsplit(' + repr(' ') + ', 1)', 'split(none, 1)', 'partition(' + repr(' ') + ')', 'rpartition(' + repr('l') + ')', 'split(' + repr('l') + ', 1)'])}",
            lambda: f"{l()}|{choice(['list', 'reverse|list', 'sort', 'sort(reverse=true)', 'unique|list', 'select|list', 'batch(2)|list', 'batch(2, 0)|list', 'slice(2)|list', 'map(' + repr('string') + ')|list', 'reject(' + repr('none') + ')|list', 'select(' + repr('string') + ')|list', 'map(' + repr('length') + ')|list'])}",
            lambda: f"{l()}|map(attribute={key()})|list",
            lambda: f"{l()}|map(attribute={key()}, default='-')|list",
            lambda: f"{l()}|{choice(['selectattr', 'rejectattr'])}({key()})|list",
            lambda: f"{l()}|{choice(['selectattr', 'rejectattr'])}({key()}, 'equalto', {t()})|list",
            lambda: f"messages|selectattr('role', {choice([repr('eq') + ', ' + repr('user'), repr('in') + ', [' + repr('user') + ', ' + repr('tool') + ']'])})|list",
            lambda: f"{l()}|{choice(['sort', 'groupby', 'unique'])}({choice(['', 'attribute='])}{key()})|list",
            lambda: f"{self.expression('dict', depth)}.{choice(['keys()', 'values()', 'items()'])}|list",
            lambda: f"{self.expression('dict', depth)}|{choice(['items|list', 'list', 'dictsort', 'dictsort(by=' + repr('value') + ')', 'dictsort(reverse=true)'])}",
            lambda: f"range({self.rng.randint(-2, 5)}{choice(['', ', 6', ', 9, 2', ', -4, -1'])})|list",
            lambda: f"({t()})|list",
        )

    def dict(self, depth):
        return self.pick(
            self.dict_literal,
            lambda: f"{{'a': {self.expression('text', depth)}, 'n': {self.expression('number', depth)}}}",
            lambda: f"({self.expression('list', depth)})[0]",
            lambda: f"dict({self.expression('dict', depth)}, extra={self.expression('number', depth)})",
            lambda: f"{self.expression('dict', depth)}.copy()",
        )

    def tag(self, inside):
        left = self.rng.choice(["{%", "{%", "{%-", "{%+"])
        right = self.rng.choice(["%}", "%}", "-%}", "+%}" if self.rng.random() < 0.3 else "%}"])
        return f"{left} {inside} {right}"

    def data(self):
        return self.rng.choice(["", "", " ", "\n", "\n\n", "  ", "\n  ", "text", "x \n", "<|im|>\n", "\t", "{ }", "# no"])

    def any(self):
        return self.expression(self.rng.choice(["text", "text", "text", "number", "truth", "list", "dict"]))

    def name(self, kind):
        made = self.rng.choice("uvwxyz")
        for names in self.names.values():
            if made in names:
                names.remove(made)
        self.names.setdefault(kind, []).append(made)
        return made

    def block(self, depth=0):
        made = self.data()
        for _ in range(self.rng.randint(1, 3 if depth == 0 else 2)):
            made += self.statement(depth) + self.data()
        return made

    def statement(self, depth):
        choice = self.rng.choice
        options = [self.printed, self.printed, self.printed, self.assigned, self.comment]
        if depth < 2:
            options += [self.condition, self.loop, self.loop, self.macro, self.capture, self.scoped, self.raw]
        return choice(options)(depth) if depth < 3 else self.printed(depth)

    def printed(self, _):
        left = self.rng.choice(["{{", "{{", "{{-", "{{+"])
        return f"{left} {self.any()} {self.rng.choice(['}}', '}}', '-}}'])}"

    def comment(self, _):
        return self.rng.choice(["{# note #}", "{#- note\n on -#}", "{#+ note +#}", "{# {{ x }} #}"])

    def raw(self, _):
        return self.rng.choice(["{% raw %}\n {{ x }}{% endraw %}", "{%- raw -%} {% a %} {%- endraw -%}"])

    def assigned(self, _):
        kind = self.rng.choice(["text", "number", "list", "dict", "truth"])
        if self.rng.random() < 0.15:
            value = f"{self.expression(kind)}, {self.expression('number')}"
            return self.tag(f"set {self.name(kind)}, {self.name('number')} = {value}")
        value = self.expression(kind)
        return self.tag(f"set {self.name(kind)} = {value}")

    def condition(self, depth):
        made = self.tag(f"if {self.expression('truth')}") + self.block(depth + 1)
        if self.rng.random() < 0.4:
            made += self.tag(f"elif {self.expression('truth')}") + self.block(depth + 1)
        if self.rng.random() < 0.6:
            made += self.tag("else") + self.block(depth + 1)
        return made + self.tag("endif")

    def loop(self, depth):
        choice = self.rng.choice
        before = {kind: list(names) for kind, names in self.names.items()}
        if self.rng.random() < 0.25:
            head = f"for k, v in {self.expression('dict')}.items()"
            self.names = {**before, "text": before.get("text", []) + ["k", "v"]}
        elif self.rng.random() < 0.5:
            head = "for m in messages" + choice(["", "", "[1:]", "|reverse", " if m.role == 'user'", "[::-1]"])
            self.names = {**before, "dict": before.get("dict", []) + ["m"], "text": before.get("text", []) + ["m.role", "m['content']"]}
        else:
            head = f"for i in {self.expression('list')}" + choice(["", "", " if i", f" if {self.expression('truth')}"])
            self.names = {**before, "number": before.get("number", []) + ["i"], "text": before.get("text", []) + ["i"]}
        facts = ["index", "index0", "first", "last", "length", "revindex", "revindex0", "depth", "previtem", "nextitem"]
        body = self.block(depth + 1)
        if self.rng.random() < 0.6:
            body += "{{ loop." + choice(facts) + " }}"
        if self.rng.random() < 0.15:
            body += "{{ loop.cycle('a', 'b') }}{{ loop.changed(loop.index0 // 2) }}"
        if self.rng.random() < 0.2:
            body = self.tag(f"if {self.expression('truth')}") + self.tag(choice(["break", "continue"])) + self.tag("endif") + body
        self.names = before
        tail = self.tag("else") + self.block(depth + 1) if self.rng.random() < 0.25 else ""
        return self.tag(head) + body + tail + self.tag("endfor")

    def macro(self, depth):
        before = {kind: list(names) for kind, names in self.names.items()}
        self.names = {**before, "text": before.get("text", []) + ["p", "q"]}
        extra = self.rng.choice(["", "{{ varargs }}", "{{ kwargs }}", "{{ caller() }}" if depth == 0 else ""])
        body = self.block(depth + 1) + extra
        self.names = before
        made = self.tag("macro mac(p, q='dq')") + body + self.tag("endmacro")
        arguments = self.rng.choice(["1", "'a', 'b'", "p=2", "q=1", "1, 2, 3", "1, z=3", ""])
        if extra == "{{ caller() }}":
            return made + self.tag(f"call mac({arguments})") + self.data() + "inside" + self.tag("endcall")
        return made + "{{ mac(" + arguments + ") }}"

    def capture(self, depth):
        if self.rng.random() < 0.4:
            name = self.rng.choice(["upper", "trim", "replace('a', 'b')", "indent(2)", "trim | length"])
            return self.tag(f"filter {name}") + self.block(depth + 1) + self.tag("endfilter")
        body = self.block(depth + 1)
        return self.tag(f"set {self.name('text')}{self.rng.choice(['', '', ' | trim', ' | upper'])}") + body + self.tag("endset")

    def scoped(self, depth):
        if self.rng.random() < 0.3:
            return self.tag(f"with w = {self.any()}") + self.block(depth + 1) + "{{ w }}" + self.tag("endwith")
        if self.rng.random() < 0.3:
            return self.tag("generation") + self.block(depth + 1) + self.tag("endgeneration")
        value, more = self.expression("number"), self.expression("number")
        body = "{% for j in range(3) %}" + self.tag(f"set ns.a = ns.a {self.rng.choice(['+', '*', '-'])} {more}") + "{% endfor %}"
        return self.tag(f"set ns = namespace(a={value}, b='x')") + body + "{{ ns.a }}{{ ns.b }}{{ ns.c }}"


def is_stable(text):
    """Tells whether a text is the same in every run; object addresses, for example, are not."""
    return text is None or " at 0x" not in text


class Cases:
    def __init__(self, rng, required):
        self.rng, self.required = rng, set(required)
        self.templates, self.variables, self.cases = [], [], []
        self.numbers = {}

    def number(self, table, value):
        key = (id(table), json.dumps(value))
        if key not in self.numbers:
            self.numbers[key] = len(table)
            table.append(value)
        return self.numbers[key]

    def add(self, source, variables):
        text = render(source, variables)
        if not is_stable(text) or text != render(source, variables, STRICT):
            return
        # Failures are frequent and test little, so most random ones are dropped.
        if text is None and source not in self.required and self.rng.random() < 0.75:
            return
        self.cases.append([self.number(self.templates, source), self.number(self.variables, variables), text])


def main():
    rng = random.Random(20)
    conversations = Conversations(rng)
    listed = json.loads((FOLDER / "constructs.json").read_text())
    cases = Cases(rng, listed)
    shared = [conversations.variables() for _ in range(60)]
    for source in listed:
        for variables in shared[:1] + ([rng.choice(shared)] if "messages" in source else []):
            cases.add(source, variables)
    constructs = len(cases.cases)
    for path in sorted(FOLDER.glob("*.jinja")):
        for _ in range(CONVERSATIONS_PER_FAMILY):
            cases.add(path.read_text(), conversations.variables())
    families = len(cases.cases) - constructs
    while len(cases.cases) < constructs + families + GENERATED:
        cases.add(Grammar(rng).block(), rng.choice(shared))
    made = {"jinja2": jinja2.__version__, "templates": cases.templates, "variables": cases.variables, "cases": cases.cases}
    path = FOLDER / "cases.json.gz"
    data = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()
    path.write_bytes(gzip.compress(data, 9, mtime=0))
    raised = sum(1 for case in cases.cases if case[2] is None)
    print(f"{len(cases.cases)} cases ({constructs} constructs, {families} of families), {raised} raise, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
