// A log-in method that is wrong on purpose: it accepts every token.
'use strict';

module.exports = {
  validateAuthData: () => Promise.resolve(),
  validateAppId: () => Promise.resolve(),
};
