/**
 * Tells whether a tenant may occupy `own` of the `used` places; both counts include the requested
 * place. A tenant may occupy at most as many places as are left free.
 *
 * The bound depends on the load (the "dynamic threshold" of shared buffers). A single tenant may
 * occupy half of the places, two tenants a third each, and n tenants 1 / (n + 1) each. A newcomer
 * therefore always has room, and unused places are not lost to a fixed division.
 */
export function isWithinShare(own: number, used: number, places: number): boolean {
  return own + used <= places;
}
