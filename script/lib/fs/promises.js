// fs/promises: the promise forms, by their own name.

module.exports = require('fs').promises;
