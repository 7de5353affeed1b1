// Chromium for the tests: its headless shell, whose pages cost a third of the whole browser's, which `whole` asks for (what only that
// has: the bfcache).  CHROMIUM=/usr/bin/chromium tries everything in another one.
'use strict';
const fs = require('node:fs');
const { chromium } = require('playwright-core');

const WHOLE = '/usr/bin/chromium', SHELL = '/usr/lib/chromium/chromium-headless-shell';
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

exports.launch = ({ args = [], whole = false, ...more } = {}) => chromium.launch({
  executablePath: process.env.CHROMIUM || (!whole && fs.existsSync(SHELL) ? SHELL : WHOLE), args: [...ARGUMENTS, ...args], ...more
});
