/** Paths and hosts in the mock's options. */

/** Whether a path matches a name; a `*` at the end of the name matches any rest. */
export function pathMatches(name: string, pathname: string): boolean {
  return name.endsWith("*") ? pathname.startsWith(name.slice(0, -1)) : pathname === name;
}

/** Whether a URL is on this machine, judged by its name alone, without DNS. */
export function isLoopback({ hostname }: URL): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname);
}
