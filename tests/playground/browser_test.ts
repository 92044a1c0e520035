/** What is tried in a real browser: in one file, so that one browser is started. */

import "./snippets.ts";
import "./page.ts";
import "./page_browsers.ts";
import "./page_live.ts";
import "./swagger.ts";
