/** The keys that sign webhooks, and their states: staged, active, retiring, retired. */

/** A key that signs deliveries. */
export interface MockWebhookKey {
  /** The key's id, such as `wk_2C6EDCDFDFD944F3A75D0D36`. */
  readonly id: string;
  /** The secret, which the receiver has too. */
  readonly secret: string;
  /** `active` signs; `retiring` signs if you name it; the others never sign. */
  readonly state: "staged" | "active" | "retiring" | "retired";
}

/** A key that no receiver knows. */
export const STRANGER = {
  id: "wk_FFFFFFFFFFFFFFFFFFFFFFFF",
  secret: "a secret that no receiver was given",
};

/** The keys of a mock. */
export function keyRing() {
  const all: { -readonly [Field in keyof MockWebhookKey]: MockWebhookKey[Field] }[] = [];

  function stage() {
    const serial = String(all.length + 1);
    const id = `wk_${serial.padStart(24, "0")}`;
    const key = {
      id,
      secret: `mock-webhook-secret-${serial.padStart(12, "0")}`,
      state: "staged",
    } as const;
    return all[all.push({ ...key }) - 1]!;
  }

  function move(id: string, from: MockWebhookKey["state"], to: MockWebhookKey["state"]): void {
    const key = all.find((key) => key.id === id);
    if (!key) throw new TypeError(`There is no webhook key ${JSON.stringify(id)}`);
    if (key.state !== from) throw new TypeError(`Webhook key ${id} is ${key.state}, not ${from}`);
    key.state = to;
  }

  function activate(id: string): void {
    const before = all.find(({ state }) => state === "active");
    move(id, "staged", "active");
    if (before) before.state = "retiring";
  }

  activate(stage().id);
  return {
    all,
    stage,
    activate,
    retire: (id: string) => move(id, "retiring", "retired"),
    /** The key that signs: the named one, or the active one. */
    signer(id?: string): MockWebhookKey {
      const key = all.find((key) => id === undefined ? key.state === "active" : key.id === id);
      if (!key) throw new TypeError(`There is no webhook key ${JSON.stringify(id)}`);
      if (!/^(active|retiring)$/.test(key.state)) {
        throw new TypeError(`Webhook key ${key.id} is ${key.state}: it cannot sign`);
      }
      return key;
    },
  };
}
