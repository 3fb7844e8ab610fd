// Small values in the browser's local storage. If the browser refuses to store them (private
// windows, blocked storage), a value lasts as long as the page.

export type Place = "local" | "session";

function storageOf(place: Place): Storage {
  return place === "local" ? localStorage : sessionStorage;
}

export function readValue(place: Place, name: string): string | null {
  try {
    return storageOf(place).getItem(`vireo.${name}`);
  } catch {
    return null;
  }
}

/** An empty value is removed. */
export function writeValue(place: Place, name: string, value: string): void {
  try {
    if (value === "") storageOf(place).removeItem(`vireo.${name}`);
    else storageOf(place).setItem(`vireo.${name}`, value);
  } catch {
    // The value stays in memory only.
  }
}
