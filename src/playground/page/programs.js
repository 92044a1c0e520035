/** The call that the page makes, as a program for other runtimes. The secret is never written into one. */

/** How each runtime installs the library, reads its environment, and is started. */
export const PROGRAMS = {
  deno: {
    title: "Deno",
    head: "// deno add kpn-auth@jsr:@kpn-auth/kpn-auth\n" +
      "// KPN_CLIENT_SECRET=… deno run --allow-net --allow-env=KPN_CLIENT_SECRET call.ts\n",
    secret: 'Deno.env.get("KPN_CLIENT_SECRET") ?? ""',
  },
  node: {
    title: "Node",
    head: "// npm install kpn-auth && KPN_CLIENT_SECRET=… node call.mjs\n",
    secret: 'process.env.KPN_CLIENT_SECRET ?? ""',
  },
  workers: {
    title: "Workers",
    head: "// npx wrangler secret put KPN_CLIENT_SECRET\n",
    secret: "env.KPN_CLIENT_SECRET",
  },
};

/**
 * The text of a program for `runtime`, a key of {@linkcode PROGRAMS}, that gets a token, and
 * with `call.path` calls an API with it.
 */
export function programFor(runtime, call) {
  const { head, secret } = PROGRAMS[runtime];
  const names = call.path ? "authorizedFetch, createTokenSource" : "createTokenSource";
  const program = `${head}import { ${names} } from "kpn-auth";\n\n`;
  const source = `createTokenSource({
  clientId: ${JSON.stringify(call.clientId)},
  clientSecret: ${secret},
  tokenEndpoint: ${JSON.stringify(call.tokenEndpoint)}, // leave out to ask KPN
})`;
  const made = call.path
    ? `authorizedFetch(source, {\n  origins: [${
      JSON.stringify(call.origin)
    }], // leave out to call KPN\n})`
    : "";
  return program +
    (runtime === "workers" ? worker(source, made, call) : script(source, made, call));
}

function script(source, made, call) {
  const head = `const source = ${source};\n`;
  if (!call.path) {
    return `${head}const { value, expiresAt } = await source.token();\n` +
      "console.log(value, new Date(expiresAt).toLocaleString());\n";
  }
  return `${head}const kpn = ${made};\n\nconst response = await ${request(call)};\n` +
    "console.log(response.status, await response.json());\n";
}

/** A Worker keeps its source, and with it the token, between requests. */
function worker(source, made, call) {
  const keep = call.path ? "kpn" : "source";
  const make = call.path
    ? `if (!kpn) {\n  const source = ${source};\n  kpn = ${made};\n}\n`
    : `source ??= ${source};\n`;
  const answer = call.path
    ? `return await ${request(call)};\n`
    : "const { expiresAt } = await source.token(ctx);\n" +
      "return Response.json({ expiresAt });\n";
  return `let ${keep};\n\nexport default {\n  async fetch(_request, env${
    call.path ? "" : ", ctx"
  }) {\n` +
    `${indent(make + answer, "    ")}  },\n};\n`;
}

function request({ path, form }) {
  return `kpn(${JSON.stringify(path)}, {\n  method: "POST",\n` +
    `  body: new URLSearchParams(${
      JSON.stringify(form).replace(/([{,:])/g, "$1 ").replace("}", " }")
    }),\n})`;
}

function indent(text, by) {
  return text.replace(/^(?=.)/gm, by);
}
