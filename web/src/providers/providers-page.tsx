import { useEffect, useState } from "react";
import { listEndpoints } from "../api/client.ts";
import type { Endpoint, Model } from "../api/types.ts";
import { useServer } from "../state/contexts.ts";
import { Facts } from "../ui/facts.tsx";
import { SidePage } from "../ui/side-page.tsx";
import { useAsync } from "../ui/use-async.ts";
import { factsOf, stateOf } from "./endpoint-facts.ts";

const REFRESH_MS = 2000;

/** The providers of every model, with their health, speed and errors now. */
export function ProvidersPage() {
  const { models } = useServer();
  const round = useRounds(REFRESH_MS);
  return (
    <SidePage>
      <article className="model-card" aria-label="Providers">
        <h1>Providers</h1>
        <p className="model-text">
          Who answers requests for each model, in the order in which they are tried. Figures are of
          the last half hour and renew themselves.
        </p>
        {models.map((model) => (
          <ModelProviders key={model.id} model={model} round={round} />
        ))}
      </article>
    </SidePage>
  );
}

interface ModelProvidersProps {
  readonly model: Model;
  /** A new number loads anew. */
  readonly round: number;
}

function ModelProviders({ model, round }: ModelProvidersProps) {
  const { apiKey } = useServer();
  const { value: endpoints = [], failure } = useAsync(
    `${round} ${model.id} ${apiKey}`,
    (signal) => listEndpoints(model.id, apiKey, signal),
    { keepPrevious: true },
  );
  return (
    <section aria-label={model.id}>
      <h2>{model.id}</h2>
      {failure === undefined ? null : <p className="note">{failure.message}</p>}
      {endpoints.map((endpoint) => (
        <ProviderCard key={endpoint.name} endpoint={endpoint} />
      ))}
    </section>
  );
}

function ProviderCard({ endpoint }: { readonly endpoint: Endpoint }) {
  const state = stateOf(endpoint);
  return (
    <div className="provider">
      <h3>
        {endpoint.provider_name}{" "}
        <span className="provider-state" data-state={state.kind}>
          {state.text}
        </span>
      </h3>
      <Facts facts={factsOf(endpoint)} />
    </div>
  );
}

/** Counts up at an interval, while the page is visible. */
function useRounds(intervalMs: number): number {
  const [round, setRound] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setRound((last) => last + 1);
    }, intervalMs);
    return () => clearInterval(timer);
  }, [intervalMs]);
  return round;
}
