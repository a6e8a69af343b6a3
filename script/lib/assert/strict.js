/* assert/strict - assert, with strict comparison under the short names. */
module.exports = require('assert').strict;
