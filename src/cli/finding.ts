/** What a step of `kpn-auth doctor` found. */

/** What a step found. A failure ends the walk, with this exit code. */
export interface Finding {
  readonly mark: "ok" | "warning" | "failed" | "skipped";
  readonly text: string;
  readonly remedy?: string;
  readonly exitCode?: number;
}

export const ok = (text: string): Finding => ({ mark: "ok", text });
export const skipped = (text: string): Finding => ({ mark: "skipped", text });
export const warning = (text: string, remedy: string): Finding => ({
  mark: "warning",
  text,
  remedy,
});
export const failed = (exitCode: number, text: string, remedy?: string): Finding => ({
  mark: "failed",
  text,
  exitCode,
  ...remedy && { remedy },
});
