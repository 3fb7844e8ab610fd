import { type Command, Option } from "commander";
import { startChaos } from "../upstreams/chaos/chaos-server.ts";
import { FAULT_NAMES, FAULTS, type FaultName } from "../upstreams/chaos/faults.ts";
import { wholeBetween, wholeNumber } from "./parsers.ts";
import { openTerminal } from "./terminal.ts";

interface ChaosFlags {
  readonly host: string;
  readonly port: number;
  readonly fault: FaultName;
  readonly after: number;
}

/** Adds `vireo chaos`: a server on which people test how theirs takes faults of a provider. */
export function addChaos(program: Command): void {
  program
    .command("chaos")
    .summary("run a server that fails on demand, to test a configuration")
    .description(
      "Runs a server with an OpenAI-compatible API that fails on demand: the model chaos/FAULT " +
        "answers with that fault. It has no model and asks for no key.",
    )
    .addOption(new Option("--host <address>", "address to listen on").default("127.0.0.1"))
    .addOption(
      new Option("-p, --port <port>", "port to listen on; 0 takes any free one")
        .argParser(wholeBetween(0, 65_535))
        .default(8001),
    )
    .addOption(
      new Option("--fault <name>", "the fault of all other models")
        .choices([...FAULT_NAMES])
        .default("none"),
    )
    .option("--after <tokens>", "tokens before a fault within an answer", wholeNumber, 3)
    .addHelpText("after", `\nFaults:\n${faultList()}\n${EXAMPLES}`)
    .action(async (flags: ChaosFlags) => {
      await chaos(flags);
    });
}

const EXAMPLES = `
Examples:
  vireo chaos
  vireo serve --upstream http://127.0.0.1:8001/v1
  curl http://127.0.0.1:8001/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model":"chaos/cut","messages":[{"role":"user","content":"Hi"}],"stream":true}'`;

function faultList(): string {
  const width = Math.max(...FAULT_NAMES.map((name) => name.length));
  return FAULT_NAMES.map((name) => `  ${name.padEnd(width)}  ${FAULTS[name].description}`).join(
    "\n",
  );
}

async function chaos({ host, port, fault, after: afterTokens }: ChaosFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const server = await startChaos({ host, port, fault, afterTokens });
  terminal.note(`a server that fails on demand is ready at ${server.url}`);
  terminal.note(terminal.dim("Press Ctrl+C to stop."));
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await server.close();
}
