/** KPN's two cURL examples, as its page shows them (kpn.md). */

export const LINUX = `curl -X POST \\
 'https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials' \\
 -H 'content-type: application/x-www-form-urlencoded' \\
 -d 'client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET'`;

export const WINDOWS =
  'curl -X POST "https://api-prd.kpn.com/oauth/client_credential/accesstoken?grant_type=client_credentials"' +
  ' -H "content-type: application/x-www-form-urlencoded"' +
  ' -d "client_id=APP_CLIENT_ID&client_secret=APP_CLIENT_SECRET"';

/** An example with nothing but its origin replaced. */
export function at(origin: string, example: string): string {
  return example.replace("https://api-prd.kpn.com", origin);
}
