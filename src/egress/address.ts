import ipaddr from "ipaddr.js";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

const PORTS: readonly string[] = ["", "80", "443"];

/** True for an address of the public Internet; every other range, also wrapped in IPv6, is not. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === "unicast";
}

/** What a URL is refused with: it names the field, never what the address leads to. */
export function blocked(why: string): VireoError {
  const message = `the media URL is refused: ${why}; send the file as a data: URL instead`;
  return new VireoError("media_fetch_blocked", message);
}

/**
 * Checks a media URL as far as its text goes: plain http or https, a public name or address, no
 * credentials, no other port. Numbers that browsers read as addresses (`127.1`, `0x7f.1`,
 * `2130706433`) are addresses here too.
 *
 * anyAddress: private addresses and other ports are let through, for an operator's own network.
 * Throws media_fetch_blocked.
 */
export function checkMediaUrl(text: string, anyAddress: boolean): URL {
  if (text.length > LIMITS.mediaUrlCharacters) {
    throw blocked(`it is longer than ${LIMITS.mediaUrlCharacters} characters`);
  }
  if (/[^\x21-\x7e]|\\/.test(text)) throw blocked("it has characters that no URL has");
  if (!/^https?:\/\/[^/]/i.test(text)) throw blocked("only http:// and https:// are fetched");
  if (!URL.canParse(text)) throw blocked("it is malformed");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw blocked("it carries credentials");
  if (/(^|\.)xn--/.test(url.hostname)) throw blocked("its name is written in another script");
  if (anyAddress) return url;
  if (!PORTS.includes(url.port)) throw blocked("only ports 80 and 443 are asked");
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    throw blocked("its address is not public");
  }
  return url;
}
