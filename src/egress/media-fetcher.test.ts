import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { checkMediaUrl } from "./address.ts";
import { fetchAll, MediaFetcher } from "./media-fetcher.ts";

vi.mock("node:dns/promises", () => ({
  lookup: async (name: string) => {
    const addresses: Record<string, string[]> = {
      "inside.example": ["10.0.0.7"],
      "half.example": ["93.184.216.34", "127.0.0.1"],
      "mapped.example": ["::ffff:127.0.0.1"],
      "local.example": ["127.0.0.1"],
    };
    const found = addresses[name];
    if (!found)
      throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: "ENOTFOUND" });
    return found.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  },
}));

let server: Server;
let origin: string;
let asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const redirect = /^\/redirect\/(\d+)$/.exec(request.url ?? "");
    if (redirect) {
      const left = Number(redirect[1]);
      const location = left === 0 ? "/file" : `/redirect/${left - 1}`;
      response.writeHead(302, { location }).end();
    } else if (request.url === "/inside") {
      response.writeHead(302, { location: "http://user:secret@127.0.0.1/" }).end();
    } else if (request.url === "/missing") {
      response.writeHead(404).end("secret of the other side");
    } else if (request.url === "/long") {
      response.writeHead(200);
      const send = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65536)));
        if (!response.destroyed) response.once("drain", send);
      };
      send();
    } else if (request.url === "/hang") {
      response.writeHead(200).write("begun");
    } else {
      response.end("the file");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe("an address that is not public", () => {
  test.each([
    "http://169.254.169.254/latest/meta-data",
    "http://localhost.example:80@127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://[::1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://100.64.0.1/",
    "http://10.1.2.3/",
    "http://192.168.0.1/",
    "http://172.16.0.1/",
    "http://[fd00::1]/",
    "http://[fe80::1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://198.18.0.1/",
    "http://192.0.2.1/",
  ])("%s is refused before anything is sent", async (url) => {
    const fetcher = new MediaFetcher("public");
    const refused = expect.objectContaining({ code: "media_fetch_blocked" });
    await expect(fetcher.fetch(url, 100)).rejects.toEqual(refused);
    await fetcher.close();
  });

  test.each(["inside", "half", "mapped", "local"])("%s.example neither", async (name) => {
    const fetcher = new MediaFetcher("public");
    const refused = expect.objectContaining({ code: "media_fetch_blocked" });
    await expect(fetcher.fetch(`http://${name}.example/`, 100)).rejects.toEqual(refused);
    await fetcher.close();
  });
});

describe("a URL on another host", () => {
  test.each([
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "//etc/passwd",
    "../x",
    "\\\\host\\share",
    "gopher://example.com/",
    "ftp://example.com/",
    "blob:http://example.com/1",
    "javascript:alert(1)",
    "http:example.com",
    "http://user:pass@example.com/",
    "http://example.com\r\nHost: other/",
    "http://exa\tmple.com/",
    "http://example。com/",
    "http://xn--pple-43d.com/",
    `http://example.com/${"a".repeat(100_000)}`,
    "http://example.com:22/",
    "http://example.com:6379/",
    "http://example.com:8000/",
    "http://[::1",
    "http:///x",
  ])("%s", (url) => {
    const refused = expect.objectContaining({ code: "media_fetch_blocked" });
    expect(() => checkMediaUrl(url, false)).toThrow(refused);
  });

  test("a plain one is fine", () => {
    expect(checkMediaUrl("https://example.com/a.png?b=c#d", false).hostname).toBe("example.com");
    expect(checkMediaUrl("http://93.184.216.34/a.png", false).hostname).toBe("93.184.216.34");
  });
});

describe("fetching", () => {
  const using = async <T>(body: (fetcher: MediaFetcher) => Promise<T>): Promise<T> => {
    const fetcher = new MediaFetcher("any");
    try {
      return await body(fetcher);
    } finally {
      await fetcher.close();
    }
  };
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => "fetched",
      (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
    );

  test("gets the file, through names and up to three redirects", async () => {
    await using(async (fetcher) => {
      const textOf = async (url: string) => Buffer.from(await fetcher.fetch(url, 100)).toString();
      expect(await textOf(`${origin}/file`)).toBe("the file");
      expect(await textOf(`${origin}/redirect/2`)).toBe("the file");
      expect(await textOf(origin.replace("127.0.0.1", "local.example"))).toBe("the file");
      expect(await codeOf(fetcher.fetch(`${origin}/redirect/3`, 100))).toMatch(
        /^media_fetch_block/,
      );
    });
  });

  test("errors do not quote the other side", async () => {
    await using(async (fetcher) => {
      const missing = await codeOf(fetcher.fetch(`${origin}/missing`, 100));
      expect(missing).toBe(
        "media_fetch_failed: the media URL could not be fetched: it answered with status 404",
      );
      expect(await codeOf(fetcher.fetch(`${origin}/inside`, 100))).toMatch(/carries credentials/);
      const nobody = await codeOf(fetcher.fetch("http://nobody.example/", 100));
      expect(nobody).toBe(
        "media_fetch_failed: the media URL could not be fetched: there was no answer",
      );
    });
  });

  test("stops at the limit and when the signal is aborted", async () => {
    await using(async (fetcher) => {
      expect(await codeOf(fetcher.fetch(`${origin}/long`, 100_000))).toMatch(/^media_too_large/);
      const reason = new Error("gone");
      const gone = fetcher.fetch(`${origin}/hang`, 100, AbortSignal.abort(reason));
      await expect(gone).rejects.toBe(reason);
      const controller = new AbortController();
      const hanging = fetcher.fetch(`${origin}/hang`, 100, controller.signal);
      setTimeout(() => controller.abort(reason), 50);
      await expect(hanging).rejects.toBe(reason);
    });
  });

  test("fetches each URL once", async () => {
    await using(async (fetcher) => {
      asked = [];
      const urls = [`${origin}/a`, `${origin}/b`, `${origin}/a`];
      const named = urls.map((url, index) => {
        return { url, param: `image ${index}`, maxBytes: 100 };
      });
      const files = await fetchAll(fetcher, named, 1000);
      expect([...files.keys()].sort()).toEqual([`${origin}/a`, `${origin}/b`]);
      expect(asked.sort()).toEqual(["/a", "/b"]);
      const tooMuch = fetchAll(fetcher, named, 3);
      await expect(tooMuch).rejects.toMatchObject({ code: "media_too_large", param: /image \d/ });
    });
  });

  test("does nothing if it is switched off", async () => {
    const fetcher = new MediaFetcher("none");
    expect(await codeOf(fetcher.fetch(`${origin}/file`, 100))).toMatch(/^media_fetch_blocked/);
    await fetcher.close();
  });
});
