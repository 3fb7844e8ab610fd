// Reads a Dockerfile and a .dockerignore, as far as this repository's own use them. An instruction
// that is not known here is an error, so that a change of the Dockerfile is not passed over.

const KNOWN = new Set("FROM RUN WORKDIR COPY USER EXPOSE HEALTHCHECK ENTRYPOINT ENV".split(" "));

/**
 * Returns the stages in order: `{ name, image, steps }`, each step `{ word, rest, line }`.
 * Throws an Error with the line of an instruction that is unknown or before the first FROM.
 */
export function parseDockerfile(text) {
  const stages = [];
  for (const { line, source } of instructions(text)) {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/s.exec(source) ?? [];
    if (!KNOWN.has(word)) throw new Error(`line ${line}: the instruction "${source}" is unknown`);
    if (word === "FROM") {
      const [, image, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(rest) ?? [];
      if (image === undefined) throw new Error(`line ${line}: FROM ${rest} names no image`);
      stages.push({ name: name ?? `stage ${stages.length + 1}`, image, steps: [] });
    } else if (stages.length === 0) {
      throw new Error(`line ${line}: ${word} stands before FROM`);
    } else {
      stages.at(-1).steps.push({ word, rest, line });
    }
  }
  return stages;
}

/** Joins continued lines and leaves out comments and blank lines. */
function instructions(text) {
  const found = [];
  let open;
  for (const [at, line] of text.split("\n").entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const part = line.replace(/\\\s*$/, "").trim();
    if (open === undefined) open = { line: at + 1, source: part };
    else open.source += ` ${part}`;
    if (/\\\s*$/.test(line)) continue;
    found.push(open);
    open = undefined;
  }
  return found;
}

/** The parts of a COPY: `{ from, owner, sources, target }`; from and owner may be undefined. */
export function parseCopy({ rest, line }) {
  const words = rest.split(/\s+/);
  const flags = {};
  while (words[0]?.startsWith("--")) {
    const [name, value] = words.shift().slice(2).split("=");
    if (name !== "from" && name !== "chown") throw new Error(`line ${line}: COPY --${name}`);
    flags[name] = value;
  }
  if (words.length < 2) throw new Error(`line ${line}: COPY needs sources and a target`);
  return {
    from: flags.from,
    owner: flags.chown,
    sources: words.slice(0, -1),
    target: words.at(-1),
  };
}

/** The words of a command in JSON form, as ENTRYPOINT and HEALTHCHECK … CMD have them. */
export function parseCommand({ rest, line }) {
  const json = rest.slice(Math.max(0, rest.indexOf("[")));
  try {
    return JSON.parse(json);
  } catch {
    throw new Error(`line ${line}: only commands in JSON form are known`);
  }
}

/** Whether .dockerignore leaves out a path relative to the checkout, or a folder above it. */
export function ignores(dockerignore) {
  const patterns = dockerignore
    .split("\n")
    .map((line) => line.trim().replace(/\/$/, ""))
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((pattern) => new RegExp(`^${toExpression(pattern)}(/|$)`));
  return (path) => patterns.some((pattern) => pattern.test(path));
}

function toExpression(pattern) {
  const parts = pattern.split(/(\*\*\/|\*|\?)/).map((part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    return part.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  });
  return parts.join("");
}
