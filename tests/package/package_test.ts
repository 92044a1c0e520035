/** The packed tarball as its users get it. One file, so that it is built and installed once. */

import "./contents.ts";
import "./publishing.ts";
import "./types.ts";
import "./bundles.ts";
