import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import {
  type CodeRange,
  characters,
  choice,
  EMPTY,
  type Expression,
  LAST_CODE_POINT,
  NEVER,
  rule,
  sequence,
} from "./expression.ts";

/** Collects the rules of all schemas of a request. */
export interface RuleBook {
  readonly rules: Map<string, Expression>;
  readonly work: Work;
}

/** Number of derivatives that a request may still compute; bounds the time on the event loop. */
export interface Work {
  left: number;
}

export function newRuleBook(rules: Map<string, Expression>): RuleBook {
  return { rules, work: { left: LIMITS.grammar.regularWork } };
}

/**
 * Texts that satisfy several expressions at once, such as a pattern and a length, a format and a
 * pattern, or a pattern with lookaheads. Uses Brzozowski's method: a term denotes a set of texts,
 * and its derivative by a character denotes the texts that may follow that character. The reachable
 * terms are the states of a deterministic automaton; each becomes one rule.
 */
export interface Conjunction {
  readonly all: readonly Expression[];
  readonly minLength: number;
  /** Infinity: no limit. */
  readonly maxLength: number;
  /** Start of the error message if the automaton is too large. */
  readonly place: string;
}

/**
 * Adds the rules to the book. `spell` converts a set of characters to its form in the answer.
 * Returns NEVER if no text satisfies all. Throws invalid_schema if the automaton is too large.
 */
export function conjunctionExpression(
  { all, minLength, maxLength, place }: Conjunction,
  { rules, work }: RuleBook,
  spell: (of: Expression) => Expression,
): Expression {
  const terms = new Terms(place, work);
  const lengths = terms.repeat(terms.anyCharacter, minLength, maxLength);
  const root = terms.and([lengths, ...all.map((of) => terms.read(of, terms.empty))]);
  terms.fixClasses();
  return new AutomatonWriter(terms, root, rules, spell).write();
}

/** True if the expression contains a lookahead. */
export function hasLookahead(of: Expression): boolean {
  switch (of.kind) {
    case "lookahead":
      return true;
    case "sequence":
      return of.parts.some(hasLookahead);
    case "choice":
      return of.options.some(hasLookahead);
    case "repeat":
      return hasLookahead(of.of);
    default:
      return false;
  }
}

interface Term {
  readonly id: number;
  /** The empty text is one of its texts. */
  readonly nullable: boolean;
  readonly of: Shape;
  /** Computed derivatives, by class of characters. */
  readonly derivatives: (Term | undefined)[];
}

type Shape =
  | { readonly kind: "empty" }
  | { readonly kind: "characters"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly first: Term; readonly rest: Term }
  /** `or` without members: no text. */
  | { readonly kind: "or" | "and"; readonly members: readonly Term[] }
  | { readonly kind: "not"; readonly member: Term }
  | {
      readonly kind: "repeat";
      readonly member: Term;
      readonly min: number;
      readonly max: number;
    };

/** Interns terms in a normal form in which many equal sets have equal keys. */
class Terms {
  private readonly place: string;
  private readonly work: Work;
  private readonly known = new Map<string, Term>();
  private readonly bounds = new Set<number>([0]);
  readonly empty = this.term("empty", true, { kind: "empty" });
  readonly never = this.term("or:", false, { kind: "or", members: [] });
  readonly anyCharacter = this.characters([[0, LAST_CODE_POINT]]);
  readonly anyText = this.repeat(this.anyCharacter, 0, Number.POSITIVE_INFINITY);

  /** First characters of the ranges that no term distinguishes, ascending. */
  classes: readonly number[] = [];

  constructor(place: string, work: Work) {
    this.place = place;
    this.work = work;
  }

  /** Call after all expressions are read and before the first derivative. */
  fixClasses(): void {
    const bounds = [...this.bounds].filter((at) => at <= LAST_CODE_POINT);
    this.classes = bounds.sort((a, b) => a - b);
  }

