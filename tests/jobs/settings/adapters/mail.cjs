// An e-mail adapter that writes the addresses into a file instead of sending anything.
'use strict';

const fs = require('node:fs');

module.exports = options => ({
  sendMail: mail => {
    fs.appendFileSync(options.file, `${mail.to}\n`);
    return Promise.resolve();
  },
});
