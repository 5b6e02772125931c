// A log-in method that refuses every token, without asking anybody.
'use strict';

module.exports = {
  validateAuthData: () => Promise.reject(new Error('refused')),
  validateAppId: () => Promise.resolve(),
};