  /** The expression's texts, each followed by one of `then`. */
  read(of: Expression, then: Term): Term {
    switch (of.kind) {
      case "text":
        return [...of.text].reduceRight((rest, one) => {
          const code = one.codePointAt(0)!;
          return this.sequence(this.characters([[code, code]]), rest);
        }, then);
      case "characters":
        return this.sequence(this.characters(of.ranges), then);
      case "sequence":
        return of.parts.reduceRight((rest, part) => this.read(part, rest), then);
      case "choice":
        return this.or(of.options.map((option) => this.read(option, then)));
      case "repeat":
        return this.readRepeat(of, then);
      case "lookahead": {
        const ahead = this.read(of.of, of.whole ? this.empty : this.anyText);
        return this.and([of.negative ? this.not(ahead) : ahead, then]);
      }
      case "rule":
        throw new Error("an expression with rules is not regular");
    }
  }

  and(members: readonly Term[]): Term {
    const flat = members.flatMap((one) => (one.of.kind === "and" ? one.of.members : [one]));
    if (flat.includes(this.never)) return this.never;
    const distinct = unique(flat.filter((one) => !this.isAnyText(one)));
    if (distinct.length <= 1) return distinct[0] ?? this.anyText;
    const nullable = distinct.every((one) => one.nullable);
    return this.term(`and:${ids(distinct)}`, nullable, { kind: "and", members: distinct });
  }

  repeat(member: Term, min: number, max: number): Term {
    if (max === 0 || member === this.empty) return this.empty;
    if (max < min) return this.never;
    if (member === this.never) return min === 0 ? this.empty : this.never;
    if (min === 1 && max === 1) return member;
    const nullable = min === 0 || member.nullable;
    const from = member.nullable ? 0 : min;
    const shape = { kind: "repeat", member, min: from, max } as const;
    return this.term(`repeat:${member.id},${from},${max}`, nullable, shape);
  }

  /** The texts that may follow a character of that class. */
  derivative(term: Term, classIndex: number): Term {
    const known = term.derivatives[classIndex];
    if (known) return known;
    if (--this.work.left < 0) throw this.tooLarge();
    const found = this.derive(term, classIndex);
    term.derivatives[classIndex] = found;
    return found;
  }

  private tooLarge(): VireoError {
    return this.invalid("is too large in combination with the others; remove one");
  }

  private invalid(why: string): VireoError {
    return new VireoError("invalid_schema", `${this.place} ${why}`);
  }

  private derive({ of }: Term, classIndex: number): Term {
    switch (of.kind) {
      case "empty":
        return this.never;
      case "characters":
        return this.holds(of.ranges, classIndex) ? this.empty : this.never;
      case "sequence": {
        const here = this.sequence(this.derivative(of.first, classIndex), of.rest);
        return of.first.nullable ? this.or([here, this.derivative(of.rest, classIndex)]) : here;
      }
      case "or":
        return this.or(of.members.map((one) => this.derivative(one, classIndex)));
      case "and":
        return this.deriveAnd(of.members, classIndex);
      case "not":
        return this.not(this.derivative(of.member, classIndex));
      case "repeat": {
        const more = this.repeat(of.member, Math.max(0, of.min - 1), of.max - 1);
        return this.sequence(this.derivative(of.member, classIndex), more);
      }
    }
  }

  private deriveAnd(members: readonly Term[], classIndex: number): Term {
    const found: Term[] = [];
    for (const one of members) {
      const next = this.derivative(one, classIndex);
      if (next === this.never) return this.never;
      found.push(next);
    }
    return this.and(found);
  }

  private holds(ranges: readonly CodeRange[], classIndex: number): boolean {
    const code = this.classes[classIndex]!;
    return ranges.some(([first, last]) => first <= code && code <= last);
  }

  private readRepeat(of: Expression & { readonly kind: "repeat" }, then: Term): Term {
    if (!hasLookahead(of.of)) {
      return this.sequence(this.repeat(this.read(of.of, this.empty), of.min, of.max), then);
    }
    if (of.min === 0 && of.max === 1) return this.or([this.read(of.of, then), then]);
    throw this.invalid("repeats a lookahead; move it out of the repetition");
  }

  private characters(ranges: readonly CodeRange[]): Term {
    for (const [first, last] of ranges) this.bounds.add(first).add(last + 1);
    if (ranges.length === 0) return this.never;
    return this.term(`characters:${ranges.join(";")}`, false, { kind: "characters", ranges });
  }

