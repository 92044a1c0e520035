/** KPN's gateway on this machine, for programs that our documents show. */

import { type MockKpn, mockKpn } from "../../src/mock/mock.ts";
import { assertEquals } from "../support/assert.ts";

/** A mock on a socket, whose API rejects the first token that it sees. */
export class Gateway implements AsyncDisposable {
  readonly mock: MockKpn = mockKpn();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    this.mock.handle,
  );
  readonly origin = `http://127.0.0.1:${this.#server.addr.port}`;
  /** What the programs read from the environment. */
  readonly env: Readonly<Record<string, string>> = {
    KPN_CLIENT_ID: this.mock.credentials.clientId,
    KPN_CLIENT_SECRET: this.mock.credentials.clientSecret,
    KPN_TOKEN_ENDPOINT: `${this.origin}/oauth/client_credential/accesstoken`,
  };

  constructor() {
    this.mock.respondNext("invalid_access_token", { to: "api" });
  }

  /** Every program sends the same call again with another token, its length told (B43). */
  assertReplayed(number = "447700900000"): void {
    const call = ["POST", `number=${number}`, `${number.length + 7}`];
    const calls = this.mock.requests
      .filter(({ url }) => !url.includes("/accesstoken"))
      .map(({ method, body, headers }) => [method, body, headers["content-length"]]);
    assertEquals(calls, [call, call]);
    assertEquals(this.mock.mints, 2);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
