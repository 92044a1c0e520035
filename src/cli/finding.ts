/** The result of a step of `kpn-auth doctor`. */

/** The result of a step. A failed step is the last one, and sets the exit code. */
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
