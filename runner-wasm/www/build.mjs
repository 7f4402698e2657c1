// Bundles the page: `node build.mjs FOLDER` writes it there, `--fake` with an engine that only tells a story, to work on
// the page without building WebAssembly. What is made is static, and asks nobody but its own host.

import { build } from "esbuild";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const isFake = process.argv.includes("--fake");
const out = resolve(process.argv.slice(2).find((argument) => !argument.startsWith("--")) ?? "dist");

/** Puts the engine of `test/fake` in the place of the real one. */
const fake = {
  name: "fake",
  setup(build) {
    build.onResolve({ filter: /\/bridge\/playground$/ }, () => ({ path: join(here, "test/fake/playground.ts") }));
  },
};

/** What the firmware takes, as `cargo xtask size` has written it into the README: `[[heading, [[name, value], …]], …]`. */
function sizes() {
  const readme = readFileSync(join(here, "../../README.md"), "utf8");
  const [, table = ""] = /<!-- size:begin -->(.*?)<!-- size:end -->/s.exec(readme) ?? [];
  return table.trim().split(/\n\n+/).map((part) => {
    const rows = part.trim().split("\n").map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim().replaceAll("`", "")));
    return [rows[0]?.[1] ?? "", rows.slice(2)];
  });
}

const workers = join(here, "src/workers");
const entries = existsSync(workers) ? readdirSync(workers).filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts")) : [];
mkdirSync(out, { recursive: true });

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome111", "firefox114", "safari16.4"],
  legalComments: "none",
  loader: { ".txt": "text", ".rs": "text" },
  external: ["./wasm/*", "../wasm/*"],
  define: { SIZES: JSON.stringify(sizes()) },
  logLevel: "warning",
};

await build({ ...common, entryPoints: { playground: "src/main.tsx", style: "src/style/main.css" }, outdir: out, plugins: isFake ? [fake] : [] });
if (!isFake && entries.length) {
  await build({ ...common, entryPoints: entries.map((name) => join("src/workers", name)), outdir: join(out, "workers") });
}
for (const name of ["index.html", "icon.svg"]) cpSync(join(here, "src", name), join(out, name));
