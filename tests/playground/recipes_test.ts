/** The recipes of `.github/MOCK.md`, executed: tests in other languages, against `kpn-auth mock` in a process. */

import { assertEquals, assertMatch } from "../support/assert.ts";
import { ALL } from "../support/amount.ts";
import { testWith } from "../support/programs.ts";
import { run, runToEnd, start } from "../support/run.ts";

/** An example of the document, by its name. */
async function example(name: string): Promise<string> {
  const text = await Deno.readTextFile(".github/MOCK.md");
  return text.split(`<!-- example: ${name} -->`)[1]!.split("```")[1]!.replace(/^\w+\n/, "");
}

/** Does `work` in a folder with the example while the mock serves, and stops it as the recipes do. */
async function withRecipe(
  name: string,
  work: (folder: string, env: Record<string, string>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/${name}`, await example(name));
  const args = ["run", "-A", "src/cli/bin.ts", "mock", "--control"];
  await using mock = await start(Deno.execPath(), args, /listens on (http:\S+)/);
  const url = mock.ready[1]!;
  const ready = ["--silent", "--retry", "30", "--retry-connrefused", `${url}/mock/ready`];
  assertEquals(await run("curl", ready), '{"ready":true}');
  await work(folder, { KPN_MOCK: url });
  await run("curl", ["--silent", "-X", "POST", `${url}/mock/stop`]);
  await Deno.remove(folder, { recursive: true });
}

testWith(["python3", "curl"], "the recipe for Python passes", async ({ python3 }) => {
  await withRecipe("test_kpn.py", async (cwd, env) => {
    const { code, stderr } = await runToEnd(python3, ["test_kpn.py"], { cwd, env });
    assertEquals(code, 0, stderr);
    assertMatch(stderr, /Ran 3 tests/);
  });
});

if (ALL) {
  testWith(["java", "curl"], "the recipe for Java passes", async ({ java }) => {
    await withRecipe("KpnTest.java", async (cwd, env) => {
      assertEquals(await run(java, ["KpnTest.java"], { cwd, env }), "OK\n");
    });
  });

  testWith(["go", "curl"], "the recipe for Go passes", async ({ go }) => {
    await withRecipe("kpn_test.go", async (cwd, env) => {
      await Deno.writeTextFile(`${cwd}/go.mod`, "module kpn\n");
      assertMatch(await run(go, ["test", "./..."], { cwd, env }), /^ok/);
    });
  });
}
