import { useState } from "react";
import { deleteFile, getKey, listFiles } from "../api/client.ts";
import { type Failure, toFailure } from "../api/failure.ts";
import type { KeyInfo, UploadedFile } from "../api/types.ts";
import { useServer } from "../state/contexts.ts";
import { type Fact, Facts } from "../ui/facts.tsx";
import { Icon } from "../ui/icon.tsx";
import { useNotice } from "../ui/notices.tsx";
import { bytes, count, counted, date } from "../ui/numbers.ts";
import { SidePage } from "../ui/side-page.tsx";
import { useAsync } from "../ui/use-async.ts";

/** The files that this key has uploaded to the server, its usage and its limits. */
export function FilesPage() {
  return (
    <SidePage>
      <article className="model-card" aria-label="Files and usage">
        <h1>Files and usage</h1>
        <Uploads />
        <Usage />
      </article>
    </SidePage>
  );
}

function Uploads() {
  const { apiKey } = useServer();
  const notice = useNotice();
  const [round, setRound] = useState(0);
  const { value: files, failure } = useAsync(
    `${round} ${apiKey}`,
    (signal) => listFiles(apiKey, signal),
    { keepPrevious: true },
  );
  const remove = async ({ id, filename }: UploadedFile): Promise<void> => {
    try {
      await deleteFile(id, apiKey);
      notice(`Deleted “${filename}”.`);
    } catch (thrown) {
      notice(toFailure(thrown).message);
    }
    setRound((last) => last + 1);
  };
  return (
    <section>
      <h2>Uploaded files</h2>
      {failure === undefined ? null : <p className="note">{filesProblem(failure)}</p>}
      {failure === undefined && files === undefined ? <p className="note">Loading…</p> : null}
      {failure === undefined && files?.length === 0 ? (
        <p className="note">
          There are none. Programs upload files with <code>POST /v1/files</code> and refer to them
          by their id; what you attach in this page is sent with the question and is not listed.
        </p>
      ) : null}
      {failure === undefined && files !== undefined && files.length > 0 ? (
        <FileTable files={files} onDelete={(file) => void remove(file)} />
      ) : null}
    </section>
  );
}

function filesProblem({ status, message }: Failure): string {
  return status === 404 ? "This server stores no files." : message;
}

interface FileTableProps {
  readonly files: readonly UploadedFile[];
  readonly onDelete: (file: UploadedFile) => void;
}

function FileTable({ files, onDelete }: FileTableProps) {
  return (
    <ul className="uploads" aria-label="Uploaded files">
      {files.map((file) => (
        <li key={file.id}>
          <span className="grow">
            <strong>{file.filename}</strong>
            <span className="note">
              {bytes(file.bytes)}
              {file.created_at === undefined ? "" : ` · uploaded ${date(file.created_at)}`}
              {file.expires_at ? ` · expires ${date(file.expires_at)}` : " · never expires"}
            </span>
            <code>{file.id}</code>
          </span>
          <DeleteButton name={file.filename} onDelete={() => onDelete(file)} />
        </li>
      ))}
    </ul>
  );
}

interface DeleteProps {
  readonly name: string;
  readonly onDelete: () => void;
}

/** Deletes after a second press: the server cannot restore a file. */
function DeleteButton({ name, onDelete }: DeleteProps) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button
        type="button"
        className="icon-button"
        aria-label={`Delete ${name}`}
        title="Delete"
        onClick={() => setAsking(true)}
      >
        <Icon name="trash" />
      </button>
    );
  }
  return (
    <span className="row">
      <button type="button" className="quiet-button danger" onClick={onDelete}>
        Delete
      </button>
      <button type="button" className="quiet-button" onClick={() => setAsking(false)}>
        Keep
      </button>
    </span>
  );
}

function Usage() {
  const { apiKey } = useServer();
  const { value, failure } = useAsync(apiKey || "none", (signal) => getKey(apiKey, signal));
  if (failure !== undefined) return <p className="note">{failure.message}</p>;
  if (value === undefined) return null;
  return (
    <>
      <section>
        <h2>Usage since the server was started</h2>
        <Facts facts={usageFacts(value)} />
      </section>
      <section>
        <h2>Limits</h2>
        <Facts facts={limitFacts(value)} />
      </section>
    </>
  );
}

function usageFacts({ label, usage }: KeyInfo): readonly Fact[] {
  return [
    ["Key", label === "" ? "none" : label],
    ["Requests", count(usage.requests)],
    ["Prompt tokens", count(usage.prompt_tokens)],
    ["Answer tokens", count(usage.completion_tokens)],
    ["Cost", `$${usage.cost_usd}`],
  ];
}

function limitFacts({ rate_limit: limit }: KeyInfo): readonly Fact[] {
  const shown = (value: number | null, unit: string): string =>
    value === null ? "no limit" : counted(value, unit);
  return [
    ["Requests per minute", shown(limit.requests_per_minute, "request")],
    ["Tokens per minute", shown(limit.tokens_per_minute, "token")],
    ["Concurrent requests", shown(limit.concurrent_requests, "request")],
  ];
}
