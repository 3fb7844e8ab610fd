// Ends the program with one sentence if an error that nobody caught comes from the system. It is
// imported first, because packages may fail while they are loaded: with a low `ulimit -v` the HTTP
// parser of Node.js finds no memory for its WebAssembly.

import { fromSystemError } from "../core/system-errors.ts";
import { systemMessage } from "./system-message.ts";
import { printable } from "./terminal.ts";

process.on("uncaughtException", (error) => {
  const known = fromSystemError(error);
  if (known === undefined) process.stderr.write(`${error.stack ?? String(error)}\n`);
  else process.stderr.write(`vireo: ${printable(systemMessage(error, known.message))}\n`);
  process.exit(1);
});
