/** Paths and hosts, as options name them. */

/** Whether a URL leads to this machine, whatever a name server says. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname);
}
