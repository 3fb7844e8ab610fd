import type { ResponseInputItem, ResponseOutputItem } from "openai/resources/responses/responses";

/**
 * The items of an answer as input of the next request, as the API's documentation passes them on.
 * The client's types of the two differ in items that this server never sends.
 */
export function asInput(output: readonly ResponseOutputItem[]): ResponseInputItem[] {
  return output as ResponseInputItem[];
}