  private sequence(first: Term, rest: Term): Term {
    if (first === this.never || rest === this.never) return this.never;
    if (first === this.empty) return rest;
    if (rest === this.empty) return first;
    if (first.of.kind === "sequence") {
      return this.sequence(first.of.first, this.sequence(first.of.rest, rest));
    }
    const nullable = first.nullable && rest.nullable;
    const shape = { kind: "sequence", first, rest } as const;
    return this.term(`sequence:${first.id},${rest.id}`, nullable, shape);
  }

  private or(members: readonly Term[]): Term {
    const flat = members.flatMap((one) => (one.of.kind === "or" ? one.of.members : [one]));
    if (flat.some((one) => this.isAnyText(one))) return this.anyText;
    const distinct = unique(flat);
    if (distinct.length === 1 && distinct[0]) return distinct[0];
    const nullable = distinct.some((one) => one.nullable);
    return this.term(`or:${ids(distinct)}`, nullable, { kind: "or", members: distinct });
  }

  private not(member: Term): Term {
    if (member.of.kind === "not") return member.of.member;
    if (member === this.never) return this.anyText;
    if (this.isAnyText(member)) return this.never;
    return this.term(`not:${member.id}`, !member.nullable, { kind: "not", member });
  }

  private isAnyText({ of }: Term): boolean {
    if (of.kind !== "repeat" || of.min > 0) return false;
    return of.member === this.anyCharacter && of.max === Number.POSITIVE_INFINITY;
  }

  private term(key: string, nullable: boolean, of: Shape): Term {
    const known = this.known.get(key);
    if (known) return known;
    const made = { id: this.known.size, nullable, of, derivatives: [] };
    this.known.set(key, made);
    return made;
  }
}

interface Edge {
  readonly ranges: CodeRange[];
  readonly to: Term;
}

class AutomatonWriter {
  private readonly terms: Terms;
  private readonly root: Term;
  private readonly rules: Map<string, Expression>;
  private readonly spell: (of: Expression) => Expression;
  private readonly edges = new Map<Term, readonly Edge[]>();

  constructor(
    terms: Terms,
    root: Term,
    rules: Map<string, Expression>,
    spell: (of: Expression) => Expression,
  ) {
    this.terms = terms;
    this.root = root;
    this.rules = rules;
    this.spell = spell;
  }

  write(): Expression {
    this.explore();
    const live = this.statesThatEnd();
    if (!live.has(this.root)) return NEVER;
    const prefix = `regular-${this.rules.size}`;
    const names = new Map([...live].map((state) => [state, `${prefix}-${state.id}`]));
    for (const [state, name] of names) {
      const onward = this.edges.get(state)!.filter(({ to }) => live.has(to));
      const options = onward.map(({ ranges, to }) =>
        sequence(this.spell(characters(...ranges)), rule(names.get(to)!)),
      );
      this.rules.set(name, choice(...(state.nullable ? [EMPTY] : []), ...options));
    }
    return rule(names.get(this.root)!);
  }

  private explore(): void {
    const { classes } = this.terms;
    const waiting = [this.root];
    for (let state = waiting.pop(); state !== undefined; state = waiting.pop()) {
      if (this.edges.has(state)) continue;
      const found = new Map<Term, CodeRange[]>();
      for (const [at, first] of classes.entries()) {
        const to = this.terms.derivative(state, at);
        if (to === this.terms.never) continue;
        const last = (classes[at + 1] ?? LAST_CODE_POINT + 1) - 1;
        const ranges = found.get(to);
        if (ranges) ranges.push([first, last]);
        else found.set(to, [[first, last]]);
      }
      this.edges.set(
        state,
        [...found].map(([to, ranges]) => ({ ranges, to })),
      );
      waiting.push(...found.keys());
    }
  }

  /** The states that can reach an accepting state. */
  private statesThatEnd(): Set<Term> {
    const from = new Map<Term, Term[]>();
    for (const [state, edges] of this.edges) {
      for (const { to } of edges) {
        const users = from.get(to);
        if (users) users.push(state);
        else from.set(to, [state]);
      }
    }
    const live = new Set([...this.edges.keys()].filter(({ nullable }) => nullable));
    for (const state of live) for (const user of from.get(state) ?? []) live.add(user);
    return live;
  }
}

function unique(terms: readonly Term[]): Term[] {
  return [...new Set(terms)].sort((a, b) => a.id - b.id);
}

function ids(terms: readonly Term[]): string {
  return terms.map(({ id }) => id).join(",");
}
