/** KPN's facts: the gateway's origin, its realms, and their token endpoints (`.github/KPN.md`). */

/** The origin of KPN's API gateway; test and production share it. */
export const KPN_ORIGIN = "https://api-prd.kpn.com";

/** A part of the gateway with a token endpoint of its own. */
export type Realm = "gateway" | "msm";

/**
 * The token endpoint of each realm, `grant_type` in the query as KPN's cURL
 * examples have it. `gateway` serves nearly all APIs, `msm` Mobile Services Management.
 */
export const TOKEN_ENDPOINTS: Readonly<Record<Realm, string>> = /* @__PURE__ */ Object.freeze({
  gateway:
    "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials",
  msm: "https://api-prd.kpn.com/oauth/grip/msm/accesstoken?grant_type=client_credentials",
});
