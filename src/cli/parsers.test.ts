import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import {
  between,
  byteSize,
  namesOf,
  wholeBetween,
  wholeNumber,
  wholeNumberOrZero,
  wholeNumbers,
} from "./parsers.ts";

describe("parsers of option values", () => {
  test.each([
    ["a whole number", wholeNumber, "12", 12],
    ["zero where it is allowed", wholeNumberOrZero, "0", 0],
    ["a list of whole numbers", wholeNumbers, "1, 4,16", [1, 4, 16]],
    ["a number at the lower bound", between(0, 2), "0", 0],
    ["a fraction", between(0, 2), "0.7", 0.7],
    ["a whole number at the upper bound", wholeBetween(1, 12), "12", 12],
    ["a list of names", namesOf(["cpu", "null"]), "null,cpu", ["null", "cpu"]],
    ["decimal gigabytes", byteSize, "12GB", 12e9],
    ["binary gigabytes", byteSize, "16GiB", 16 * 1024 ** 3],
    ["megabytes without B", byteSize, "1.5m", 1.5e6],
    ["bytes", byteSize, "123456", 123_456],
  ])("accept %s", (_, parse: (text: string) => unknown, text, value) => {
    expect(parse(text)).toEqual(value);
  });

  test.each([
    ["zero", wholeNumber, "0"],
    ["a sign", wholeNumber, "-1"],
    ["a number beyond exact integers", wholeNumber, "9007199254740993"],
    ["an empty list", wholeNumbers, ""],
    ["a list with a gap", wholeNumbers, "1,,2"],
    ["an empty text", between(0, 2), " "],
    ["a number over the bound", between(0, 2), "2.01"],
    ["a number that is not finite", between(0, 2), "Infinity"],
    ["a fraction", wholeBetween(1, 12), "1.5"],
    ["an unknown name", namesOf(["cpu", "null"]), "cpu,gpu"],
    ["a negative size", byteSize, "-1GB"],
    ["an unknown unit", byteSize, "3 parsecs"],
  ])("refuse %s", (_, parse: (text: string) => unknown, text) => {
    expect(() => parse(text)).toThrow(InvalidArgumentError);
  });
});
