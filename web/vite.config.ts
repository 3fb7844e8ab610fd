import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = process.env.VIREO_URL ?? "http://127.0.0.1:8000";

/** `npm run dev:web` serves the page and forwards API requests to a running `vireo serve`. */
export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../dist/web",
    emptyOutDir: true,
    target: "es2022",
    // The server's content policy allows no data: URLs for fonts and styles.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: "licenses.md" },
    reportCompressedSize: false,
    // Packages change less often than the page, so browsers can keep them in their cache.
    rolldownOptions: {
      output: { codeSplitting: { groups: [{ name: "packages", test: /node_modules/ }] } },
    },
  },
  server: { proxy: { "/v1": SERVER, "/health": SERVER } },
});
