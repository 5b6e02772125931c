// Starts one Parse Server of the embedded default. The other end is supervisor.py.
//
// argv:   the folder that holds node_modules, then the names of fixes to apply before loading
// stdin:  one JSON line with {mount, options} and perhaps a port; when stdin closes, it exits
// stdout: one JSON line, {"port": n} when it listens or {"error": "..."}
// stderr: everything that anybody prints
'use strict';

const http = require('node:http');
const Module = require('node:module');
const path = require('node:path');
const readline = require('node:readline');

const [folder, ...fixes] = process.argv.slice(2);
const KEEP_ALIVE_MS = 120000;

const report = (line, done) => realWrite(JSON.stringify(line) + '\n', done);
const realWrite = process.stdout.write.bind(process.stdout);
process.stdout.write = process.stderr.write.bind(process.stderr);

const FIXES = {
  // Parse Server 4: graphql-upload requires 'extract-files/public/x' through an export of the
  // whole folder ('./public/'), a form that Node 17 removed. Answer with the file itself.
  'extract-files': () => {
    const resolve = Module._resolveFilename;
    Module._resolveFilename = function (request, ...rest) {
      const inner = /^extract-files\/(public\/\w+)$/.exec(request);
      if (!inner) {
        return resolve.call(this, request, ...rest);
      }
      const main = resolve.call(this, 'extract-files', ...rest);
      const root = main.slice(0, main.lastIndexOf('extract-files') + 'extract-files'.length);
      return path.join(root, inner[1] + '.js');
    };
  },
  // Parse Server 5: the SDK takes a global navigator (Node >= 21) for a browser.
  navigator: () => {
    delete globalThis.navigator;
  },
};

const fail = error => {
  console.error(error);
  report({ error: String((error && error.message) || error) }, () => process.exit(1));
};

const listen = (server, port) =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server.address().port));
  });

// Returns the middleware when the database has its classes and indexes.
const start = async (ParseServer, options) => {
  if (ParseServer.startApp) {
    // 6.0 and later
    const server = new ParseServer(options);
    await server.start();
    return server.app;
  }
  let completed;
  const completion = new Promise((resolve, reject) => {
    completed = error => (error ? reject(error) : resolve());
  });
  const server = new ParseServer({ ...options, serverStartComplete: completed });
  // 3.0 to 5.x call back; 2.x does the same work unseen, and does it again when asked.
  const callsBack = /serverStartComplete/.test(ParseServer);
  await (callsBack ? completion : server.config.databaseController.performInitialization());
  return server.app;
};

const run = async (ParseServer, express, { mount, options, port: wanted = 0 }) => {
  const app = express();
  if (options.trustProxy) {
    // Only ParseServer.startApp looks at this option; here Parse Server is mounted.
    app.set('trust proxy', options.trustProxy);
  }
  const server = http.createServer(app);
  // Clients of the suites keep connections open between checks; Node's 5 s would close one under
  // a request now and then.
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = KEEP_ALIVE_MS + 1000;
  const port = await listen(server, wanted);
  const serverURL = `http://127.0.0.1:${port}${mount}`;
  app.use(mount, await start(ParseServer, { ...options, serverURL }));
  report({ port });
};

try {
  fixes.forEach(name => FIXES[name]());
  const load = Module.createRequire(path.join(folder, 'package.json'));
  const ParseServer = load('parse-server').default;
  const express = Module.createRequire(load.resolve('parse-server'))('express');
  const lines = readline.createInterface({ input: process.stdin });
  lines.once('line', line => run(ParseServer, express, JSON.parse(line)).catch(fail));
  lines.once('close', () => process.exit(0));
} catch (error) {
  fail(error);
}
