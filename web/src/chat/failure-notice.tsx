import { useEffect, useState } from "react";
import type { Failure } from "../api/failure.ts";
import { Icon } from "../ui/icon.tsx";
import { counted } from "../ui/numbers.ts";
import { useThreadActions } from "./actions.ts";

interface FailureNoticeProps {
  readonly failure: Failure;
  readonly answerId: string;
}

const TITLES: Readonly<Record<Failure["kind"], string>> = {
  network: "No connection",
  broken: "The answer is incomplete",
  server: "The server refused",
};

/** Shows the server's message for a failed answer, with a button to retry. */
export function FailureNotice({ failure, answerId }: FailureNoticeProps) {
  const { regenerate } = useThreadActions();
  const { kind, message, hint, code, param, status, requestId, retryAt } = failure;
  const waitSeconds = useCountdown(retryAt);
  const title = kind === "server" && status === undefined ? "The answer broke off" : TITLES[kind];
  const details = [
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(code === undefined ? [] : [code]),
    ...(param === undefined ? [] : [param]),
    ...(requestId === undefined ? [] : [requestId]),
  ];
  return (
    <div className="failure" role="alert" data-kind={kind}>
      <Icon name="alert" />
      <div className="grow">
        <strong>{title}</strong>
        <p>{message}</p>
        {hint === undefined ? null : <p>{hint}</p>}
        {details.length === 0 ? null : <p className="failure-details">{details.join(" · ")}</p>}
      </div>
      <div className="failure-retry">
        <button type="button" className="quiet-button" onClick={() => regenerate(answerId)}>
          <Icon name="refresh" />
          Try again
        </button>
        {waitSeconds > 0 ? (
          <span className="note">best in {counted(waitSeconds, "second")}</span>
        ) : null}
      </div>
    </div>
  );
}

/** Returns the seconds until a time, counting down. */
function useCountdown(until: number | undefined): number {
  const left = (): number => Math.max(0, Math.ceil(((until ?? 0) - Date.now()) / 1000));
  const [value, setValue] = useState(left);
  useEffect(() => {
    if (until === undefined) return;
    const timer = setInterval(() => {
      const now = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setValue(now);
      if (now === 0) clearInterval(timer);
    }, 500);
    return () => clearInterval(timer);
  }, [until]);
  return value;
}
