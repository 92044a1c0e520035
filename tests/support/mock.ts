/** `@std/testing/mock`, typed. */

// @ts-types="./std_mock.d.ts"
export { assertSpyCall, assertSpyCalls, returnsNext, spy } from "@std/testing/mock";
