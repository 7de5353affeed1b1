'use strict';
module.exports = { running: null, list: [], install: async () => {} };
