/** Checks options, and quotes their values in messages. */

/** How files, terminals and the clipboard damage a text. */
const TEXT_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]$/, "ends with a line break: trim it"],
  [/^\s|\s$/, "has white space at an end: trim it"],
  [/\p{Cc}/u, "has a control character inside"],
  [/\p{Cs}/u, "has a lone surrogate inside"],
];

/** Throws a `TypeError` that says what is wrong with an option. */
export function refuse(option: string, fault: string): never {
  throw new TypeError(`Cannot use ${option}: it ${fault}`);
}

/** Refuses what is not a text, is empty, or was damaged by copying. Names the option, never the value. */
export function checkText(option: string, value: unknown): asserts value is string {
  if (typeof (value ?? "") !== "string") refuse(option, `is of type ${typeof value}, not string`);
  const text = `${value}`;
  if (/^(undefined|null)?$/.test(text)) {
    refuse(option, `is ${text || "empty"}: is the environment variable set?`);
  }
  const fault = TEXT_FAULTS.find(([pattern]) => pattern.test(text));
  if (fault) refuse(option, fault[1]);
}

/** Refuses what is not a plain object: the entries of a `Map` or of `URLSearchParams` would be lost. */
export function checkObject(option: string, value: unknown): void {
  if (typeof value === "object" && value && !(Symbol.iterator in value)) return;
  refuse(option, "must be a plain object");
}

/** Refuses what is not a function; `undefined` means the default. */
export function checkFunctions(values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || typeof value === "function") continue;
    refuse(`${name} ${quoted(value)}`, "must be a function");
  }
}

/** A value as messages quote it: short, on one line, and never what is inside an object. */
export function quoted(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 99));
  return Object(value) === value ? `(${typeof value})` : String(value);
}
