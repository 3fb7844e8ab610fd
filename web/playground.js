// The playground: one conversation with the server that this page came from. Nothing is kept, and whatever a model or
// a person wrote is only ever shown as text.

const $ = (id) => document.getElementById(id);
const [chat, question, pictures] = [$("chat"), $("question"), $("pictures")];
const SIDE_BYTES = 20 * 1024 * 1024;

/** Messages as the API takes them. */
let messages = [];
/** { name, url } of pictures that go with the next question. */
let attached = [];
let model = "";
let running;

// ---- small things ------------------------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function headers() {
  const key = $("key").value.trim();
  return { "content-type": "application/json", ...(key && { authorization: `Bearer ${key}` }) };
}

function number(id) {
  const { value } = $(id);
  return value.trim() === "" ? undefined : Number(value);
}

/** The body of the request that would be sent now. */
function requestBody(conversation) {
  const system = $("system").value.trim();
  const tiles = number("tiles");
  return {
    model,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...conversation],
    temperature: number("temperature"),
    top_p: number("top_p"),
    max_tokens: number("max_tokens"),
    seed: number("seed"),
    reasoning: { enabled: $("think").checked },
    ...(tiles !== undefined && { mm_processor_kwargs: { max_num_tiles: tiles } }),
    stream: true,
    stream_options: { include_usage: true },
  };
}

// ---- pictures ------------------------------------------------------------------------------------------------------

async function attach(files) {
  for (const file of files) {
    if (!file.type.startsWith("image/")) continue;
    if (file.size > SIDE_BYTES) {
      alert(`${file.name} is larger than 20 MB`);
      continue;
    }
    const url = await new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result);
      reader.onerror = () => reject(reader.error);
      reader.readAsDataURL(file);
    });
    attached.push({ name: file.name || "pasted picture", url });
  }
  showAttached();
}

function showAttached() {
  pictures.replaceChildren(
    ...attached.map((picture) => {
      const remove = make("button", { type: "button", textContent: "×", title: "Leave it out" });
      remove.setAttribute("aria-label", `Leave out ${picture.name}`);
      remove.onclick = () => {
        attached = attached.filter((other) => other !== picture);
        showAttached();
      };
      return make("li", {}, make("img", { src: picture.url, alt: picture.name }), remove);
    }),
  );
}

// ---- the conversation ------------------------------------------------------------------------------------------------

function showMessage(role, text, images = []) {
  $("welcome").hidden = true;
  const said = make("div", { className: "said", textContent: text });
  const article = make("article", { className: role });
  article.append(make("h3", { textContent: role === "user" ? "You" : "Model" }));
  if (images.length > 0) {
    const thumbs = images.map(({ name, url }) => make("img", { src: url, alt: name }));
    article.append(make("div", { className: "thumbs" }, ...thumbs));
  }
  article.append(said);
  chat.append(article);
  article.scrollIntoView({ block: "end" });
  return { article, said };
}

