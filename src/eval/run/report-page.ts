// The frame of the report's page: its style, its one script, and the policy that allows no other.

import { createHash } from "node:crypto";
import { escapeHtml } from "./report-html.ts";

const STYLE = `
:root{color-scheme:light dark;
--page:light-dark(#f6f7f9,#14161a);--card:light-dark(#fff,#1d2026);
--text:light-dark(#1b1f24,#e6e8eb);
--dim:light-dark(#59616b,#a3abb5);--line:light-dark(#dfe3e8,#343a43);
--code:light-dark(#f1f3f5,#15181d);
--right:light-dark(#187a4b,#41c98a);--partial:light-dark(#6b7a12,#b6c94a);
--wrong:light-dark(#b3261e,#f2857c);--unparsed:light-dark(#96590a,#f0b354);
--truncated:light-dark(#59616b,#a3abb5);--refused:light-dark(#7443a8,#c49bf0);
--error:light-dark(#3a3f46,#d4d8dd);--accent:light-dark(#0b63b8,#79b8ff)}
*{box-sizing:border-box}[hidden]{display:none!important}
body{font:15px/1.5 system-ui,sans-serif;margin:0;background:var(--page);color:var(--text)}
main{max-width:64rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .6rem}h3{margin:1rem 0 .3rem}
.dim{color:var(--dim)}p{margin:.3rem 0}
.card{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:1rem;
margin:.8rem 0}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem;
margin:1rem 0}
.facts div{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
padding:.6rem .8rem}
.facts b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;
font-variant-numeric:tabular-nums}
td,th{padding:.4rem .7rem;text-align:left;border-bottom:1px solid var(--line)}
th{color:var(--dim);font-weight:600}tbody tr:last-child td{border:0}
svg{display:block;width:100%;height:auto}svg text{fill:var(--dim);font-size:12px}
svg .grid{stroke:var(--line)}svg .range{stroke:var(--accent);stroke-width:3}
svg .score{fill:var(--accent)}svg .published{fill:none;stroke:var(--unparsed);stroke-width:2}
.bar{display:flex;height:.8rem;gap:2px;border-radius:.4rem;overflow:hidden;margin-bottom:.6rem}
.legend{display:flex;flex-wrap:wrap;gap:.3rem 1rem}
.dot{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.4rem}
.right{background:var(--right)}.partial{background:var(--partial)}.wrong{background:var(--wrong)}
.unparsed{background:var(--unparsed)}.truncated{background:var(--truncated)}
.refused{background:var(--refused)}.error{background:var(--error)}
.filters{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end}
.filters label{display:grid;gap:.2rem;color:var(--dim);font-size:.85rem}
select,input{font:inherit;min-height:2.75rem;padding:.3rem .6rem;color:inherit;max-width:100%;
background:var(--card);border:1px solid var(--line);border-radius:.4rem}
details.item{background:var(--card);border:1px solid var(--line);border-radius:.6rem;
margin:.4rem 0}
summary{cursor:pointer;padding:.6rem .8rem;overflow-wrap:anywhere}
details.item>summary{display:flex;gap:.8rem;align-items:center;list-style:none}
summary>span{min-width:0;flex:1}summary img{width:4rem;height:3rem;object-fit:cover;
object-position:left top;flex:none}
img{background:#fff;border:1px solid var(--line);border-radius:.3rem}
details[open]>summary img{width:auto;height:auto;max-width:min(20rem,50%)}
.body{padding:0 .8rem .8rem}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));gap:0 .8rem}
.pair>div{min-width:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.2rem 0 .7rem;background:var(--code);
border-radius:.4rem;padding:.5rem .7rem;font:13px/1.5 ui-monospace,monospace;
unicode-bidi:isolate;max-height:24rem;overflow:auto}
@media(max-width:40rem){svg text{font-size:20px}td,th{padding:.4rem .35rem;font-size:.85rem}}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
`;

const SCRIPT = `
const items = [...document.querySelectorAll("details.item")];
const chosen = [...document.querySelectorAll("select[data-by]")];
const words = document.querySelector("input[type=search]");
const shown = document.querySelector("output");
function filter() {
  const text = words.value.toLowerCase();
  let count = 0;
  for (const item of items) {
    const fits = chosen.every(({ value, dataset }) => {
      return value === "" || item.dataset[dataset.by] === value;
    });
    item.hidden = !fits || (text !== "" && !item.textContent.toLowerCase().includes(text));
    if (!item.hidden) count += 1;
  }
  shown.textContent = count + " of " + items.length;
}
for (const field of [...chosen, words]) field.addEventListener("input", filter);
filter();
`;

/** The whole page. `title` is text, `body` is HTML that is already safe. */
export function pageOf(title: string, body: string): string {
  const hash = createHash("sha256").update(SCRIPT).digest("base64");
  const policy =
    "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; " +
    `style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body><main>
${body}</main><script>${SCRIPT}</script></body></html>
`;
}
