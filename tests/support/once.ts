/** Work that is done once for all processes, and kept under `.cache`. */

const CACHE = new URL("../../.cache/", import.meta.url).pathname;

/**
 * What `take` gives of the folder `.cache/<name>`, filled for this `key` by whichever process asks
 * first, while the others wait. For another key it is emptied and filled anew, but not while it is
 * taken from.
 */
export async function filledOnce<T>(
  name: string,
  key: string,
  fill: (folder: string) => Promise<unknown>,
  take: (folder: string) => T | Promise<T>,
): Promise<T> {
  const folder = `${CACHE}${name}/`;
  const digest = await sha256(key);
  const done = `${CACHE}${name}.done`;
  await Deno.mkdir(CACHE, { recursive: true });
  using lock = await Deno.open(`${CACHE}${name}.lock`, { create: true, write: true });
  await lock.lock(true); // until it is closed, also by the end of the process
  if (await Deno.readTextFile(done).catch(() => undefined) !== digest) {
    for (const path of [done, folder]) await Deno.remove(path, { recursive: true }).catch(() => {});
    await Deno.mkdir(folder);
    await fill(folder);
    await Deno.writeTextFile(done, digest);
  }
  return await take(folder);
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
