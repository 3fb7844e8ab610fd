import type { Backend } from "./backend.ts";
import type { CpuOptions } from "./cpu/cpu.ts";

/** A backend ignores options that it does not use. */
export type BackendOptions = CpuOptions;

/**
 * Opens a backend by its name. Throws backend_unavailable if this machine cannot run it and
 * invalid_option for an unknown kernel set or number of threads.
 */
export async function openBackend(
  name: Backend["name"],
  options: BackendOptions = {},
): Promise<Backend> {
  switch (name) {
    case "reference": {
      const { ReferenceBackend } = await import("./reference/reference.ts");
      return new ReferenceBackend(options);
    }
    case "null": {
      const { NullBackend } = await import("./null/null.ts");
      return new NullBackend();
    }
    case "cpu": {
      const { openCpuBackend } = await import("./cpu/cpu.ts");
      return openCpuBackend(options);
    }
  }
}
