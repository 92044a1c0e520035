/** Preloaded before the examples of the README run: KPN is the mock, the environment has its credentials. */

import { mockKpn } from "../../src/mock/mock.ts";

globalThis.fetch = mockKpn().fetch;
Deno.env.set("KPN_CLIENT_ID", "APP_CLIENT_ID");
Deno.env.set("KPN_CLIENT_SECRET", "APP_CLIENT_SECRET");
