// Run by Node before jsii's own script.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const Module = require('node:module');

const PROVIDERS = ['@cdktf/provider-aws', '@cdktn/provider-aws'];

// The package ships an index that requires on access beside the one that requires everything.
function resolveToLazyIndex() {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    const eager = resolve.call(this, request, ...rest);
    if (!PROVIDERS.includes(request)) return eager;
    const lazy = path.join(path.dirname(eager), 'lazy-index.js');
    if (fs.existsSync(lazy)) return lazy;
    console.error(`lazy_provider: ${request} has no lazy-index.js, synthesis is slow.`);
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

// What jsii's outer process does for the inner one that node.sh starts directly: answers go to Python's own pipe, and
// what JavaScript prints goes to stderr as the JSON lines that Python unpacks.
function standInForOuterProcess() {
  const writeSync = fs.writeSync;
  fs.writeSync = (descriptor, ...rest) => writeSync(descriptor === 3 ? 4 : descriptor, ...rest);
  for (const name of ['stdout', 'stderr']) {
    process[name].write = (chunk, encoding, done) => {
      const text = Buffer.from(chunk, typeof encoding === 'string' ? encoding : undefined).toString('base64');
      writeSync(2, `${JSON.stringify({ [name]: text })}\n`);
      [encoding, done].find((argument) => typeof argument === 'function')?.();
      return true;
    };
  }
}

// jsii sets this in the Node that it starts, and in no other that may inherit NODE_OPTIONS.
if (process.env.JSII_AGENT) {
  resolveToLazyIndex();
  deferArchiver();
  if (process.env.LAZY_PROVIDER_DIRECT) {
    delete process.env.LAZY_PROVIDER_DIRECT;
    standInForOuterProcess();
  }
}
