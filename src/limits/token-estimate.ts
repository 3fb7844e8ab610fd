import type { ChatRequest, ContentPart } from "../core/chat.ts";

/** Characters of English text per token, roughly. */
const CHARACTERS_PER_TOKEN = 4;
/** Tokens of a picture, document or video before it is opened: a few tiles. */
const TOKENS_PER_MEDIUM = 1000;
/** Tokens of an answer whose length the request does not limit. */
const TYPICAL_ANSWER_TOKENS = 512;

/** Estimate of the tokens of a request, before anything is opened. */
export interface RequestTokens {
  readonly prompt: number;
  /** The most that the answer may have, or a typical number if it is not limited. */
  readonly answer: number;
}

/** Estimates from lengths alone, because this runs for each request before its admission. */
export function estimateTokens(request: ChatRequest): RequestTokens {
  const { messages, prompt, tools = [], maxTokens = TYPICAL_ANSWER_TOKENS } = request;
  if (request.promptAlreadyBilled) return { prompt: 0, answer: maxTokens };
  const given =
    prompt === undefined ? 0 : typeof prompt === "string" ? tokensOf(prompt) : prompt.length;
  const ofTools = tools.reduce((sum, { name, description = "", parameters }) => {
    return sum + tokensOf(name + description + JSON.stringify(parameters ?? ""));
  }, 0);
  const ofMessages = messages.reduce((sum, { content, reasoning = "" }) => {
    const own =
      typeof content === "string"
        ? tokensOf(content)
        : content.reduce((parts, part) => parts + tokensOfPart(part), 0);
    return sum + own + tokensOf(reasoning);
  }, 0);
  return { prompt: given + ofTools + ofMessages, answer: maxTokens };
}

function tokensOfPart(part: ContentPart): number {
  return part.type === "text" ? tokensOf(part.text) : TOKENS_PER_MEDIUM;
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}
