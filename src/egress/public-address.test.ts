import { expect, test } from "vitest";
import { checkMediaUrl } from "./address.ts";
import { isPublicAddress } from "./public-address.ts";

test.each([
  ...["1.1.1.1", "8.8.8.8", "93.184.216.34", "168.63.129.17", "192.0.1.1", "223.255.255.255"],
  ...["2001:200::1", "2001:4860:4860::8888", "2400:cb00::1", "2606:2800:220:1::", "2a00:1450::5"],
  ...["2620:fe::9", "2c0f:fb50::1", "2a00::5efe:2"],
])("%s is public", (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

test.each([
  ...["0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1"],
  ...["127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192"],
  ...["192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.175.48.1"],
  ...["198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1"],
  ...["240.0.0.1", "255.255.255.255", "168.63.129.16"],
])("IPv4 %s is not public", (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  ["unspecified", "::"],
  ["loopback", "::1"],
  ["compatible", "::7f00:1"],
  ["compatible", "::10.0.0.1"],
  ["compatible with a public address", "::8.8.8.8"],
  ["mapped", "::ffff:127.0.0.1"],
  ["mapped", "::ffff:a00:1"],
  ["mapped public address", "::ffff:8.8.8.8"],
  ["translated", "::ffff:0:10.0.0.1"],
  ["NAT64", "64:ff9b::a00:1"],
  ["local NAT64", "64:ff9b:1::1"],
  ["discard", "100::1"],
  ["dummy", "100:0:0:1::1"],
  ["Teredo", "2001::1"],
  ["Teredo", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
  ["benchmarks", "2001:2::1"],
  ["AMT", "2001:3::1"],
  ["AS112", "2001:4:112::1"],
  ["ORCHID", "2001:10::1"],
  ["ORCHID, version 2", "2001:20::1"],
  ["drones", "2001:30::1"],
  ["documentation", "2001:db8::1"],
  ["6to4", "2002:a00:1::1"],
  ["6to4 of a public address", "2002:808:808::1"],
  ["direct AS112", "2620:4f:8000::1"],
  ["unassigned", "2d00::1"],
  ["unassigned", "2e00::1"],
  ["unassigned", "3000::1"],
  ["6bone", "3ffe::1"],
  ["documentation", "3fff::1"],
  ["unassigned", "4000::1"],
  ["segment routing", "5f00::1"],
  ["unassigned", "a000::1"],
  ["unique local", "fc00::1"],
  ["unique local", "fd00:ec2::254"],
  ["link-local", "fe80::1"],
  ["link-local with a zone", "fe80::1%eth0"],
  ["site-local", "fec0::1"],
  ["multicast", "ff02::1"],
  ["ISATAP", "2a00:1450:4001:830:0:5efe:10.0.0.1"],
  ["ISATAP of a global address", "2a00:1450:4001:830:200:5efe:a00:1"],
  ["ISATAP, link-local", "fe80::5efe:127.0.0.1"],
])("IPv6 %s: %s is not public, alone or in a URL", (_, address) => {
  expect(isPublicAddress(address)).toBe(false);
  expect(() => checkMediaUrl(`http://[${address}]/a.png`, false)).toThrow(
    /not public|malformed|characters/,
  );
});

test.each(["", "host", "1.2.3.4.5", "::g", "1::2::3"])("%j is not an address", (text) => {
  expect(isPublicAddress(text)).toBe(false);
});
