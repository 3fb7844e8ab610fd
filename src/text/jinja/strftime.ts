const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** A date and time as C's strftime writes it in the C locale, in local time. */
export function strftime(pattern: string, date: Date): string {
  return pattern.replace(/%([-_0^#]?)([a-zA-Z%])/g, (whole, flag: string, letter: string) => {
    const text = fieldOf(letter, date) ?? whole;
    if (flag === "-") return text.replace(/^[0 ]+(?=\d)/, "");
    if (flag === "_") return text.replace(/^0+(?=\d)/, (zeros) => " ".repeat(zeros.length));
    return flag === "^" ? text.toUpperCase() : text;
  });
}

function fieldOf(letter: string, date: Date): string | undefined {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = DAYS[date.getDay()] ?? "";
  const month = MONTHS[date.getMonth()] ?? "";
  const nested = NESTED.get(letter);
  if (nested !== undefined) return strftime(nested, date);
  const fields: Readonly<Record<string, () => string>> = {
    a: () => day.slice(0, 3),
    A: () => day,
    b: () => month.slice(0, 3),
    h: () => month.slice(0, 3),
    B: () => month,
    d: () => two(date.getDate()),
    e: () => String(date.getDate()).padStart(2, " "),
    f: () => `${String(date.getMilliseconds()).padStart(3, "0")}000`,
    H: () => two(date.getHours()),
    I: () => two(date.getHours() % 12 || 12),
    j: () => String(dayOfYear(date) + 1).padStart(3, "0"),
    m: () => two(date.getMonth() + 1),
    M: () => two(date.getMinutes()),
    n: () => "\n",
    p: () => (date.getHours() < 12 ? "AM" : "PM"),
    s: () => String(Math.floor(date.getTime() / 1000)),
    S: () => two(date.getSeconds()),
    t: () => "\t",
    u: () => String(date.getDay() || 7),
    U: () => two(Math.floor((dayOfYear(date) + 7 - date.getDay()) / 7)),
    w: () => String(date.getDay()),
    W: () => two(Math.floor((dayOfYear(date) + 7 - ((date.getDay() + 6) % 7)) / 7)),
    y: () => two(date.getFullYear() % 100),
    Y: () => String(date.getFullYear()),
    z: () => "",
    Z: () => "",
    "%": () => "%",
  };
  return Object.hasOwn(fields, letter) ? fields[letter]?.() : undefined;
}

const NESTED = new Map([
  ["c", "%a %b %e %H:%M:%S %Y"],
  ["D", "%m/%d/%y"],
  ["F", "%Y-%m-%d"],
  ["R", "%H:%M"],
  ["r", "%I:%M:%S %p"],
  ["T", "%H:%M:%S"],
  ["x", "%m/%d/%y"],
  ["X", "%H:%M:%S"],
]);

/** Counted from 0. */
function dayOfYear(date: Date): number {
  const midnight = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((midnight - Date.UTC(date.getFullYear(), 0, 1)) / 86_400_000);
}
