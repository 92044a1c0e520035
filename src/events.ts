/** The events that a token source and an authorized fetch emit. */

import type { KpnAuthError, KpnAuthErrorCode } from "./errors.ts";
import { checkFunctions } from "./options.ts";

/** Something that happened. No event carries a secret or a token. */
export type KpnAuthEvent =
  /** A token request is about to be sent. */
  | { readonly type: "mintStarted" }
  /** KPN issued a token; `duration` in ms, `attempt` from 1, `expiresAt` in epoch ms. */
  | {
    readonly type: "mintSucceeded";
    readonly duration: number;
    readonly attempt: number;
    readonly expiresAt: number;
  }
  /** No token could be obtained; every waiter gets this error. */
  | { readonly type: "mintFailed"; readonly error: KpnAuthError }
  /** An ageing token could not be renewed; it stays in use. */
  | { readonly type: "refreshFailed"; readonly error: KpnAuthError }
  /** An API rejected the token that the source held. */
  | { readonly type: "tokenRejected" }
  /** A call was sent again with another token; `status` is the first answer's. */
  | { readonly type: "replayed"; readonly status: number }
  /** The store failed, or held something that is not a token; the source continues without it. */
  | {
    readonly type: "storeFailed";
    readonly operation: "get" | "set" | "exclusive";
    readonly reason: string;
  }
  /** The source sends no token request until `until` (epoch ms), or until the credentials change. */
  | { readonly type: "coolDown"; readonly code: KpnAuthErrorCode; readonly until: number };

/** Receives every event. Nothing waits for it, and what it throws is ignored. */
export type EventListener = (event: KpnAuthEvent) => unknown;

/** Wraps `listener` so that nothing it throws reaches the caller. */
export function announcer(listener: EventListener | undefined): (event: KpnAuthEvent) => void {
  checkFunctions({ onEvent: listener });
  return (event) => {
    (async () => await listener?.(event))().catch(() => {});
  };
}
