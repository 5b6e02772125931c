// The cloud code that suites/cloud calls. One file for both generations of the API:
// (request, response) before Parse Server 3.0, async (request) from 3.0 on.
'use strict';

const FIXTURE_VERSION = 1;

// Parse Server before 3.0 hands every handler a response with success and error.
function define(name, handler) {
  Parse.Cloud.define(name, function (request, response) {
    if (response && typeof response.success === 'function') {
      return Promise.resolve()
        .then(() => handler(request))
        .then(result => response.success(result), error => response.error(error));
    }
    return handler(request);
  });
}

define('parityFixture', () => FIXTURE_VERSION);
