import { EXIT } from "./exit.ts";
import type { Io } from "./io.ts";
export const help = "";
export async function run(_: readonly string[], _io: Io): Promise<number> {
  return EXIT.done;
}
