/**
 * Bundles code for a browser: `node bundle.mjs BUNDLER TOOLS FOLDER CODE`, where FOLDER has the
 * package installed, and TOOLS the bundlers. Prints what came of it as JSON.
 */

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { gzipSync } from "node:zlib";

const [bundler, tools, folder, code] = process.argv.slice(2);
const require = createRequire(tools);
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
