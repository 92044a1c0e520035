/** The vectors of `tests/golden/webhook.json`. No import: every runtime runs this. */

/** A body, its secret, and the signature that three other implementations give. */
export interface Vector {
  readonly name: string;
  readonly secret: string;
  /** Base64 of what the body repeats. */
  readonly pattern: string;
  /** How often. */
  readonly times: number;
  /** The length of the chunks in which it comes; absent: all at once. */
  readonly chunk?: number;
  /** Headers beside KPN's. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 64 hexadecimal digits. */
  readonly signature: string;
}

/** The whole body. */
export function bodyOf({ pattern, times }: Pick<Vector, "pattern" | "times">) {
  const bytes = Uint8Array.from(atob(pattern), (char) => char.charCodeAt(0));
  const body = new Uint8Array(bytes.length * times);
  for (let at = 0; at < body.length; at += bytes.length) body.set(bytes, at);
  return body;
}
