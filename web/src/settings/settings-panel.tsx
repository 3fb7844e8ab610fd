import { type ReactNode, useState } from "react";
import { missingAbility } from "../media/abilities.ts";
import { useServer, useSettings } from "../state/contexts.ts";
import { changedCount, DEFAULTS, type ReasoningMode } from "../state/settings.ts";
import { Icon } from "../ui/icon.tsx";
import { NumberField, Segments, type SettingsProps, TextField } from "./fields.tsx";
import { FormatSection } from "./format-section.tsx";
import { ToolsSection } from "./tools-section.tsx";

interface PanelProps {
  readonly onKey: () => void;
  readonly onClose: () => void;
}

const REASONING: readonly (readonly [ReasoningMode, string])[] = [
  ["auto", "Auto"],
  ["on", "On"],
  ["off", "Off"],
];

/** The parameters of a request. Empty fields leave the choice to the server. */
export function SettingsPanel(props: PanelProps) {
  const { onKey, onClose } = props;
  const { settings, change } = useSettings();
  const { models, model, apiKey } = useServer();
  const changed = changedCount(settings);
  return (
    <div className="settings">
      <header className="drawer-head">
        <h2>Settings</h2>
        {changed === 0 ? null : (
          <button
            type="button"
            className="link-button"
            onClick={() => change({ ...DEFAULTS, model: settings.model })}
          >
            Reset {changed}
          </button>
        )}
        <button type="button" className="icon-button" aria-label="Close settings" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <label className="field">
        <span>Model</span>
        <select value={settings.model} onChange={(event) => change({ model: event.target.value })}>
          {models.map(({ id }) => (
            <option key={id}>{id}</option>
          ))}
        </select>
      </label>
      <TextField
        label="System prompt"
        rows={3}
        placeholder="How the model should behave"
        value={settings.system}
        onChange={(system) => change({ system })}
      />
      <ReasoningGroup settings={settings} change={change} />
      <SamplingGroup settings={settings} change={change} />
      <MediaGroups
        settings={settings}
        change={change}
        pruningRate={model?.video_pruning_rate}
        videoProblem={missingAbility(model, { kind: "video", type: "" })}
      />
      <Group title="Answer format" open={settings.format !== "text"}>
        <FormatSection settings={settings} change={change} />
      </Group>
      <Group title="Tools" open={settings.tools !== ""}>
        <ToolsSection settings={settings} change={change} />
      </Group>
      <div className="group">
        <button type="button" className="quiet-button wide" onClick={onKey}>
          <Icon name="key" />
          {apiKey === "" ? "Enter an API key" : "Change the API key"}
        </button>
      </div>
    </div>
  );
}

interface MediaGroupsProps extends SettingsProps {
  /** The rate that the server uses if the field is empty. */
  readonly pruningRate: number | undefined;
  /** The reason why the server cannot read videos; absent if it can. */
  readonly videoProblem: string | undefined;
}

function MediaGroups({ settings, change, pruningRate, videoProblem }: MediaGroupsProps) {
  return (
    <>
      <Group title="Pictures">
        <NumberField field="maxTiles" hint="12" settings={settings} change={change} />
        <p className="note">Fewer tiles cost fewer tokens and show less detail.</p>
      </Group>
      <Group title="Videos">
        {videoProblem === undefined ? null : <p className="problem">{videoProblem}</p>}
        <div className="field-grid">
          <NumberField field="videoFps" hint="2" settings={settings} change={change} step={0.5} />
          <NumberField field="videoFrames" hint="128" settings={settings} change={change} />
          <NumberField
            field="videoPruning"
            hint={pruningRate === undefined ? "server's" : String(pruningRate)}
            settings={settings}
            change={change}
            step={0.05}
          />
        </div>
        <p className="note">
          EVS drops the tokens of a video that differ least from the frame before.
          {pruningRate === undefined
            ? ""
            : ` This server drops a share of ${pruningRate} by default; 0 drops none.`}
        </p>
      </Group>
    </>
  );
}

function ReasoningGroup({ settings, change }: SettingsProps) {
  return (
    <Group title="Reasoning" open>
      <Segments
        label="Reasoning"
        options={REASONING}
        value={settings.reasoning}
        onChange={(reasoning) => change({ reasoning })}
      />
      {settings.reasoning === "on" ? (
        <NumberField
          field="reasoningBudget"
          hint="no bound"
          settings={settings}
          change={change}
          step={64}
        />
      ) : null}
    </Group>
  );
}

interface GroupProps {
  readonly title: string;
  readonly open?: boolean;
  readonly children: ReactNode;
}

function Group({ title, open = false, children }: GroupProps) {
  // `open` is only the initial state: a group must not close while its last field is cleared.
  const [begins] = useState(open);
  return (
    <details className="group" open={begins}>
      <summary>
        <Icon name="chevron" />
        {title}
      </summary>
      {children}
    </details>
  );
}

function SamplingGroup({ settings, change }: SettingsProps) {
  const shared = { settings, change };
  return (
    <Group title="Sampling" open>
      <div className="field-grid">
        <NumberField field="temperature" hint="model's" step={0.1} {...shared} />
        <NumberField field="topP" hint="1" step={0.05} {...shared} />
        <NumberField field="topK" hint="off" {...shared} />
        <NumberField field="maxTokens" hint="what fits" step={64} {...shared} />
        <NumberField field="seed" hint="random" {...shared} />
        <NumberField field="repetitionPenalty" hint="1" step={0.05} {...shared} />
        <NumberField field="frequencyPenalty" hint="0" step={0.1} {...shared} />
        <NumberField field="presencePenalty" hint="0" step={0.1} {...shared} />
      </div>
      <TextField
        label="Stop texts"
        rows={2}
        placeholder="One per line; \n stands for a line break"
        value={settings.stop}
        onChange={(stop) => change({ stop })}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={settings.logprobs}
          onChange={(event) => change({ logprobs: event.target.checked })}
        />
        Ask for token probabilities
      </label>
    </Group>
  );
}
