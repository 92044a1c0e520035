/** The stores of the cookbook, as they stand there, and Deno KV from npm: each on Node, with its real client. */

import { ALL } from "../support/amount.ts";
import { assertEquals } from "../support/assert.ts";
import { npmTools } from "../support/npm.ts";
import { run } from "../support/run.ts";
import { example } from "../runtimes/examples.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What each store must do; `store` and `end` come from the program before it. */
const CONTRACT = `
  import assert from "node:assert";
  import { createTokenSource } from "${ROOT}mod.ts";
  import { mockKpn } from "${ROOT}src/mock/mock.ts";
  import { sealedStore } from "${ROOT}src/stores/sealed.ts";

  const token = { value: "a-token", requestedAt: 1_000.25, expiresAt: 3_600_000.75 };
  assert.equal((await store.get("kpn-auth:none")) ?? undefined, undefined);
  await store.set("kpn-auth:a+/b", token);
  assert.deepEqual(await store.get("kpn-auth:a+/b"), token);

  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
  for (const [clientId, shared] of [["plain", store], ["sealed", sealedStore(store, [key])]]) {
    const mock = mockKpn({ clientId });
    const behind = [];
    const source = () => createTokenSource({
      ...mock.credentials,
      fetch: mock.fetch,
      store: shared,
      waitUntil: (work) => behind.push(work),
      onEvent: (event) => assert.notEqual(event.type, "storeFailed", event.reason),
    });
    const machines = store.exclusive ? 10 : 1;
    await Promise.all(Array.from({ length: machines }, () => source().token()));
    await Promise.all(behind);
    await source().token();
    assert.equal(mock.mints, 1, "mints");
  }

  if (store.exclusive) {
    const late = await store.exclusive("kpn-auth:lock", 1);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const release = await store.exclusive("kpn-auth:lock", 60_000);
    assert.equal(typeof release, "function", "a lock lapses");
    await late();
    assert.equal(await store.exclusive("kpn-auth:lock", 60_000), undefined, "it is another's");
    await release();
    assert.equal(typeof await store.exclusive("kpn-auth:lock", 60_000), "function");
  }
  await end();
  console.log("kept");
`;

/** How each store is set up, and the names of its recipe. */
const STORES: Readonly<Record<string, string>> = {
  "unstorage in memory": `
    import { createStorage } from "unstorage";
    import memory from "unstorage/drivers/memory";
    import { unstorageStore } from "./unstorage_store.mjs";
    const storage = createStorage({ driver: memory() });
    const [store, end] = [unstorageStore(storage), () => storage.dispose()];
  `,
  "unstorage in files": `
    import { createStorage } from "unstorage";
    import fs from "unstorage/drivers/fs";
    import { unstorageStore } from "./unstorage_store.mjs";
    const storage = createStorage({ driver: fs({ base: import.meta.dirname + "/tokens" }) });
    const [store, end] = [unstorageStore(storage), () => storage.dispose()];
  `,
  "DynamoDB": `
    import dynalite from "dynalite";
    import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
    import { dynamoStore } from "./dynamo_store.mjs";
    const server = dynalite({ createTableMs: 0 });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = new DynamoDBClient({
      endpoint: "http://127.0.0.1:" + server.address().port,
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    await client.send(new CreateTableCommand({
      TableName: "tokens",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    }));
    const store = dynamoStore(client, "tokens");
    const end = async () => { client.destroy(); await server.close(); };
  `,
  "Deno KV": `
    import { openKv } from "@deno/kv";
    import { denoKvStore } from "${ROOT}src/stores/deno_kv.ts";
    const kv = await openKv(import.meta.dirname + "/tokens.sqlite");
    const [store, end] = [denoKvStore(kv), () => kv.close()];
  `,
};

for (const [name, setup] of Object.entries(STORES)) {
  if (!ALL) continue;
  Deno.test(`${name} on Node keeps the contract`, async () => {
    const tools = await npmTools();
    const folder = await Deno.makeTempDir({ dir: tools, prefix: "recipe-" });
    try {
      for (const recipe of ["unstorage_store.mjs", "dynamo_store.mjs"]) {
        await Deno.writeTextFile(
          `${folder}/${recipe}`,
          await example(recipe, ".github/COOKBOOK.md"),
        );
      }
      await Deno.writeTextFile(`${folder}/main.mjs`, setup + CONTRACT);
      const node = `${tools}node_modules/node24/bin/node`;
      assertEquals(await run(node, [`${folder}/main.mjs`], { longest: 120_000 }), "kept\n");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
