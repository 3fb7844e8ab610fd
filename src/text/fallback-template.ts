/**
 * The chat format for a checkpoint that brings no template of its own.
 *
 * Reasoning is off unless the last switch in a system or user message turns it on; pictures and
 * videos come before the text of their message; several tool results share one turn. The words
 * about tools are those of the published 12B model.                  Source: MODEL.md § Chat.
 */
export const FALLBACK_TEMPLATE = String.raw`
{%- macro text_of(content) -%}
  {%- if content is string -%}{{ content }}
  {%- elif content is iterable -%}
    {%- for part in content if part.type == 'text' -%}{{ part.text }}{%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- macro without_switches(text) -%}
  {%- set marked = text.replace('</think>', '<_close>') -%}
  {%- set kept = marked.replace('/think', '').replace('/no_think', '') -%}
  {{- kept.replace('<_close>', '</think>') | trim -}}
{%- endmacro -%}
{%- macro media_of(content) -%}
  {%- set seen = namespace(all=0, now=0) -%}
  {%- if content is not string and content is iterable -%}
    {%- for part in content if part.type == 'image' -%}
      {%- set seen.all = seen.all + 1 -%}
    {%- endfor -%}
    {%- for part in content if part.type == 'image' -%}
      {%- set seen.now = seen.now + 1 -%}
      {%- if seen.all > 1 -%}
        {%- if seen.now > 1 -%}{{ ' ' }}{%- endif -%}
        {{- '<image ' + seen.now | string + '>' -}}
      {%- endif -%}
      {{- '<image>' -}}
    {%- endfor -%}
    {%- if seen.all > 0 -%}{{ '\n' }}{%- endif -%}
    {%- for part in content if part.type == 'video' -%}{{ '<video>\n' }}{%- endfor -%}
  {%- endif -%}
{%- endmacro -%}
{%- set base = enable_thinking is defined and enable_thinking -%}
{%- set ns = namespace(think=base, sys='', rest=messages) -%}
{%- for message in messages if message.role in ['system', 'user'] -%}
  {%- set text = text_of(message.content).replace('</think>', '') -%}
  {%- if '/think' in text -%}{%- set ns.think = true -%}
  {%- elif '/no_think' in text -%}{%- set ns.think = false -%}
  {%- endif -%}
{%- endfor -%}
{%- if messages and messages[0].role == 'system' -%}
  {%- set ns.sys = without_switches(text_of(messages[0].content)) -%}
  {%- set ns.rest = messages[1:] -%}
{%- endif -%}
{{- '<s><SPECIAL_10>System\n' + ns.sys -}}
{%- if tools -%}
  {%- if ns.sys -%}{{ '\n\n' }}{%- endif -%}
  {{- 'You can use the following tools to assist the user if required:\n<AVAILABLE_TOOLS>[' -}}
  {%- for tool in tools -%}
    {{- (tool.function if tool.function else tool) | tojson -}}
    {%- if not loop.last -%}{{ ', ' }}{%- endif -%}
  {%- endfor -%}
  {{- ']</AVAILABLE_TOOLS>\n\n' -}}
  {{- 'If you decide to call any tool(s), use the following format:\n<TOOLCALL>[' -}}
  {{- '{"name": "tool_name1", "arguments": "tool_args1"}, ' -}}
  {{- '{"name": "tool_name2", "arguments": "tool_args2"}]</TOOLCALL>\n\n' -}}
  {{- 'The user will execute tool-calls and return responses from tool(s) in this format:\n' -}}
  {{- '<TOOL_RESPONSE>[{"response": "tool_response1"}, ' -}}
  {{- '{"response": "tool_response2"}]</TOOL_RESPONSE>\n\n' -}}
  {{- 'Based on the tool responses, you can call additional tools if needed, ' -}}
  {{- 'correct tool calls if any errors are found, or just respond to the user.' -}}
{%- endif -%}
{{- '\n' -}}
{%- for message in ns.rest -%}
  {%- if message.role == 'user' -%}
    {{- '<SPECIAL_11>User\n' + media_of(message.content) -}}
    {{- without_switches(text_of(message.content)) + '\n' -}}
  {%- elif message.role == 'assistant' -%}
    {%- set text = text_of(message.content).split('</think>')[-1] | trim -%}
    {{- '<SPECIAL_11>Assistant\n' + text -}}
    {%- if message.tool_calls -%}
      {%- if text -%}{{ '\n\n' }}{%- endif -%}
      {{- '<TOOLCALL>[' -}}
      {%- for call in message.tool_calls -%}
        {{- '{"name": "' + call.function.name + '", "arguments": ' -}}
        {{- call.function.arguments + '}' -}}
        {%- if not loop.last -%}{{ ', ' }}{%- endif -%}
      {%- endfor -%}
      {{- ']</TOOLCALL>' -}}
    {%- endif -%}
    {{- '\n<SPECIAL_12>\n' -}}
  {%- elif message.role == 'tool' -%}
    {%- if loop.first or loop.previtem.role != 'tool' -%}
      {{- '<SPECIAL_11>User\n<TOOL_RESPONSE>[' -}}
    {%- else -%}
      {{- ', ' -}}
    {%- endif -%}
    {{- text_of(message.content) -}}
    {%- if loop.last or loop.nextitem.role != 'tool' -%}{{ ']</TOOL_RESPONSE>\n' }}{%- endif -%}
  {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{- '<SPECIAL_11>Assistant\n' -}}
  {%- if ns.think -%}{{- '<think>\n' -}}{%- else -%}{{- '<think></think>' -}}{%- endif -%}
{%- endif -%}
`;
