/** What a token source and an authorized fetch tell of themselves. */

import type { KpnAuthError, KpnAuthErrorCode } from "./errors.ts";
import { checkFunctions } from "./options.ts";

/** Something that happened. No event carries a secret or a token. */
export type KpnAuthEvent =
  /** A token request is about to be sent. */
  | { readonly type: "mintStarted" }
  /** KPN gave a token; `duration` in ms, `attempt` from 1, `expiresAt` in epoch ms. */
  | {
    readonly type: "mintSucceeded";
    readonly duration: number;
    readonly attempt: number;
    readonly expiresAt: number;
  }
  /** No token could be had; those who waited get this error. */
  | { readonly type: "mintFailed"; readonly error: KpnAuthError }
  /** An ageing token could not be renewed; it goes on being used. */
  | { readonly type: "refreshFailed"; readonly error: KpnAuthError }
  /** An API rejected the token that the source held. */
  | { readonly type: "tokenRejected" }
  /** A call was sent again with another token; `status` is the first answer's. */
  | { readonly type: "replayed"; readonly status: number }
  /** The store failed, or held a foreign value; the source goes on without it. */
  | {
    readonly type: "storeFailed";
    readonly operation: "get" | "set" | "exclusive";
    readonly reason: string;
  }
  /** KPN is left alone until `until` (epoch ms), or until the secret changes. */
  | { readonly type: "coolDown"; readonly code: KpnAuthErrorCode; readonly until: number };

/** Hears of every event. What it throws is ignored, and it is not waited for. */
export type EventListener = (event: KpnAuthEvent) => unknown;

/** `listener`, so wrapped that nothing it does breaks the caller. */
export function announcer(listener: EventListener | undefined): (event: KpnAuthEvent) => void {
  checkFunctions({ onEvent: listener });
  return (event) => {
    (async () => await listener?.(event))().catch(() => {});
  };
}
