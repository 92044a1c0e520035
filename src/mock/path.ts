/** Paths and hosts, as options name them. */

/** Whether a path is the one named; a `*` at the end of the name stands for any rest. */
export function pathMatches(name: string, pathname: string): boolean {
  return name.endsWith("*") ? pathname.startsWith(name.slice(0, -1)) : pathname === name;
}

/** Whether a URL leads to this machine, whatever a name server says. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname);
}
