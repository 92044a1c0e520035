/** `@std/testing/snapshot`, typed. */

// @ts-types="./std_snapshot.d.ts"
export { assertSnapshot } from "@std/testing/snapshot";
