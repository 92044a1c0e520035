/** Work that is done once for all processes, and kept under `.cache`. */

const CACHE = new URL("../../.cache/", import.meta.url).pathname;

/**
 * The folder `.cache/<name>`, filled for this `key` by whichever process asks first, while the others
 * wait. For another key it is emptied and filled anew.
 */
export async function filledOnce(
  name: string,
  key: string,
  fill: (folder: string) => Promise<unknown>,
): Promise<string> {
  const folder = `${CACHE}${name}/`;
  const digest = await sha256(key);
  const done = `${CACHE}${name}.done`;
  await Deno.mkdir(CACHE, { recursive: true });
  using lock = await Deno.open(`${CACHE}${name}.lock`, { create: true, write: true });
  await lock.lock(true); // until it is closed, also by the end of the process
  if (await Deno.readTextFile(done).catch(() => undefined) === digest) return folder;
  await Deno.remove(folder, { recursive: true }).catch(() => {});
  await Deno.mkdir(folder);
  await fill(folder);
  await Deno.writeTextFile(done, digest);
  return folder;
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex();
}
