export type ProgramName = "compiler" | "ffmpeg" | "chromium";
export const PROGRAMS: Readonly<Record<ProgramName, { readonly title: string }>>;
export function missingPrograms(wanted?: readonly ProgramName[]): ProgramName[];
export function installCommand(keys: readonly ProgramName[]): string;
export function installMissing(
  keys: readonly ProgramName[],
  say: (text: string) => void,
): ProgramName[];
