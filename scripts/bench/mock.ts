/**
 * Measures `kpn-auth mock` on Node: throughput, memory, and connections that never finish.
 *
 *     deno task bench:mock
 */

import { build, stop } from "esbuild";

const REQUESTS = 20_000;
const CONNECTIONS = 50;
const MIB = 1_048_576;

const TARGET = "/oauth/client_credential/accesstoken?grant_type=client_credentials";
const encoder = new TextEncoder();

/** A token request as bytes, its body filled up to `size`. */
function tokenRequest(size = 0): Uint8Array {
  const form = "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET";
  const body = size ? `${form}&more=${"x".repeat(size - form.length - 6)}` : form;
  return encoder.encode(
    `POST ${TARGET} HTTP/1.1\r\nhost: 127.0.0.1\r\n` +
      "content-type: application/x-www-form-urlencoded\r\n" +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
}

/** Starts the mock on Node, and does `work` with its port and process id. */
async function withMock(work: (port: number, pid: number) => Promise<void>): Promise<void> {
  const outfile = await Deno.makeTempFile({ suffix: ".mjs" });
  await build({
    entryPoints: [new URL("../../src/cli/bin.ts", import.meta.url).pathname],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile,
    allowOverwrite: true,
  });
  await stop();
  const child = new Deno.Command("node", {
    args: [outfile, "mock"],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await reader.read();
    await work(Number(/127\.0\.0\.1:(\d+)/.exec(value)![1]), child.pid);
  } finally {
    child.kill("SIGTERM");
    await reader.cancel();
    await child.status;
    await Deno.remove(outfile);
  }
}

/** Sends `request` `times` over one connection, each after the answer to the one before; notes how long each took. */
async function sendAll(port: number, request: Uint8Array, times: number, took: number[]) {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const buffer = new Uint8Array(65_536);
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    const writing = writeAll(connection, request);
    let answer = "";
    while (!isWhole(answer)) {
      const size = await connection.read(buffer);
      if (size === null) throw new Error("the mock closed the connection");
      answer += new TextDecoder().decode(buffer.subarray(0, size));
    }
    await writing;
    if (!answer.startsWith("HTTP/1.1 200")) throw new Error(answer);
    took.push(performance.now() - start);
  }
  connection.close();
}

/** Whether an answer has all the bytes that its head promises. */
function isWhole(answer: string): boolean {
  const [head = "", body] = answer.split("\r\n\r\n");
  return body?.length === Number(/^content-length: (\d+)/im.exec(head)?.[1]);
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Sends `total` requests over {@linkcode CONNECTIONS} connections. */
async function load(port: number, total: number, request = tokenRequest()): Promise<number[]> {
  const took: number[] = [];
  const each = total / CONNECTIONS;
  await Promise.all(
    Array.from({ length: CONNECTIONS }, () => sendAll(port, request, each, took)),
  );
  return took.sort((a, b) => a - b);
}

async function residentMib(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024;
}

/** How long a connection lives that sends `first`, and then `drip` every second, in ms. */
async function lifeOf(port: number, first: string, drip: string): Promise<number> {
  const start = performance.now();
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const send = (text: string) => writeAll(connection, encoder.encode(text)).catch(() => {});
  await send(first);
  const timer = setInterval(() => void send(drip), 1_000);
  const buffer = new Uint8Array(1_024);
  while (await connection.read(buffer).catch(() => null) !== null);
  clearInterval(timer);
  connection.close();
  return performance.now() - start;
}

/** The processor's time that a process has used, in ms. */
async function cpuTime(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10; // clock ticks, 100 a second
}

async function measureMemory(port: number, pid: number): Promise<void> {
  const start = await residentMib(pid);
  await load(port, 100_000);
  const small = await residentMib(pid);
  await load(port, 500, tokenRequest(MIB));
  const large = await residentMib(pid);
  console.log(
    `RSS: ${start.toFixed(0)} MiB; after 100,000 requests +${(small - start).toFixed(0)} MiB; ` +
      `after 500 bodies of 1 MiB +${(large - start).toFixed(0)} MiB`,
  );
}

async function measureSpeed(port: number, pid: number): Promise<void> {
  await load(port, 5_000); // to warm up
  const cpu = await cpuTime(pid);
  const start = performance.now();
  const took = await load(port, REQUESTS);
  const perSecond = REQUESTS / (performance.now() - start) * 1_000;
  const percentile = (part: number) => took[Math.floor(took.length * part)]!.toFixed(1);
  console.log(
    `${REQUESTS} token requests over ${CONNECTIONS} connections: ${
      perSecond.toFixed(0)
    } a second; ` +
      `p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms; ` +
      `${((await cpuTime(pid) - cpu) / REQUESTS).toFixed(3)} ms of the mock's processor each`,
  );
}

async function measureSlowClients(port: number): Promise<void> {
  const head = `POST ${TARGET} HTTP/1.1\r\nhost: 127.0.0.1\r\n`;
  const kinds: Record<string, [string, string]> = {
    "silent": ["", ""],
    "half a head": [head, ""],
    "a dripping head": [head, "x: y\r\n"],
    "a dripping body": [`${head}content-length: 1000\r\n\r\n`, "x"],
  };
  const lives = Object.entries(kinds).map(async ([name, [first, drip]]) => {
    const ms = await Promise.all(
      Array.from({ length: 250 }, () => lifeOf(port, first, drip)),
    );
    console.log(`250 connections, ${name}: closed after ${(Math.max(...ms) / 1_000).toFixed(0)} s`);
  });
  await Promise.all([...lives, load(port, 1_000)]);
}

const only = Deno.args[0];
if (!only || only === "memory") await withMock(measureMemory);
if (!only || only === "speed") await withMock(measureSpeed);
if (!only || only === "slow") await withMock((port) => measureSlowClients(port));
