#!/usr/bin/env bash
# openai 7.59.0 (TypeScript 7.0.2, strict): a response's output is sent back as the next input, with
# the result of its tool call, as OpenAI's guide to function calling does.
# Expected: `input: [...response.output, result]` has the right types.
# Observed: it is refused, because ResponseOutputItem is not assignable to ResponseInputItem. At run
# time the same array is sent unchanged.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module" }' >package.json
npm install --silent --no-audit --no-fund --ignore-scripts \
  openai@7.59.0 typescript@7.0.2 @types/node@22 >/dev/null
cat >next.ts <<'CODE'
import type OpenAI from "openai";

export function next(response: OpenAI.Responses.Response): OpenAI.Responses.ResponseInput {
  return [...response.output, { type: "function_call_output", call_id: "c", output: "1" }];
}
CODE
cat >same.ts <<'CODE'
import type OpenAI from "openai";

export function next(input: OpenAI.Responses.ResponseInput): OpenAI.Responses.ResponseInput {
  return [...input, { type: "function_call_output", call_id: "c", output: "1" }];
}
CODE
options=(--noEmit --strict --skipLibCheck --target es2023 --module nodenext --types node)
npx tsc "${options[@]}" same.ts
if npx tsc "${options[@]}" next.ts >errors.txt; then
  echo "changed: the types accept a response's own output"
  exit 1
fi
grep -o "Type '.*ResponseOutputItem' is not assignable to type 'ResponseInputItem'" errors.txt || head -20 errors.txt
grep -q "is not assignable to type" errors.txt
