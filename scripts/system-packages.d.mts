export type ProgramName = "compiler" | "ffmpeg" | "chromium" | "curl";
export const PROGRAMS: Readonly<Record<ProgramName, { readonly title: string }>>;
export function missingPrograms(keys?: readonly ProgramName[]): ProgramName[];
export function installCommand(keys: readonly ProgramName[]): string;
export function installMissing(
  keys: readonly ProgramName[],
  log: (text: string) => void,
): ProgramName[];
