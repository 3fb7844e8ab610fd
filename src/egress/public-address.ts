import ipaddr from "ipaddr.js";

/**
 * Ranges that are not reachable from everywhere, or that lead to the machine's own network: IANA's
 * registry of special IPv4 addresses, multicast, and Azure's address for its virtual machines.
 */
const SPECIAL_IPV4 = ranges(
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/3",
);

/** Global unicast addresses; everything else is special, local or unassigned. */
const GLOBAL_IPV6 = ranges("2000::/3");

/** Parts of GLOBAL_IPV6 that are not for hosts, after IANA's registries of IPv6 addresses. */
const SPECIAL_IPV6 = ranges(
  "2001::/23", // Teredo, benchmarks, ORCHID, drones and others
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4, which contains an IPv4 address
  "2620:4f:8000::/48", // AS112
  "2d00::/8", // unassigned, as the next two
  "2e00::/7",
  "3000::/4", // contains 6bone and the newer documentation range
);

/** Whether everyone can reach an address, so that nothing inside this network is named by it. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed instanceof ipaddr.IPv4) return !isIn(parsed, SPECIAL_IPV4);
  return isIn(parsed, GLOBAL_IPV6) && !isIn(parsed, SPECIAL_IPV6) && !isIsatap(parsed.parts);
}

type Address = ipaddr.IPv4 | ipaddr.IPv6;

function ranges(...texts: readonly string[]): readonly [Address, number][] {
  return texts.map((text) => ipaddr.parseCIDR(text));
}

function isIn(address: Address, list: readonly [Address, number][]): boolean {
  return list.some((range) => address.match(range));
}

/** ISATAP puts an IPv4 address behind 0000:5efe or 0200:5efe, in any network. */
function isIsatap(parts: readonly number[]): boolean {
  return (parts[4]! & 0xfdff) === 0 && parts[5] === 0x5efe;
}
