import ipaddr from "ipaddr.js";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { isPublicAddress } from "./public-address.ts";

const PORTS: readonly string[] = ["", "80", "443"];

/** The error for a refused URL. It never reveals where the address leads. */
export function blocked(why: string): VireoError {
  const message = `the media URL is refused: ${why}; send the file as a data: URL instead`;
  return new VireoError("media_fetch_blocked", message);
}

/**
 * Checks the text of a media URL: plain http or https, a public name or address, no credentials and
 * no other port. Numbers that browsers read as addresses (`127.1`, `0x7f.1`,
 * `2130706433`) are addresses here too.
 *
 * anyAddress: allows private addresses and other ports, for an operator's own network.
 * Throws media_fetch_blocked.
 */
export function checkMediaUrl(text: string, anyAddress: boolean): URL {
  if (text.length > LIMITS.fetch.urlCharacters) {
    throw blocked(`it is longer than ${LIMITS.fetch.urlCharacters} characters`);
  }
  if (/[^\x21-\x7e]|\\/.test(text)) throw blocked("it has characters that no URL has");
  if (!/^https?:\/\/[^/]/i.test(text)) throw blocked("only http:// and https:// are fetched");
  if (!URL.canParse(text)) throw blocked("it is malformed");
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") throw blocked("it carries credentials");
  if (/(^|\.)xn--/.test(url.hostname)) throw blocked("its name is written in another script");
  if (anyAddress) return url;
  if (!PORTS.includes(url.port)) throw blocked("only ports 80 and 443 are allowed");
  const literal = url.hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(literal) && !isPublicAddress(literal)) {
    throw blocked("its address is not public");
  }
  return url;
}
