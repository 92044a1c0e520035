#!/usr/bin/env node
/** Runs the command line in a process of Deno, Node or Bun. Only this file uses `process`. */

import { execFile, spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import type { Io } from "./io.ts";
import { main } from "./main.ts";

// `ppid` as it is at the start: by the time a command runs, the parent may have ended.
const { stdin, stdout, stderr, versions, platform, ppid } = process;

type Writable = typeof stdout | typeof stderr;

function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => error ? reject(error) : resolve());
  });
}

/** Asks for a line; switches the terminal's echo off before the prompt appears. */
function typed(prompt: string): Promise<string> {
  return new Promise((resolve) => {
    let line = "";
    const done = () => {
      stdin.setRawMode(false);
      stdin.off("data", type);
      stdin.pause();
      stderr.write("\n");
    };
    const type = (keys: Uint8Array) => {
      for (const key of new TextDecoder().decode(keys)) {
        if (key === "\x03") {
          done();
          process.exit(130); // Ctrl-C, which sends no signal in raw mode
        }
        if (key === "\r" || key === "\n" || key === "\x04") {
          done();
          return resolve(line);
        }
        line = key === "\x7f" || key === "\b" ? line.slice(0, -1) : line + key;
      }
    };
    stdin.setRawMode(true);
    stdin.on("data", type);
    stderr.write(prompt);
  });
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
    // Not under `npm run`: a script may start a mock that stays, with `kpn-auth mock &`.
    if (npmCommand() === "exec") orphaned(resolve);
  });
}

/** The npm command that started this: `exec` for `npx`, or the one that runs a script. */
function npmCommand(): string | undefined {
  return name === "node" ? process.env["npm_command"] : undefined;
}

/** Detects that the parent has ended: npm runs this in a shell, and forwards SIGTERM only to the shell. */
function orphaned(resolve: () => void): void {
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    resolve();
  }, 100);
  timer.unref();
}

/** On Windows, the image name of the program that started this one; elsewhere `SHELL` names the shell. */
function parent(): Promise<string | undefined> {
  const args = ["/fi", `PID eq ${ppid}`, "/fo", "csv", "/nh"];
  return new Promise((resolve) => {
    try {
      execFile(
        "tasklist",
        args,
        (_error, stdout) => resolve(/^"([^"]+)"/m.exec(stdout ?? "")?.[1]),
      );
    } catch {
      resolve(undefined); // Deno without --allow-run
    }
  });
}

function runProgram(
  [program = "", ...args]: readonly string[],
  variables: Readonly<Record<string, string | undefined>>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    // Not `child.kill`: Deno then reports that the signal ended the child, even if it did not.
    const send = (signal: NodeJS.Signals) => child.pid && process.kill(child.pid, signal);
    // Before the child starts: one that comes with its first line would end this process alone.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // A terminal sends Ctrl-C to both processes.
      process.on(signal, () => signal === "SIGINT" && stdin.isTTY || send(signal));
    }
    const env = { ...process.env, ...variables };
    // On Windows npm and similar programs are batch files, which only a shell can run.
    const child = spawn(program, args, { stdio: "inherit", env, shell: platform === "win32" });
    if (npmCommand()) orphaned(() => send("SIGTERM"));
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
}

const name = versions["deno"] ? "deno" : versions["bun"] ? "bun" : "node";

const io: Io = {
  env: (name) => process.env[name],
  platform,
  runtime: { name, version: versions[name]! },
  program: process.argv[1],
  terminal: { stdin: !!stdin.isTTY, stdout: !!stdout.isTTY, stderr: !!stderr.isTTY },
  fetch: globalThis.fetch,
  stdin,
  typed,
  stdout: (chunk) => write(stdout, chunk),
  stderr: (text) => write(stderr, text),
  parent,
  interrupted,
  runProgram,
};

// A write to a closed pipe rejects; without a listener the process would end first.
for (const stream of [stdout, stderr]) stream.on("error", () => {});

main(process.argv.slice(2), io).then((code) => process.exit(code));
