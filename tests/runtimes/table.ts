/** The table of `.github/RUNTIMES.md`: runtime by behaviour. */

import { OK, type Report, UNTOLD } from "./suite.ts";

/** The reports of a table's column. */
export type Columns = Readonly<Record<string, readonly Report[]>>;

const MARKER = "<!-- matrix -->";

/** The table in Markdown, between its markers; a tick where a behaviour holds in all reports of the column. */
export function tableOf(columns: Columns): string {
  const names = Object.keys(columns);
  const behaviours = [...new Set(Object.values(columns).flat().flatMap(Object.keys))];
  const lines = behaviours.map((behaviour) => {
    const cells = names.map((name) => cellOf(columns[name]!.map((report) => report[behaviour])));
    return [behaviour, ...cells];
  });
  const rows = [["", ...names], null, ...lines];
  // Padded as `deno fmt` pads it, so that formatting the document changes nothing.
  const widths = ["", ...names].map((_, column) =>
    Math.max(3, ...rows.map((row) => row?.[column]?.length ?? 0))
  );
  const text = rows.map((row) => {
    const cells = widths.map((width, column) =>
      row ? row[column]!.padEnd(width) : "-".repeat(width)
    );
    return `| ${cells.join(" | ")} |`;
  });
  return [MARKER, "", ...text, "", MARKER].join("\n");
}

function cellOf(outcomes: readonly (string | undefined)[]): string {
  if (outcomes.every((outcome) => outcome === OK)) return "✓";
  return outcomes.every((outcome) => outcome === UNTOLD) ? UNTOLD : "✗";
}

/** The table as it stands in a document, with its markers. */
export function tableIn(document: string): string | undefined {
  const [, table] = document.split(MARKER);
  return table && MARKER + table + MARKER;
}

/** The cells of a table, by column. */
export function cellsIn(table = ""): Readonly<Record<string, readonly string[]>> {
  const [header = [], , ...rows] = table.split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
  return Object.fromEntries(
    header.map((name, column) => [name, rows.map((row) => row[column]!)]),
  );
}
