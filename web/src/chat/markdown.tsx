import { Children, memo, type ReactElement, type ReactNode } from "react";
import ReactMarkdown, { type Components } from "react-markdown";
import remarkGfm from "remark-gfm";
import { splitAtBoxes, toBox } from "../answer/boxes.ts";
import { blockJson } from "../answer/json.ts";
import { splitAtPages } from "../answer/pages.ts";
import { CodeBox } from "../ui/code.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { ScrollArea } from "../ui/scroll-area.tsx";
import { BoxMark } from "./box-context.tsx";
import { JsonView } from "./json-view.tsx";
import { PageLink } from "./page-context.tsx";

/** The used part of a node in the tree that react-markdown passes to its plugins. */
interface HastNode {
  readonly type: string;
  readonly value?: string;
  readonly tagName?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
  children?: HastNode[];
}

/** Wraps each box in the text in `mark` and each page in `cite`, except in code blocks. */
function markBoxes() {
  const visit = (node: HastNode): void => {
    if (node.children === undefined || node.tagName === "pre") return;
    node.children = node.children.flatMap((child): HastNode[] => {
      visit(child);
      if (child.type !== "text" || child.value === undefined) return [child];
      return splitAtBoxes(child.value).flatMap(({ text, box }) => {
        if (box !== undefined) return [inside("mark", text)];
        return splitAtPages(text).map((piece): HastNode => {
          return piece.page === undefined
            ? { type: "text", value: piece.text }
            : inside("cite", piece.text);
        });
      });
    });
  };
  return visit;
}

function inside(tagName: string, value: string): HastNode {
  return { type: "element", tagName, properties: {}, children: [{ type: "text", value }] };
}

const REMARK = [remarkGfm];
const REHYPE = [markBoxes];

const COMPONENTS: Components = {
  // An answer must not fetch anything: the URL of a picture could leak data.
  img: ({ alt }) => <span className="inert-image">{alt || "picture"}</span>,
  a: ({ href, children }) => (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  ),
  mark: ({ children }) => {
    const text = textOf(children);
    const box = toBox((text.match(/[\d.]+/g) ?? []).map(Number));
    return box === undefined ? <mark>{text}</mark> : <BoxMark box={box} text={text} />;
  },
  cite: ({ children }) => {
    const text = textOf(children);
    return <PageLink text={text} page={Number(/\d+/.exec(text)?.[0])} />;
  },
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => (
    <ScrollArea label="Table">
      <table>{children}</table>
    </ScrollArea>
  ),
};

/** Renders an answer as Markdown. HTML is shown as text; nothing is executed or fetched. */
export const Markdown = memo(function Markdown({ text }: { readonly text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown
        remarkPlugins={REMARK}
        rehypePlugins={REHYPE}
        components={COMPONENTS}
        urlTransform={safeUrl}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
});

/** Allows only web addresses and mail. */
export function safeUrl(url: string): string | undefined {
  return /^(https?:\/\/|mailto:)/i.test(url) ? url : undefined;
}

function CodeBlock({ children }: { readonly children: ReactNode }) {
  const [code] = Children.toArray(children) as [ReactElement<CodeProps>?];
  const text = textOf(code?.props.children).replace(/\n$/, "");
  const language = /language-([\w-]+)/.exec(code?.props.className ?? "")?.[1] ?? "";
  const json = blockJson(language, text);
  if (json !== undefined) return <JsonView json={json} text={text} />;
  return (
    <div className="code-block">
      <div className="code-head">
        <span>{language}</span>
        <CopyButton label="code" text={() => text} />
      </div>
      <CodeBox text={text} language={language} />
    </div>
  );
}

interface CodeProps {
  readonly className?: string;
  readonly children?: ReactNode;
}

function textOf(node: ReactNode): string {
  return Children.toArray(node)
    .map((child) => (typeof child === "string" ? child : ""))
    .join("");
}
