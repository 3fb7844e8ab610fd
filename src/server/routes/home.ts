import type { Context } from "hono";
import type { AppOptions, Env } from "../context.ts";

/** A page for people who open the address in a browser: what runs here and how to ask it. */
export function home({ upstream, apiKey }: AppOptions) {
  return (c: Context<Env>): Response => {
    const { origin } = new URL(c.req.url);
    const model = upstream.models[0]?.id ?? "none loaded";
    const key = apiKey === undefined ? "" : ` \\\n  -H "Authorization: Bearer $VIREO_API_KEY"`;
    const body = { model, messages: [{ role: "user", content: "Hello" }] };
    const curl = `curl ${origin}/v1/chat/completions${key} \\
  -H "Content-Type: application/json" \\
  -d '${JSON.stringify(body)}'`;
    c.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'");
    return c.html(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>vireo</title>
<style>body{font:16px/1.5 system-ui;max-width:44rem;margin:3rem auto;padding:0 1rem}
pre{background:#8882;padding:1rem;overflow:auto}</style>
<h1>vireo</h1>
<p>This server answers the OpenAI chat protocol with <b>${escapeHtml(model)}</b>
(${upstream.ready ? "ready" : "not ready yet"}).</p>
<pre>${escapeHtml(curl)}</pre>
<p>Also here: <code>/v1/models</code> and <code>/health/ready</code>.</p>
</html>
`);
  };
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
