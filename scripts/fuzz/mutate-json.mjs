// Random changes of JSON values: they keep the syntax and change the shape.

const SCALARS = [
  null,
  true,
  false,
  0,
  -1,
  1,
  2,
  0.5,
  -0,
  1e308,
  9007199254740992,
  2147483648,
  "",
  "a",
  "auto",
  "none",
  "user",
  "system",
  "assistant",
  "tool",
  "text",
  "\u0000",
  "\ud800",
  "__proto__",
  "constructor",
  "data:,",
  "data:image/png;base64,",
  "https://example.com/a.png",
  "NaN",
  "1",
];
const MAX_CHANGES = 4;
const MAX_REPEATS = 40;
const MAX_DEPTH = 60;

/**
 * Returns a changed copy of a JSON value.
 *
 * options: keys (member names of the format), values (its scalars), other (a value to take from).
 */
export function mutateJson(value, random, { keys = [], values = [], other }) {
  let result = structuredClone(value);
  const changes = random.length(MAX_CHANGES);
  for (let done = 0; done < changes; done++) {
    const holder = { root: result };
    const places = placesOf(holder);
    const place = random.pick(places);
    change(place, random, { keys, values, other });
    result = holder.root ?? null;
  }
  return result;
}

function placesOf(holder) {
  const places = [{ parent: holder, key: "root" }];
  for (let index = 0; index < places.length && places.length < 2000; index++) {
    const { parent, key } = places[index];
    const value = parent[key];
    if (typeof value !== "object" || value === null) continue;
    for (const name of Object.keys(value)) places.push({ parent: value, key: name });
  }
  return places;
}

function change({ parent, key }, random, { keys, values, other }) {
  const value = parent[key];
  const scalars = random.oneIn(2) && values.length > 0 ? values : SCALARS;
  const scalar = () => structuredClone(random.pick(scalars));
  switch (random.below(9)) {
    case 0:
      if (!Array.isArray(parent)) delete parent[key];
      else parent.splice(Number(key), 1);
      return;
    case 1:
      parent[key] = nested(value, random);
      return;
    case 2:
      if (other !== undefined) parent[key] = structuredClone(takenFrom(other, random));
      return;
    case 3:
      parent[key] = Array.from({ length: random.length(MAX_REPEATS) }, () =>
        structuredClone(value),
      );
      return;
    case 4:
      if (typeof value === "string") parent[key] = changedText(value, random);
      else if (typeof value === "number") parent[key] = value * random.pick([-1, 0.5, 2, 1e3]);
      else parent[key] = scalar();
      return;
    case 5:
    case 6:
      if (typeof value === "object" && value !== null && !Array.isArray(value) && keys.length > 0) {
        define(value, random.pick(keys), scalar());
      } else parent[key] = scalar();
      return;
    case 7:
      if (Array.isArray(value)) value.push(scalar());
      else parent[key] = [value];
      return;
    default:
      parent[key] = scalar();
  }
}

/** Defines an own member, also for names such as __proto__. */
function define(object, name, value) {
  Object.defineProperty(object, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

function nested(value, random) {
  let result = value;
  const depth = random.length(MAX_DEPTH);
  for (let level = 0; level < depth; level++) result = random.oneIn(2) ? [result] : { a: result };
  return result;
}

function takenFrom(other, random) {
  const { parent, key } = random.pick(placesOf({ root: other }));
  return parent[key];
}

function changedText(text, random) {
  const at = random.below(text.length + 1);
  switch (random.below(4)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + random.pick(SCALARS.map(String)) + text.slice(at);
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.below(65_536)) + text.slice(at);
    default:
      return text.repeat(random.length(20)).slice(0, 20_000);
  }
}
