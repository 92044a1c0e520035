#!/usr/bin/env node
/** The only file that touches a process; runs on Deno, Node and Bun. */

import { execFile, spawn } from "node:child_process";
import { constants } from "node:os";
import process from "node:process";
import type { Io } from "./io.ts";
import { main } from "./main.ts";

const { stdin, stdout, stderr, versions, platform } = process;

type Writable = typeof stdout | typeof stderr;

function write(stream: Writable, chunk: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(chunk, (error) => error ? reject(error) : resolve());
  });
}

/** Asks for a line, the terminal's echo switched off before anybody can type. */
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
          process.exit(130); // Ctrl-C, which a raw terminal does not act on
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
    // Not in a script, which may start a mock that is to stay: `kpn-auth mock &`.
    if (npmCommand() === "exec") orphaned(resolve);
  });
}

/** What npm does: `exec` as `npx`, or it runs a script. */
function npmCommand(): string | undefined {
  return name === "node" ? process.env["npm_command"] : undefined;
}

/** npm runs this in a shell, and passes SIGTERM on to that only: what is left is an orphan. */
function orphaned(resolve: () => void): void {
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    resolve();
  }, 100);
  timer.unref();
}

/** The image name of the program that started this one. Elsewhere than on Windows `SHELL` says it. */
function parent(): Promise<string | undefined> {
  const args = ["/fi", `PID eq ${process.ppid}`, "/fo", "csv", "/nh"];
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
    const env = { ...process.env, ...variables };
    // npm and its like are batch files on Windows, which only a shell runs.
    const child = spawn(program, args, { stdio: "inherit", env, shell: platform === "win32" });
    // Deno takes a child that was sent a signal by its own method for one that the signal has ended.
    const send = (signal: "SIGINT" | "SIGTERM" | "SIGHUP") => void process.kill(child.pid!, signal);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      // A terminal sends Ctrl-C to both by itself.
      process.on(signal, () => signal === "SIGINT" && stdin.isTTY || send(signal));
    }
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

// A closed pipe is told to whoever writes; without a listener it would end the process.
for (const stream of [stdout, stderr]) stream.on("error", () => {});

main(process.argv.slice(2), io).then((code) => process.exit(code));
