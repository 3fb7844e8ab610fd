import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = process.env.VIREO_URL ?? "http://127.0.0.1:8000";

/** `npm run dev:web` shows the page with a running `vireo serve` behind it. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    // The policy of the server allows no data: fonts or styles, and every file has its own hash.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
  },
  server: { proxy: { "/v1": SERVER, "/health": SERVER } },
});
