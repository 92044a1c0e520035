/** All tests of the runtimes in one process, so that the package is built once. */

import "./matrix_test.ts";
import "./workerd_orphans_test.ts";
import "./workerd_refresh_test.ts";
import "./examples_test.ts";
