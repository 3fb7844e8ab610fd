import { z } from "zod";
import { FAULT_NAMES } from "../upstreams/chaos/faults.ts";
import { DIALECTS } from "../upstreams/openai-compatible/dialects/names.ts";

/** The configuration file: providers, and the models that they run. Times are in seconds. */

const name = z.string().regex(/^[\w.-]{1,64}$/, "must be a name of letters, digits and _.-");
const modelName = z.string().regex(/^[\w./:@*+-]{1,256}$/, "must be a name without spaces");
const seconds = z.number().positive().max(86_400);

/** A value that the environment holds, so that the file has no secrets. */
export const SECRET = /^\$\{([A-Za-z_]\w*)\}$/;
const secret = z.string().regex(SECRET, `must name a variable of the environment, as \${NAME}`);

const policy = {
  zeroDataRetention: z
    .boolean()
    .optional()
    .describe("The provider keeps nothing of requests and answers, which you vouch for."),
  trainsOnRequests: z.boolean().optional().describe("The provider may train on requests."),
};

const limits = z.strictObject({
  connect: seconds.optional().describe("For a connection."),
  firstToken: seconds.optional().describe("From the request to the first token."),
  betweenTokens: seconds.optional().describe("Between two parts of the answer."),
  total: seconds.optional().describe("For the whole answer."),
});

const localProvider = z
  .strictObject({ kind: z.literal("local"), ...policy })
  .describe("The engine of this process, with the flags of vireo serve.");

const remoteProvider = z
  .strictObject({
    kind: z.literal("openai-compatible"),
    url: z
      .url({ protocol: /^https?$/, error: "must be a URL that begins with http:// or https://" })
      .describe("Base URL of the API, such as http://10.0.0.5:8000/v1."),
    dialect: z
      .enum(Object.keys(DIALECTS) as [keyof typeof DIALECTS])
      .optional()
      .describe("The kind of server. Default: openai."),
    key: secret.optional().describe(`The API key, as \${NAME} of a variable of the environment.`),
    headers: z
      .record(z.string().regex(/^[\w-]{1,64}$/), z.string().max(1024))
      .optional()
      .describe(`Further headers; values may be \${NAME}.`),
    limits: limits.optional(),
    zeroDataRetentionWithTenantKeys: z
      .boolean()
      .optional()
      .describe("It keeps nothing of requests with a tenant's own key either."),
    maxFrames: z.int().min(1).max(1024).optional().describe("Frames of a video sampled here."),
    ...policy,
  })
  .describe("A server with an OpenAI-compatible API.");

const chaosProvider = z
  .strictObject({
    kind: z.literal("chaos"),
    fault: z.enum(FAULT_NAMES as [(typeof FAULT_NAMES)[number]]).optional(),
    afterTokens: z.int().min(0).max(1000).optional().describe("Tokens before the fault."),
    limits: limits.optional(),
    ...policy,
  })
  .describe("A provider that fails on demand, to test a configuration.");

const provider = z.discriminatedUnion("kind", [localProvider, remoteProvider, chaosProvider]);
export type ProviderConfig = z.infer<typeof provider>;
export type RemoteConfig = z.infer<typeof remoteProvider>;

const prices = z
  .strictObject({
    prompt: z.string({ error: "must be text, because a number would be rounded" }),
    completion: z.string({ error: "must be text, because a number would be rounded" }),
  })
  .describe("US dollars per token, as decimal text.");

const endpoint = z.strictObject({
  provider: name,
  model: modelName.optional().describe("Its name at the provider. Default: the model's id."),
  prices: prices.optional(),
  quantization: z.string().max(32).optional().describe("Format of the weights, such as fp8."),
  context: z.int().min(1).optional().describe("Tokens of prompt and answer together."),
  weight: z.number().positive().max(1e6).optional().describe("Share of new conversations."),
});

const model = z.strictObject({
  aliases: z.array(modelName).max(100).optional(),
  strategy: z
    .enum(["ordered", "weighted"])
    .optional()
    .describe("ordered: the first that is available. weighted: at random, by weight."),
  providers: z
    .array(z.union([name, endpoint]))
    .min(1)
    .max(64),
});

export const configuration = z.strictObject({
  $schema: z.string().optional(),
  providers: z.record(name, provider),
  models: z.record(modelName, model),
  breaker: z
    .strictObject({
      failures: z.int().min(1).max(1000).optional().describe("In a row, until it opens."),
      open: seconds.optional().describe("Pause before the first probe."),
      maxOpen: seconds.optional().describe("Longest pause, after several failed probes."),
    })
    .optional(),
  tokenizer: z
    .string()
    .min(1)
    .optional()
    .describe("Checkpoint folder whose tokenizer counts what providers do not count themselves."),
  continueAnswers: z
    .boolean()
    .optional()
    .describe("Another provider continues an answer that broke off."),
  zeroDataRetention: z
    .boolean()
    .optional()
    .describe("Every request is answered as if it asked for zero data retention."),
});
export type Configuration = z.infer<typeof configuration>;
export type ModelConfig = Configuration["models"][string];
export type EndpointConfig = z.infer<typeof endpoint>;

/** The endpoints of a model. In the file, a name alone stands for an endpoint without options. */
export function endpointsOf({ providers }: ModelConfig): readonly EndpointConfig[] {
  return providers.map((given) => (typeof given === "string" ? { provider: given } : given));
}

/** Whether a provider keeps nothing of requests: by default, only the engine of this process. */
export function keepsNothing({ kind, zeroDataRetention = kind === "local" }: ProviderConfig) {
  return zeroDataRetention;
}

/** The JSON Schema of the file, for editors. */
export function configurationSchema(): object {
  return {
    ...z.toJSONSchema(configuration, { io: "input" }),
    title: "vireo configuration",
  };
}
