/**
 * Whether a tenant may hold `own` of the `used` places that are taken, both with the place that is
 * asked for: each tenant may hold as much as it leaves free.
 *
 * The bound moves with the load ("dynamic threshold" of shared buffers). A lone tenant may hold
 * half of the places, two may hold a third each, and n tenants 1 / (n + 1) each. So a newcomer
 * always finds room, and what nobody uses is not lost to a fixed division.
 */
export function isWithinShare(own: number, used: number, places: number): boolean {
  return own + used <= places;
}
