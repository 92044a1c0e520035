/** KPN's facts: the gateway's origin, its realms, and their token endpoints (`.github/KPN.md`). */

/** The origin of KPN's API gateway; test and production share it. */
export const KPN_ORIGIN = "https://api-prd.kpn.com";

/** A part of the gateway that has its own token endpoint. */
export type Realm = "gateway" | "msm";

/**
 * The token endpoint of each realm, with `grant_type` in the query as in KPN's cURL
 * examples. `gateway` serves nearly all APIs, `msm` serves Mobile Services Management.
 */
export const TOKEN_ENDPOINTS: Readonly<Record<Realm, string>> = /* @__PURE__ */ Object.freeze({
  gateway:
    "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials",
  msm: "https://api-prd.kpn.com/oauth/grip/msm/accesstoken?grant_type=client_credentials",
});
