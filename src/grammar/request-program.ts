import type { ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { compileProgram, type Program } from "./program.ts";
import { ANY_PARAMETERS, type ToolRequest, toolGrammar } from "./tool-grammar.ts";

/**
 * Compiles the grammar of a request; undefined if the request does not constrain the answer.
 *
 * If the grammar of all schemas is refused, tools that are not strict accept any object. Throws
 * invalid_schema.
 */
export function requestProgram(request: ToolRequest): Program | undefined {
  const compile = (tools: ToolRequest["tools"]): Program | undefined => {
    const grammar = toolGrammar({ ...request, tools });
    return grammar && compileProgram(grammar);
  };
  try {
    return compile(request.tools);
  } catch (error) {
    const isLoose = ({ strict, parameters }: ToolDefinition) => !strict && parameters !== undefined;
    const refused = error instanceof VireoError && error.code === "invalid_schema";
    if (!refused || !request.tools.some(isLoose)) throw error;
    return compile(
      request.tools.map((tool) => (isLoose(tool) ? { ...tool, parameters: ANY_PARAMETERS } : tool)),
    );
  }
}
