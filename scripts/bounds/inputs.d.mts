export interface BoundsRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}
export interface BoundsInput {
  /** Names in LIMITS, as "request.messages". */
  readonly limits: readonly string[];
  readonly make: () => BoundsRequest;
}
export const INPUTS: Readonly<Record<string, BoundsInput>>;
export function words(characters: number): string;
