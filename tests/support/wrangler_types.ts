/** The part of what `wrangler types` (4.164) writes that a Durable Object's class has to fit, as it stands there. */

declare const __DURABLE_OBJECT_BRAND: "__DURABLE_OBJECT_BRAND";

export interface DurableObjectBranded {
  [__DURABLE_OBJECT_BRAND]: never;
}

export interface DurableObjectStub<T extends DurableObjectBranded | undefined> {
  fetch(input: string | Request | URL, init?: RequestInit): Promise<Response>;
  readonly name?: string;
  /** Not Cloudflare's: it keeps `T` in use. */
  readonly object?: T;
}

export declare abstract class DurableObjectNamespace<T extends DurableObjectBranded | undefined> {
  getByName(name: string): DurableObjectStub<T>;
}
