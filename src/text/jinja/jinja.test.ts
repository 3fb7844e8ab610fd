import { describe, expect, test } from "vitest";
import { TemplateError } from "./errors.ts";
import { compileTemplate } from "./jinja.ts";

const render = (source: string, variables: Record<string, unknown> = {}): string =>
  compileTemplate(source).render(variables);

function failureOf(source: string, variables: Record<string, unknown> = {}): TemplateError {
  try {
    render(source, variables);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error("did not fail");
}

describe("errors name their kind and line", () => {
  test.each([
    ["{{ 1 }}\n{% if %}", "syntax", 2],
    ["\n\n{% nothing %}", "syntax", 3],
    ["a\n{{ 'text", "syntax", 2],
    ["{% if true %}\n", "syntax", 1],
    ["{{ 1 }}\n{{ 1 / 0 }}", "failed", 2],
    ["{% macro m() %}\n{{ x.y }}{% endmacro %}\n\n{{ m() }}", "failed", 2],
    ["{% macro m() %}\n{% endmacro %}\n\n{{ m() ~ x.y }}", "failed", 4],
    ["\n{{ raise_exception('no') }}", "raised", 2],
  ] as const)("%j", (source, kind, line) => {
    const error = failureOf(source);
    expect([error.kind, error.line]).toEqual([kind, line]);
  });

  test("the template's own message is the error", () => {
    expect(failureOf("{{ raise_exception('roles ' ~ 2) }}").message).toBe("roles 2");
  });
});

describe("a hostile template fails instead of", () => {
  const endless = (body: string): string =>
    "{% set n = namespace(t='x', l=[1], i=3) %}" +
    `{% for a in range(99999) %}{% for b in range(99999) %}${body}{% endfor %}{% endfor %}`;
  const doubled = (names: readonly string[]): string =>
    names.map((n) => `{% set ${n} = [1] %}${`{% set ${n} = [${n}, ${n}] %}`.repeat(60)}`).join("");
  test.each([
    ["running on", endless("{% set n.i = n.i + 1 %}")],
    ["running on in a filter", "{{ range(99999)|map('string')|join|list|unique|sort|sum }}"],
    ["filling memory with text", endless("{% set n.t = n.t + n.t %}")],
    ["filling memory with a list", endless("{% set n.l = n.l + n.l %}")],
    ["filling memory with output", endless("{{ 'x' * 999999 }}")],
    ["filling memory with an integer", endless("{% set n.i = n.i * n.i %}")],
    ["a huge power", "{{ 9 ** (9 ** 9) }}"],
    ["a huge text", "{{ 'x' * 99999999999 }}"],
    ["a huge list", "{{ [1] * 99999999999 }}"],
    ["a huge range", "{{ range(999999999)|list }}"],
    ["a huge width", "{{ '%999999999d' % 1 }}"],
    ["a huge indentation", "{{ [[1]]|tojson(indent=999999999) }}"],
    ["endless recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"],
    ["an endless loop", "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}"],
    ["deep values", endless("{% set n.l = [n.l, n.l] %}").replace(/(?=$)/, "{{ n.l }}")],
    ["wide printing", `${doubled(["a"])}{{ a }}`],
    ["wide comparing", `${doubled(["a", "b"])}{{ a == b }}`],
    ["deep parentheses", `{{ ${"(".repeat(20_000)}1${")".repeat(20_000)} }}`],
    ["deep lists", `{{ ${"[".repeat(20_000)}${"]".repeat(20_000)} }}`],
    ["deep nots", `{{ ${"not ".repeat(50_000)}1 }}`],
    ["deep signs", `{{ ${"-".repeat(50_000)}1 }}`],
    ["deep conditions", `{{ ${"1 if 0 else ".repeat(50_000)}1 }}`],
    ["deep blocks", `${"{% if 1 %}".repeat(20_000)}${"{% endif %}".repeat(20_000)}`],
    ["long elifs", `{% if 0 %}${"{% elif 0 %}".repeat(50_000)}{% endif %}`],
    ["long sums", `{{ 1${" + 1".repeat(200_000)} }}`],
    ["long attributes", `{{ a${".b".repeat(200_000)} }}`],
    ["a long source", " ".repeat(2_000_000)],
    ["blanks before a tag", `${" ".repeat(900_000)}{%- x`],
    ["comparing long texts", endless("{% if n.t * 60000000 == n.t * 60000000 %}{% endif %}")],
    ["formatting itself", "{{ '{0[0][0][0]}'.format(0) }}{{ '{:999999999}'.format(1) }}"],
  ])("%s", (_, source) => {
    expect(failureOf(source).line).toBeGreaterThan(0);
  });
});

describe("nothing of the program can be reached", () => {
  test.each([
    "{{ messages.constructor }}",
    "{{ messages.__proto__ }}",
    "{{ messages.__class__ }}",
    "{{ messages[0].constructor }}",
    "{{ messages[0]['__proto__'] }}",
    "{{ messages[0].hasOwnProperty }}",
    "{{ 'x'.constructor }}",
    "{{ 'x'['length'] }}",
    "{{ (1).toString }}",
    "{{ range.call }}",
    "{{ range.constructor }}",
    "{{ constructor }}",
    "{{ __proto__ }}",
    "{{ namespace().constructor }}",
    "{{ cycler(1).__proto__ }}",
    "{% macro m() %}{% endmacro %}{{ m.constructor }}{{ m.__proto__ }}",
    "{{ messages[0].append }}",
    "{{ messages.pop }}",
  ])("%s", (source) => {
    expect(render(source, { messages: [{ role: "user" }] })).toBe("");
  });

  test("a key of that name is data", () => {
    const message = JSON.parse('{"__proto__": 1, "constructor": 2}');
    expect(render("{{ m['__proto__'] }}{{ m.constructor }}", { m: message })).toBe("12");
  });
});

test("variables are not changed and keep JSON's integers, floats and order", () => {
  const value = { b: 1, a: [1.5, 2 ** 60, -0, true, null, "é"] };
  expect(render("{{ v }}|{{ v|tojson }}", { v: value })).toBe(
    "{'b': 1, 'a': [1.5, 1152921504606846976, 0, True, None, 'é']}|" +
      '{"b": 1, "a": [1.5, 1152921504606846976, 0, true, null, "é"]}',
  );
});
