import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Log } from "../../core/log.ts";
import type { Abilities, AbilityName } from "../../core/upstream.ts";
import { findOfficeProgram } from "../../media/office.ts";
import { PROGRAM_PATH } from "../../processes/program.ts";
import type { VideoOptions } from "./video-settings.ts";

/** Media of an ability, the program that it needs, and its packages by package manager. */
const PROGRAMS = Object.freeze({
  video: {
    reads: "videos",
    program: "ffmpeg",
    packages: { apt: "ffmpeg", dnf: "ffmpeg-free", apk: "ffmpeg", brew: "ffmpeg" },
  },
  office: {
    reads: "office documents",
    program: "LibreOffice",
    packages: {
      apt: "libreoffice-writer libreoffice-calc libreoffice-impress",
      dnf: "libreoffice-writer libreoffice-calc libreoffice-impress",
      apk: "libreoffice",
      brew: "--cask libreoffice",
    },
  },
});

type ManagerName = keyof (typeof PROGRAMS)[AbilityName]["packages"];

const MANAGERS: readonly {
  readonly name: ManagerName;
  readonly command: string;
  readonly install: string;
  readonly asUser?: true;
}[] = [
  { name: "apt", command: "apt-get", install: "apt-get install" },
  { name: "dnf", command: "dnf", install: "dnf install" },
  { name: "apk", command: "apk", install: "apk add" },
  { name: "brew", command: "brew", install: "brew install", asUser: true },
];

/**
 * Checks which files this machine can read with its installed programs.
 *
 * managerPath: folders in which package managers are searched.
 */
export async function findAbilities(
  { decoder, programPath = PROGRAM_PATH }: Pick<VideoOptions, "decoder" | "programPath"> = {},
  managerPath = MANAGER_PATH,
): Promise<Abilities> {
  const hasVideo = decoder !== undefined || (await isInPath("ffmpeg", programPath));
  const hasOffice = (await findOfficeProgram()) !== undefined;
  const ability = async (name: AbilityName, isAvailable: boolean) =>
    isAvailable || { available: false as const, hint: await hintFor(name, managerPath) };
  return { video: await ability("video", hasVideo), office: await ability("office", hasOffice) };
}

/** Logs an event for each ability that is off, with its hint. */
export function logAbilities(abilities: Abilities, log: Log): void {
  for (const { name } of missingAbilities(abilities)) {
    const ability = abilities[name];
    if (ability !== true) log("info", "ability_off", { ability: name, hint: ability.hint });
  }
}

/** The abilities that are off, with what they would read. */
export function missingAbilities(
  abilities: Abilities,
): readonly { readonly name: AbilityName; readonly reads: string; readonly program: string }[] {
  return ABILITY_NAMES.flatMap((name) => {
    if (abilities[name] === true) return [];
    const { reads, program } = PROGRAMS[name];
    return [{ name, reads, program }];
  });
}

const ABILITY_NAMES: readonly AbilityName[] = ["video", "office"];

/**
 * Returns lines for users: the files that cannot be read because a program is missing, and the
 * command that installs all missing programs. Empty if every ability is on.
 */
export async function abilityNotes(
  abilities: Abilities | undefined,
  managerPath = MANAGER_PATH,
): Promise<readonly string[]> {
  const missing = abilities === undefined ? [] : missingAbilities(abilities);
  if (missing.length === 0) return [];
  const list = missing.map(({ reads, program }) => `${reads} (no ${program})`).join(", ");
  const names = missing.map(({ name }) => name);
  const command = await installCommand(names, managerPath);
  const way = command === undefined ? [] : [`turn on with: ${command}; then start vireo again`];
  return [`off: ${list}`, ...way];
}

/**
 * Returns the command that installs the programs of these abilities; undefined if the machine has
 * no known package manager.
 */
export async function installCommand(
  names: readonly AbilityName[],
  managerPath = MANAGER_PATH,
): Promise<string | undefined> {
  for (const { name, command, install, asUser } of MANAGERS) {
    if (!(await isInPath(command, managerPath))) continue;
    const sudo = asUser || process.getuid?.() === 0 ? "" : "sudo ";
    const packages = names.map((ability) => PROGRAMS[ability].packages[name]);
    // A cask and a formula cannot be installed by one call of brew.
    if (name === "brew") return packages.map((one) => `${install} ${one}`).join(" && ");
    return `${sudo}${install} ${packages.join(" ")}`;
  }
  return undefined;
}

const MANAGER_PATH = [PROGRAM_PATH, "/usr/sbin", "/sbin", "/home/linuxbrew/.linuxbrew/bin"].join(
  delimiter,
);

async function hintFor(name: AbilityName, managerPath: string): Promise<string> {
  const { program } = PROGRAMS[name];
  const command = await installCommand([name], managerPath);
  const how = command === undefined ? "" : `: ${command}`;
  return `Install ${program} on the server and start it again${how}`;
}

async function isInPath(program: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, program);
    if (await access(file, constants.X_OK).then(ok, failed)) return true;
  }
  return false;
}

const ok = (): boolean => true;
const failed = (): boolean => false;
