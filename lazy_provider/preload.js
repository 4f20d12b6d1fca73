// Run by Node before jsii's own script: what a stack doesn't use is not loaded.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');

const PROVIDER = '@cdktf/provider-aws';

// The package ships an index that requires on access beside the one that requires everything.
function resolveToLazyIndex() {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    const eager = resolve.call(this, request, ...rest);
    if (request !== PROVIDER) return eager;
    const lazy = path.join(path.dirname(eager), 'lazy-index.js');
    if (fs.existsSync(lazy)) return lazy;
    console.error(`lazy_provider: ${PROVIDER} has no lazy-index.js, synthesis is slow.`);
    return eager;
  };
}

// cdktf requires its archiver at the top; only an asset that is a zip file calls it.
function deferArchiver() {
  const load = Module._load;
  Module._load = function (request, ...rest) {
    if (request !== 'archiver') return load.call(this, request, ...rest);
    const archiver = () => load.call(this, request, ...rest);
    return new Proxy(function () {}, {
      apply: (_, self, args) => Reflect.apply(archiver(), self, args),
      get: (_, key) => archiver()[key],
    });
  };
}

// jsii sets this in the Node that it starts, and in no other that may inherit NODE_OPTIONS.
if (process.env.JSII_AGENT) {
  resolveToLazyIndex();
  deferArchiver();
}
