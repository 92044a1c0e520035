/** What is tried in a real browser: in one file, so that one browser is started. */

import "./snippets.ts";
import "./page.ts";
import "./swagger.ts";
