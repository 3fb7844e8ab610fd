// Processes as /proc shows them.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

function readText(path) {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return ""; // it has ended meanwhile
  }
}

function linkOf(path) {
  try {
    return readlinkSync(path);
  } catch {
    return "closed meanwhile";
  }
}

function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** The processes below another one, with their command lines. */
export function processesBelow(pid) {
  return namesIn(`/proc/${pid}/task`)
    .flatMap((thread) => readText(`/proc/${pid}/task/${thread}/children`).split(" "))
    .filter((text) => text !== "")
    .flatMap((text) => {
      const command = readText(`/proc/${text}/cmdline`).replaceAll("\0", " ");
      return [{ pid: Number(text), command }, ...processesBelow(text)];
    });
}

/** The number of open descriptors of a process by kind, for example `socket`. */
export function descriptorsOf(pid) {
  const counts = {};
  for (const name of namesIn(`/proc/${pid}/fd`)) {
    const kind = linkOf(`/proc/${pid}/fd/${name}`).replace(/:\[\d+\]$/, "");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Resident memory in MB. */
export function residentOf(pid) {
  return Number(/VmRSS:\s+(\d+)/.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;
}
