import { useId } from "react";
import {
  NUMBERS,
  type NumberField as NumberName,
  numberProblem,
  type Settings,
} from "../state/settings.ts";

export interface SettingsProps {
  readonly settings: Settings;
  readonly change: (patch: Partial<Settings>) => void;
}

interface NumberFieldProps extends SettingsProps {
  readonly field: NumberName;
  /** The value that applies while the field is empty. */
  readonly hint: string;
  readonly step?: number;
}

export function NumberField({ field, hint, step, settings, change }: NumberFieldProps) {
  const problem = numberProblem(field, settings[field]);
  const { label, min, max, whole } = NUMBERS[field];
  const description = useId();
  return (
    <label className="field">
      <span>{label}</span>
      <input
        type="number"
        inputMode={whole && min >= 0 ? "numeric" : "decimal"}
        min={min}
        max={max}
        step={step ?? (whole ? 1 : "any")}
        placeholder={hint}
        value={settings[field]}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : description}
        onChange={(event) => change({ [field]: event.target.value })}
      />
      {problem === undefined ? null : (
        <span className="problem" id={description}>
          {problem}
        </span>
      )}
    </label>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly rows: number;
  readonly placeholder: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly code?: boolean;
  /** Shown below the field. */
  readonly problem?: string | undefined;
}

export function TextField(props: TextFieldProps) {
  const { label, rows, placeholder, value, onChange, code = false, problem } = props;
  const description = useId();
  return (
    <label className="field">
      <span>{label}</span>
      <textarea
        className={code ? "code" : ""}
        rows={rows}
        spellCheck={!code}
        placeholder={placeholder}
        value={value}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : description}
        onChange={(event) => onChange(event.target.value)}
      />
      {problem === undefined ? null : (
        <span className="problem" id={description} role="status">
          {problem}
        </span>
      )}
    </label>
  );
}

interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [value: T, text: string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** A choice of a few options, all visible. */
export function Segments<T extends string>(props: SegmentsProps<T>) {
  const { label, options, value, onChange } = props;
  const name = useId();
  return (
    <fieldset className="segments">
      <legend className="hidden">{label}</legend>
      {options.map(([option, text]) => (
        <label key={option} data-chosen={option === value}>
          <input
            type="radio"
            name={name}
            checked={option === value}
            onChange={() => onChange(option)}
          />
          {text}
        </label>
      ))}
    </fieldset>
  );
}