/** Events of a stream of server-sent events, parsed; throws what the server reports. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("the stream broke off");
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join("\n");
      if (data === "[DONE]") return;
      if (data === "") continue;
      const event = JSON.parse(data);
      if (event.error) throw new Error(event.error.message);
      yield event;
    }
  }
}

async function answer() {
  const { article, said } = showMessage("assistant", "");
  const thought = make("div");
  const thinking = make("details", { hidden: true }, make("summary", { textContent: "Reasoning" }), thought);
  article.insertBefore(thinking, said);
  const footer = make("footer");
  article.append(footer);
  running = new AbortController();
  setRunning(true);
  const started = performance.now();
  let first;
  let usage;
  let reason = "";
  try {
    const body = JSON.stringify(requestBody(messages));
    const response = await fetch("v1/chat/completions", { method: "POST", headers: headers(), body, signal: running.signal });
    if (!response.ok) throw new Error((await response.json()).error?.message ?? `status ${response.status}`);
    for await (const event of eventsOf(response)) {
      usage = event.usage ?? usage;
      const choice = event.choices[0];
      if (!choice) continue;
      const { content, reasoning } = choice.delta;
      if (content || reasoning) first ??= performance.now();
      if (reasoning) {
        thinking.hidden = false;
        thought.append(reasoning);
      }
      if (content) said.append(content);
      reason = choice.native_finish_reason ?? reason;
      if (chat.scrollHeight - chat.scrollTop - chat.clientHeight < 160) article.scrollIntoView({ block: "end" });
    }
  } catch (error) {
    const stopped = running.signal.aborted;
    footer.append(make("span", { className: stopped ? "" : "wrong", textContent: stopped ? "stopped" : error.message }));
  }
  setRunning(false);
  messages.push({ role: "assistant", content: said.textContent });
  footer.append(...figures(usage, started, first, reason), againButton(article));
  article.scrollIntoView({ block: "end" });
}

function figures(usage, started, first, reason) {
  if (!usage) return [];
  const { prompt_tokens: prompt, completion_tokens: made } = usage;
  const images = usage.prompt_tokens_details?.image_tokens ?? 0;
  const thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
  const seconds = (performance.now() - (first ?? started)) / 1000;
  const texts = [
    `${prompt} prompt tokens${images ? ` (${images} from pictures)` : ""}`,
    `${made} answered${thought ? ` (${thought} of them reasoning)` : ""}`,
    `first after ${(((first ?? performance.now()) - started) / 1000).toFixed(2)} s`,
    ...(made > 1 && seconds > 0 ? [`${((made - 1) / seconds).toFixed(1)} tokens/s`] : []),
    `ended by ${reason}`,
  ];
  return texts.map((text) => make("span", { textContent: text }));
}

function againButton(article) {
  const again = make("button", { type: "button", textContent: "Again" });
  again.onclick = () => {
    if (running) return;
    const index = [...chat.querySelectorAll("article")].indexOf(article);
    messages = messages.slice(0, index);
    for (const later of [...chat.querySelectorAll("article")].slice(index)) later.remove();
    void answer();
  };
  return again;
}

function setRunning(on) {
  if (!on) running = undefined;
  $("stop").hidden = !on;
  $("send").hidden = on;
}

// ---- what people do ----------------------------------------------------------------------------------------------------

$("ask").onsubmit = (event) => {
  event.preventDefault();
  const text = question.value.trim();
  if (running || (text === "" && attached.length === 0)) return;
  const images = attached.map(({ url }) => ({ type: "image_url", image_url: { url } }));
  const content = images.length > 0 ? [...images, { type: "text", text }] : text;
  messages.push({ role: "user", content });
  showMessage("user", text, attached);
  attached = [];
  question.value = "";
  showAttached();
  void answer();
};
question.onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("ask").requestSubmit();
};
$("stop").onclick = () => running?.abort();
$("clear").onclick = () => {
  running?.abort();
  messages = [];
  for (const article of chat.querySelectorAll("article")) article.remove();
  $("welcome").hidden = false;
  question.focus();
};
$("files").onchange = (event) => {
  void attach([...event.target.files]);
  event.target.value = "";
};
document.onpaste = (event) => void attach([...(event.clipboardData?.files ?? [])]);
document.ondragover = (event) => {
  event.preventDefault();
  document.body.classList.add("dropping");
};
document.ondragleave = (event) => {
  if (event.relatedTarget === null) document.body.classList.remove("dropping");
};
document.ondrop = (event) => {
  event.preventDefault();
  document.body.classList.remove("dropping");
  void attach([...event.dataTransfer.files]);
};
$("code").onclick = async () => {
  const text = question.value.trim();
  const body = requestBody(text ? [...messages, { role: "user", content: text }] : messages);
  const quoted = JSON.stringify(body, null, 2).replaceAll("'", "'\\''");
  const key = $("key").value.trim() ? " \\\n  -H \"authorization: Bearer $VIREO_API_KEY\"" : "";
  const curl = `curl ${new URL("v1/chat/completions", location.href)} -H 'content-type: application/json'${key} -d '${quoted}'`;
  await navigator.clipboard.writeText(curl);
  $("code").textContent = "Copied";
  setTimeout(() => ($("code").textContent = "Copy as curl"), 1500);
};

async function connect() {
  try {
    const response = await fetch("v1/models", { headers: headers() });
    if (response.status === 401) throw new Error("this server asks for a key: enter it under Settings");
    const [first] = (await response.json()).data;
    model = first.id;
    $("model").textContent = `${model} · context ${first.context_length.toLocaleString("en")} tokens`;
    $("noise").hidden = first.id !== "vireo/tiny";
  } catch (error) {
    $("model").textContent = error.message;
  }
}
$("key").onchange = connect;
void connect();
question.focus();
