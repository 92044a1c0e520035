/**
 * Bundles code for a browser: `node bundle.mjs BUNDLER TOOLS FOLDER CODE`, where FOLDER has the
 * package installed, and TOOLS the bundlers. Prints what came of it as JSON.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { gzipSync } from "node:zlib";

const [bundler, tools, folder, code] = process.argv.slice(2);
const require = createRequire(tools);
const consumer = createRequire(`${tools}consumers/`);
const esbuild = require("esbuild");

const work = mkdtempSync(`${folder}/bundle-`);
const entry = `${work}/entry.mjs`;
const path = `${work}/bundle.js`;
writeFileSync(entry, code);

/** Each writes the bundle, a script that sets `KpnAuth`, and returns the warnings. */
const BUNDLERS = {
  async esbuild() {
    const { warnings } = await esbuild.build({
      entryPoints: [entry],
      outfile: path,
      bundle: true,
      minify: true,
      platform: "browser",
      format: "iife",
      globalName: "KpnAuth",
    });
    return warnings.map(({ text }) => text);
  },

  async rollup() {
    const warnings = [];
    const bundle = await require("rollup").rollup({
      input: entry,
      plugins: [require("@rollup/plugin-node-resolve").nodeResolve({ browser: true })],
      onwarn: ({ message }) => warnings.push(message),
    });
    const { output } = await bundle.generate({ format: "iife", name: "KpnAuth" });
    const { code } = await esbuild.transform(output[0].code, { minify: true });
    writeFileSync(path, code);
    return warnings;
  },

  webpack() {
    const compiler = require("webpack")({
      mode: "production",
      target: "web",
      context: folder,
      entry,
      output: {
        path: work,
        filename: "bundle.js",
        ...code.includes("export") && { library: { name: "KpnAuth", type: "var" } },
      },
    });
    return new Promise((resolve, reject) => {
      compiler.run((error, stats) => {
        const { errors = [], warnings = [] } = stats?.toJson() ?? {};
        if (error) reject(error);
        else resolve([...errors, ...warnings].map(({ message }) => message));
      });
    });
  },

  async vite() {
    const warnings = [];
    const { build, createLogger } = await import(consumer.resolve("vite"));
    const warn = (text) => void warnings.push(text);
    await build({
      root: folder,
      configFile: false,
      logLevel: "silent",
      customLogger: { ...createLogger("silent"), warn, warnOnce: warn },
      build: {
        outDir: work,
        emptyOutDir: false,
        modulePreload: false,
        rollupOptions: { input: entry, output: { entryFileNames: "bundle.js", format: "iife" } },
      },
    });
    return warnings;
  },

  async rolldown() {
    const warnings = [];
    const { build } = await import(consumer.resolve("rolldown"));
    await build({
      input: entry,
      platform: "browser",
      onLog: (_level, { message }) => void warnings.push(message),
      output: { file: path, format: "iife", minify: true },
    });
    return warnings;
  },

  async parcel() {
    // Parcel leaves "exports" alone unless a project says this.
    const setting = { "@parcel/resolver-default": { packageExports: true } };
    writeFileSync(`${folder}/package.json`, JSON.stringify({ private: true, ...setting }));
    const { Parcel } = consumer("@parcel/core");
    const { bundleGraph } = await new Parcel({
      entries: entry,
      defaultConfig: consumer.resolve("@parcel/config-default"),
      mode: "production",
      shouldDisableCache: true,
      cacheDir: `${work}/cache`,
      defaultTargetOptions: { shouldOptimize: true, shouldScopeHoist: true, sourceMaps: false },
      targets: { main: { context: "browser", outputFormat: "global", distDir: `${work}/dist` } },
    }).run();
    renameSync(bundleGraph.getBundles()[0].filePath, path);
    return [];
  },

  async tsup() {
    await consumer("tsup").build({
      entry: { bundle: entry },
      format: "iife",
      outDir: work,
      outExtension: () => ({ js: ".js" }),
      config: false,
      minify: true,
      noExternal: [/./],
      platform: "browser",
      silent: true,
    });
    return [];
  },

  bun() {
    const args = ["build", entry, `--outfile=${path}`, "--target=browser", "--minify"];
    execFileSync(`${tools}node_modules/bun/bin/bun`, args, { stdio: "pipe" });
    return [];
  },

  /** For no platform: whatever is imported from outside is an error, or named in the warnings. */
  async neutral() {
    const { metafile } = await esbuild.build({
      entryPoints: [entry],
      outfile: path,
      bundle: true,
      metafile: true,
      platform: "neutral",
      mainFields: ["module"],
      format: "esm",
    });
    return Object.values(metafile.outputs).flatMap(({ imports }) =>
      imports.map(({ path }) => path)
    );
  },
};

const warnings = await BUNDLERS[bundler]();
console.log(JSON.stringify({ warnings, path, bytes: gzipSync(readFileSync(path)).length }));
